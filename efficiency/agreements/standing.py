"""Open breaches, for those who ask whether anything stands against a plot or its owner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from efficiency.agreements.models import Breach
from landuse.applications import standing


def open_on(plot: str, applicant: str, on: dt.date) -> Sequence[standing.Record]:
    """Breaches of a plot or an enterprise whose case was open at the end of a day; one query."""
    rows = Breach.objects.filter(Q(agreement__plot=plot) | Q(agreement__enterprise__uscc=applicant))
    rows = rows.filter(case__submitted_at__date__lte=on).filter(
        Q(case__closed_at__isnull=True) | Q(case__closed_at__date__gt=on)
    )
    return [
        standing.Record(number=breach.case.number, text=breach.case.title)
        for breach in rows.select_related("case").order_by("case__number")
    ]


def register() -> None:
    """Announce the ledger."""
    standing.register_breaches(standing.Register("agreements", _("监管协议违约台账"), open_on))
