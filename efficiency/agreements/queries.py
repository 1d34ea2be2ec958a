"""Agreements as the domain asks for them."""

from __future__ import annotations

from typing import Self

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


class OfAgreementQuerySet(PlaceScopedQuerySet):
    """What belongs to an agreement, read by who reads the agreement."""

    place_field = "agreement__district_id"

    def owned_by(self, user: User) -> Self:
        """What belongs to the agreements of the user's enterprise."""
        return self.filter(agreement__enterprise__members__user=user).exclude(agreement__state="draft")
