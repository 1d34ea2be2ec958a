"""The applicant's side: starting a case, its form as it is typed, what is missing, and what is said."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from core.accounts.models import Role
from core.casework.models import Case
from core.casework.portal import drafts, progress
from core.casework.services import filing, papers, remarking, reviewing
from core.casework.states import State
from tests import places
from tests.core.casework import kind
from tests.core.casework.cases import DATA, PDF, bring, draft, fill_papers, parameter, people

pytestmark = pytest.mark.django_db

START = "/cases/new/example/"


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post_draft(client: Client, case: Case, revision: int, **data: Any) -> Any:
    return client.post(
        f"/cases/{case.pk}/draft/", {"revision": revision, **data}, headers={"Accept": "application/json"}
    )


# Starting ------------------------------------------------------------------------


def test_the_start_page_says_who_decides_how_long_it_takes_and_what_to_bring_and_creates_nothing():
    who = people()
    response = client_of(who.applicant).get(START)
    text = response.content.decode()
    assert response.status_code == 200
    assert "受理后 20 个工作日内决定" in text
    assert "工信局、亩均监测部门" in text
    assert "证明材料" in text
    assert "方案" in text
    assert who.enterprise.name in text
    assert not Case.objects.exists()


def test_a_form_sent_twice_opens_one_case():
    who = people()
    client, token = client_of(who.applicant), str(uuid.uuid4())
    first, second = client.post(START, {"token": token}), client.post(START, {"token": token})
    case = Case.objects.get()
    assert first.url == second.url == f"/cases/{case.pk}/edit/"
    assert (case.applicant_code, case.filed_by, case.on_behalf) == (who.enterprise.uscc, who.applicant, False)


def test_another_accounts_token_opens_nothing_and_says_so():
    who, other = people(), people(number=2, place=places.SANSHUI, district=places.SANSHUI)
    token = str(uuid.uuid4())
    client_of(who.applicant).post(START, {"token": token})
    response = client_of(other.applicant).post(START, {"token": token})
    assert response.status_code == 403
    assert "这份表单已由别的账号使用" in response.content.decode()
    assert Case.objects.count() == 1


def test_staff_choose_the_enterprise_they_file_for():
    who = people()
    client = client_of(who.planner)
    assert "代哪家企业填报" in client.get(START).content.decode()
    found = client.get(START, {"q": "金属制品"}).content.decode()
    assert f'value="{who.enterprise.uscc}"' in found
    response = client.post(START, {"token": str(uuid.uuid4()), "applicant": who.enterprise.uscc})
    case = Case.objects.get()
    assert response.url == reverse("casework:edit", args=[case.pk])
    assert (case.on_behalf, case.filed_by, case.applicant_name) == (True, who.planner, who.enterprise.name)


def test_staff_who_choose_nobody_are_told_so():
    who = people()
    response = client_of(who.parks).post(f"{START}?q=没有", {"token": str(uuid.uuid4())})
    assert response.status_code == 422
    assert "请选择代为填报的企业" in response.content.decode()
    assert not Case.objects.exists()


@pytest.mark.parametrize("role", [Role.MONITOR, Role.REVIEWER, Role.HEAD, Role.AUDITOR, Role.SYSADMIN])
def test_who_neither_applies_nor_files_for_others_cannot_start(role):
    people(places.SANSHUI, district=places.SANSHUI)
    assert client_of(places.account(role, places.NANHAI)).get(START).status_code == 403


def test_an_account_without_an_enterprise_is_told_who_can_help():
    people()
    response = client_of(places.account(Role.ENTERPRISE)).get(START)
    assert response.status_code == 403
    assert "没有关联企业" in response.content.decode()


def test_an_unknown_kind_is_not_found():
    who = people()
    assert client_of(who.applicant).get("/cases/new/nothing/").status_code == 404


# Saving while typing ----------------------------------------------------------------


def test_typing_is_saved_and_answered_with_how_the_case_stands():
    who = people()
    parameter("example.most", 3)
    case = filing.open_case(kind=kind.NAME, by=who.applicant)
    answer = post_draft(client_of(who.applicant), case, 0, plot=DATA["plot"], figure="4").json()
    case.refresh_from_db()
    assert (case.data["figure"], case.revision, answer["revision"]) == ("4", 1, 1)
    assert answer["title"] == case.title == f"示例事项 {DATA['plot']}"
    assert answer["errors"] == {}
    assert "请减小数值" in answer["findings_html"]
    assert 'data-state="unmet"' in answer["findings_html"]
    assert "还差 2 项：数值上限、证明材料" in answer["head_html"]


def test_a_field_nobody_came_to_is_no_mistake_yet_and_a_wrong_one_is():
    who = people()
    case = filing.open_case(kind=kind.NAME, by=who.applicant)
    answer = post_draft(client_of(who.applicant), case, 0, figure="-1").json()
    assert set(answer["errors"]) == {"figure"}


def test_who_read_an_older_version_gets_both_and_nothing_is_overwritten():
    who = people()
    case = draft(who)
    client = client_of(who.applicant)
    post_draft(client, case, 1, **{**DATA, "reason": "甲"})
    response = post_draft(client, case, 1, **{**DATA, "reason": "乙"})
    assert response.status_code == 409
    answer = response.json()
    assert answer["revision"] == 2
    assert answer["differences"] == [{"name": "reason", "label": "理由", "mine": "乙", "theirs": "甲"}]
    case.refresh_from_db()
    assert case.data["reason"] == "甲"
    assert post_draft(client, case, answer["revision"], **{**DATA, "reason": "乙"}).status_code == 200


def test_without_scripts_the_stale_page_keeps_what_was_typed_and_shows_the_other():
    who = people()
    case = draft(who)
    client = client_of(who.applicant)
    post_draft(client, case, 1, **{**DATA, "reason": "甲"})
    response = client.post(f"/cases/{case.pk}/edit/", {"revision": 1, "act": "save", **DATA, "reason": "乙"})
    text = response.content.decode()
    assert response.status_code == 409
    assert 'value="乙"' in text
    assert "<td>甲</td>" in text
    assert '<input type="hidden" name="revision" value="2">' in text


def test_a_submitted_case_takes_no_more_typing_and_says_where_it_stands():
    who = people()
    case = bring(draft(who), who, State.SUBMITTED)
    response = post_draft(client_of(who.applicant), case, case.revision, **DATA)
    assert response.status_code == 403
    assert "待受理" in response.json()["sentence"]


def test_a_page_without_its_revision_is_refused_with_a_sentence():
    who = people()
    case = draft(who)
    response = client_of(who.applicant).post(f"/cases/{case.pk}/draft/", DATA)
    assert response.status_code == 422
    assert "缺少修订号" in response.json()["sentence"]


@pytest.mark.parametrize("path", ["edit/", "draft/"])
def test_another_enterprises_case_is_not_found(path):
    who, other = people(), people(number=2, place=places.SANSHUI, district=places.SANSHUI)
    case = draft(who)
    client = client_of(other.applicant)
    response = client.post(f"/cases/{case.pk}/{path}", {"revision": 1})
    assert response.status_code == 404


def test_offices_read_a_submitted_case_but_do_not_fill_in_its_form():
    who = people()
    case = bring(draft(who), who, State.CORRECTION)
    assert client_of(who.planner).get(f"/cases/{case.pk}/edit/").status_code == 403
    assert post_draft(client_of(who.planner), case, case.revision, **DATA).status_code == 403


# The form, the summary, submitting ------------------------------------------------------


def test_the_form_is_saved_checked_and_submitted_without_scripts():
    who = people()
    case = draft(who)
    fill_papers(case, who.applicant)
    client, address = client_of(who.applicant), f"/cases/{case.pk}/edit/"
    assert client.post(address, {"revision": 1, "act": "save", **DATA}).url == address
    response = client.post(address, {"revision": 2, "act": "check", **DATA}, follow=True)
    text = response.content.decode()
    assert "填写、材料和条件均已齐备" in text
    assert "提交申请" in text
    response = client.post(address, {"act": "submit"})
    case.refresh_from_db()
    assert case.state == State.SUBMITTED
    assert response.url == f"/cases/{case.pk}/"


def test_what_is_missing_is_named_and_the_submission_refused():
    who = people()
    case = filing.open_case(kind=kind.NAME, by=who.applicant, data={"plot": DATA["plot"]})
    client, address = client_of(who.applicant), f"/cases/{case.pk}/edit/"
    text = client.get(f"{address}?step=check").content.decode()
    assert "还差 2 项：数值、证明材料" in text
    assert 'class="btn btn-primary" disabled' in text
    response = client.post(address, {"act": "submit"})
    assert response.status_code == 422
    assert "填写有 1 处需要修改" in response.content.decode()


def test_a_second_click_that_overtakes_the_first_leads_to_the_case(monkeypatch):
    who = people()
    case = draft(who)
    fill_papers(case, who.applicant)
    submit = filing.submit

    def overtaken(**given: Any) -> Case:
        submit(**given)
        return submit(**given)

    monkeypatch.setattr("core.casework.portal.form_views.filing.submit", overtaken)
    response = client_of(who.applicant).post(f"/cases/{case.pk}/edit/", {"act": "submit"}, follow=True)
    assert response.redirect_chain == [(f"/cases/{case.pk}/", 302)]
    assert "本件现为“待受理”，没有重复提交。" in response.content.decode()


def test_submitting_twice_leads_to_the_case_with_its_state():
    who = people()
    case = draft(who)
    fill_papers(case, who.applicant)
    client, address = client_of(who.applicant), f"/cases/{case.pk}/edit/"
    client.post(address, {"act": "submit"})
    second = client.post(address, {"act": "submit"})
    assert second.url == f"/cases/{case.pk}/"
    assert Case.objects.get().timeline.filter(act="submit").count() == 1


def test_the_back_button_finds_the_case_instead_of_its_old_form():
    who = people()
    case = bring(draft(who), who, State.SUBMITTED)
    client = client_of(who.applicant)
    response = client.get(f"/cases/{case.pk}/edit/")
    assert response.url == f"/cases/{case.pk}/"
    assert "no-store" in client_of(who.applicant).get(f"/cases/{draft(who, reason='再').pk}/edit/")["Cache-Control"]


def test_during_a_correction_the_form_says_what_was_asked_and_that_the_clock_stands():
    who = people()
    case = bring(draft(who), who, State.CORRECTION)
    text = client_of(who.applicant).get(f"/cases/{case.pk}/edit/").content.decode()
    assert "须补正" in text
    assert "补充证明材料" in text
    assert f"补正截止 {case.due_on}" in text
    assert "核对补正" in text


def test_a_correction_is_handed_in_from_the_same_form():
    who = people()
    case = bring(draft(who), who, State.CORRECTION)
    client, address = client_of(who.applicant), f"/cases/{case.pk}/edit/"
    client.post(address, {"revision": case.revision, "act": "save", **DATA, "reason": "已补充"})
    client.post(address, {"act": "submit"})
    case.refresh_from_db()
    assert (case.state, case.data["reason"]) == (State.SUBMITTED, "已补充")


# Values, progress, words ----------------------------------------------------------------


def test_raw_values_drop_what_postgresql_cannot_keep():
    who = people()
    case = draft(who)
    values = drafts.raw_values(case, case.kind_of, {"plot": "甲\0乙", "figure": "1"})
    assert values == {"plot": "甲乙", "figure": "1", "reason": "", "refuse": ""}


@pytest.mark.parametrize(
    ("state", "label", "mark", "tone"),
    [
        (State.DRAFT, "填报", "now", ""),
        (State.SUBMITTED, "待受理", "now", ""),
        (State.CORRECTION, "待补正", "now", "risk"),
        (State.REVIEW, "会审中", "now", ""),
        (State.DECISION, "待决定", "now", ""),
        (State.NOT_ACCEPTED, "不予受理", "stopped", "unmet"),
        (State.REFUSED, "不予批准", "stopped", "unmet"),
        (State.RETURNED, "已退回", "now", "risk"),
        (State.WITHDRAWN, "已撤回", "stopped", ""),
        (State.UPHELD, "维持原决定", "stopped", "unmet"),
        (State.EFFECTIVE, "生效", "done", ""),
    ],
)
def test_the_bar_of_steps_stands_where_the_case_does(state, label, mark, tone):
    who = people()
    case = bring(draft(who), who, state)
    bar = progress.steps(case)
    here = [step for step in bar if step.mark in ("now", "stopped")] or [bar[-1]]
    assert [(str(step.label), step.mark, step.tone) for step in here] == [(label, mark, tone)]


def test_the_applicant_reads_offices_not_officers_and_nothing_internal():
    who = people()
    case = bring(draft(who), who, State.REVIEW)
    remarking.remark(case_id=case.pk, by=who.planner, text="请补一张总平面图", internal=False)
    remarking.remark(case_id=case.pk, by=who.planner, text="此企业去年有投诉", internal=True)
    remarking.remark(case_id=case.pk, by=who.applicant, text="明日上传")
    mine = client_of(who.applicant).get(f"/cases/{case.pk}/").content.decode()
    theirs = client_of(who.parks).get(f"/cases/{case.pk}/").content.decode()
    for text in ("请补一张总平面图", "明日上传"):
        assert text in mine
        assert text in theirs
    assert "此企业去年有投诉" in theirs
    assert "此企业去年有投诉" not in mine
    assert who.planner.display_name not in mine


def _panel(page: str, title: str) -> list[str]:
    """What a section of a page says, line by line, without tags and without what is to be typed or pressed."""
    section = page.split(f'aria-labelledby="{title}"')[1].split("</section>")[0]
    spoken = re.sub(r"(?s)<(form|details|button|svg)\b.*?</\1>", "", section)
    return [line for line in (text.strip() for text in re.sub(r"<[^>]+>", "\n", spoken).splitlines()) if line]


def test_the_applicant_sees_what_staff_see_but_for_what_is_internal():
    who = people()
    parameter("example.most", 3)
    case = bring(draft(who), who, State.REVIEW)
    reviewing.give_review(case_id=case.pk, by=who.parks, verdict="conditional", text="须在年内开工。")
    papers.attach(case_id=case.pk, by=who.planner, slot="", name="踏勘.pdf", content=ContentFile(PDF), internal=True)
    papers.attach(
        case_id=case.pk, by=who.planner, slot="", name="告知.pdf", content=ContentFile(PDF + b"2"), internal=False
    )
    mine, theirs = (client_of(user).get(f"/cases/{case.pk}/").content.decode() for user in (who.applicant, who.monitor))
    assert _panel(mine, "findings-title") == _panel(theirs, "findings-title")
    # Staff also read who was there, and their own papers.
    for title in ("facts-title", "reviews-title", "papers-title"):
        assert set(_panel(mine, title)) <= set(_panel(theirs, title)), title
    assert "须在年内开工。" in mine
    assert "告知.pdf" in mine
    for internal in ("踏勘.pdf", who.parks.display_name, who.planner.display_name):
        assert internal not in mine
        assert internal in theirs
