"""Enterprises with land and neither a return of the year nor a report an office could confirm."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.accounts.scope import Viewer
from efficiency.returns.models import LandOfYear, ReportState, SelfReport, YearlyReturn

HANDED_IN = (ReportState.SUBMITTED, ReportState.CONFIRMED)


def missing(year: int) -> QuerySet[Any]:
    """Land of ``year`` of those who returned nothing for it, with their enterprise.

    For people narrow it by ``.visible_to(user)``; see :func:`missing_for`.
    """
    return _without_return(LandOfYear.objects.all(), year)


def missing_for(user: Viewer, year: int) -> QuerySet[Any]:
    """:func:`missing` within the reader's places."""
    return _without_return(LandOfYear.objects.visible_to(user), year)


def _without_return(rows: QuerySet[Any], year: int) -> QuerySet[Any]:
    this = {"enterprise": OuterRef("enterprise"), "year": year}
    return (
        rows.filter(Q(registered_m2__gt=0) | Q(actual_m2__gt=0) | Q(converted_m2__gt=0), year=year)
        .exclude(Exists(YearlyReturn.objects.filter(**this, valid_to__isnull=True)))
        .exclude(Exists(SelfReport.objects.filter(**this, state__in=HANDED_IN)))
        .select_related("enterprise")
    )
