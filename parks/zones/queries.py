"""Zones as the domain asks for them."""

from __future__ import annotations

from core.accounts.scope import SignedInQuerySet
from core.mapedit.models import InForceMixin


class ZoneVersionQuerySet(InForceMixin, SignedInQuerySet):
    """Zone versions. Published outlines are read by every signed-in account."""
