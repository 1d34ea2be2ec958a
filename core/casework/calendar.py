"""The calendar as every installation begins with it: ``calendar/holidays.csv`` of the fixtures folder.

One row a day of the yearly arrangements of the State Council's General Office: holidays,
weekend days inside them included, and the weekend days worked in exchange.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.casework import working_days
from core.casework.models import Case, Holiday, Review
from core.casework.states import State
from core.policy import fixture_files, loading

FILE = "calendar/holidays.csv"
COLUMNS = ["day", "is_working", "name", "source"]
WORKING = {"yes": True, "no": False}


def register() -> None:
    """Announce the calendar to ``load_fixtures``."""
    loading.register_fixtures(loading.FixtureSource("holidays", gettext_lazy("节假日安排"), load))


@transaction.atomic
def load(folder: Path) -> loading.Counts:
    """Load the calendar; days the file does not name stay. Raises FixtureError, with nothing written.

    Whoever had so many working days left still has them: deadlines to come move when the
    arrangement of a year comes out after they were set.
    """
    today = timezone.localdate()
    # A notice lasts a number of days whatever days they are; what is past stays past.
    running = [
        Case.objects.open().filter(due_on__gt=today).exclude(state=State.NOTICE),
        Review.objects.filter(given_at__isnull=True, due_on__gt=today),
    ]
    left = [(rows.model, _by_days_left(rows, today)) for rows in running]
    counts = loading.save(list(_holidays(folder)), Holiday, lambda holiday: holiday.pk)
    if counts.created or counts.updated:
        for model, groups in left:
            for days, ids in groups.items():
                model._default_manager.filter(pk__in=ids).update(due_on=working_days.add(today, days))
    return counts


def _by_days_left(rows: models.QuerySet[Any], today: dt.date) -> dict[int, list[int]]:
    """Rows by the working days they have left after ``today``; those that have none are left out."""
    ends: dict[dt.date, list[int]] = {}
    for pk, due_on in rows.values_list("pk", "due_on"):
        ends.setdefault(due_on, []).append(pk)
    groups: dict[int, list[int]] = {}
    for due_on, ids in ends.items():
        groups.setdefault(working_days.between(today, due_on), []).extend(ids)
    groups.pop(0, None)
    return groups


def _holidays(folder: Path) -> Iterator[tuple[Holiday, fixture_files.Source]]:
    seen = set()
    for cells, source in fixture_files.rows(folder, FILE, COLUMNS):
        day = fixture_files.date_in(source, "day", cells["day"])
        if cells["is_working"] not in WORKING:
            raise source.refuse(_("is_working 应为 yes 或 no，实为“%s”。") % cells["is_working"])
        working = WORKING[cells["is_working"]]
        if day in seen:
            raise source.refuse(_("%s 重复。") % day.isoformat())
        if working and day.isoweekday() < 6:
            raise source.refuse(_("%s 不是周末，不会是调休上班日。") % day.isoformat())
        seen.add(day)
        holiday = Holiday(day=day, is_working=working, name=cells["name"], source=cells["source"])
        fixture_files.check_fields(source, holiday, {"day", "is_working"})
        yield holiday, source
