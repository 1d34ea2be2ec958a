"""The clocks of a case: how long each stage may take, and how a correction stops them.

A deadline is the last day of a stage. The day a stage begins is not counted (民法典第二百零一条).
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from core import policy
from core.casework import working_days
from core.casework.models import Case, Pause

Clock = Literal["accept", "review", "decision", "correction", "notice", "plan", "check", "settle", "rectify"]

APPLICATION_CLOCKS: tuple[Clock, ...] = ("accept", "review", "decision", "correction", "notice")
SUPERVISION_CLOCKS: tuple[Clock, ...] = ("plan", "accept", "rectify", "check", "decision", "settle")


def length(kind: str, clock: Clock, place: str, on: dt.date | None = None) -> policy.Value:
    """How long a stage of a kind may take at a place, with its source: working days, for notice and rectifying days.

    Raises policy.ParameterMissing.
    """
    return policy.value(f"case.{kind}.{clock}_days", place, on=on)


def days(case: Case, clock: Clock, on: dt.date) -> int:
    """The figure of :func:`length` for a case. Raises policy.ParameterMissing."""
    return int(length(case.kind, clock, case.district_id, on).value or 0)


def deadline(case: Case, clock: Clock, on: dt.date) -> dt.date:
    """The last day of a stage that begins on ``on``. Raises policy.ParameterMissing."""
    return working_days.add(on, days(case, clock, on))


def pause(case: Case, on: dt.date) -> None:
    """Stop the clock of the offices on ``on`` and start the applicant's; the case is saved by the caller.

    What is left stays on the case and on every review not given; a clock already overdue
    keeps how far. Raises policy.ParameterMissing.
    """
    case.remaining_days = working_days.between(on, case.due_on) if case.due_on else 0
    for review in case.reviews.filter(round=case.round, given_at__isnull=True):
        review.remaining_days = working_days.between(on, review.due_on)
        review.save(update_fields=["remaining_days"])
    Pause.objects.create(case=case, since=on)
    case.due_on = deadline(case, "correction", on)


def resume(case: Case, on: dt.date) -> None:
    """Let the clocks go on from ``on`` with what they had left; the case is saved by the caller."""
    case.due_on = working_days.add(on, case.remaining_days or 0)
    for review in case.reviews.filter(round=case.round, given_at__isnull=True, remaining_days__isnull=False):
        review.due_on = working_days.add(on, review.remaining_days or 0)
        review.remaining_days = None
        review.save(update_fields=["due_on", "remaining_days"])
    end_pause(case, on)


def end_pause(case: Case, on: dt.date) -> None:
    """Close the pause a case is in, if any, without setting deadlines; the case is saved by the caller."""
    Pause.objects.filter(case=case, until__isnull=True).update(until=on)
    case.remaining_days = None
