"""Who keeps the list of a programme's members; each function states its rule in a sentence."""

from __future__ import annotations

from core.accounts.models import Role
from core.accounts.scope import Viewer
from parks.programmes.models import Programme


def keeps(user: Viewer, programme: Programme) -> bool:
    """A park officer whose scope is the city or names the programme's place; a city's programme needs the city."""
    if not user.is_authenticated or not user.is_active or user.role != Role.PARKS:
        return False
    return user.sees_city or programme.place_id in user.place_codes
