"""Industries and zones beside each other: what they yield per 亩, their classes, and the change on the year before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.accounts.models import User
from efficiency.evaluation.models import GroupKind, GroupScore, Run
from efficiency.evaluation.pages import standing
from efficiency.returns.figures import CNY_PER_WAN, wan_per_mu
from parks.enterprises.models import Industry


@dataclass(frozen=True)
class Rung:
    """One industry or zone in a year. Per-亩 figures and quartiles in 万元/亩; changes against the year before.

    ``tax_change`` is in percent, ``mean_change`` in points; None where either year has no figure.
    ``below`` tells that the tree goes further down. ``box`` are x of the quartiles in percent of the widest rung.
    """

    code: str
    name: str
    row: GroupScore
    tax_per_mu: float | None
    output_per_mu: float | None
    quartiles: tuple[float, float, float] | None
    bar: standing.Bar
    tax_change: float | None
    mean_change: float | None
    below: bool
    box: tuple[float, float, float] | None

    @property
    def tax_cny(self) -> float | None:
        """Tax in 元/亩, to the fen."""
        return None if self.tax_per_mu is None else round(self.tax_per_mu * CNY_PER_WAN, 2)

    @property
    def output_cny(self) -> float | None:
        """Output in 元/亩, to the fen."""
        return None if self.output_per_mu is None else round(self.output_per_mu * CNY_PER_WAN, 2)

    @property
    def width(self) -> float:
        """From the lower quartile to the upper, in percent of the widest rung."""
        return self.box[2] - self.box[0] if self.box else 0.0


def rungs(user: User, run: Run, before: Run | None, kind: GroupKind, codes: Sequence[str] | None = None) -> list[Rung]:
    """Groups of a kind the reader may see, those of ``codes`` where given; the best tax per 亩 first."""
    rows = _rows(user, run, kind, codes)
    earlier = {row.code: row for row in _rows(user, before, kind, codes)} if before else {}
    names = standing.names(kind, [row.code for row in rows])
    parents = set(Industry.objects.values_list("parent_id", flat=True)) if kind == GroupKind.INDUSTRY else set()
    widest = max((row.tax_quartiles[2] for row in rows if row.tax_quartiles), default=0)
    found = [
        _rung(row, earlier.get(row.code), names.get(row.code, row.code), row.code in parents, widest) for row in rows
    ]
    return sorted(found, key=lambda rung: (-(rung.tax_per_mu or float("-inf")), rung.code))


def _rows(user: User, run: Run, kind: GroupKind, codes: Sequence[str] | None) -> list[GroupScore]:
    rows = GroupScore.objects.visible_to(user).filter(run=run, kind=kind).exclude(code="")
    return list(rows if codes is None else rows.filter(code__in=codes))


def _rung(row: GroupScore, earlier: GroupScore | None, name: str, below: bool, widest: float) -> Rung:
    tax = wan_per_mu(row.tax_cny, row.land_m2)
    tax_before = wan_per_mu(earlier.tax_cny, earlier.land_m2) if earlier else None
    return Rung(
        code=row.code,
        name=name,
        row=row,
        tax_per_mu=tax,
        output_per_mu=wan_per_mu(row.output_cny, row.land_m2),
        quartiles=_three(row.tax_quartiles, 1 / CNY_PER_WAN),
        bar=standing.Bar.of(row.grades),
        # Of a refund (negative tax) a change in percent would have no direction.
        tax_change=100 * (tax - tax_before) / tax_before if tax is not None and tax_before and tax_before > 0 else None,
        mean_change=row.mean_total - earlier.mean_total
        if earlier and row.mean_total is not None and earlier.mean_total is not None
        else None,
        below=below,
        box=_three([max(0, each) for each in row.tax_quartiles], 100 / widest)
        if row.tax_quartiles and widest > 0
        else None,
    )


def _three(quartiles: Sequence[float] | None, factor: float) -> tuple[float, float, float] | None:
    if not quartiles:
        return None
    low, middle, high = (each * factor for each in quartiles)
    return low, middle, high


def way_to(industry: str) -> list[Industry]:
    """An industry and all above it, the section first."""
    known = {each.code: each for each in Industry.objects.all()}
    way: list[Industry] = []
    here = known.get(industry)
    while here is not None:
        way.insert(0, here)
        here = known.get(here.parent_id or "")
    return way


def steps_below(industry: str) -> list[str]:
    """Codes one step below an industry; of the whole tree the divisions, past the sections that hold them."""
    if industry:
        return list(Industry.objects.filter(parent=industry).values_list("code", flat=True))
    roots = Industry.objects.filter(parent=None)
    divisions = list(Industry.objects.filter(parent__in=roots).values_list("code", flat=True))
    return divisions or list(roots.values_list("code", flat=True))
