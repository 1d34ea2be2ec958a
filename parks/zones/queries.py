"""Zones as the domain asks for them."""

from __future__ import annotations

from core.accounts.scope import SignedInQuerySet
from core.mapedit.models import VersionQuerySet


class ZoneVersionQuerySet(VersionQuerySet, SignedInQuerySet):
    """Zone versions. Published outlines are read by every signed-in account."""
