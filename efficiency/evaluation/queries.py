"""Runs and results as the domain asks for them."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from core.accounts.models import User
from core.accounts.scope import PlaceScopedQuerySet, SignedInQuerySet, Viewer
from parks.zones.models import ZoneVersion

SHOWN = ("objection", "final")
"""States in which the evaluated themselves see a run."""


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
        """What counts: neither superseded nor discarded."""
        return self.sealed().exclude(state__in=["superseded", "discarded"])


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
