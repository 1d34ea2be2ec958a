"""Working days: Monday to Friday but for the arrangements of public holidays (:class:`Holiday`).

The arithmetic is written once, as functions of the database, so that a list, a statement
over all cases and the service that sets a deadline cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection

from core.casework.models import Holiday


def is_working(day: dt.date) -> bool:
    """Whether people work on ``day``."""
    return bool(_ask("SELECT casework_is_working_day(%s)", day))


def add(day: dt.date, n: int) -> dt.date:
    """The ``n``-th working day after ``day``, the day itself not counted; before it when ``n`` is negative.

    With 0 it is ``day``, or the next working day where ``day`` is none (民法典第二百零三条:
    a period that would end on a holiday ends on the day after it).
    """
    found: dt.date = _ask("SELECT casework_add_working_days(%s, %s)", day, n)
    return found


def between(a: dt.date, b: dt.date) -> int:
    """How many working days lie in ``(a, b]``; negative when ``b`` is before ``a``."""
    return int(_ask("SELECT casework_working_days(%s, %s)", a, b))


def unknown_years(since: dt.date, until: dt.date) -> list[int]:
    """Years between two days, both counted, for which no arrangement is at hand: only weekends are left out there."""
    known = set(
        Holiday.objects.filter(day__year__gte=since.year, day__year__lte=until.year)
        .values_list("day__year", flat=True)
        .distinct()
    )
    return [year for year in range(since.year, until.year + 1) if year not in known]


def _ask(sql: str, *values: dt.date | int) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]
