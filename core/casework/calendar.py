"""The calendar as every installation begins with it: ``calendar/holidays.csv`` of the fixtures folder.

One row a day of the yearly arrangements of the State Council's General Office: holidays,
weekend days inside them included, and the weekend days worked in exchange.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.casework.models import Holiday
from core.policy import fixture_files, loading

FILE = "calendar/holidays.csv"
COLUMNS = ["day", "is_working", "name", "source"]
WORKING = {"yes": True, "no": False}


def register() -> None:
    """Announce the calendar to ``load_fixtures``."""
    loading.register_fixtures(loading.FixtureSource("holidays", gettext_lazy("节假日安排"), load))


def load(folder: Path) -> loading.Counts:
    """Load the calendar; days the file does not name stay. Raises FixtureError, with nothing written."""
    return loading.save(list(_holidays(folder)), Holiday, lambda holiday: holiday.pk)


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
