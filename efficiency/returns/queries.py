"""Returns and per-亩 figures as the domain asks for them."""

from __future__ import annotations

from typing import Self

from core.accounts.models import User
from core.accounts.scope import PlaceScopedQuerySet


class YearlyReturnQuerySet(PlaceScopedQuerySet):
    """Returns, read with the enterprise's place or by the enterprise itself."""

    place_field = "enterprise__district_id"

    def owned_by(self, user: User) -> Self:
        """Returns of the enterprise the account acts for."""
        return self.filter(enterprise__members__user=user)

    def current(self) -> Self:
        """The believed version of each year."""
        return self.filter(valid_to__isnull=True)


class PlotFigureQuerySet(PlaceScopedQuerySet):
    """Per-亩 figures of plots. Enterprises do not read them: they mix several firms."""

    place_field = "plot__district_code"
