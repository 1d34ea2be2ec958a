"""The life of a case, as data: which move leads from where to where, and who makes it.

The model's transitions, the database's own guard, the permissions and the pages all read
this table, so that none of them can know a way the others do not.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a case stands."""

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


EDITABLE = (State.DRAFT, State.RETURNED, State.CORRECTION)
"""States in which the applicant may change what the case says."""

WITH_OFFICES = (State.SUBMITTED, State.REVIEW, State.DECISION, State.NOTICE, State.APPEAL)
"""States in which an office has the next move."""

ENDED = (State.EFFECTIVE, State.UPHELD, State.WITHDRAWN)
"""States nothing leads out of."""

CLOSED = (*ENDED, State.NOT_ACCEPTED, State.REFUSED)
"""States in which nobody has anything left to do, unless the applicant appeals."""

MOVES = {
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
        (*EDITABLE, State.SUBMITTED, State.REVIEW, State.DECISION, State.NOTICE), State.WITHDRAWN, Actor.APPLICANT
    ),
    "appeal": Move((State.NOT_ACCEPTED, State.REFUSED), State.APPEAL, Actor.APPLICANT),
    "uphold": Move((State.APPEAL,), State.UPHELD, Actor.APPEALS),
    "overturn": Move((State.APPEAL,), State.SUBMITTED, Actor.APPEALS),
}

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
}
"""What each move is called on a button and in the timeline."""


def declared_steps() -> list[tuple[str, str]]:
    """Every (from, to) pair of states a move leads through, in a stable order."""
    return sorted({(source.value, move.target.value) for move in MOVES.values() for source in move.sources})
