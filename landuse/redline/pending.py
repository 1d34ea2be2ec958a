"""Changes of the red line that wait for their publication, and what they leave of a place's surplus."""

from __future__ import annotations

from dataclasses import dataclass

from core.accounts.scope import Viewer
from core.mapedit.models import ChangeSet
from core.mapedit.states import UNDER_REVIEW, State
from landuse.redline.compliance import Standing

LAYER, FIGURE = "redline", "redline.area"


@dataclass(frozen=True, slots=True)
class Pending:
    """A change under review: by how many m² it alters the place's red line, and the surplus it alone would leave."""

    change_set: int
    title: str
    state: str
    difference_m2: float
    surplus_m2: float

    @property
    def met(self) -> bool:
        """Whether the place still reaches its floor afterwards."""
        return self.surplus_m2 >= 0


def pending_at(standing: Standing, user: Viewer) -> list[Pending]:
    """Changes under review that ``user`` may read and that alter the red line of the place; oldest first. One query.

    The differences are those frozen when each was submitted. A change under review breaks no floor by itself, or it
    could not have been submitted; two of them together may.
    """
    rows = (
        ChangeSet.objects.visible_to(user)
        .filter(layer_id=LAYER, state__in=UNDER_REVIEW)
        .order_by("submitted_at", "pk")
        .values_list("pk", "title", "state", "evidence__consequences")
    )
    found = []
    for pk, title, state, consequences in rows:
        difference = sum(
            weighed["difference"]
            for weighed in consequences or []
            if (weighed["key"], weighed["place"]) == (FIGURE, standing.code)
        )
        if difference:
            found.append(Pending(pk, title, str(State(state).label), difference, standing.surplus_m2 + difference))
    return found


def surplus_after_all(standing: Standing, pending: list[Pending]) -> float:
    """The surplus of the place, in m², were all of them published."""
    return standing.surplus_m2 + sum(change.difference_m2 for change in pending)
