"""The addresses of papers: shown or saved, never run; another's answers 404; too long is refused unread."""

import io
import zipfile

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.accounts.models import CITY_CODE, Role
from core.casework.services import papers
from core.casework.states import State
from tests import places
from tests.core.casework import cases

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json"}


@pytest.fixture
def who():
    return cases.people()


@pytest.fixture
def case(who):
    return cases.bring(cases.draft(who), who, State.CORRECTION)


def upload(name="新证明.pdf", content=cases.PDF + b"new", **fields):
    return {"slot": "proof", "file": SimpleUploadedFile(name, content), **fields}


def kept(case, by, name, content, slot="", **options):
    return papers.attach(case_id=case.pk, by=by, slot=slot, name=name, content=ContentFile(content), **options)


def address(case, paper) -> str:
    return reverse("casework:paper", args=[case.pk, paper.pk])


def test_a_script_is_answered_with_a_sentence(client, who, case):
    client.force_login(who.applicant)
    response = client.post(reverse("casework:attach", args=[case.pk]), upload(), headers=JSON)
    assert response.status_code == 200
    assert response.json() == {"sentence": "已上传“新证明.pdf”。", "ok": True}
    assert case.papers.filter(name="新证明.pdf").exists()


@pytest.mark.parametrize(
    ("form", "status", "sentence"),
    [
        (upload("程序.pdf", b"MZ\x90"), 422, "内容与文件名不符"),
        ({"slot": "proof"}, 422, "请选择要上传的文件"),
        (upload(slot="plan", internal="1"), 403, "清单所列材料"),
    ],
    ids=["program", "nothing", "internal"],
)
def test_a_refusal_is_a_sentence_too(client, who, case, form, status, sentence):
    client.force_login(who.applicant)
    response = client.post(reverse("casework:attach", args=[case.pk]), form, headers=JSON)
    assert response.status_code == status
    assert sentence in response.json()["sentence"]


def test_without_a_script_one_comes_back_to_the_page_it_was_asked_from(client, who, case):
    client.force_login(who.applicant)
    form = reverse("casework:edit", args=[case.pk])
    attach = reverse("casework:attach", args=[case.pk])
    assert client.post(attach, upload(next=form)).url == form
    for elsewhere in ("https://example.invalid/", "//example.invalid" + form + "x", ""):
        answer = client.post(attach, upload(content=cases.PDF + elsewhere.encode(), next=elsewhere))
        assert answer.url == reverse("casework:case", args=[case.pk])


class Endless:
    """A request body that goes on; it knows the largest piece that was ever asked for."""

    largest = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "the body is read whole"
        self.largest = max(self.largest, size)
        return bytes(size)

    readline = read

    def close(self) -> None:
        """What a body of a test must have."""


@pytest.mark.parametrize("enforced", [False, True], ids=["", "with a check of forged requests"])
def test_300_megabytes_go_by_in_pieces_and_are_kept_nowhere(who, case, enforced, monkeypatch):
    monkeypatch.setattr("django.core.files.uploadhandler.FileUploadHandler.__init__", None)
    client = Client(enforce_csrf_checks=enforced)
    client.force_login(who.applicant)
    body = Endless()
    response = client.generic(
        "POST",
        reverse("casework:attach", args=[case.pk]),
        content_type="multipart/form-data; boundary=x",
        headers=JSON,
        **{"CONTENT_LENGTH": str(300 * 1024 * 1024), "wsgi.input": body},
    )
    assert response.status_code == 413
    assert response.json()["sentence"] == "文件超过 50 MB，没有上传。请压缩或拆分后上传。"
    assert body.largest <= 1024 * 1024


