"""When the return of a year is due, and which years an enterprise may report."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from core import policy
from core.policy.models import CITY_CODE

DUE = "returns.due_month_day"
BEFORE = "returns.remind_before_days"
YEARS = "returns.report_years"


def due_on(year: int, *, place: str = CITY_CODE, on: dt.date | None = None) -> dt.date:
    """The last day to hand in the return of ``year``: month and day of the parameter, in the year after it."""
    month, _dash, day = policy.value(DUE, place, on=on).text.partition("-")
    return dt.date(year + 1, int(month), int(day))


def remind_from(year: int, *, place: str = CITY_CODE, on: dt.date | None = None) -> dt.date:
    """The first day on which those who lack the return of ``year`` are reminded."""
    days = policy.value(BEFORE, place, on=on).value or 0
    return due_on(year, place=place, on=on) - dt.timedelta(days=int(days))


def latest_year(on: dt.date | None = None) -> int:
    """The last year that is over, and so can be reported."""
    return (on or timezone.localdate()).year - 1


def reportable_years(*, place: str = CITY_CODE, on: dt.date | None = None) -> list[int]:
    """The years an enterprise may report, newest first."""
    count = policy.value(YEARS, place, on=on).value or 1
    last = latest_year(on)
    return list(range(last, last - int(count), -1))
