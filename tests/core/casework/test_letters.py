"""Letters are read back from the PDF: who is told what, on which basis, and that nothing is loaded to write them."""

import datetime as dt
import io
import re

import pytest
from django.urls import reverse
from django.utils import timezone, translation
from pypdf import PdfReader

from core.accounts.models import CITY_CODE, Role
from core.casework import letters
from core.casework.models import Case
from core.casework.services import deciding
from core.casework.states import State
from tests import places
from tests.core.casework import cases

pytestmark = pytest.mark.django_db

TITLES = {
    State.NOTICE: "批准决定书",
    State.EFFECTIVE: "批准决定书",
    State.REFUSED: "不予批准决定书",
    State.NOT_ACCEPTED: "不予受理决定书",
    State.RETURNED: "退回通知书",
    State.CORRECTION: "一次性告知补正通知书",
    State.APPEAL: "不予批准决定书",
    State.UPHELD: "复核决定书",
}


@pytest.fixture
def who():
    cases.parameter("example.most", 3)
    return cases.people()


def pages(pdf: bytes) -> list[str]:
    """The text of each page, without the white space that only sets lines."""
    return [re.sub(r"\s+", "", page.extract_text()) for page in PdfReader(io.BytesIO(pdf)).pages]


def text_of(case: Case) -> str:
    return "".join(pages(letters.decision_letter(case)))


@pytest.mark.parametrize("state", TITLES, ids=lambda state: state.value)
def test_each_outcome_has_its_letter(who, state):
    case = cases.bring(cases.draft(who), who, state)
    text = text_of(case)
    assert f"示例事项申请{TITLES[state]}" in text
    assert who.enterprise.name in text
    assert who.enterprise.uscc in text
    assert case.number in text
    signed = case.decided_at or case.changed_at
    assert f"{signed.year}年" in text


@pytest.mark.parametrize("state", [State.DRAFT, State.SUBMITTED, State.REVIEW, State.DECISION, State.WITHDRAWN])
def test_what_is_not_decided_has_none(who, state):
    case = cases.bring(cases.draft(who), who, state)
    assert letters.title_of(case) == ""
    with pytest.raises(letters.NoLetter):
        letters.decision_letter(case)


