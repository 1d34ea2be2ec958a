"""A deadline that comes near or passes is told once to who is late, reported to heads, and forgotten when met."""

import datetime as dt
import threading

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role
from core.casework import working_days
from core.casework.models import Alert, Case, Notification, TimelineEntry
from core.casework.services import alerting, deciding, filing, reviewing
from core.casework.states import State
from core.jobs import schedule
from core.policy.models import Parameter
from tests import places
from tests.core.casework import cases

pytestmark = pytest.mark.django_db


@pytest.fixture
def who():
    return cases.people()


def watch(day: dt.date) -> tuple[int, int, int, int]:
    found = alerting.watch_deadlines(on=day)
    return found.due_soon, found.overdue, found.escalated, found.closed


def after(case: Case, days: int) -> dt.date:
    """So many working days after the deadline of the stage; before it when negative."""
    return working_days.add(case.due_on, days)


def told(user, act: str) -> list[str]:
    return list(Notification.objects.filter(user=user, act=act).values_list("text", flat=True))


def test_nothing_is_told_while_there_is_time(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert watch(after(case, -4)) == (0, 0, 0, 0)


def test_the_last_days_are_told_to_who_has_the_next_move(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert watch(after(case, -3)) == (1, 0, 0, 0)
    assert told(who.planner, "due_soon") == [
        f"{case.number} {case.title}（{case.applicant_name}）：即将到期，请不迟于 {case.due_on} 决定是否受理。"
    ]
    assert not Notification.objects.filter(act="due_soon").exclude(user=who.planner).exists()


def test_the_deadline_itself_is_in_time_and_the_next_day_is_late(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert watch(case.due_on) == (1, 0, 0, 0)
    assert watch(case.due_on + dt.timedelta(days=1)) == (0, 1, 0, 1)
    assert list(Alert.objects.filter(closed_at=None).values_list("rule", flat=True)) == ["overdue"]


def test_an_office_that_owes_a_review_is_told_and_so_is_who_conducts(who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    reviewing.give_review(case_id=case.pk, by=who.monitor, verdict="agree")
    review = case.reviews.get(office=Role.PARKS)
    assert watch(review.due_on + dt.timedelta(days=1)) == (0, 1, 0, 0)
    assert "出具会审意见" in told(who.parks, "overdue")[0]
    assert "工信局应不迟于" in told(who.planner, "overdue")[0]
    assert told(who.monitor, "overdue") == told(who.applicant, "overdue") == []


def test_after_so_many_days_the_heads_of_district_and_city_hear_of_it(who):
    city_head = places.account(Role.HEAD, CITY_CODE)
    other_head = places.account(Role.HEAD, places.SANSHUI)
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert watch(after(case, 4)) == (0, 1, 0, 0)
    assert watch(after(case, 5)) == (0, 0, 1, 0)
    for head in (who.head, city_head):
        assert "自然资源局应不迟于" in told(head, "escalated")[0]
        assert "已逾期 5 个工作日" in told(head, "escalated")[0]
    assert told(other_head, "escalated") == []


def test_lateness_stands_in_the_timeline_for_staff_only(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    watch(after(case, 5))
    entries = TimelineEntry.objects.filter(case=case, act__in=["overdue", "escalated"])
    assert sorted(entries.values_list("act", "internal", "by")) == [("escalated", True, None), ("overdue", True, None)]
    assert not entries.visible_to(who.applicant).exists()


def test_watching_twice_tells_once(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    day = after(case, 5)
    assert watch(day) == (0, 1, 1, 0)
    assert watch(day) == watch(day + dt.timedelta(days=1)) == (0, 0, 0, 0)
    assert Notification.objects.filter(act="escalated").count() == 1


def test_an_alert_is_closed_when_the_stage_is_over(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    day = after(case, 5)
    watch(day)
    deciding.accept(case_id=case.pk, by=who.planner)
    assert not Alert.objects.filter(closed_at=None).exists()
    assert watch(case.due_on) == (0, 0, 0, 0)


def test_an_opinion_closes_the_alert_of_its_office_alone(who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    watch(case.reviews.get(office=Role.PARKS).due_on + dt.timedelta(days=1))
    reviewing.give_review(case_id=case.pk, by=who.monitor, verdict="agree")
    assert list(Alert.objects.filter(closed_at=None).values_list("office", flat=True)) == [Role.PARKS]


def test_an_applicant_late_with_a_correction_is_told_but_not_reported(who):
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    assert watch(after(case, -1)) == (1, 0, 0, 0)
    assert "补正" in told(who.applicant, "due_soon")[0]
    assert watch(after(case, 30)) == (0, 1, 0, 1)
    assert "申请人应不迟于" in told(who.planner, "overdue")[0]
    assert told(who.head, "escalated") == []


def test_a_clock_that_stands_still_is_not_late(who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    late = working_days.add(case.due_on, 20)
    deciding.ask_correction(case_id=case.pk, by=who.planner, text="补图纸")
    Case.objects.filter(pk=case.pk).update(due_on=late)
    assert watch(working_days.add(case.due_on, 10)) == (0, 0, 0, 0)


def test_a_new_deadline_is_a_new_alert(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    watch(after(case, 1))
    Case.objects.filter(pk=case.pk).update(due_on=after(case, 2))
    assert watch(after(case, 3)) == (0, 1, 0, 1)


def test_a_case_that_ended_alerts_nobody(who):
    for state in (State.WITHDRAWN, State.REFUSED, State.EFFECTIVE):
        cases.bring(cases.draft(who), who, state)
    assert watch(timezone.localdate() + dt.timedelta(days=400)) == (0, 0, 0, 0)


def test_where_no_figure_is_in_force_lateness_alone_is_told(who):
    Parameter.objects.filter(key__in=["case.due_soon_days", "case.escalation_days"]).delete()
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert watch(case.due_on) == (0, 0, 0, 0)
    assert watch(after(case, 50)) == (0, 1, 0, 0)


def test_a_district_may_have_its_own_figure(who):
    cases.parameter("case.due_soon_days", 1, place=places.NANHAI)
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert watch(after(case, -2)) == (0, 0, 0, 0)
    assert watch(after(case, -1)) == (1, 0, 0, 0)


def test_the_decider_who_accepted_is_not_asked_to_decide(who):
    second = places.account(Role.REVIEWER, CITY_CODE)
    case = cases.bring(cases.draft(who), who, State.DECISION)
    watch(after(case, 1))
    assert told(who.reviewer, "overdue")
    assert told(second, "overdue") == []


def test_the_command_says_what_it_did(who, capsys):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    call_command("watch_cases", "--on", after(case, 5).isoformat())
    assert capsys.readouterr().out.strip() == "将到期 0，逾期 1，上报 1，解除 0"


def test_the_watch_stands_on_the_schedule(who):
    entry = schedule._entries["casework.watch"]
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    entry.run(case.due_on)
    assert Alert.objects.get().rule == "due_soon"


@pytest.mark.django_db(transaction=True)
def test_two_watches_at_once_make_one(who):
    filed = [cases.bring(cases.draft(who), who, State.SUBMITTED) for _ in range(3)]
    day, together, found = after(filed[0], 5), threading.Barrier(4), []

    def run():
        together.wait()
        found.append(watch(day))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sum(counts) for counts in zip(*found, strict=True)] == [0, 3, 3, 0]
    assert Notification.objects.filter(act="escalated").count() == 3
    assert TimelineEntry.objects.filter(act="overdue").count() == 3


def test_a_correction_that_came_closes_the_applicants_alert(who):
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    watch(after(case, 1))
    filing.correct(case_id=case.pk, by=who.applicant)
    assert not Alert.objects.filter(closed_at=None).exists()
