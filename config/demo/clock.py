"""Lets services believe that it is another day, so that a demo case can have begun weeks ago."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone


@contextmanager
def believing(moment: dt.datetime) -> Iterator[None]:
    """Within, ``django.utils.timezone.now()`` answers ``moment``, and with it every date a service takes as today's.

    For the one process that seeds a demo city, which does nothing beside it; the clock of
    the database goes on.
    """
    real = timezone.now
    timezone.now = lambda: moment
    try:
        yield
    finally:
        timezone.now = real


def working_days_back(today: dt.date, count: int) -> list[dt.date]:
    """``today``, or the working day before it, and the ``count`` working days before that; the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day::date FROM generate_series(%s::date, %s::date, interval '-1 day') AS day"
            " WHERE casework_is_working_day(day::date) LIMIT %s",
            [today, today - dt.timedelta(days=3 * count + 30), count + 1],
        )
        return [day for (day,) in cursor.fetchall()]
