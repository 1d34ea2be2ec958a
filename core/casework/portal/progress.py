"""The whole way of a case as a bar of steps: behind it with dates, before it with how long each may take."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.casework.models import Case
from core.casework.portal import rectification
from core.casework.portal.bar import Step, remaining
from core.casework.portal.clocks import clocks
from core.casework.states import EDITABLE, Procedure, State

WAY = (State.DRAFT, State.SUBMITTED, State.REVIEW, State.DECISION, State.NOTICE, State.EFFECTIVE)
LABELS = {
    State.DRAFT: gettext_lazy("填报"),
    State.SUBMITTED: gettext_lazy("受理"),
    State.REVIEW: gettext_lazy("会审"),
    State.DECISION: gettext_lazy("决定"),
    State.NOTICE: gettext_lazy("公示"),
    State.EFFECTIVE: gettext_lazy("生效"),
}
_ENDS = (State.APPEAL, State.UPHELD, State.WITHDRAWN)


def steps(case: Case) -> list[Step]:
    """The steps of ``case``; a correction stands at the step it interrupts, an appeal and a withdrawal come last."""
    if case.procedure == Procedure.SUPERVISION:
        return rectification.steps(case)
    state = State(case.state)
    at = _position(case, state)
    lengths = clocks(case.kind, case.district_id) if not case.is_closed else {}
    dates = _dates(case)
    bar = []
    for number, step in enumerate(WAY):
        if number < at or state == State.EFFECTIVE:
            bar.append(Step(LABELS[step], "done", dates.get(step)))
        elif number > at or state in _ENDS:
            bar.append(Step(LABELS[step], "", note=_length(step, lengths) if not case.is_closed else ""))
        else:
            bar.append(_present(case, state, step, dates))
    if state in _ENDS:
        bar.append(_last(case, state))
    return bar


def _position(case: Case, state: State) -> int:
    """Where on the way the case stands, or stood when it left it."""
    if state in WAY:
        return WAY.index(state)
    if state == State.RETURNED:
        return 0
    if state == State.NOT_ACCEPTED:
        return 1
    if state == State.REFUSED:
        return 3
    if state == State.CORRECTION:
        return 2 if case.accepted_at else 1
    if state == State.WITHDRAWN:
        return 0 if not case.submitted_at else 2 if case.accepted_at else 1
    return 3 if case.accepted_at else 1


def _dates(case: Case) -> dict[State, dt.date | None]:
    concluded = case.timeline.filter(act="conclude_review").order_by("-at").values_list("at", flat=True).first()
    return {
        State.DRAFT: _day(case.submitted_at),
        State.SUBMITTED: _day(case.accepted_at),
        State.REVIEW: _day(concluded),
        State.DECISION: _day(case.decided_at),
        State.NOTICE: case.notice_until or _day(case.effective_at),
        State.EFFECTIVE: _day(case.effective_at),
    }


def _day(moment: dt.datetime | None) -> dt.date | None:
    return timezone.localtime(moment).date() if moment else None


def _present(case: Case, state: State, step: State, dates: dict[State, dt.date | None]) -> Step:
    if state in (State.NOT_ACCEPTED, State.REFUSED):
        return Step(state.label, "stopped", _day(case.decided_at), tone="unmet")
    label: Any = LABELS[step] if state in (State.DRAFT, State.NOTICE) else state.label
    note, tone = remaining(case)
    if state in EDITABLE and state != State.DRAFT:
        tone = tone or "risk"
    return Step(label, "now", dates.get(State.DRAFT) if state == State.RETURNED else None, note, tone)


def _length(step: State, lengths: dict[str, Any]) -> str:
    name = {State.SUBMITTED: "accept", State.REVIEW: "review", State.DECISION: "decision", State.NOTICE: "notice"}
    value = lengths.get(name.get(step, ""))
    if value is None or value.value is None:
        return ""
    days = int(value.value)
    if step == State.NOTICE:
        return _("%(days)s 天") % {"days": days} if days else _("不设公示期")
    if step == State.DECISION:
        return _("受理后 %(days)s 个工作日内") % {"days": days}
    return _("%(days)s 个工作日内") % {"days": days}


def _last(case: Case, state: State) -> Step:
    if state == State.APPEAL:
        return Step(state.label, "now", note=remaining(case)[0])
    return Step(state.label, "stopped", _day(case.closed_at), tone="unmet" if state == State.UPHELD else "")
