"""Control areas as the domain asks for them."""

from __future__ import annotations

from core.accounts.scope import SignedInQuerySet
from core.mapedit.models import InForceMixin


class ControlVersionQuerySet(InForceMixin, SignedInQuerySet):
    """Control areas. Published outlines are read by every signed-in account."""
