"""Which returns, reports or land a reader asks for; anything an address cannot mean is left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.accounts.scope import reader
from core.policy.models import Jurisdiction
from efficiency.returns import due, perms
from efficiency.returns.models import LandOfYear, YearlyReturn
from parks.enterprises.models import Industry

PER_PAGE = 50


@dataclass(frozen=True)
class Asked:
    """A year, a search, and what narrows the list. ``shown`` and ``sort`` are keys of the page that asks."""

    year: int
    q: str = ""
    district: str = ""
    town: str = ""
    industry: str = ""
    status: str = ""
    shown: str = ""
    sort: str = ""

    @classmethod
    def of(cls, query: QueryDict, *, year: int, shown: Iterable[str], sorts: Iterable[str]) -> Asked:
        """Read it from a query string; ``year`` stands where none is asked for, the first of each list likewise."""

        def text(name: str, length: int) -> str:
            return query.get(name, "").replace("\0", "").strip()[:length]

        def one(name: str, known: list[str]) -> str:
            return query.get(name, "") if query.get(name) in known else known[0]

        wanted = query.get("year", "")
        return cls(
            year=int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) == 4 else year,
            q=text("q", 60),
            district=text("district", 6),
            town=text("town", 12),
            industry=text("industry", 5),
            status=text("status", 12),
            shown=one("shown", list(shown)),
            sort=one("sort", list(sorts)),
        )

    @property
    def narrowed(self) -> bool:
        """Whether less than everything is shown."""
        return any((self.q, self.district, self.town, self.industry, self.status))

    def of_firms(self, rows: QuerySet[Any], prefix: str) -> QuerySet[Any]:
        """``rows`` whose enterprise, at the lookup ``prefix`` ("" or "enterprise__"), is asked for."""
        exact = {"district": self.district, "town": self.town}
        rows = rows.filter(**{f"{prefix}{name}": wanted for name, wanted in exact.items() if wanted})
        if self.industry:
            rows = rows.filter(**{f"{prefix}industry__code__startswith": self.industry})
        if self.q:
            wanted = Q(**{f"{prefix}name__contains": self.q})
            if self.q.isascii() and self.q.isalnum():
                wanted |= Q(**{f"{prefix}uscc__startswith": self.q.upper()})
            rows = rows.filter(wanted)
        return rows


def staff(request: HttpRequest) -> User:
    """The account behind the request; PermissionDenied with a sentence for those who read no returns of others."""
    user = reader(request)
    if not perms.reads(user):
        raise PermissionDenied(_("各企业年报由监测和管理部门查看；企业在“我的年报”中查看本企业的。"))
    return user


def years(user: User) -> list[int]:
    """Years there is anything of within the reader's places, newest first; the last one that is over at least."""
    found = set(YearlyReturn.objects.visible_to(user).current().values_list("year", flat=True).distinct())
    found |= set(LandOfYear.objects.visible_to(user).values_list("year", flat=True).distinct())
    return sorted(found, reverse=True) or [due.latest_year()]


def choices(user: User, asked: Asked) -> dict[str, Any]:
    """Places and industries to narrow by: the reader's districts, the towns of the one asked for, the divisions."""
    districts = Jurisdiction.objects.filter(code__in=user.district_codes).order_by("code").values_list("code", "name")
    here = asked.district or (user.district_codes[0] if len(user.district_codes) == 1 else "")
    towns = Jurisdiction.objects.filter(level="town", parent=here) if here else Jurisdiction.objects.none()
    divisions = Industry.objects.filter(code__regex=r"^[0-9]{2}$").order_by("code").values_list("code", "name")
    return {
        "districts": list(districts),
        "towns": list(towns.order_by("code").values_list("code", "name")),
        "divisions": list(divisions),
    }