def test_a_forged_upload_is_refused(who, case):
    client = Client(enforce_csrf_checks=True)
    client.force_login(who.applicant)
    assert client.post(reverse("casework:attach", args=[case.pk]), upload()).status_code == 403


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("证明 1.pdf", cases.PDF, True),
        ("照片.jpg", b"\xff\xd8\xff\xe0", True),
        ("图.png", b"\x89PNG\r\n\x1a\n", True),
        ("资料.zip", b"", False),
    ],
)
def test_pdf_and_pictures_are_shown_and_others_saved(client, who, case, name, content, shown):
    if not content:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("a.txt", "a")
        content = held.getvalue()
    paper = kept(case, who.applicant, name, content)
    client.force_login(who.applicant)
    response = client.get(address(case, paper))
    assert b"".join(response.streaming_content) == content
    assert response.headers["Content-Disposition"].startswith("inline" if shown else "attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert ("sandbox" in policy) == (not name.endswith(".pdf"))
    assert "script-src" not in policy
    assert "no-store" in response.headers["Cache-Control"]
    saved = client.get(address(case, paper), {"download": ""})
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert b"".join(saved) == content


def test_a_chinese_name_comes_back_as_it_was(client, who, case):
    paper = kept(case, who.applicant, "产权 证明.pdf", cases.PDF + b"x")
    client.force_login(who.planner)
    response = client.get(address(case, paper))
    assert response.headers["Content-Disposition"] == (
        "inline; filename*=utf-8''%E4%BA%A7%E6%9D%83%20%E8%AF%81%E6%98%8E.pdf"
    )
    assert b"".join(response).startswith(b"%PDF")


def test_others_find_nothing(client, who, case):
    paper = case.papers.first()
    addresses = [(client.get, address(case, paper)), (client.post, reverse("casework:attach", args=[case.pk]))]
    addresses.append((client.post, reverse("casework:remove_paper", args=[case.pk, paper.pk])))
    strangers = [
        places.account(Role.ENTERPRISE, enterprise=places.enterprise(7)),
        places.account(Role.PLANNER, places.SANSHUI),
        places.account(Role.SYSADMIN, CITY_CODE),
    ]
    for stranger in strangers:
        client.force_login(stranger)
        assert [ask(where).status_code for ask, where in addresses] == [404, 404, 404]
    client.logout()
    assert {ask(where).status_code for ask, where in addresses} == {302}


def test_a_paper_is_found_under_its_own_case_only(client, who, case):
    other = cases.draft(who)
    client.force_login(who.applicant)
    wrong = reverse("casework:paper", args=[other.pk, case.papers.first().pk])
    assert client.get(wrong).status_code == 404


def test_the_applicant_finds_neither_internal_nor_removed_papers_and_staff_both(client, who, case):
    internal = kept(case, who.parks, "底稿.pdf", cases.PDF + b"i", internal=True)
    removed = kept(case, who.applicant, "旧.pdf", cases.PDF + b"r")
    papers.remove(case_id=case.pk, paper_id=removed.pk, by=who.applicant)
    for user, status in ((who.applicant, 404), (who.planner, 200)):
        client.force_login(user)
        for paper in (internal, removed):
            response = client.get(address(case, paper))
            assert response.status_code == status
            assert b"".join(response) or status == 404


def test_a_file_lost_from_the_storage_is_a_sentence(client, who, case, caplog):
    paper = case.papers.first()
    paper.file.storage.delete(paper.file.name)
    client.force_login(who.planner)
    response = client.get(address(case, paper), follow=True)
    assert response.redirect_chain == [(reverse("casework:case", args=[case.pk]), 302)]
    assert "“proof.pdf”的文件不在存储中" in response.content.decode()
    assert f"paper {paper.pk} is missing" in caplog.text


def test_taking_out_needs_a_post(client, who, case):
    client.force_login(who.applicant)
    where = reverse("casework:remove_paper", args=[case.pk, case.papers.first().pk])
    assert client.get(where).status_code == 405
    assert client.post(where, headers=JSON).json()["sentence"] == "已移除“proof.pdf”。"
    assert client.post(where, headers=JSON).status_code == 403
