"""What the list of flags is asked for, and which rows answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from efficiency.flags import perms
from efficiency.flags.models import Flag, FlagState, Rule

TABS: dict[str, tuple[Any, tuple[FlagState, ...]]] = {
    "waiting": (_("待核实"), (FlagState.RAISED,)),
    "followed": (_("整改中"), (FlagState.CONFIRMED, FlagState.ESCALATED)),
    "settled": (_("已了结"), (FlagState.CLOSED,)),
    "dismissed": (_("不成立"), (FlagState.DISMISSED,)),
}
OUTSIDE = ("followed", "settled")
"""Tabs an enterprise sees: what was confirmed."""

SORTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "confidence": (_("把握"), ("-confidence", "-year", "pk")),
    "newest": (_("标记时间"), ("-raised_at", "-pk")),
    "oldest": (_("标记时间（早的在前）"), ("raised_at", "pk")),
    "enterprise": (_("企业"), ("enterprise__name", "-year", "pk")),
}


@dataclass(frozen=True)
class Asked:
    """The list as an address asks for it; what it cannot mean is left out."""

    tab: str = "waiting"
    q: str = ""
    rule: str = ""
    district: str = ""
    year: str = ""
    least: str = ""
    sort: str = "confidence"

    @classmethod
    def of(cls, query: Mapping[str, Any], user: User) -> Asked:
        """What a query string means to a reader."""
        known = tabs_of(user)
        tab, sort = query.get("tab", ""), query.get("sort", "")
        year, least = query.get("year", ""), query.get("least", "")
        return cls(
            tab=tab if tab in known else known[0],
            q=query.get("q", "").replace("\0", "").strip()[:100],
            rule=query.get("rule", "") if query.get("rule", "") in Rule.values else "",
            district=query.get("district", "") if query.get("district", "") in user.district_codes else "",
            year=year if year.isascii() and year.isdigit() and len(year) == 4 else "",
            least=least if _share(least) is not None else "",
            sort=sort if sort in SORTS else "confidence",
        )

    @classmethod
    def of_query(cls, text: str, user: User) -> Asked:
        """What a query string as text means."""
        return cls.of(QueryDict(text[:500]).dict(), user)

    @property
    def query(self) -> str:
        """The query string that asks for this."""
        default = Asked()
        return urlencode(
            {key: value for key, value in vars(self).items() if key == "tab" or value != getattr(default, key)}
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but the tab narrows the list."""
        return bool(self.q or self.rule or self.district or self.year or self.least)


def tabs_of(user: User) -> tuple[str, ...]:
    """The tabs a reader has."""
    return tuple(TABS) if perms.reads_inside(user) else OUTSIDE


def rows_of(user: User, asked: Asked) -> QuerySet[Any]:
    """The flags under the tab, narrowed and sorted."""
    rows = _narrowed(user, asked).filter(state__in=TABS[asked.tab][1])
    return rows.select_related("enterprise", "case").order_by(*SORTS[asked.sort][1])


def counts(user: User, asked: Asked) -> dict[str, int]:
    """How many flags every tab holds, narrowed alike; one query."""
    found = dict(_narrowed(user, asked).order_by().values_list("state").annotate(count=Count("pk")))
    return {key: sum(found.get(state.value, 0) for state in TABS[key][1]) for key in tabs_of(user)}


def _narrowed(user: User, asked: Asked) -> QuerySet[Any]:
    rows = Flag.objects.visible_to(user)
    if asked.rule:
        rows = rows.filter(rule=asked.rule)
    if asked.district:
        rows = rows.filter(district_code=asked.district)
    if asked.year:
        rows = rows.filter(year=int(asked.year))
    if asked.least:
        rows = rows.filter(confidence__gte=_share(asked.least))
    if asked.q:
        rows = rows.filter(
            Q(enterprise__name__icontains=asked.q)
            | Q(enterprise__uscc__startswith=asked.q.upper())
            | Q(plot__code__startswith=asked.q.upper())
            | Q(title__icontains=asked.q)
        )
    return rows


def _share(text: str) -> Decimal | None:
    try:
        share = Decimal(text)
    except InvalidOperation:
        return None
    return share if share.is_finite() and 0 <= share <= 1 else None
