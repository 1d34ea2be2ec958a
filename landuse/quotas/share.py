"""How much of an annual plan lies in programme pools, against the cap in force; and how collective quota moves."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import Q, Sum

from core import policy
from landuse.quotas.guards import CAP_KEY
from landuse.quotas.models import Category, QuotaEntry

__all__ = ["CAP_KEY", "Standing", "collective_increment", "standing"]


@dataclass(frozen=True)
class Standing:
    """The programme pools of an annual plan, in 亩, and the cap in force; ``cap`` is None where there is none.

    ``covered_mu`` came in by documented transfers and does not count; ``weighed_mu`` does.
    """

    granted_mu: Decimal
    programme_mu: Decimal
    weighed_mu: Decimal
    covered_mu: Decimal
    used_mu: Decimal
    cap: policy.Value | None

    @property
    def cap_percent(self) -> Decimal | None:
        """The cap in percent of the annual plan."""
        return self.cap.value if self.cap else None

    @property
    def cap_mu(self) -> Decimal:
        """The cap in 亩; zero where there is none, so ask :attr:`cap_percent` first."""
        return self.granted_mu * (self.cap_percent or Decimal(0)) / 100

    @property
    def programme_percent(self) -> Decimal | None:
        """The share of programme pools in the annual plan, in percent."""
        return self.programme_mu / self.granted_mu * 100 if self.granted_mu else None

    @property
    def over_mu(self) -> Decimal:
        """By how much the share is above the cap, transfers that cover it left out (alert QUOTA_OVER)."""
        if self.cap_percent is None:
            return Decimal(0)
        return max(Decimal(0), self.weighed_mu - self.cap_mu, self.used_mu - self.cap_mu - self.covered_mu)


def standing(place: str, year: int, on: dt.date, until: dt.datetime | None = None) -> Standing:
    """Where the programme pools of a place and year stand, under the parameter of ``on``; two queries.

    Of the entries up to the moment ``until`` when one is given.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT granted_mu, programme_mu, weighed_mu, covered_mu, used_mu"
            " FROM quotas_programme_share(%s, %s, coalesce(%s::timestamptz, 'infinity'))",
            [place, year, until],
        )
        granted, programme, weighed, covered, used = cursor.fetchone()
    try:
        cap = policy.value(CAP_KEY, place, on)
    except policy.ParameterMissing:
        cap = None
    return Standing(granted, programme, weighed, covered, used, cap)


def collective_increment(place: str, year: int, until: dt.datetime | None = None) -> tuple[Decimal, Decimal | None]:
    """What was granted of the collective category in a year and in the one before, in 亩 (QT-3, A6).

    Of the entries up to the moment ``until`` when one is given.
    """
    moment = Q(at__lte=until) if until else Q()
    rows = QuotaEntry.objects.filter(
        moment,
        pool__plan__place=place,
        pool__plan__category=Category.COLLECTIVE_NEW,
        pool__plan__year__in=[year, year - 1],
    )
    sums = dict(rows.order_by().values_list("pool__plan__year").annotate(total=Sum("granted_mu")))
    return sums.get(year, Decimal(0)), sums.get(year - 1)
