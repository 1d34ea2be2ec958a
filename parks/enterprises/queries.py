"""Enterprises as the domain asks for them."""

from __future__ import annotations

from typing import Self

from django.db.models import Q

from core.accounts.models import User
from core.accounts.scope import PlaceScopedQuerySet

CODE_LENGTH = 18


class EnterpriseQuerySet(PlaceScopedQuerySet):
    """Enterprises, read within the reader's districts; an enterprise reads itself."""

    def owned_by(self, user: User) -> Self:
        """The enterprise the account acts for."""
        return self.filter(members__user=user)

    def matching(self, text: str) -> Self:
        """Those whose name holds ``text`` or whose code begins with it."""
        wanted = Q(name__contains=text)
        if text.isascii() and text.isalnum() and len(text) <= CODE_LENGTH:
            wanted |= Q(uscc__startswith=text.upper())
        return self.filter(wanted)
