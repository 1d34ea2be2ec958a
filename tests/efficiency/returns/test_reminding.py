"""Reminders of returns that are missing: from when on, to whom, how often."""

import datetime as dt

import pytest
from django.utils import timezone

from config.demo.clock import believing
from core.accounts.models import Role
from core.casework.models import Notification
from core.jobs import schedule
from efficiency.returns import due
from efficiency.returns.missing import missing, missing_for
from efficiency.returns.models import YearlyReturn
from efficiency.returns.services import refresh_land, reporting
from efficiency.returns.services.reminding import remind
from landuse.plots.models import Occupation
from tests.places import NANHAI, SANSHUI, START, account, enterprise, plot

pytestmark = pytest.mark.django_db

YEAR = 2024
DUE = dt.date(2025, 5, 31)


def at(day):
    return believing(timezone.make_aware(dt.datetime.combine(day, dt.time(7))))


@pytest.fixture
def firms():
    """Three with land: one with a return, one with a report handed in, one with neither; and one without land."""
    found = [enterprise(number) for number in range(1, 5)]
    for number, firm in enumerate(found[:3], start=1):
        version = plot(number)
        Occupation.objects.create(plot=version.plot, enterprise=firm, kind="owner", share="1", valid_from=START)
    refresh_land(year=YEAR)
    YearlyReturn.objects.create(enterprise=found[0], year=YEAR, tax_cny=1)
    with at(dt.date(2025, 3, 1)):
        clerk = account(Role.ENTERPRISE, enterprise=found[1])
        report = reporting.save(year=YEAR, typed={"tax_cny": "1", "output_cny": "2"}, note="", revision=0, by=clerk)
        reporting.submit(report=report.pk, revision=report.revision, by=clerk)
    return found


def test_missing_are_those_with_land_and_neither_a_return_nor_a_report(firms):
    assert [row.enterprise for row in missing(YEAR)] == [firms[2]]
    assert missing_for(account(Role.MONITOR, NANHAI), YEAR).count() == 1
    assert missing_for(account(Role.MONITOR, SANSHUI), YEAR).count() == 0
    assert missing_for(account(Role.ENTERPRISE, enterprise=firms[3]), YEAR).count() == 0


def test_the_return_is_due_by_the_parameter_of_the_year_after(firms):
    assert due.due_on(YEAR) == DUE
    assert due.remind_from(YEAR) == dt.date(2025, 5, 16)


def test_reminded_once_a_fortnight_from_the_day_the_parameter_names(firms):
    clerk = account(Role.ENTERPRISE, enterprise=firms[2])
    told = []
    for day in (dt.date(2025, 5, 15) + dt.timedelta(days=n) for n in range(40)):
        with at(day):
            if remind(day).told:
                told.append(day)
            assert remind(day).told == 0
    assert told == [dt.date(2025, 5, 16), dt.date(2025, 5, 30), dt.date(2025, 6, 13)]
    notices = list(Notification.objects.filter(user=clerk).order_by("pk"))
    assert len(notices) == 3
    assert "2025-05-31 前" in notices[0].text
    assert "已过" in notices[-1].text
    assert notices[0].url == f"/returns/mine/{YEAR}/"


def test_those_without_an_account_are_counted_and_cannot_be_told(firms):
    with at(DUE):
        found = remind(DUE)
    assert (found.missing, found.told) == (1, 0)


def test_the_reminders_are_on_the_schedule():
    assert schedule._entries["returns.remind"].run is remind
