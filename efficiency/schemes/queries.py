"""Schemes as the domain asks for them."""

from __future__ import annotations

from typing import Any, Self

from django.db.models import Q

from core.accounts.scope import SignedInQuerySet, Viewer


class SchemeQuerySet(SignedInQuerySet):
    """How one is scored is public to everybody who signed in."""


class VersionQuerySet(SignedInQuerySet):
    """Approved editions are public; drafts are read by land roles."""

    def visible_to(self, user: Viewer) -> Self:
        """Every version for land roles; what was approved for an enterprise."""
        rows = super().visible_to(user)
        if user.is_authenticated and user.role == "enterprise":
            return rows.filter(state__in=["approved", "retired"])
        return rows if user.is_authenticated and user.reads_land else rows.none()

    def approved_for(self, year: int) -> Self:
        """Approved versions that apply to a year."""
        return self.filter(Q(year_to__isnull=True) | Q(year_to__gte=year), state="approved", year_from__lte=year)

    def whole(self) -> Self:
        """With everything a run reads, in four queries whatever the number of versions."""
        rows: Any = self.select_related("scheme__place", "scheme__document")
        return rows.prefetch_related("cohorts__indicators", "cohorts__cuts")

    def under_way(self) -> Self:
        """Versions that are being written or wait for approval."""
        return self.filter(state__in=["draft", "submitted", "returned"])


class MeasureQuerySet(SignedInQuerySet):
    """What a class gets or loses is public to everybody who signed in."""
