"""Who reads the monitoring pages; each function states its rule in a sentence."""

from __future__ import annotations

from core.accounts.models import Role
from core.accounts.scope import Viewer

RAIL = (Role.MONITOR.value, Role.HEAD.value, Role.PARKS.value, Role.AUDITOR.value)
"""Roles whose rail holds monitoring; planners and reviewers reach it from the map's cards and the evaluation pages."""


def reads(user: Viewer) -> bool:
    """Land roles read the yield of enterprises and plots within their places; an enterprise has pages of its own."""
    return bool(user.is_authenticated and user.is_active and user.reads_land)


def flags_by_hand(user: Viewer) -> bool:
    """Monitors are offered to flag what they see; :mod:`efficiency.flags.perms` decides where."""
    return bool(user.is_authenticated and user.is_active and user.role == Role.MONITOR)
