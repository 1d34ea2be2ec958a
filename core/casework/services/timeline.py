"""The timeline: the only writer of what happened to a case."""

from __future__ import annotations

from core.accounts.models import User
from core.casework.models import Case, TimelineEntry


def record(
    case: Case,
    act: str,
    by: User | None,
    text: str = "",
    internal: bool = False,
    from_state: str = "",
    to_state: str = "",
) -> TimelineEntry:
    """Note an act of ``by`` (None: the system); the applicant does not read an ``internal`` one."""
    return TimelineEntry.objects.create(
        case=case, act=act, by=by, text=text, internal=internal, from_state=from_state, to_state=to_state
    )
