"""Turnaround: working days of each stage, without the days its clock stood still, within the reader's places."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.accounts.models import Role
from core.casework import statistics
from core.casework.models import Case
from core.casework.services import deciding, filing, reviewing
from tests import places
from tests.core.casework import cases, kind

pytestmark = pytest.mark.django_db

MONDAY = dt.date(2026, 6, 1)
"""The Dragon Boat holiday, Friday 19 June 2026, lies inside the weeks used below."""


@pytest.fixture
def who():
    return cases.people()


def day(monkeypatch, offset: int) -> None:
    cases.set_today(monkeypatch, MONDAY + dt.timedelta(days=offset))


def lived(monkeypatch, who, *, submitted=0, accepted=1, parks=2, monitor=3, concluded=4, decided=7) -> Case:
    """A case whose steps fall on days counted from a Monday."""
    day(monkeypatch, submitted)
    case = cases.draft(who)
    cases.fill_papers(case, who.applicant)
    filing.submit(case_id=case.pk, by=who.applicant)
    day(monkeypatch, accepted)
    deciding.accept(case_id=case.pk, by=who.planner)
    for office, when in ((who.parks, parks), (who.monitor, monitor)):
        day(monkeypatch, when)
        reviewing.give_review(case_id=case.pk, by=office, verdict="agree")
    day(monkeypatch, concluded)
    deciding.conclude_review(case_id=case.pk, by=who.planner)
    day(monkeypatch, decided)
    deciding.approve(case_id=case.pk, by=who.reviewer)
    return case


def rows(user, since=MONDAY, until=MONDAY + dt.timedelta(days=365)):
    found = statistics.turnaround(user, since=since, until=until)
    return {(row.stage, row.office): row for row in found if row.kind == kind.NAME}


def test_each_stage_is_counted_in_working_days_to_its_office(monkeypatch, who):
    lived(monkeypatch, who)
    found = rows(who.planner)
    assert {key: (row.count, row.median, row.late, row.limit) for key, row in found.items()} == {
        ("accept", Role.PLANNER): (1, Decimal("1"), 0, 5),
        ("review", Role.PARKS): (1, Decimal("1"), 0, 10),
        ("review", Role.MONITOR): (1, Decimal("2"), 0, 10),
        # From Tuesday to the next Monday: the weekend does not count.
        ("decision", Role.REVIEWER): (1, Decimal("4"), 0, 20),
    }


def test_a_holiday_does_not_count(monkeypatch, who):
    lived(monkeypatch, who, accepted=14, submitted=14, parks=21, monitor=21, concluded=21, decided=21)
    assert rows(who.planner)["review", Role.PARKS].median == 4


def test_the_days_of_a_correction_do_not_count(monkeypatch, who):
    day(monkeypatch, 0)
    case = cases.draft(who)
    cases.fill_papers(case, who.applicant)
    filing.submit(case_id=case.pk, by=who.applicant)
    day(monkeypatch, 1)
    deciding.ask_correction(case_id=case.pk, by=who.planner, text="缺证明")
    day(monkeypatch, 9)
    filing.correct(case_id=case.pk, by=who.applicant)
    day(monkeypatch, 10)
    deciding.accept(case_id=case.pk, by=who.planner)
    day(monkeypatch, 11)
    deciding.ask_correction(case_id=case.pk, by=who.planner, text="缺图纸")
    day(monkeypatch, 15)
    filing.correct(case_id=case.pk, by=who.applicant)
    day(monkeypatch, 16)
    for office in (who.parks, who.monitor):
        reviewing.give_review(case_id=case.pk, by=office, verdict="agree")
    deciding.conclude_review(case_id=case.pk, by=who.planner)
    deciding.refuse(case_id=case.pk, by=who.reviewer, text="不符合")
    found = rows(who.planner)
    assert {key: row.median for key, row in found.items()} == {
        ("accept", Role.PLANNER): 2,
        ("review", Role.PARKS): 2,
        ("review", Role.MONITOR): 2,
        ("decision", Role.REVIEWER): 2,
    }


@pytest.mark.parametrize(("accepted", "late"), [(7, 0), (8, 1)], ids=["on the fifth working day", "on the sixth"])
def test_the_last_day_is_in_time_and_the_next_is_late(monkeypatch, who, accepted, late):
    lived(monkeypatch, who, accepted=accepted, parks=8, monitor=8, concluded=8, decided=8)
    row = rows(who.planner)["accept", Role.PLANNER]
    assert row.late == late
    assert row.late_percent == 100 * late


def test_late_follows_the_parameter_of_the_day_the_stage_began(monkeypatch, who):
    lived(monkeypatch, who, accepted=7, parks=8, monitor=8, concluded=8, decided=8)
    cases.clocks(accept=3)
    assert rows(who.planner)["accept", Role.PLANNER].late == 1


def test_median_and_ninety_per_cent(monkeypatch, who):
    for accepted in (0, 1, 2, 3, 7):
        lived(monkeypatch, who, accepted=accepted, parks=8, monitor=8, concluded=8, decided=8)
    row = rows(who.planner)["accept", Role.PLANNER]
    assert (row.count, row.median, row.ninety) == (5, Decimal("2"), Decimal("4.2"))


def test_what_is_not_over_and_what_ended_outside_the_period_is_left_out(monkeypatch, who):
    lived(monkeypatch, who)
    cases.bring(cases.draft(who), who, cases.State.REVIEW)
    assert rows(who.planner, until=MONDAY) == {}
    assert set(rows(who.planner, until=MONDAY + dt.timedelta(days=2))) == {
        ("accept", Role.PLANNER),
        ("review", Role.PARKS),
    }


@pytest.mark.parametrize(
    ("role", "place", "seen"),
    [
        (Role.AUDITOR, places.NANHAI, 1),
        (Role.AUDITOR, places.SANSHUI, 0),
        (Role.HEAD, "440600", 1),
        (Role.SYSADMIN, "440600", 0),
    ],
)
def test_staff_count_the_cases_of_their_places(monkeypatch, who, role, place, seen):
    lived(monkeypatch, who)
    found = rows(places.account(role, place))
    assert sum(row.count for row in found.values() if row.stage == "accept") == seen


def test_one_query_however_many_cases(monkeypatch, who):
    for _ in range(3):
        lived(monkeypatch, who)
    with CaptureQueriesContext(connection) as queries:
        assert rows(who.planner)["accept", Role.PLANNER].count == 3
    assert len(queries) == 1
