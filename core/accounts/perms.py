"""Permission predicates shared by every package; each states its rule in a sentence."""

from __future__ import annotations

from collections.abc import Callable

import rules

from core.accounts.models import CITY_CODE, Role
from core.accounts.scope import Viewer


def has_role(*roles: Role) -> Callable[[Viewer], bool]:
    """An active account holding one of ``roles``."""
    wanted = frozenset(roles)

    @rules.predicate(name="has_role:" + ",".join(sorted(wanted)))
    def holds(user: Viewer) -> bool:
        return bool(user.is_authenticated and user.is_active and user.role in wanted)

    return holds


@rules.predicate
def reads_place(user: Viewer, place: str | None) -> bool:
    """A land role reads a place when its scope is the city or names that district."""
    if not user.is_authenticated or not user.reads_land:
        return False
    if user.sees_city or place is None:
        return True
    return place != CITY_CODE and place in user.place_codes


@rules.predicate
def is_city_planner(user: Viewer) -> bool:
    """A planner whose scope is the whole city."""
    return bool(user.is_authenticated and user.is_active and user.role == Role.PLANNER and user.sees_city)
