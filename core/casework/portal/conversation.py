"""What offices said to the applicant and what the applicant answered, in the order it was said."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from core.accounts.models import Role, User
from core.casework import offices
from core.casework.models import Case, Remark, TimelineEntry
from core.casework.states import MOVES


@dataclass(frozen=True)
class Word:
    """One thing said. ``heading`` names the move it came with; ``own`` was said by the reader's own side."""

    at: dt.datetime
    who: Any
    text: str
    heading: Any = ""
    own: bool = False
    internal: bool = False
    instruction: bool = False


def words(user: User, case: Case) -> list[Word]:
    """Remarks, and the reasons given with moves, that ``user`` may read, oldest first."""
    said = [
        Word(
            at=remark.at,
            who=_speaker(user, remark.by),
            text=remark.text,
            own=_same_side(user, remark.by),
            internal=remark.internal,
            instruction=remark.instruction,
        )
        for remark in Remark.objects.visible_to(user).filter(case=case).select_related("by")
    ]
    moves = (
        TimelineEntry.objects.visible_to(user)
        .filter(case=case, act__in=list(MOVES), by__isnull=False)
        .exclude(text="")
        .select_related("by")
    )
    said += [
        Word(
            at=entry.at,
            who=_speaker(user, entry.by),
            text=entry.text,
            heading=entry.title,
            own=_same_side(user, entry.by),
            internal=entry.internal,
        )
        for entry in moves
    ]
    return sorted(said, key=lambda word: word.at)


def _speaker(user: User, by: User) -> Any:
    """An enterprise reads which office spoke, not who sat there."""
    if user.role == Role.ENTERPRISE and by.role != Role.ENTERPRISE:
        return offices.title(by.role)
    return by.display_name or by.username


def _same_side(user: User, by: User) -> bool:
    return (user.role == Role.ENTERPRISE) == (by.role == Role.ENTERPRISE)
