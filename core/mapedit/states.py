"""The life of a change set, as data: which move leads from where to where.

The model's transitions, the database's own guard and the pages all read this table, so
that none of them can know a way the others do not (rules §3.3, red-line adjustment).
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a change set stands."""

    DRAFT = "draft", _("草拟")
    CHECKED = "checked", _("检查通过")
    SUBMITTED = "submitted", _("已提交")
    OPINIONS = "opinions", _("部门意见")
    NOTICE = "notice", _("公示中")
    APPROVED = "approved", _("已批准")
    PUBLISHED = "published", _("已发布")
    RETURNED = "returned", _("已退回")
    WITHDRAWN = "withdrawn", _("已撤回")


EDITABLE = (State.DRAFT, State.CHECKED, State.RETURNED)
"""States in which the changes themselves may still change."""

UNDER_REVIEW = (State.SUBMITTED, State.OPINIONS, State.NOTICE, State.APPROVED)
"""States between submission and the end."""

ENDED = (State.PUBLISHED, State.WITHDRAWN)
"""States nothing leads out of."""


class Move(NamedTuple):
    """One way from some states to another."""

    sources: tuple[State, ...]
    target: State


MOVES = {
    "edit": Move((State.CHECKED, State.RETURNED), State.DRAFT),
    "pass_checks": Move((State.DRAFT,), State.CHECKED),
    "submit": Move((State.CHECKED,), State.SUBMITTED),
    "ask_opinions": Move((State.SUBMITTED,), State.OPINIONS),
    "give_notice": Move((State.OPINIONS,), State.NOTICE),
    "approve": Move((State.NOTICE,), State.APPROVED),
    "publish": Move((State.APPROVED,), State.PUBLISHED),
    "return_for_revision": Move(UNDER_REVIEW, State.RETURNED),
    "withdraw": Move((*EDITABLE, *UNDER_REVIEW), State.WITHDRAWN),
}


def declared_steps() -> list[tuple[str, str]]:
    """Every (from, to) pair of states a move leads through, in a stable order."""
    return sorted({(source.value, move.target.value) for move in MOVES.values() for source in move.sources})
