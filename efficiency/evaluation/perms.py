"""Who computes, shows and contests an evaluation; each function states its rule in a sentence."""

from __future__ import annotations

from core.accounts.models import Role
from core.accounts.scope import Viewer
from efficiency.evaluation.models import Run, RunState
from parks.enterprises.models import Enterprise, EnterpriseMember


def reads(user: Viewer) -> bool:
    """Land roles read every run; an enterprise reads its own result."""
    return bool(user.is_authenticated and user.is_active and user.reads_land)


def evaluates(user: Viewer, place: str) -> bool:
    """A monitor whose places hold ``place`` computes and discards runs of it, and opens their objection window."""
    if not user.is_authenticated or not user.is_active or user.role != Role.MONITOR:
        return False
    return user.sees_city or place in user.place_codes


def publishes(user: Viewer, run: Run) -> bool:
    """A park officer whose places hold the run's publishes it, unless they computed it (S002 专项行动六 二(四)1)."""
    if not user.is_authenticated or not user.is_active or user.role != Role.PARKS or run.by_id == user.pk:
        return False
    return user.sees_city or run.place_id in user.place_codes


def answers(user: Viewer, enterprise: Enterprise) -> bool:
    """A monitor of the enterprise's district answers its objections."""
    if not user.is_authenticated or not user.is_active or user.role != Role.MONITOR:
        return False
    return user.sees_city or enterprise.district_id in user.place_codes


def objects(user: Viewer, run: Run, enterprise: Enterprise) -> bool:
    """An account of the enterprise contests its result while the objection window of the run is open."""
    if not user.is_authenticated or not user.is_active or user.role != Role.ENTERPRISE:
        return False
    if run.state != RunState.OBJECTION:
        return False
    return EnterpriseMember.objects.filter(user=user, enterprise=enterprise).exists()
