"""Papers: versions that stay, known by their content, each side its own."""

import io
import threading
import zipfile

import pytest
from django.core.files.base import ContentFile, File
from django.db import DatabaseError, connection, transaction

from core.accounts.models import CITY_CODE, Role
from core.casework.models import CasePaper, TimelineEntry
from core.casework.services import filing, papers
from core.casework.states import State
from core.papers import MOST_BYTES
from core.refusals import NotAllowed, Refused
from tests import places
from tests.core.casework import cases

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture
def who():
    return cases.people()


def attach(case, by, name="证明.pdf", content=cases.PDF, slot="proof", **options) -> CasePaper:
    return papers.attach(case_id=case.pk, by=by, slot=slot, name=name, content=ContentFile(content), **options)


def word() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return held.getvalue()


def narrow(monkeypatch, *suffixes: str) -> None:
    """Let the line "proof" of the example kind take only files of these names."""
    parts = cases.kind.KIND.papers
    lines = tuple(
        cases.kind.PaperSlot(line.key, line.title, line.required, suffixes=suffixes) if line.key == "proof" else line
        for line in parts
    )
    monkeypatch.setitem(cases.kind.KIND.__dict__, "papers", lines)


def test_a_second_upload_is_a_second_version_and_the_first_stays(who):
    case = cases.draft(who)
    first, second = attach(case, who.applicant), attach(case, who.applicant, content=cases.PDF + b"2")
    assert (first.version, second.version) == (1, 2)
    assert first.sha256 != second.sha256
    assert case.papers.counting().count() == 2
    with second.file.open() as file:
        assert file.read() == cases.PDF + b"2"


