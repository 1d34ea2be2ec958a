"""What happened to a case, as its page tells it: moves, words, papers, and the days the clock stood still."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import DateField, F, Func, IntegerField, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import Role, User
from core.casework import offices
from core.casework.models import Case, Pause, TimelineEntry
from core.casework.states import State

TONES = {
    "approve": "met",
    "take_effect": "met",
    "decline": "unmet",
    "refuse": "unmet",
    "overdue": "unmet",
    "escalated": "unmet",
    "ask_correction": "risk",
    "return_to_applicant": "risk",
    "reconsider": "risk",
    "withdraw": "risk",
    "appeal": "risk",
    "issued": "risk",
    "return_plan": "risk",
    "pass_check": "met",
    "insist": "risk",
    "escalate": "unmet",
    "impose": "unmet",
    "appeal_sanction": "risk",
}
"""The colour of an event's line; the others are grey."""

_WORDS = {"remarked", "instructed"}
"""What was said is read beside, in whole; the timeline only says that it was."""

_QUIET = {"opened", "assigned", "paper", *_WORDS}
"""Acts that matter to the record more than to the reader."""


@dataclass(frozen=True)
class Event:
    """One line: what, who, when, and what was written with it. ``state`` is where the case stood afterwards."""

    pk: int
    act: str
    what: Any
    who: str
    at: dt.datetime
    text: str = ""
    state: str = ""
    tone: str = ""
    note: str = ""
    internal: bool = False
    is_move: bool = False
    is_new: bool = False
    is_quiet: bool = False
    is_word: bool = False


def events(user: User, case: Case, since: int | None = None) -> list[Event]:
    """What ``user`` may read of it, newest first; entries after the one numbered ``since`` are marked new."""
    rows = TimelineEntry.objects.visible_to(user).filter(case=case).select_related("by")
    entries = list(rows.order_by("at", "pk"))
    # Every correction asked for began one pause, in the same order.
    asked = [entry.pk for entry in entries if entry.act == "ask_correction"]
    held = dict(zip(asked, pauses(case), strict=False))
    return [_event(user, entry, held.get(entry.pk), since) for entry in reversed(entries)]


def latest(user: User, case: Case) -> int:
    """The number of the last entry ``user`` may read: what a page has seen when it is drawn."""
    newest = TimelineEntry.objects.visible_to(user).filter(case=case).order_by("-pk")
    return newest.values_list("pk", flat=True).first() or 0


def speaker(user: User, by: User | None) -> str:
    """Who did something: to staff the person, to an enterprise the office."""
    if by is None:
        return _("系统")
    if user.role == Role.ENTERPRISE and by.role != Role.ENTERPRISE:
        return offices.title(by.role)
    return by.display_name or by.username


def pauses(case: Case) -> list[dict[str, Any]]:
    """The times the clock stood still, oldest first: since, until and the working days between, up to today if open."""
    today = Value(timezone.localdate(), output_field=DateField())
    rows = Pause.objects.filter(case=case).annotate(
        days=Func(
            F("since"),
            Coalesce(F("until"), today),
            function="casework_working_days",
            output_field=IntegerField(),
        )
    )
    return [dict(row) for row in rows.order_by("since", "pk").values("since", "until", "days")]


def _event(user: User, entry: TimelineEntry, pause: dict[str, Any] | None, since: int | None) -> Event:
    move = entry.is_move
    return Event(
        pk=entry.pk,
        act=entry.act,
        what=entry.title,
        who=speaker(user, entry.by),
        at=entry.at,
        text=entry.text,
        state=str(State(entry.to_state).label) if move and entry.to_state else "",
        tone=TONES.get(entry.act, ""),
        note=_clock_note(entry, pause),
        internal=entry.internal,
        is_move=move,
        is_new=since is not None and entry.pk > since,
        is_quiet=entry.act in _QUIET,
        is_word=entry.act in _WORDS,
    )


def _clock_note(entry: TimelineEntry, pause: dict[str, Any] | None) -> str:
    """What a move did to the clock."""
    if entry.act in ("correct_filing", "correct_review"):
        return _("计时恢复")
    if pause is None:
        return ""
    if pause["until"] is None:
        return _("计时自当日暂停，至今 %(days)s 个工作日不计") % {"days": pause["days"]}
    return _("计时暂停至 %(until)s，%(days)s 个工作日不计") % {
        "until": pause["until"].isoformat(),
        "days": pause["days"],
    }
