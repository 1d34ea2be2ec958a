"""Who imports, reports, confirms and corrects returns and land; each function states its rule in a sentence."""

from __future__ import annotations

from core.accounts.models import Role
from core.accounts.scope import Viewer
from efficiency.returns.models import LandCorrection
from parks.enterprises.models import Enterprise, EnterpriseMember


def reads(user: Viewer) -> bool:
    """Land roles read the returns and land of their places; an enterprise reads its own on pages of its own."""
    return bool(user.is_authenticated and user.is_active and user.reads_land)


def monitors(user: Viewer, district: str) -> bool:
    """A monitor whose scope is the city or names the district keeps its returns and land."""
    if not user.is_authenticated or not user.is_active or user.role != Role.MONITOR:
        return False
    return user.sees_city or district in user.place_codes


def reports(user: Viewer, enterprise: Enterprise) -> bool:
    """An account of the enterprise reports its figures."""
    if not user.is_authenticated or not user.is_active or user.role != Role.ENTERPRISE:
        return False
    return EnterpriseMember.objects.filter(user=user, enterprise=enterprise).exists()


def confirms(user: Viewer, enterprise: Enterprise) -> bool:
    """A monitor of the enterprise's district confirms its report or sends it back."""
    return monitors(user, enterprise.district_id)


def corrects_land(user: Viewer, enterprise: Enterprise) -> bool:
    """A monitor of the enterprise's district states another land area."""
    return monitors(user, enterprise.district_id)


def withdraws_land(user: Viewer, correction: LandCorrection) -> bool:
    """A monitor of the enterprise's district withdraws a correction that is in force."""
    return correction.withdrawn_at is None and monitors(user, correction.enterprise.district_id)
