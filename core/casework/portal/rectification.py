"""The way of a supervision as a bar of steps: to the end of a rectification, or to what was decided instead."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.casework.models import Case
from core.casework.portal.bar import Step, remaining
from core.casework.states import State

LABELS = {
    State.ISSUED: _("整改方案"),
    State.PLANNED: _("方案审查"),
    State.RECTIFYING: _("整改"),
    State.CHECKING: _("复核"),
    State.RECTIFIED: _("整改合格"),
    State.SANCTION: _("拟处理"),
    State.IMPOSED: _("处理"),
    State.SETTLED: _("结案"),
}
RECTIFICATION = (State.ISSUED, State.PLANNED, State.RECTIFYING, State.CHECKING, State.RECTIFIED)
DECISION = (State.SANCTION, State.IMPOSED, State.SETTLED)


def steps(case: Case) -> list[Step]:
    """The steps behind with their dates, the present one with its day, and those to come.

    Once a case is reported to be decided, the bar shows what it went through and then the decision.
    """
    state = State(case.state)
    done = _done(case)
    if state in (*DECISION, State.APPEAL):
        past = [Step(LABELS[step], "done", done[step]) for step in RECTIFICATION if step in done]
        at = DECISION.index(State.IMPOSED if state == State.APPEAL else state)
        bar = past + [_step(case, step, number - at, done) for number, step in enumerate(DECISION)]
        if state == State.APPEAL:
            bar.append(Step(state.label, "now", note=remaining(case)[0]))
        return bar
    if state == State.CANCELLED:
        return [Step(state.label, "stopped", timezone.localdate(case.closed_at) if case.closed_at else None)]
    at = RECTIFICATION.index(state)
    return [_step(case, step, number - at, done) for number, step in enumerate(RECTIFICATION)]


def _step(case: Case, step: State, ahead: int, done: dict[State, dt.date]) -> Step:
    """One step; ``ahead`` is negative for one behind and 0 for the present one."""
    if ahead < 0 or case.is_closed:
        return Step(
            LABELS[step], "done", done.get(step) or (timezone.localdate(case.closed_at) if ahead == 0 else None)
        )
    if ahead > 0 or case.state == State.APPEAL:
        return Step(LABELS[step], "done" if ahead == 0 else "")
    note, tone = remaining(case)
    return Step(State(case.state).label, "now", note=note, tone=tone)


def _done(case: Case) -> dict[State, dt.date]:
    """The day each state was last left."""
    moves = case.timeline.exclude(from_state="").exclude(to_state="").order_by("at", "pk")
    return {State(source): timezone.localdate(at) for source, at in moves.values_list("from_state", "at")}
