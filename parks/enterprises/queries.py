"""Enterprises as the domain asks for them."""

from __future__ import annotations

from typing import Self

from core.accounts.models import User
from core.accounts.scope import PlaceScopedQuerySet


class EnterpriseQuerySet(PlaceScopedQuerySet):
    """Enterprises, read within the reader's districts; an enterprise reads itself."""

    def owned_by(self, user: User) -> Self:
        """The enterprise the account acts for."""
        return self.filter(members__user=user)
