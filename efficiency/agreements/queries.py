"""Agreements as the domain asks for them."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db.models import Q

from core.accounts.models import User
from core.accounts.scope import PlaceScopedQuerySet


class AgreementQuerySet(PlaceScopedQuerySet):
    """Agreements, read within the reader's districts; an enterprise reads its own once they are in force."""

    def owned_by(self, user: User) -> Self:
        """Agreements of the enterprise the account acts for, drafts left out."""
        return self.filter(enterprise__members__user=user).exclude(state="draft")

    def in_force(self) -> Self:
        """Agreements that bind today."""
        return self.filter(state="in_force")

    def due_within(self, on: dt.date, days: int) -> Self:
        """Agreements one of whose dates lies between a day and ``days`` later, both counted."""
        span = (on, on + dt.timedelta(days=days))
        rows = self.select_related("enterprise", "district")
        return rows.filter(
            Q(start_by__range=span) | Q(completion_by__range=span) | Q(production_by__range=span)
        ).order_by("pk")


class OfAgreementQuerySet(PlaceScopedQuerySet):
    """What belongs to an agreement, read by who reads the agreement."""

    place_field = "agreement__district_id"

    def owned_by(self, user: User) -> Self:
        """What belongs to the agreements of the user's enterprise."""
        return self.filter(agreement__enterprise__members__user=user).exclude(agreement__state="draft")


class CheckQuerySet(OfAgreementQuerySet):
    """Checks."""

    def latest_of_each(self) -> Self:
        """The newest check of every promise and milestone: how things stand."""
        return self.order_by("agreement_id", "subject", "year", "-on", "-pk").distinct(
            "agreement_id", "subject", "year"
        )
