"""Which members of a programme a reader asks for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from parks.programmes.models import Membership, Programme
from parks.programmes.standings import Standing

SHOWN = {
    "current": _("在期"),
    Standing.WARNED.value: _("提示"),
    Standing.RETAINED.value: _("保留一年"),
    "over": _("已结束"),
    "all": _("全部"),
}


@dataclass(frozen=True)
class Asked:
    """What the address asks for; anything it cannot mean is left out."""

    q: str
    district: str
    member_type: str
    shown: str
    on: dt.date

    @classmethod
    def of(cls, query: QueryDict) -> Asked:
        """Read it from a query string."""
        try:
            on = dt.date.fromisoformat(query.get("on", ""))
        except ValueError:
            on = timezone.localdate()
        return cls(
            q=query.get("q", "").replace("\0", "").strip()[:60],
            district=query.get("district", "").replace("\0", "")[:6],
            member_type=query.get("type", "").replace("\0", "")[:40],
            shown=query.get("shown", "") if query.get("shown") in SHOWN else "current",
            on=on,
        )

    @property
    def narrowed(self) -> bool:
        """Whether less than every member in force today is shown."""
        return bool(
            self.q or self.district or self.member_type or self.shown != "current" or self.on != timezone.localdate()
        )


def members(user: User, programme: Programme, asked: Asked) -> QuerySet[Any]:
    """The memberships asked for, within the reader's places, by name; enterprise and district are loaded."""
    rows = Membership.objects.visible_to(user).filter(programme=programme)
    if asked.shown == "over":
        rows = rows.over_by(asked.on)
    elif asked.shown != "all":
        rows = rows.in_force_on(asked.on)
    if asked.shown in (Standing.WARNED, Standing.RETAINED):
        rows = rows.filter(standing=asked.shown)
    if asked.district:
        rows = rows.filter(enterprise__district=asked.district)
    if asked.member_type:
        rows = rows.filter(member_type=asked.member_type)
    if asked.q:
        rows = rows.matching(asked.q)
    return (
        rows.select_related("enterprise", "enterprise__district")
        .defer("enterprise__district__geom")
        .order_by("enterprise__name", "-valid_from", "pk")
    )
