"""Flags follow the rectification they were confirmed into: the case moves, and the flags with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from core.accounts.models import User
from core.casework.models import Case
from efficiency.flags.models import Flag, FlagState

FOLLOWS = {
    "pass_check": FlagState.CLOSED,
    "settle": FlagState.CLOSED,
    "escalate": FlagState.ESCALATED,
    "remit": FlagState.CONFIRMED,
    "overturn_sanction": FlagState.CONFIRMED,
    "cancel": FlagState.RAISED,
}
"""What becomes of the flags when their case makes a move; the other moves leave them as they are."""


def follow(case: Case, move: str, _by: User, _values: Mapping[str, Any]) -> None:
    """Take the flags of a case along, within the transaction of its move."""
    target = FOLLOWS.get(move)
    if target is None:
        return
    for flag in Flag.objects.filter(case=case).select_for_update().order_by("pk"):
        if flag.state == target:
            continue
        flag.state = target
        if target == FlagState.CLOSED:
            flag.closed_at = timezone.now()
        elif target == FlagState.RAISED:
            # The notice was called off: somebody judges the flag anew.
            flag.case = flag.decided_by = flag.decided_at = None
            flag.reason = ""
        flag.save()
