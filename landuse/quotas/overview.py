"""The plans of a year as a reader sees them: sums, bars, and what stands out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core import policy
from core.accounts.models import User
from core.policy.models import Jurisdiction
from landuse.quotas import share
from landuse.quotas.amounts import shown
from landuse.quotas.models import Category, QuotaPlan, QuotaPool


@dataclass(frozen=True)
class Bar:
    """How a total divides, in hundredths of the whole: used, reserved, and the rest is left."""

    committed: float
    reserved: float

    @classmethod
    def of(cls, row: Any) -> Bar:
        """The bar of anything with the sums of :func:`landuse.quotas.queries.balances`."""
        total = row.granted + row.transferred
        if not total:
            return cls(0, 0)
        return cls(round(float(row.committed / total * 100), 3), round(float(row.reserved / total * 100), 3))


@dataclass(frozen=True)
class PlanRow:
    """A plan with its sums, in 亩, and its pools with theirs."""

    plan: Any
    pools: list[Any]
    bar: Bar


@dataclass(frozen=True)
class Sums:
    """What the plans shown come to, in 亩."""

    granted: Decimal
    transferred: Decimal
    reserved: Decimal
    committed: Decimal
    available: Decimal

    @property
    def total(self) -> Decimal:
        """What there is to give: granted and moved in."""
        return self.granted + self.transferred


@dataclass(frozen=True)
class Overview:
    """One year's plans. ``shares`` are the programme pools by place; ``warnings`` sentences with their sources."""

    year: int
    place: str
    years: list[int]
    places: list[tuple[str, str]]
    rows: list[PlanRow]
    sums: Sums
    shares: list[tuple[str, share.Standing]]
    warnings: list[tuple[str, policy.Value | None]]

    @property
    def sentence(self) -> str:
        """The answer of the page."""
        if not self.rows:
            return _("%s 年还没有登记指标计划") % self.year
        facts = {"year": self.year, "left": shown(self.sums.available), "total": shown(self.sums.total)}
        return _("%(year)s 年可用指标 %(left)s 亩，共 %(total)s 亩") % facts

    @property
    def detail(self) -> str:
        """The quiet line under it."""
        if not self.rows:
            return ""
        return _("已使用 %(used)s 亩，预留 %(reserved)s 亩") % {
            "used": shown(self.sums.committed),
            "reserved": shown(self.sums.reserved),
        }


def overview(user: User, *, year: int | None = None, place: str = "") -> Overview:
    """The plans of a year the reader may see, of the running year unless told; queries do not grow with the pools."""
    plans = QuotaPlan.objects.visible_to(user)
    this = timezone.localdate().year
    years = sorted({this, *plans.order_by().values_list("year", flat=True).distinct()}, reverse=True)
    year = year if year is not None else this
    codes = set(plans.order_by().values_list("place", flat=True).distinct())
    places = list(Jurisdiction.objects.filter(code__in=codes).order_by("code").values_list("code", "name"))
    place = place if place in codes else ""
    shown_plans = plans.filter(year=year, **({"place": place} if place else {}))
    found = list(shown_plans.select_related("place").defer("place__geom").with_balance().order_by("place", "category"))
    pools: dict[int, list[Any]] = {}
    for pool in (
        QuotaPool.objects.visible_to(user)
        .filter(plan__in=[plan.pk for plan in found])
        .select_related("programme")
        .with_balance()
        .order_by("pk")
    ):
        pool.bar = Bar.of(pool)
        pools.setdefault(pool.plan_id, []).append(pool)
    rows = [PlanRow(plan, pools.get(plan.pk, []), Bar.of(plan)) for plan in found]
    shares = _shares(rows, year)
    return Overview(
        year, place, years, places, rows, _sums(found), shares, [*_over(shares, year), *_collective(rows, year)]
    )


def _sums(plans: list[Any]) -> Sums:
    names = ("granted", "transferred", "reserved", "committed", "available")
    return Sums(*(sum((getattr(plan, name) for plan in plans), Decimal(0)) for name in names))


def _shares(rows: list[PlanRow], year: int) -> list[tuple[str, share.Standing]]:
    """The standing of the programme pools of every place that has one."""
    on = timezone.localdate()
    places = {row.plan.place_id: row.plan.place.name for row in rows if any(pool.programme_id for pool in row.pools)}
    return [(name, share.standing(code, year, on)) for code, name in places.items()]


def _over(shares: list[tuple[str, share.Standing]], year: int) -> list[tuple[str, policy.Value | None]]:
    """QUOTA_OVER: programme pools above the cap in force that no transfer covers."""
    return [
        (
            _("%(place)s %(year)s 年项目池超出年度计划的比例上限 %(over)s 亩，须年中调剂并写明批准文号。")
            % {"place": name, "year": year, "over": shown(standing.over_mu)},
            standing.cap,
        )
        for name, standing in shares
        if standing.over_mu > 0
    ]


def _collective(rows: list[PlanRow], year: int) -> list[tuple[str, policy.Value | None]]:
    """Quota that stays collective is to fall from year to year (QT-3, A6); a rise is told, not refused."""
    found: list[tuple[str, policy.Value | None]] = []
    for row in rows:
        if row.plan.category != Category.COLLECTIVE_NEW:
            continue
        now, before = share.collective_increment(row.plan.place_id, year)
        if before is None or now <= before:
            continue
        sentence = _("%(place)s集体新增指标 %(now)s 亩，较上年增加 %(more)s 亩，应适度减少。")
        facts = {"place": row.plan.place.name, "now": shown(now), "more": shown(now - before)}
        try:
            value = policy.value("quota.collective_increment", row.plan.place_id)
        except policy.ParameterMissing:
            value = None
        found.append((sentence % facts, value))
    return found
