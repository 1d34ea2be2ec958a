"""Who drafts, reviews and publishes; each function states its rule in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.accounts.models import Role
from core.accounts.scope import Viewer
from core.mapedit.layers import EditableLayer

if TYPE_CHECKING:
    from core.mapedit.models import ChangeSet


def reaches(user: Viewer, places: Iterable[str]) -> bool:
    """An account reaches places when its scope is the city or names every one of them."""
    if not user.is_authenticated or not user.is_active:
        return False
    return user.sees_city or set(places) <= set(user.place_codes)


def drafts(user: Viewer) -> bool:
    """Planners draft changes, of any editable layer."""
    return bool(user.is_authenticated and user.is_active and user.role == Role.PLANNER)


def edits(user: Viewer, change_set: ChangeSet) -> bool:
    """A planner who reaches all its places edits a change set that is still a draft; two may do so together."""
    return drafts(user) and change_set.is_editable and reaches(user, change_set.place_codes)


def withdraws(user: Viewer, change_set: ChangeSet) -> bool:
    """Only its author withdraws a change set."""
    return drafts(user) and change_set.author_id == user.pk


def reviews(user: Viewer, change_set: ChangeSet) -> bool:
    """A reviewer who reaches all its places and neither wrote nor submitted it decides on a change set."""
    return bool(
        user.is_authenticated
        and user.is_active
        and user.role == Role.REVIEWER
        and user.pk not in {change_set.author_id, change_set.submitted_by_id}
        and reaches(user, change_set.place_codes)
    )


def opines(user: Viewer, change_set: ChangeSet, layer: EditableLayer) -> bool:
    """An office that the layer hears gives its opinion through an account that reaches all its places."""
    return bool(
        user.is_authenticated
        and user.is_active
        and user.role in layer.offices
        and user.pk != change_set.author_id
        and reaches(user, change_set.place_codes)
    )
