"""Change sets as people see them."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from core.accounts.models import Role
from core.accounts.scope import Viewer
from core.mapedit import layers
from core.mapedit.states import UNDER_REVIEW, State

DRAFTING_ROLES = frozenset({Role.PLANNER, Role.REVIEWER, Role.AUDITOR})
"""Roles that read a change set of their places from its first draft on."""


class ChangeSetQuerySet(models.QuerySet[Any]):
    """Change sets."""

    def visible_to(self, user: Viewer) -> Self:
        """What ``user`` may read.

        Land roles read what touches their places: planners, reviewers and auditors from the
        draft on, the others once it is submitted. A set that touches no place yet is read by
        its author and by the whole city's staff. Enterprises and system administrators read none.
        """
        if not user.is_authenticated or not user.reads_land:
            return self.none()
        rows = self
        if user.role not in DRAFTING_ROLES:
            rows = rows.filter(state__in=[*UNDER_REVIEW, State.PUBLISHED])
        if user.sees_city:
            return rows
        return rows.filter(Q(place_codes__overlap=user.place_codes) | Q(author=user))

    def waiting_for(self, user: Viewer) -> Self:
        """Visible sets on which ``user`` has the next move."""
        rows = self.visible_to(user)
        if not user.is_authenticated:
            return rows
        if user.role == Role.PLANNER:
            return rows.filter(state__in=[State.DRAFT, State.CHECKED, State.RETURNED], author=user)
        if user.role == Role.REVIEWER:
            return rows.filter(state__in=UNDER_REVIEW).exclude(author=user)
        heard = [layer.name for layer in layers.all_layers() if user.role in layer.offices]
        return rows.filter(state=State.OPINIONS, layer__in=heard).exclude(opinions__office=user.role)

    def open(self) -> Self:
        """Sets that are neither published nor withdrawn."""
        return self.exclude(state__in=[State.PUBLISHED, State.WITHDRAWN])
