"""Work that runs once a day: packages above announce theirs in ``AppConfig.ready()``.

Every worker looks at the schedule with each beat. The row of an entry is what they agree
by: whoever moves it to today hands the run over to the task queue, in the same transaction.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.jobs.models import ScheduledRun

logger = logging.getLogger(__name__)

TRY_AGAIN = dt.timedelta(minutes=30)
"""How long after a run was handed over it is handed over again when it has not ended well."""

MOST_ATTEMPTS = 10


@dataclass(frozen=True)
class Entry:
    """``run(day)`` does the work of a local day, from ``at`` on. Twice must be as good as once: it may be repeated."""

    name: str
    at: dt.time
    run: Callable[[dt.date], object]


_entries: dict[str, Entry] = {}


def register(name: str, *, at: dt.time, run: Callable[[dt.date], object]) -> None:
    """Put an entry on the schedule; another one under the same name is an error."""
    entry = Entry(name, at, run)
    if _entries.setdefault(name, entry) != entry:
        raise ValueError(f"scheduled run {name!r} is registered twice")


def hand_over_due(now: dt.datetime | None = None) -> list[str]:
    """Hand the entries that are due to the worker, and return their names.

    Due is what has not run today although its hour has come, and what was handed over half
    an hour ago and did not end well. A missed day is not made up for.
    """
    now = timezone.localtime(now)
    # A look without a lock first: the schedule is asked every few seconds and hands over once a day.
    rows = ScheduledRun.objects.in_bulk(list(_entries))
    due = [
        entry
        for entry in _entries.values()
        if now.time() >= entry.at and (entry.name not in rows or _is_due(rows[entry.name], now))
    ]
    return [entry.name for entry in due if _claim(entry, now)]


def run(*, name: str, day: dt.date) -> None:
    """Do the work of an entry for a day and note how it ended; the worker calls this. What it raises goes on."""
    rows = ScheduledRun.objects.filter(pk=name, day=day)
    try:
        _entries[name].run(day)
    except Exception as error:
        rows.update(error=f"{type(error).__name__}: {error}")
        raise
    rows.update(done_at=timezone.now(), error="")


def _is_due(row: ScheduledRun, now: dt.datetime) -> bool:
    if row.day != now.date():
        return row.day < now.date()
    return row.done_at is None and row.attempts < MOST_ATTEMPTS and row.handed_over_at <= now - TRY_AGAIN


def _claim(entry: Entry, now: dt.datetime) -> bool:
    """Move the entry's row to today, and hand its run over with the same commit; False when another worker did."""
    # Imported here: the task names this module.
    from core.jobs.tasks import run_scheduled

    today = now.date()
    fresh = {"day": today, "attempts": 1, "handed_over_at": now, "done_at": None, "error": ""}
    with transaction.atomic():
        _row, made = ScheduledRun.objects.get_or_create(pk=entry.name, defaults=fresh)
        if not made:
            rows = ScheduledRun.objects.filter(pk=entry.name)
            again = rows.filter(day=today, done_at__isnull=True, handed_over_at__lte=now - TRY_AGAIN)
            # Under READ COMMITTED the second worker to arrive waits here, then finds the row moved on.
            if not (
                rows.filter(day__lt=today).update(**fresh)
                or again.update(attempts=F("attempts") + 1, handed_over_at=now)
            ):
                return False
        run_scheduled.enqueue(entry.name, today.isoformat())
    logger.info("scheduled run %s of %s is handed over", entry.name, today)
    return True
