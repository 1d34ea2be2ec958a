"""The life of a case, as data: which move leads from where to where, and who makes it.

There are two procedures: an *application* is what an applicant asks of the offices, a
*supervision* (督办) what an office asks of an enterprise. The model's transitions, the
database's own guard, the permissions and the pages all read this table, so that none of
them can know a way the others do not.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


class Procedure(models.TextChoices):
    """Which of the two ways a case goes; its kind says."""

    APPLICATION = "application", _("申请")
    SUPERVISION = "supervision", _("督办")


class State(models.TextChoices):
    """Where a case stands; an appeal is heard in both procedures."""

    DRAFT = "draft", _("草稿")
    SUBMITTED = "submitted", _("待受理")
    CORRECTION = "correction", _("待补正")
    REVIEW = "review", _("会审中")
    DECISION = "decision", _("待决定")
    NOTICE = "notice", _("公示中")
    EFFECTIVE = "effective", _("已生效")
    NOT_ACCEPTED = "not_accepted", _("不予受理")
    REFUSED = "refused", _("不予批准")
    RETURNED = "returned", _("已退回")
    APPEAL = "appeal", _("复核中")
    UPHELD = "upheld", _("维持原决定")
    WITHDRAWN = "withdrawn", _("已撤回")
    ISSUED = "issued", _("待报整改方案")
    PLANNED = "planned", _("方案待审")
    RECTIFYING = "rectifying", _("整改中")
    CHECKING = "checking", _("待复核")
    RECTIFIED = "rectified", _("整改合格")
    SANCTION = "sanction", _("拟处理")
    IMPOSED = "imposed", _("已作处理决定")
    SETTLED = "settled", _("已结案")
    CANCELLED = "cancelled", _("已撤销")


class Actor(models.TextChoices):
    """Who makes a move: the parts a case knows, filled by roles in its kind."""

    APPLICANT = "applicant", _("申请人")
    OFFICER = "officer", _("经办")
    DECIDER = "decider", _("审批")
    APPEALS = "appeals", _("复核")


class Move(NamedTuple):
    """One way from some states to another, and who may take it."""

    sources: tuple[State, ...]
    target: State
    actor: Actor
    procedure: Procedure = Procedure.APPLICATION


FIRST = {Procedure.APPLICATION: State.DRAFT, Procedure.SUPERVISION: State.ISSUED}
"""Where a case of each procedure begins."""

TURN = {
    State.DRAFT: Actor.APPLICANT,
    State.RETURNED: Actor.APPLICANT,
    State.CORRECTION: Actor.APPLICANT,
    State.SUBMITTED: Actor.OFFICER,
    State.REVIEW: Actor.OFFICER,
    State.DECISION: Actor.DECIDER,
    State.NOTICE: Actor.DECIDER,
    State.APPEAL: Actor.APPEALS,
    State.ISSUED: Actor.APPLICANT,
    State.PLANNED: Actor.OFFICER,
    State.RECTIFYING: Actor.APPLICANT,
    State.CHECKING: Actor.OFFICER,
    State.SANCTION: Actor.DECIDER,
    State.IMPOSED: Actor.OFFICER,
}
"""Who has the next move in each state that is not closed; in a review the offices that were asked come first."""

EDITABLE = (State.DRAFT, State.RETURNED, State.CORRECTION, State.ISSUED)
"""States in which the applicant may change what the case says."""

WITH_APPLICANT = tuple(state for state, actor in TURN.items() if actor == Actor.APPLICANT)
"""States in which the applicant has the next move."""

OWED = (State.CORRECTION, State.ISSUED, State.RECTIFYING)
"""States in which the applicant owes the offices something by a day; when it has passed the officer may act."""

WITH_OFFICES = tuple(state for state, actor in TURN.items() if actor != Actor.APPLICANT)
"""States in which an office has the next move."""

ENDED = (State.EFFECTIVE, State.UPHELD, State.WITHDRAWN, State.RECTIFIED, State.SETTLED, State.CANCELLED)
"""States nothing leads out of."""

CLOSED = (*ENDED, State.NOT_ACCEPTED, State.REFUSED)
"""States in which nobody has anything left to do, unless the applicant appeals."""

APPLICATION_MOVES = {
    "submit": Move((State.DRAFT, State.RETURNED), State.SUBMITTED, Actor.APPLICANT),
    "accept": Move((State.SUBMITTED,), State.REVIEW, Actor.OFFICER),
    "decline": Move((State.SUBMITTED,), State.NOT_ACCEPTED, Actor.OFFICER),
    "ask_correction": Move((State.SUBMITTED, State.REVIEW), State.CORRECTION, Actor.OFFICER),
    # A case corrected before it was accepted is looked at anew; afterwards its review goes on.
    "correct_filing": Move((State.CORRECTION,), State.SUBMITTED, Actor.APPLICANT),
    "correct_review": Move((State.CORRECTION,), State.REVIEW, Actor.APPLICANT),
    # A correction that never comes must not keep a case open for ever.
    "lapse": Move((State.CORRECTION,), State.WITHDRAWN, Actor.OFFICER),
    "conclude_review": Move((State.REVIEW,), State.DECISION, Actor.OFFICER),
    "approve": Move((State.DECISION,), State.NOTICE, Actor.DECIDER),
    "refuse": Move((State.DECISION,), State.REFUSED, Actor.DECIDER),
    "return_to_applicant": Move((State.DECISION,), State.RETURNED, Actor.DECIDER),
    # An objection during the notice: decide again.
    "reconsider": Move((State.NOTICE,), State.DECISION, Actor.DECIDER),
    "take_effect": Move((State.NOTICE,), State.EFFECTIVE, Actor.DECIDER),
    "withdraw": Move(
        (
            State.DRAFT,
            State.RETURNED,
            State.CORRECTION,
            State.SUBMITTED,
            State.REVIEW,
            State.DECISION,
            State.NOTICE,
        ),
        State.WITHDRAWN,
        Actor.APPLICANT,
    ),
    "appeal": Move((State.NOT_ACCEPTED, State.REFUSED), State.APPEAL, Actor.APPLICANT),
    "uphold": Move((State.APPEAL,), State.UPHELD, Actor.APPEALS),
    "overturn": Move((State.APPEAL,), State.SUBMITTED, Actor.APPEALS),
}

SUPERVISION_MOVES = {
    name: Move(sources, target, actor, Procedure.SUPERVISION)
    for name, sources, target, actor in (
        ("file_plan", (State.ISSUED,), State.PLANNED, Actor.APPLICANT),
        ("accept_plan", (State.PLANNED,), State.RECTIFYING, Actor.OFFICER),
        ("return_plan", (State.PLANNED,), State.ISSUED, Actor.OFFICER),
        ("report_done", (State.RECTIFYING,), State.CHECKING, Actor.APPLICANT),
        ("pass_check", (State.CHECKING,), State.RECTIFIED, Actor.OFFICER),
        ("insist", (State.CHECKING,), State.RECTIFYING, Actor.OFFICER),
        # From the applicant's states only once its day has passed.
        ("escalate", (State.ISSUED, State.RECTIFYING, State.CHECKING), State.SANCTION, Actor.OFFICER),
        ("impose", (State.SANCTION,), State.IMPOSED, Actor.DECIDER),
        ("remit", (State.SANCTION,), State.RECTIFYING, Actor.DECIDER),
        ("settle", (State.IMPOSED,), State.SETTLED, Actor.OFFICER),
        ("cancel", (State.ISSUED,), State.CANCELLED, Actor.OFFICER),
        ("appeal_sanction", (State.IMPOSED,), State.APPEAL, Actor.APPLICANT),
        ("uphold_sanction", (State.APPEAL,), State.IMPOSED, Actor.APPEALS),
        ("overturn_sanction", (State.APPEAL,), State.CHECKING, Actor.APPEALS),
    )
}

MOVES = APPLICATION_MOVES | SUPERVISION_MOVES

MOVE_TITLES = {
    "submit": _("提交申请"),
    "accept": _("受理并送会审"),
    "decline": _("不予受理"),
    "ask_correction": _("要求补正"),
    "correct_filing": _("提交补正"),
    "correct_review": _("提交补正"),
    "lapse": _("逾期未补正，按撤回办结"),
    "conclude_review": _("会审结束，报决定"),
    "approve": _("批准"),
    "refuse": _("不予批准"),
    "return_to_applicant": _("退回申请人"),
    "reconsider": _("公示有异议，重新决定"),
    "take_effect": _("办理生效"),
    "withdraw": _("撤回申请"),
    "appeal": _("申请复核"),
    "uphold": _("维持原决定"),
    "overturn": _("撤销原决定，重新办理"),
    "file_plan": _("报送整改方案"),
    "accept_plan": _("同意方案，开始整改"),
    "return_plan": _("退回方案"),
    "report_done": _("报告整改完成"),
    "pass_check": _("复核合格，结案"),
    "insist": _("复核不合格，继续整改"),
    "escalate": _("提请处理"),
    "impose": _("作出处理决定"),
    "remit": _("不予处理，继续整改"),
    "settle": _("处理完毕，结案"),
    "cancel": _("撤销通知"),
    "appeal_sanction": _("申请复核"),
    "uphold_sanction": _("维持处理决定"),
    "overturn_sanction": _("撤销处理决定，重新复核"),
}
"""What each move is called on a button and in the timeline."""


def declared_steps(procedure: Procedure) -> list[tuple[str, str]]:
    """Every (from, to) pair of states a move of ``procedure`` leads through, in a stable order."""
    moves = [move for move in MOVES.values() if move.procedure == procedure]
    return sorted({(source.value, move.target.value) for move in moves for source in move.sources})


def states_of(procedure: Procedure) -> list[str]:
    """The states a case of ``procedure`` may stand in, in the order they are declared."""
    pairs = declared_steps(procedure)
    reached = {FIRST[procedure].value, *(target for _source, target in pairs)}
    return [state.value for state in State if state.value in reached]