def test_an_approval_names_number_conditions_offices_facts_and_what_was_checked(who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    deciding.approve(case_id=case.pk, by=who.reviewer, number="示例审〔2026〕7 号", text="须保留绿地。\n须报竣工图。")
    case.refresh_from_db()
    *letter, appendix = pages(letters.decision_letter(case))
    body = "".join(letter)
    for part in ("示例审〔2026〕7号", "南海区自然资源局", "工信局", "须保留绿地。", "须报竣工图。", cases.PLOT):
        assert part in body
    assert "核对结果" in appendix
    assert "数值2.5，上限3" in appendix
    assert "符合" in appendix
    # The product's own defaults are a source of the finding, but no basis of a decision.
    assert "规定的条件" not in body


def test_a_refusal_says_why_and_how_to_object(who):
    text = text_of(cases.bring(cases.draft(who), who, State.REFUSED))
    assert "不符合规划" in text
    assert "行政复议法》第二十条" in text
    assert "六个月内向人民法院提起诉讼" in text


def test_a_correction_says_everything_missing_and_until_when(who):
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    text = text_of(case)
    assert "补充证明材料" in text
    assert f"请不迟于{case.due_on.year}年{case.due_on.month}月{case.due_on.day}日" in text


def test_a_correction_that_never_came_is_closed_by_letter(who):
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    Case.objects.filter(pk=case.pk).update(due_on=timezone.localdate() - dt.timedelta(days=1))
    text = text_of(deciding.lapse(case_id=case.pk, by=who.planner, text="两次电话提醒"))
    for part in ("逾期未补正办结告知书", "按撤回办结", "两次电话提醒", "重新提出申请", "南海区自然资源局"):
        assert part in text


def test_who_decides_for_the_city_signs_for_the_city(who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    deciding.refuse(case_id=case.pk, by=places.account(Role.REVIEWER, CITY_CODE), text="不符合规划")
    text = text_of(Case.objects.get(pk=case.pk))
    assert "佛山市自然资源局" in text
    assert "南海区自然资源局" not in text


def test_the_document_a_finding_rests_on_is_the_basis(who):
    case = cases.bring(cases.draft(who), who, State.NOTICE)
    findings = case.decision_evidence["findings"]
    findings[0]["source"] |= {"document": "S002", "title": "示例管理办法", "article": "第三条"}
    assert "符合《示例管理办法》第三条规定的条件" in text_of(case)


def test_a_reference_that_is_not_adopted_is_no_basis(who):
    case = cases.bring(cases.draft(who), who, State.NOTICE)
    findings = case.decision_evidence["findings"]
    findings[0]["source"] |= {"document": "S001", "title": "示例外市办法", "status": "reference"}
    assert "符合《示例外市办法》" not in text_of(case)


def test_the_same_case_gives_the_same_letter(who):
    case = cases.bring(cases.draft(who), who, State.REFUSED)
    assert letters.decision_letter(case) == letters.decision_letter(case)


def test_a_letter_is_chinese_whoever_reads_it(who):
    case = cases.bring(cases.draft(who), who, State.REFUSED)
    with translation.override("en"):
        assert "不予批准决定书" in text_of(case)


def test_a_letter_of_the_demo_city_says_so_on_every_page(who):
    case = cases.bring(cases.draft(who), who, State.NOTICE)
    assert not any("不具有效力" in page for page in pages(letters.decision_letter(case)))
    case.is_demo = True
    assert all("示例文书，不具有效力" in page for page in pages(letters.decision_letter(case)))


def test_what_people_write_stays_text_and_loads_nothing(who, monkeypatch):
    asked = []
    monkeypatch.setattr("urllib.request.OpenerDirector.open", lambda *args, **kwargs: asked.append(args))
    case = cases.bring(cases.draft(who), who, State.DECISION)
    text = '<img src="http://example.invalid/x.png"><script>1</script> & <link rel=stylesheet href=file:///etc/passwd>'
    deciding.refuse(case_id=case.pk, by=who.reviewer, text=text)
    case.refresh_from_db()
    read = text_of(case)
    assert '<imgsrc="http://example.invalid/x.png">' in read
    assert "root:" not in read
    assert asked == []


def test_a_long_letter_runs_over_pages(who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    deciding.refuse(
        case_id=case.pk, by=who.reviewer, text="\n".join(f"第{n}点：示例理由，" + "长" * 80 for n in range(40))
    )
    case.refresh_from_db()
    read = pages(letters.decision_letter(case))
    assert len(read) > 4
    assert "第39点" in "".join(read)


@pytest.mark.parametrize(
    ("role", "place", "status"),
    [
        (Role.PLANNER, places.NANHAI, 200),
        (Role.PLANNER, places.SANSHUI, 404),
        (Role.AUDITOR, "440600", 200),
        (Role.SYSADMIN, "440600", 404),
    ],
)
def test_staff_read_letters_within_their_places(client, who, role, place, status):
    case = cases.bring(cases.draft(who), who, State.REFUSED)
    user = who.planner if (role, place) == (Role.PLANNER, places.NANHAI) else places.account(role, place)
    client.force_login(user)
    assert client.get(reverse("casework:letter", args=[case.pk])).status_code == status


def test_the_applicant_reads_its_letter_and_another_enterprise_does_not(client, who):
    case = cases.bring(cases.draft(who), who, State.REFUSED)
    address = reverse("casework:letter", args=[case.pk])
    client.force_login(who.applicant)
    response = client.get(address)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/pdf"
    assert "filename*=utf-8''" in response.headers["Content-Disposition"]
    client.force_login(places.account(Role.ENTERPRISE, enterprise=places.enterprise(9)))
    assert client.get(address).status_code == 404


def test_without_a_letter_the_address_answers_404(client, who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    client.force_login(who.applicant)
    assert client.get(reverse("casework:letter", args=[case.pk])).status_code == 404
