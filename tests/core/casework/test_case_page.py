"""The page of a case: who opens it, what it says in every state, what its forms do, and what happens in between."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role
from core.casework import perms
from core.casework.models import Case, Remark, Review
from core.casework.pages import case_page, life
from core.casework.services import assigning, deciding, filing, remarking, reviewing
from core.casework.states import MOVES, State
from core.policy.models import Parameter
from tests import places
from tests.core.casework import cases
from tests.core.casework.reading import acts_of, seen_of, text_of

pytestmark = pytest.mark.django_db

EVERYBODY = ("applicant", "planner", "parks", "monitor", "reviewer", "head")


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


@pytest.mark.parametrize(("way", "state"), cases.STANDS, ids=lambda value: str(value))
def test_every_state_has_its_page_with_exactly_the_acts_the_permissions_allow(client, who, way, state):
    case = cases.bring(cases.begun(who, way), who, state)
    auditor = places.account(Role.AUDITOR, CITY_CODE)
    for user in [getattr(who, name) for name in EVERYBODY] + [auditor]:
        client.force_login(user)
        page = client.get(f"/cases/{case.pk}/")
        if not Case.objects.visible_to(user).filter(pk=case.pk).exists():
            assert page.status_code == 404
            continue
        assert page.status_code == 200
        offered = acts_of(page) - {"review", "assign"}
        held = set(MOVES) & {part.split('"')[0] for part in page.content.decode().split('data-act-held="')[1:]}
        assert offered | held == set(perms.moves_for(user, case)), user
        unspoken = case.reviews.filter(office=user.role, given_at__isnull=True).exists()
        assert ("review" in acts_of(page)) == (perms.reviews(user, case) and unspoken)
        for key in ("submitted", "decided", "today", "nonsense"):
            assert client.get(f"/cases/{case.pk}/?findings={key}").status_code == 200


def test_another_enterprises_or_districts_case_is_not_there(client, who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    strangers = [
        cases.people(places.SANSHUI, number=2, district=places.SANSHUI).applicant,
        places.account(Role.PLANNER, "440607", "440604"),
        places.account(Role.ENTERPRISE),
    ]
    for user in strangers:
        client.force_login(user)
        for address in ("", "edit/", "letter.pdf"):
            assert client.get(f"/cases/{case.pk}/{address}").status_code == 404, (user, address)
        for address in ("do/withdraw/", "do/accept/", "review/", "remark/", "assign/"):
            assert client.post(f"/cases/{case.pk}/{address}", {"text": "x"}).status_code == 404, (user, address)
    assert client.get("/cases/999999999/").status_code == 404
    client.force_login(places.account(Role.SYSADMIN, CITY_CODE))
    assert client.get(f"/cases/{case.pk}/").status_code == 403
    client.logout()
    assert client.get(f"/cases/{case.pk}/").status_code == 302
    assert Case.objects.get(pk=case.pk).state == State.REVIEW


def test_a_case_goes_all_its_way_by_the_buttons_alone(client, who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    way = [
        (who.planner, "do/ask_correction/", {"text": "补充证明材料"}, State.CORRECTION),
        (who.applicant, "do/correct/", {}, State.SUBMITTED),
        (who.planner, "do/accept/", {}, State.REVIEW),
        (who.parks, "review/", {"verdict": "conditional", "text": "24 个月内投产"}, State.REVIEW),
        (who.monitor, "review/", {"verdict": "agree"}, State.REVIEW),
        (who.planner, "do/conclude_review/", {}, State.DECISION),
        (who.reviewer, "do/approve/", {"number": "佛自然资〔2026〕3 号", "text": "按期投产"}, State.NOTICE),
        (who.reviewer, "do/take_effect/", {}, State.EFFECTIVE),
    ]
    for user, address, fields, state in way:
        client.force_login(user)
        seen = seen_of(client.get(f"/cases/{case.pk}/"))
        answer = client.post(f"/cases/{case.pk}/{address}", {"seen": seen, **fields})
        assert (answer.status_code, Case.objects.get(pk=case.pk).state) == (302, state), address
    page = text_of(client.get(f"/cases/{case.pk}/"))
    for words in ("已批准，自", "佛自然资〔2026〕3 号", "24 个月内投产", "计时暂停至", "批准决定书"):
        assert words in page, words


def test_a_refusal_comes_back_with_what_was_typed(client, who):
    case = cases.bring(cases.draft(who, refuse="approve"), who, State.DECISION)
    client.force_login(who.reviewer)
    answer = client.post(
        f"/cases/{case.pk}/do/approve/", {"number": "佛自然资〔2026〕9 号", "text": "分两期建设，先建北侧厂房"}
    )
    assert answer.status_code == 422
    assert "示例事项不能 approve" in text_of(answer)
    assert "佛自然资〔2026〕9 号" in answer.content.decode()
    assert "分两期建设，先建北侧厂房" in answer.content.decode()
    assert Case.objects.get(pk=case.pk).state == State.DECISION
    # Without a reason: the sentence says what is missing.
    answer = client.post(f"/cases/{case.pk}/do/refuse/", {"text": "  "})
    assert (answer.status_code, "请写明不予批准的理由" in text_of(answer)) == (422, True)
    assert client.post(f"/cases/{case.pk}/do/vanish/").status_code == 404
    assert client.get(f"/cases/{case.pk}/do/approve/").status_code == 405


def test_blocking_findings_of_today_are_listed_with_the_refusal(client, who):
    cases.parameter("example.most", Decimal(3))
    case = cases.bring(cases.draft(who), who, State.DECISION)
    Parameter.objects.filter(key="example.most").update(value=2)
    client.force_login(who.reviewer)
    answer = client.post(f"/cases/{case.pk}/do/approve/", {"text": ""})
    assert (answer.status_code, "请减小数值" in text_of(answer)) == (422, True)


def test_a_button_pressed_twice_acts_once_and_says_so(client, who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    client.force_login(who.planner)
    fields = {"seen": seen_of(client.get(f"/cases/{case.pk}/"))}
    for _press in range(2):
        assert client.post(f"/cases/{case.pk}/do/accept/", fields).status_code == 302
    assert "没有重复办理" in text_of(client.get(f"/cases/{case.pk}/"))
    assert case.timeline.filter(act="accept").count() == 1
    assert case.reviews.count() == 2


def test_acting_on_a_page_gone_stale_shows_what_changed_and_keeps_the_words(client, who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    client.force_login(who.parks)
    seen = seen_of(client.get(f"/cases/{case.pk}/"))
    filing.withdraw(case_id=case.pk, by=who.applicant, text="厂房已另行租赁")
    answer = client.post(f"/cases/{case.pk}/review/", {"seen": seen, "verdict": "disagree", "text": "产值不实"})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "刚才的办理没有执行" in page
    assert "厂房已另行租赁" in page.split("打开本页之后")[2]
    assert "产值不实" in page
    assert not Review.objects.filter(verdict="disagree").exists()


def test_a_decision_is_not_taken_over_an_opinion_that_came_meanwhile(client, who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    yesterday = timezone.localdate() - dt.timedelta(days=20)
    case.reviews.update(due_on=yesterday)
    client.force_login(who.planner)
    seen = seen_of(client.get(f"/cases/{case.pk}/"))
    reviewing.give_review(case_id=case.pk, by=who.monitor, verdict="disagree", text="亩均税收不足")
    fields = {"seen": seen, "text": "多次催办未果"}
    answer = client.post(f"/cases/{case.pk}/do/conclude_review/", fields)
    assert (answer.status_code, "亩均税收不足" in text_of(answer)) == (409, True)
    assert "多次催办未果" in answer.content.decode()
    assert client.post(f"/cases/{case.pk}/do/conclude_review/", {**fields, "seen": seen_of(answer)}).status_code == 302


def test_what_an_applicant_cannot_read_does_not_make_its_page_stale(client, who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    reviewing.give_review(case_id=case.pk, by=who.parks, verdict="agree")
    client.force_login(who.applicant)
    seen = seen_of(client.get(f"/cases/{case.pk}/"))
    assert client.post(f"/cases/{case.pk}/do/withdraw/", {"seen": seen}).status_code == 302
    assert Case.objects.get(pk=case.pk).state == State.WITHDRAWN


def test_the_back_button_meets_a_sentence_naming_the_present_state(client, who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    client.force_login(who.planner)
    answer = client.post(f"/cases/{case.pk}/do/accept/")
    assert (answer.status_code, "目前为“待决定”" in text_of(answer)) == (403, True)


def test_a_late_office_is_marked_and_passed_over_only_with_a_reason(client, who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    client.force_login(who.planner)
    held = client.get(f"/cases/{case.pk}/").content.decode()
    assert 'data-act-held="conclude_review"' in held
    reviewing.give_review(case_id=case.pk, by=who.parks, verdict="agree")
    case.reviews.filter(given_at__isnull=True).update(due_on=timezone.localdate() - dt.timedelta(days=9))
    page = client.get(f"/cases/{case.pk}/")
    assert "逾期未出具" in text_of(page)
    assert "亩均监测部门逾期未出具意见，不再等待的理由" in text_of(page)
    assert client.post(f"/cases/{case.pk}/do/conclude_review/", {"text": ""}).status_code == 422
    assert client.post(f"/cases/{case.pk}/do/conclude_review/", {"text": "已催办三次"}).status_code == 302


def test_an_enterprise_reads_what_staff_read_but_what_is_internal(client, who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    reviewing.give_review(case_id=case.pk, by=who.parks, verdict="conditional", text="须按期投产")
    remarking.remark(case_id=case.pk, by=who.head, text="请从快办理", internal=True)
    remarking.remark(case_id=case.pk, by=who.planner, text="请核对用地面积", internal=False)
    assigning.assign(case_id=case.pk, by=who.planner, to=who.planner)
    for user in (who.parks, who.planner):
        type(user).objects.filter(pk=user.pk).update(display_name=f"人员{user.pk}号")
    client.force_login(who.monitor)
    staff = text_of(client.get(f"/cases/{case.pk}/"))
    client.force_login(who.applicant)
    own = text_of(client.get(f"/cases/{case.pk}/"))
    for shared in ("须按期投产", "有条件同意", "请核对用地面积", "受理并送会审", "待出具", "工信局"):
        assert shared in staff, shared
        assert shared in own, shared
    for internal in ("请从快办理", f"人员{who.parks.pk}号", f"人员{who.planner.pk}号", "仅内部可见", "分派"):
        assert internal in staff or internal == "分派", internal
        assert internal not in own, internal


def test_words_are_written_and_the_applicants_are_never_internal(client, who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    client.force_login(who.applicant)
    form = f"/cases/{case.pk}/edit/"
    answer = client.post(f"/cases/{case.pk}/remark/", {"text": "已补传", "internal": "1", "next": form})
    assert (answer.status_code, answer.headers["Location"]) == (302, form)
    client.force_login(who.head)
    answer = client.post(f"/cases/{case.pk}/remark/", {"text": "抓紧", "internal": "1", "next": "https://elsewhere"})
    assert answer.headers["Location"] == f"/cases/{case.pk}/"
    assert list(Remark.objects.values_list("text", "internal", "instruction")) == [
        ("已补传", False, False),
        ("抓紧", True, True),
    ]
    assert client.post(f"/cases/{case.pk}/remark/", {"text": " "}).status_code == 422


def test_a_case_is_given_to_a_colleague_who_can_take_it(client, who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    other = places.account(Role.PLANNER, CITY_CODE)
    far = places.account(Role.PLANNER, places.SANSHUI)
    client.force_login(who.planner)
    page = client.get(f"/cases/{case.pk}/").content.decode()
    assert f'<option value="{other.pk}">' in page
    assert f'<option value="{far.pk}">' not in page
    for to in ("", "x", str(far.pk), str(who.parks.pk)):
        assert client.post(f"/cases/{case.pk}/assign/", {"to": to}).status_code == 422
    assert client.post(f"/cases/{case.pk}/assign/", {"to": other.pk}).status_code == 302
    assert Case.objects.get(pk=case.pk).assignee == other


def test_findings_stay_as_submitted_and_todays_are_compared(client, who):
    cases.parameter("example.most", Decimal(3))
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    client.force_login(who.planner)
    assert "与提交时一致" in text_of(client.get(f"/cases/{case.pk}/?findings=today"))
    Parameter.objects.filter(key="example.most").update(valid_to=timezone.localdate())
    cases.parameter("example.most", Decimal(2), valid_from=timezone.localdate())
    assert "上限 3" in text_of(client.get(f"/cases/{case.pk}/"))
    today = text_of(client.get(f"/cases/{case.pk}/?findings=today"))
    assert "与提交时相比，1 项不同" in today
    assert "上限 2" in today


def test_what_differs_is_found_by_outcome_and_by_presence():
    def row(rule, **facts):
        return {"rule": rule, "title": rule, "state": "met", "measured": "1", "required": "2", "message": "", **facts}

    before = [row("A"), row("B"), row("C")]
    now = [row("A"), row("B", state="unmet"), row("D")]
    found = case_page.changes(before, now)
    assert [(change.title, change.before is None, change.now is None) for change in found] == [
        ("B", False, False),
        ("D", True, False),
        ("C", False, True),
    ]


def test_each_pause_stands_with_the_correction_that_began_it(who, monkeypatch):
    friday = dt.date(2026, 3, 6)
    cases.set_today(monkeypatch, friday)
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    cases.set_today(monkeypatch, friday + dt.timedelta(days=4))
    filing.correct(case_id=case.pk, by=who.applicant)
    deciding.ask_correction(case_id=case.pk, by=who.planner, text="还缺一页")
    cases.set_today(monkeypatch, friday + dt.timedelta(days=5))
    notes = [event.note for event in life.events(who.planner, case) if event.act == "ask_correction"]
    assert notes == ["计时自当日暂停，至今 1 个工作日不计", "计时暂停至 2026-03-10，2 个工作日不计"]
    # The timeline is told newest first, and nobody's page has seen what comes after.
    assert life.latest(who.planner, case) == max(event.pk for event in life.events(who.planner, case))


def test_the_next_case_waiting_is_one_click_away(client, who):
    first, second = (cases.bring(cases.draft(who), who, State.SUBMITTED) for _number in range(2))
    client.force_login(who.planner)
    assert f'href="/cases/{second.pk}/"' in client.get(f"/cases/{first.pk}/").content.decode()
    client.force_login(who.applicant)
    assert "下一件待办" not in text_of(client.get(f"/cases/{first.pk}/"))


def test_the_number_of_queries_does_not_grow_with_the_life_of_a_case(client, who):
    def queries(case: Case) -> int:
        client.get(f"/cases/{case.pk}/")
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/cases/{case.pk}/")
        return len(asked)

    case = cases.bring(cases.draft(who), who, State.REVIEW)
    client.force_login(who.monitor)
    before = queries(case)
    for number in range(4):
        remarking.remark(case_id=case.pk, by=who.planner, text=f"第 {number} 条", internal=True)
        deciding.ask_correction(case_id=case.pk, by=who.planner, text="补充")
        filing.correct(case_id=case.pk, by=who.applicant)
    assert queries(case) <= before <= 60
