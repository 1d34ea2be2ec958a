"""Runs and results as the domain asks for them."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Case, Q, Value, When

from core.accounts.models import CITY_CODE, User
from core.accounts.scope import PlaceScopedQuerySet, SignedInQuerySet, Viewer
from parks.zones.models import ZoneVersion

SHOWN = ("objection", "final")
"""States in which the evaluated themselves see a run."""

WEIGHT = ("final", "objection")
"""Which state speaks first for a year; a run that is only computed comes after both."""


class RunQuerySet(SignedInQuerySet):
    """Runs are read by land roles; an enterprise learns of a run once it is shown."""

    def visible_to(self, user: Viewer) -> Self:
        """Every run for land roles, those shown for an enterprise."""
        rows = super().visible_to(user)
        if user.is_authenticated and user.role == "enterprise":
            return rows.filter(state__in=SHOWN)
        return rows if user.is_authenticated and user.reads_land else rows.none()

    def sealed(self) -> Self:
        """Runs whose results are complete."""
        return self.exclude(digest="")

    def current(self) -> Self:
        """Runs that may still count: neither superseded nor discarded."""
        return self.sealed().exclude(state__in=["superseded", "discarded"])

    def shown(self) -> Self:
        """Runs those evaluated may see: open to objections, or published."""
        return self.filter(state__in=SHOWN)

    def by_weight(self, place: str = CITY_CODE) -> Self:
        """Current runs of a place, the latest year first; of each year the one that counts comes first.

        That is the published run, else the one shown, else the latest computed.
        """
        states = (When(state=state, then=Value(at)) for at, state in enumerate(WEIGHT))
        weight = Case(*states, default=Value(len(WEIGHT)))
        return self.current().filter(place=place).order_by("-year", weight, "-number")

    def of_years(self, place: str = CITY_CODE) -> dict[int, Any]:
        """The run that counts for each year, the latest first, with its scheme and place; one query."""
        found: dict[int, Any] = {}
        for run in self.by_weight(place).select_related("version__scheme", "place"):
            found.setdefault(run.year, run)
        return found


class ScoreQuerySet(PlaceScopedQuerySet):
    """Results, read with the enterprise's place as it was; an enterprise reads its own, of runs that are shown."""

    place_field = "district_code"

    def owned_by(self, user: User) -> Self:
        """Results of the enterprise the account acts for, of runs in their objection window or published."""
        return self.filter(enterprise__members__user=user, run__state__in=SHOWN)


class PlotScoreQuerySet(PlaceScopedQuerySet):
    """Results of plots. Enterprises do not read them: they mix several firms."""

    place_field = "plot__district_code"


class GroupScoreQuerySet(models.QuerySet[Any]):
    """Sums. Those of the city and of industries are read by every land role, those of places within the reader's."""

    def visible_to(self, user: Viewer) -> Self:
        """Sums the user may read. Enterprises read none: a group may hold only one or two firms."""
        if not user.is_authenticated or not user.is_active or not user.reads_land:
            return self.none()
        if user.sees_city:
            return self
        zones = ZoneVersion.objects.filter(district_codes__overlap=user.place_codes).values("zone_id")
        return self.filter(
            Q(kind__in=["city", "industry"])
            | Q(kind="district", code__in=user.place_codes)
            | Q(Q(*(Q(code__startswith=code) for code in user.place_codes), _connector=Q.OR), kind="town")
            | Q(kind="zone", code__in=zones)
        )


class ObjectionQuerySet(PlaceScopedQuerySet):
    """Objections, read with the enterprise's place or by the enterprise itself."""

    place_field = "enterprise__district_id"

    def owned_by(self, user: User) -> Self:
        """Objections of the enterprise the account acts for."""
        return self.filter(enterprise__members__user=user)
