"""Programmes and their members as the domain asks for them."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db.models import Q

from core.accounts.models import User
from core.accounts.scope import PlaceScopedQuerySet, SignedInQuerySet
from core.mapedit.models import InForceMixin


class ProgrammeQuerySet(InForceMixin, SignedInQuerySet):
    """Programmes; what they are is public, who belongs to them is not."""


class MembershipQuerySet(InForceMixin, PlaceScopedQuerySet):
    """Memberships, read with the enterprise's district or by the enterprise itself."""

    place_field = "enterprise__district_id"

    def owned_by(self, user: User) -> Self:
        """Memberships of the enterprise the account acts for."""
        return self.filter(enterprise__members__user=user)

    def over_by(self, day: dt.date) -> Self:
        """Memberships that were over on a day, by time or before their time."""
        return self.filter(valid_to__lte=day)

    def matching(self, text: str) -> Self:
        """Those of enterprises whose name holds ``text`` or whose code begins with it."""
        return self.filter(Q(enterprise__name__contains=text) | Q(enterprise__uscc__startswith=text.upper()))
