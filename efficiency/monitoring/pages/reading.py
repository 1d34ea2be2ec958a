"""What every monitoring page begins with: who reads it, the year asked for, and what it may be narrowed by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import User
from core.accounts.scope import reader
from core.policy.models import Jurisdiction
from efficiency.evaluation.models import Run
from efficiency.monitoring import perms
from efficiency.schemes.models import Grade
from parks.enterprises.models import Industry

TABS = (
    ("monitoring", gettext_lazy("总览")),
    ("scatter", gettext_lazy("税收与产值")),
    ("industries", gettext_lazy("行业")),
    ("zones", gettext_lazy("集聚区")),
    ("watch", gettext_lazy("关注名单")),
)


def staff(request: HttpRequest) -> User:
    """The account behind the request; PermissionDenied with a sentence for those who do not monitor."""
    user = reader(request)
    if not perms.reads(user):
        raise PermissionDenied(
            _("监测页面由监测、园区、自然资源、审计和区领导账号查看；企业在“本企业评价”中查看自己的结果。")
        )
    return user


@dataclass(frozen=True)
class Years:
    """The run that counts for the year asked for, the one of the year before, and all years that have one."""

    now: Run | None
    before: Run | None
    runs: dict[int, Run]

    @classmethod
    def asked(cls, user: User, query: QueryDict) -> Years:
        """Read the year from an address; the newest where it names none that has a run."""
        # Runs of a single district are comparisons inside it: monitoring compares across the city.
        runs = Run.objects.visible_to(user).of_years()
        year = query.get("year", "")
        wanted = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else 0
        now = runs.get(wanted) or next(iter(runs.values()), None)
        return cls(now, runs.get(now.year - 1) if now else None, runs)

    def context(self, here: str) -> dict[str, Any]:
        """What the head of every page shows: tabs, years, the run's standing."""
        return {
            "run": self.now,
            "before": self.before,
            "years": list(self.runs),
            "tabs": [(f"monitoring:{key}", label, key == here) for key, label in TABS],
            "here": f"monitoring:{here}",
        }


def text(query: QueryDict, name: str, length: int) -> str:
    """A word of an address, without what no column can hold."""
    return query.get(name, "").replace("\0", "").strip()[:length]


def one(query: QueryDict, name: str, known: Iterable[str], usual: str = "") -> str:
    """A word of an address if it is among ``known``."""
    return query.get(name, "") if query.get(name) in set(known) else usual


def districts(user: User) -> list[tuple[str, str]]:
    """Code and name of the districts within the reader's places."""
    return list(Jurisdiction.objects.filter(code__in=user.district_codes).order_by("code").values_list("code", "name"))


def divisions() -> list[tuple[str, str]]:
    """Code and name of the 2-digit divisions (大类) of GB/T 4754 that are kept."""
    return list(Industry.objects.filter(code__regex=r"^[0-9]{2}$").values_list("code", "name"))


def within(industry: str) -> set[str]:
    """An industry's code and those of everything below it."""
    parents = dict(Industry.objects.values_list("code", "parent_id"))
    found = {industry}
    for code in sorted(parents, key=len):
        if parents[code] in found:
            found.add(code)
    return found


GRADES = [(grade.value, grade.label) for grade in (Grade.A, Grade.B, Grade.C, Grade.D, Grade.UNRATED)]
