"""Flags as the domain asks for them."""

from __future__ import annotations

from typing import Self

from core.accounts.models import User
from core.accounts.scope import PlaceScopedQuerySet


class FlagQuerySet(PlaceScopedQuerySet):
    """Flags, read within the reader's districts; an enterprise reads those about it once they are confirmed."""

    place_field = "district_code"

    def owned_by(self, user: User) -> Self:
        """Confirmed flags of the enterprise the account acts for."""
        return self.filter(enterprise__members__user=user, state__in=["confirmed", "closed", "escalated"])

    def open(self) -> Self:
        """Flags nobody has settled yet."""
        return self.filter(state__in=["raised", "confirmed", "escalated"])


class OfFlagQuerySet(PlaceScopedQuerySet):
    """Photographs: for staff of the place, not for enterprises."""

    place_field = "flag__district_code"


class VisitQuerySet(PlaceScopedQuerySet):
    """Visits, within the reader's districts; not for enterprises."""

    place_field = "district_code"
