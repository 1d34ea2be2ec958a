"""Plots and their occupation as the domain asks for them."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from core.accounts.models import User
from core.accounts.scope import PlaceScopedQuerySet
from core.geodata.area import InnerPoint
from core.mapedit.models import InForceMixin
from parks.zones.models import ZoneVersion


class PlotVersionQuerySet(InForceMixin, PlaceScopedQuerySet):
    """Plot versions, read within the reader's districts; enterprises read what they occupy."""

    def owned_by(self, user: User) -> Self:
        """Plots the user's enterprise occupies today."""
        from landuse.plots.models import Occupation

        occupied = Occupation.objects.in_force_on(timezone.localdate()).filter(
            plot_id=OuterRef("plot_id"), enterprise__members__user=user
        )
        return self.filter(Exists(occupied))

    def with_zone(self, on: dt.date | None = None) -> Self:
        """Annotate ``zone_code`` and ``zone_name``: the zone covering the plot's inner point."""
        zone = ZoneVersion.objects.in_force_on(on).filter(geom__covers=InnerPoint(OuterRef("geom"))).order_by("zone_id")
        return self.annotate(
            zone_code=Subquery(zone.values("zone_id")[:1]),
            zone_name=Subquery(zone.values("name")[:1]),
        )


class OccupationQuerySet(InForceMixin, PlaceScopedQuerySet):
    """Occupations, read with the enterprise's place or by the enterprise itself."""

    place_field = "enterprise__district_id"

    def owned_by(self, user: User) -> Self:
        """Occupations of the enterprise the account acts for."""
        return self.filter(enterprise__members__user=user)