def test_no_name_of_a_user_reaches_the_disk(who):
    paper = attach(cases.draft(who), who.applicant, name="../../etc/passwd.pdf")
    assert paper.name == "passwd.pdf"
    assert paper.file.name.startswith("casework/papers/")
    assert "passwd" not in paper.file.name


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("程序.pdf", b"MZ\x90\0\x03"),
        ("网页.pdf", b"<html><script>1</script>"),
        ("图.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("证明.exe", cases.PDF),
        ("证明.pdf.exe", cases.PDF),
        ("图.png", cases.PDF),
        ("坏.zip", b"PK\x03\x04broken"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused(who, name, content):
    case = cases.draft(who)
    with pytest.raises(Refused, match="内容与文件名不符"):
        attach(case, who.applicant, name=name, content=content)
    assert not case.papers.exists()


@pytest.mark.parametrize(
    ("name", "content"), [("", cases.PDF), ("/", cases.PDF), ("空.pdf", b""), ("\0\x07", cases.PDF)]
)
def test_a_file_without_content_or_name_is_refused(who, name, content):
    with pytest.raises(Refused, match="文件为空，或没有文件名"):
        attach(cases.draft(who), who.applicant, name=name, content=content)


def test_control_and_direction_characters_leave_a_name(who):
    assert attach(cases.draft(who), who.applicant, name="a\0b\r\n\u202efdp.pdf").name == "abfdp.pdf"


class Big(File):
    """A file of a given size of which nothing may be read."""

    def __init__(self, size: int) -> None:
        super().__init__(None, "大.pdf")
        self.size = size

    def read(self, *args):
        raise AssertionError("read")

    chunks = seek = read


def test_300_megabytes_are_refused_before_they_are_read(who):
    case = cases.draft(who)
    with pytest.raises(Refused, match="超过 50 MB。请压缩或拆分后上传"):
        papers.attach(case_id=case.pk, by=who.applicant, slot="proof", name="大.pdf", content=Big(300 * 1024 * 1024))


def test_the_largest_size_is_taken(who, monkeypatch):
    monkeypatch.setattr("core.papers.MOST_BYTES", len(cases.PDF))
    case = cases.draft(who)
    attach(case, who.applicant)
    with pytest.raises(Refused, match="超过"):
        attach(case, who.applicant, content=cases.PDF + b"2")
    assert MOST_BYTES == 50 * 1024 * 1024


def test_a_line_of_the_checklist_may_ask_for_a_type(who, monkeypatch):
    narrow(monkeypatch, ".docx")
    case = cases.draft(who)
    with pytest.raises(Refused, match="“证明材料”只收 .docx，“证明.pdf”不是"):
        attach(case, who.applicant)
    assert attach(case, who.applicant, name="证明.DOCX", content=word()).version == 1


def test_the_same_content_is_refused_until_it_is_taken_out(who):
    case = cases.draft(who)
    paper = attach(case, who.applicant)
    with pytest.raises(Refused, match="内容相同"):
        attach(case, who.applicant, name="另一名.pdf")
    papers.remove(case_id=case.pk, paper_id=paper.pk, by=who.applicant)
    assert attach(case, who.applicant).version == 2


def test_a_line_that_is_not_on_the_checklist_is_refused(who):
    with pytest.raises(Refused, match="材料清单里没有这一项"):
        attach(cases.draft(who), who.applicant, slot="nothing")


def test_a_case_keeps_so_many_and_no_more(who, monkeypatch):
    monkeypatch.setattr(papers, "MOST_PAPERS", 1)
    case = cases.draft(who)
    attach(case, who.applicant)
    with pytest.raises(Refused, match="最多保留 1 份"):
        attach(case, who.applicant, content=cases.PDF + b"2")


@pytest.mark.parametrize(("way", "state"), cases.STANDS, ids=lambda value: str(value))
def test_the_applicant_attaches_while_it_has_the_next_move(who, way, state):
    case = cases.bring(cases.begun(who, way), who, state)
    content = cases.PDF + b"new"
    if state in (State.DRAFT, State.RETURNED, State.CORRECTION, State.ISSUED, State.RECTIFYING):
        assert attach(case, who.applicant, content=content).slot == "proof"
    else:
        with pytest.raises(NotAllowed):
            attach(case, who.applicant, content=content)


@pytest.mark.parametrize(("way", "state"), cases.STANDS, ids=lambda value: str(value))
@pytest.mark.parametrize("internal", [True, False], ids=["internal", "open"])
def test_offices_add_supplements_while_the_case_is_open(who, way, state, internal):
    case = cases.bring(cases.begun(who, way), who, state)
    if state == State.DRAFT or case.is_closed:
        with pytest.raises(NotAllowed):
            attach(case, who.monitor, slot="", internal=internal)
        return
    paper = attach(case, who.monitor, slot="", internal=internal)
    assert CasePaper.objects.visible_to(who.applicant).filter(pk=paper.pk).exists() != internal
    with pytest.raises(NotAllowed, match="清单所列材料由申请人上传"):
        attach(case, who.monitor, slot="plan")


def test_an_applicant_has_nothing_internal(who):
    with pytest.raises(NotAllowed):
        attach(cases.draft(who), who.applicant, slot="", internal=True)


def test_what_is_internal_does_not_show_by_a_refusal(who):
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    attach(case, who.parks, slot="", internal=True, content=cases.PDF + b"same")
    assert attach(case, who.applicant, slot="", content=cases.PDF + b"same").pk


@pytest.mark.parametrize(
    ("role", "place"),
    [(Role.PLANNER, places.SANSHUI), (Role.AUDITOR, CITY_CODE), (Role.SYSADMIN, CITY_CODE), (Role.ENTERPRISE, "")],
)
def test_others_neither_attach_nor_remove(who, role, place):
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    other = (
        places.account(role, enterprise=places.enterprise(7))
        if role == Role.ENTERPRISE
        else places.account(role, place)
    )
    with pytest.raises(NotAllowed):
        attach(case, other, slot="")
    with pytest.raises(NotAllowed):
        papers.remove(case_id=case.pk, paper_id=case.papers.first().pk, by=other)


def test_each_side_removes_its_own(who):
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    theirs, ours = case.papers.first(), attach(case, who.parks, slot="")
    with pytest.raises(NotAllowed, match="只能移除本方"):
        papers.remove(case_id=case.pk, paper_id=theirs.pk, by=who.parks)
    with pytest.raises(NotAllowed, match="只能移除本方"):
        papers.remove(case_id=case.pk, paper_id=ours.pk, by=who.applicant)
    assert papers.remove(case_id=case.pk, paper_id=ours.pk, by=who.planner).removed_by == who.planner
    with pytest.raises(NotAllowed, match="已经移除"):
        papers.remove(case_id=case.pk, paper_id=ours.pk, by=who.planner)


def test_whoever_filed_on_behalf_fills_the_checklist_and_not_after_submitting(who):
    case = cases.draft(who, by=who.parks)
    attach(case, who.parks)
    filing.submit(case_id=case.pk, by=who.parks)
    with pytest.raises(NotAllowed):
        attach(case, who.parks, slot="plan")
    assert attach(case, who.parks, slot="").slot == ""


def test_a_removed_paper_keeps_row_and_file_and_no_longer_counts(who):
    case = cases.draft(who)
    paper = attach(case, who.applicant)
    papers.remove(case_id=case.pk, paper_id=paper.pk, by=who.applicant)
    assert paper.file.storage.exists(paper.file.name)
    assert [slot.key for slot in filing.missing_papers(case)] == ["proof"]


def test_a_paper_of_another_case_is_not_removed_through_ones_own(who):
    mine, other = cases.draft(who), cases.draft(who)
    paper = attach(other, who.applicant)
    with pytest.raises(NotAllowed, match="没有这份材料"):
        papers.remove(case_id=mine.pk, paper_id=paper.pk, by=who.applicant)


def test_the_timeline_tells_of_papers_once_the_case_is_submitted(who):
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    rows = TimelineEntry.objects.filter(case=case, act="paper")
    assert not rows.exists()
    attach(case, who.applicant, name="新证明.pdf", content=cases.PDF + b"2")
    attach(case, who.parks, slot="", name="底稿.pdf", internal=True)
    assert list(rows.values_list("text", "internal")) == [("上传“新证明.pdf”", False), ("上传“底稿.pdf”", True)]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM casework_casepaper",
        "UPDATE casework_casepaper SET sha256 = 'x'",
        "UPDATE casework_casepaper SET file = 'other.pdf'",
        "UPDATE casework_casepaper SET removed_at = now()",
        "UPDATE casework_casepaper SET size = 0",
    ],
)
def test_database_keeps_papers_as_they_came(who, statement):
    attach(cases.draft(who), who.applicant)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_uploads_at_once_get_versions_of_their_own(who):
    case, together, refused = cases.draft(who), threading.Barrier(5), []

    def upload(number: int) -> None:
        together.wait()
        try:
            attach(case, who.applicant, content=cases.PDF + str(number // 2).encode())
        except Refused as error:
            refused.append(error.sentence)
        connection.close()

    threads = [threading.Thread(target=upload, args=[number]) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(case.papers.values_list("version", flat=True)) == [1, 2, 3]
    assert len(refused) == 2
