"""Returns and per-亩 figures as the domain asks for them."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self

from django.db.models import Count, DecimalField, F, Q, Sum
from django.db.models.functions import Cast

from core.accounts.models import User
from core.accounts.scope import PlaceScopedQuerySet, Viewer


class YearlyReturnQuerySet(PlaceScopedQuerySet):
    """Returns, read with the enterprise's place or by the enterprise itself."""

    place_field = "enterprise__district_id"

    def owned_by(self, user: User) -> Self:
        """Returns of the enterprise the account acts for."""
        return self.filter(enterprise__members__user=user)

    def current(self) -> Self:
        """The believed version of each year."""
        return self.filter(valid_to__isnull=True)

    def believed_at(self, moment: dt.datetime) -> Self:
        """The version of each year that was believed at a moment."""
        return self.filter(valid_from__lte=moment).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=moment))


class ReturnBatchQuerySet(PlaceScopedQuerySet):
    """Imports, read within the reader's places; a city-wide file by readers of the city. Not by enterprises."""

    place_field = "place_id"


class SelfReportQuerySet(PlaceScopedQuerySet):
    """Reports of enterprises: staff of the place read them once handed in, the enterprise its own at any time."""

    place_field = "enterprise__district_id"

    def visible_to(self, user: Viewer) -> Self:
        """What was handed in, within the reader's places; the enterprise's own reports, drafts too."""
        rows = super().visible_to(user)
        return rows if user.is_authenticated and user.role == "enterprise" else rows.exclude(state="draft")

    def owned_by(self, user: User) -> Self:
        """Reports of the enterprise the account acts for."""
        return self.filter(enterprise__members__user=user)


class LandOfYearQuerySet(PlaceScopedQuerySet):
    """Land areas, read with the enterprise's place or by the enterprise itself."""

    place_field = "enterprise__district_id"

    def owned_by(self, user: User) -> Self:
        """Land of the enterprise the account acts for."""
        return self.filter(enterprise__members__user=user)


class PlotFigureQuerySet(PlaceScopedQuerySet):
    """Per-亩 figures of plots. Enterprises do not read them: they mix several firms."""

    place_field = "plot__district_code"

    def by_district(self, year: int) -> Any:
        """Per district code of ``year``: plots with figures, and tax and output in 元 per 亩 of their land."""
        land_mu = Cast(Sum("area_m2"), DecimalField(max_digits=20, decimal_places=4)) * 3 / 2000
        return (
            self.filter(year=year)
            .values(district=F("plot__district_code"))
            .annotate(
                plots=Count("pk"),
                tax_cny_per_mu=Sum("tax_cny") / land_mu,
                output_cny_per_mu=Sum("output_cny") / land_mu,
            )
            .order_by("district")
        )
