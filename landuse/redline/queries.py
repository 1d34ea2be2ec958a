"""The red line as the domain asks for it."""

from __future__ import annotations

from core.accounts.scope import SignedInQuerySet
from core.mapedit.models import InForceMixin


class TractVersionQuerySet(InForceMixin, SignedInQuerySet):
    """Tract versions. Published outlines are read by every signed-in account."""
