"""Which results a reader asks for, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from efficiency.evaluation.models import Run, Score, Why
from efficiency.schemes.models import Grade
from parks.enterprises.models import Industry

SORTS = {
    "rank": (_("名次"), ("cohort", "rank", "enterprise__uscc")),
    "worst": (_("名次倒序"), ("cohort", "-rank", "enterprise__uscc")),
    "industry": (_("行业内名次"), ("industry_code", "industry_rank", "enterprise__uscc")),
    "land": (_("用地面积"), ("-land_m2", "enterprise__uscc")),
    "uscc": (_("统一社会信用代码"), ("enterprise__uscc",)),
}
NONE = "-"
"""The grade of the address for those without any."""


@dataclass(frozen=True)
class Asked:
    """What the address asks for; anything it cannot mean is left out."""

    q: str = ""
    grade: str = ""
    why: str = ""
    cohort: str = ""
    district: str = ""
    town: str = ""
    zone: str = ""
    industry: str = ""
    sort: str = "rank"

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Read it from a query string."""

        def text(name: str, length: int) -> str:
            return query.get(name, "").replace("\0", "").strip()[:length]

        return cls(
            q=text("q", 60),
            grade=query.get("grade", "") if query.get("grade") in [*Grade.values, NONE] else "",
            why=query.get("why", "") if query.get("why") in Why.values else "",
            cohort=query.get("cohort", "")
            if query.get("cohort", "").isascii() and query.get("cohort", "").isdigit()
            else "",
            district=text("district", 6),
            town=text("town", 12),
            zone=text("zone", 20),
            industry=text("industry", 5),
            sort=query.get("sort", "") if query.get("sort") in SORTS else "rank",
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything limits what is shown."""
        return any((self.q, self.grade, self.why, self.cohort, self.district, self.town, self.zone, self.industry))

    @property
    def query(self) -> str:
        """The same as a query string, without the page."""
        parts = {**vars(self), "sort": "" if self.sort == "rank" else self.sort}
        return urlencode({name: part for name, part in parts.items() if part})


def rows(user: User, run: Run, asked: Asked) -> QuerySet[Any]:
    """The results of a run asked for that ``user`` may read, in their order."""
    found = Score.objects.visible_to(user).filter(run=run).select_related("enterprise")
    exact = {
        "cohort": asked.cohort and int(asked.cohort[:4]),
        "district_code": asked.district,
        "town_code": asked.town,
        "zone_code": asked.zone,
        "why": asked.why,
        "grade": "" if asked.grade == NONE else asked.grade,
    }
    found = found.filter(**{name: wanted for name, wanted in exact.items() if wanted})
    if asked.grade == NONE:
        found = found.filter(grade="")
    if asked.industry:
        found = found.filter(industry_code__in=_within(asked.industry))
    if asked.q:
        found = found.filter(
            Q(enterprise__name__icontains=asked.q)
            | Q(enterprise__short_name__icontains=asked.q)
            | Q(enterprise__uscc__istartswith=asked.q)
        )
    return found.order_by(*SORTS[asked.sort][1])


def _within(code: str) -> set[str]:
    """An industry and everything below it in the tree of GB/T 4754."""
    parents = dict(Industry.objects.values_list("code", "parent_id"))
    within = {code}
    for below in sorted(parents, key=len):
        if parents[below] in within:
            within.add(below)
    return within
