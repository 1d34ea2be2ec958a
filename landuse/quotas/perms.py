"""Who reads and who books the ledger; each function states its rule in a sentence."""

from __future__ import annotations

from core.accounts.models import CITY_CODE, Role
from core.accounts.scope import Viewer


def reads_ledger(user: Viewer) -> bool:
    """Land roles read plans, pools and the ledger; an enterprise reads its own request only."""
    return bool(user.is_authenticated and user.reads_land)


def books(user: Viewer, place: str) -> bool:
    """Planners book: those of the city for every plan, those of a district for the district's own."""
    if not user.is_authenticated or not user.is_active or user.role != Role.PLANNER:
        return False
    return user.sees_city or (place != CITY_CODE and place in user.place_codes)


def books_somewhere(user: Viewer) -> bool:
    """A planner books at least the plans of its own places."""
    return bool(user.is_authenticated and user.is_active and user.role == Role.PLANNER)
