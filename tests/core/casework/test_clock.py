"""The clocks of a case, from filing to effect, over holidays, make-up days and corrections."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from core.casework import calendar
from core.casework.models import Case, Pause
from core.casework.services import deciding, filing, reviewing
from core.casework.states import State
from core.refusals import Refused
from tests.core.casework import cases

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch):
    """Let it be a day: ``on("2026-09-18")``."""
    return lambda text: cases.set_today(monkeypatch, dt.date.fromisoformat(text))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def test_each_stage_has_its_last_day(who, on):
    on("2026-03-02")
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert case.due_on == day("2026-03-09")
    on("2026-03-05")
    case = deciding.accept(case_id=case.pk, by=who.planner)
    assert case.due_on == day("2026-04-02")
    assert {review.due_on for review in case.reviews.all()} == {day("2026-03-19")}
    on("2026-03-10")
    for user in (who.parks, who.monitor):
        reviewing.give_review(case_id=case.pk, by=user, verdict="agree")
    case = deciding.conclude_review(case_id=case.pk, by=who.planner)
    assert case.due_on == day("2026-04-02")
    on("2026-03-11")
    case = deciding.approve(case_id=case.pk, by=who.reviewer)
    assert case.due_on == day("2026-03-12")
    case = deciding.take_effect(case_id=case.pk, by=who.reviewer)
    assert case.due_on is None


def test_a_correction_before_acceptance_stops_the_clock_over_holidays_and_make_up_days(who, on):
    on("2026-09-18")
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert case.due_on == day("2026-09-24")  # Sunday 20 September is worked for 国庆.
    on("2026-09-22")
    case = deciding.ask_correction(case_id=case.pk, by=who.planner, text="补充方案")
    assert case.remaining_days == 2
    assert case.due_on == day("2026-10-20")  # 中秋 and 国庆 do not count, Saturday 10 October does.
    assert case.pauses.get().until is None
    on("2026-10-05")
    case = filing.correct(case_id=case.pk, by=who.applicant)
    assert (case.state, case.remaining_days) == (State.SUBMITTED, None)
    assert case.due_on == day("2026-10-09")
    pause = case.pauses.get()
    assert (pause.since, pause.until) == (day("2026-09-22"), day("2026-10-05"))


def test_a_correction_under_review_stops_every_clock_that_still_runs(who, on):
    on("2026-02-10")
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    assert case.due_on == day("2026-03-16")
    on("2026-02-12")
    reviewing.give_review(case_id=case.pk, by=who.parks, verdict="agree")
    on("2026-02-13")
    case = deciding.ask_correction(case_id=case.pk, by=who.planner, text="补充方案")
    parks, monitor = (case.reviews.get(office=office) for office in ("parks", "monitor"))
    assert (case.remaining_days, monitor.remaining_days, parks.remaining_days) == (17, 7, None)
    on("2026-02-26")
    case = filing.correct(case_id=case.pk, by=who.applicant)
    parks, monitor = (case.reviews.get(office=office) for office in ("parks", "monitor"))
    assert case.state == State.REVIEW
    assert case.due_on == day("2026-03-20")
    assert (monitor.due_on, monitor.remaining_days) == (day("2026-03-06"), None)
    assert parks.due_on == day("2026-03-02")


def test_asked_on_the_last_day_and_answered_on_a_holiday_it_ends_on_the_next_working_day(who, on):
    on("2026-09-17")
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert case.due_on == day("2026-09-23")
    on("2026-09-23")
    case = deciding.ask_correction(case_id=case.pk, by=who.planner, text="补充方案")
    assert case.remaining_days == 0
    on("2026-10-03")
    assert filing.correct(case_id=case.pk, by=who.applicant).due_on == day("2026-10-08")


def test_a_clock_that_was_overdue_stays_as_far_overdue(who, on):
    on("2026-03-02")
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    on("2026-03-11")
    case = deciding.ask_correction(case_id=case.pk, by=who.planner, text="补充方案")
    assert case.remaining_days == -2
    on("2026-03-18")
    assert filing.correct(case_id=case.pk, by=who.applicant).due_on == day("2026-03-16")


def test_a_second_correction_pauses_again(who, on):
    on("2026-03-02")
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    for asked, came in (("2026-03-04", "2026-03-06"), ("2026-03-09", "2026-03-11")):
        on(asked)
        deciding.ask_correction(case_id=case.pk, by=who.planner, text="补充方案")
        on(came)
        case = filing.correct(case_id=case.pk, by=who.applicant)
    assert case.due_on == day("2026-04-03")  # four working days later than the 30th of March
    assert case.pauses.count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        Pause.objects.bulk_create([Pause(case=case, since=day("2026-03-12")) for _ in range(2)])


def test_a_withdrawal_during_a_correction_closes_the_pause(who, on):
    on("2026-03-02")
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    on("2026-03-05")
    case = filing.withdraw(case_id=case.pk, by=who.applicant)
    assert (case.state, case.remaining_days, case.due_on) == (State.WITHDRAWN, None, None)
    assert case.pauses.get().until == day("2026-03-05")


def test_a_correction_that_does_not_come_lets_the_case_lapse_once_its_time_is_over(who, on):
    on("2026-09-18")
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    on("2026-09-22")
    case = deciding.ask_correction(case_id=case.pk, by=who.planner, text="补充方案")
    on("2026-10-20")
    assert not Case.objects.waiting_for(who.planner).exists()
    with pytest.raises(Refused, match="补正期限至 2026-10-20，当日仍可补正"):
        deciding.lapse(case_id=case.pk, by=who.planner, text="已电话提醒")
    on("2026-10-21")
    assert Case.objects.waiting_for(who.planner).exists()
    with pytest.raises(Refused, match="请写明催告情况"):
        deciding.lapse(case_id=case.pk, by=who.planner, text="")
    case = deciding.lapse(case_id=case.pk, by=who.planner, text="9 月 30 日、10 月 15 日电话提醒")
    assert (case.state, case.remaining_days, case.due_on) == (State.WITHDRAWN, None, None)
    assert case.pauses.get().until == day("2026-10-21")
    assert case.timeline.last().text == "9 月 30 日、10 月 15 日电话提醒"


def test_a_correction_still_counts_after_its_time_while_the_case_has_not_lapsed(who, on):
    on("2026-09-18")
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    on("2026-11-20")
    assert filing.correct(case_id=case.pk, by=who.applicant).state == State.SUBMITTED


def test_an_arrangement_that_comes_out_later_leaves_everybody_the_days_they_had(who, on, tmp_path):
    """The holidays of 2027 are not known when the case is accepted in December 2026."""
    on("2026-12-21")
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    assert case.due_on == day("2027-01-18")
    reviewing.give_review(case_id=case.pk, by=who.parks, verdict="agree")
    folder = tmp_path / "calendar"
    folder.mkdir()
    rows = "2027-01-01,no,元旦,示例\n2027-01-04,no,元旦,示例\n2027-01-09,yes,元旦,示例\n"
    (folder / "holidays.csv").write_text(f"day,is_working,name,source\n{rows}", encoding="utf-8")
    on("2026-12-24")
    calendar.load(tmp_path)
    case.refresh_from_db()
    assert case.due_on == day("2027-01-19")  # two days off, one worked
    due = dict(case.reviews.values_list("office", "due_on"))
    assert due == {"parks": day("2027-01-04"), "monitor": day("2027-01-06")}
    assert calendar.load(tmp_path).unchanged == 3
    case.refresh_from_db()
    assert case.due_on == day("2027-01-19")


def test_the_last_day_of_the_notice_is_still_notice(who, on):
    cases.clocks(notice=7)
    on("2026-03-02")
    case = cases.bring(cases.draft(who), who, State.NOTICE)
    assert (case.notice_from, case.notice_until) == (day("2026-03-02"), day("2026-03-09"))
    assert case.due_on == day("2026-03-10")
    on("2026-03-09")
    with pytest.raises(Refused, match="公示至 2026-03-09，当日仍在公示"):
        deciding.take_effect(case_id=case.pk, by=who.reviewer)
    on("2026-03-10")
    assert deciding.take_effect(case_id=case.pk, by=who.reviewer).state == State.EFFECTIVE


def test_an_appeal_is_heard_and_a_new_decision_made_within_their_own_time(who, on):
    on("2026-03-02")
    case = cases.bring(cases.draft(who), who, State.REFUSED)
    assert case.due_on is None
    on("2026-04-01")
    case = filing.appeal(case_id=case.pk, by=who.applicant, text="测算有误")
    assert case.due_on == day("2026-04-30")
    case = deciding.overturn(case_id=case.pk, by=who.head, text="应重新测算")
    assert case.due_on == day("2026-04-09")


def test_without_a_figure_in_force_the_move_is_refused_in_words(who, on):
    on("2026-03-02")
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    cases.Parameter.objects.filter(key="case.example.decision_days").update(valid_to=day("2026-03-01"))
    with pytest.raises(Refused, match="没有生效的参数 case.example.decision_days"):
        deciding.accept(case_id=case.pk, by=who.planner)
    case.refresh_from_db()
    assert case.state == State.SUBMITTED
    assert not case.reviews.exists()
