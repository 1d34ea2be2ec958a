"""A whole edition of a scheme as one frozen value: what the engines compute by, whatever is stored meanwhile."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cached_property
from typing import Any

from core.refusals import Refused
from efficiency.schemes.models import Cohort, SchemeVersion


@dataclass(frozen=True)
class Cut:
    """Those ranked within ``up_to_percent`` of their cohort, from the best, are in class ``grade``."""

    grade: str
    up_to_percent: Decimal


@dataclass(frozen=True)
class IndicatorRules:
    """One indicator; the fields are those of :class:`~efficiency.schemes.models.Indicator`."""

    name: str
    numerator: str
    denominator: str
    unit: str
    weight: Decimal
    scale: Decimal = Decimal(1)
    direction: str = "more"
    base_kind: str = "fixed"
    base: Decimal | None = None
    cap: Decimal | None = None
    missing: str = "zero"


@dataclass(frozen=True)
class CohortRules:
    """One cohort; the fields are those of :class:`~efficiency.schemes.models.Cohort`. Cuts go up to 100."""

    name: str
    indicators: tuple[IndicatorRules, ...]
    cuts: tuple[Cut, ...]
    above_scale: bool | None = None
    sizes: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    not_industries: tuple[str, ...] = ()
    least_land_mu: Decimal | None = None
    least_age_years: int | None = None
    land_basis: str = "actual"

    @property
    def weight(self) -> Decimal:
        """What the weights come to; 100 in an edition that is whole."""
        return sum((indicator.weight for indicator in self.indicators), Decimal(0))


@dataclass(frozen=True)
class Rules:
    """Everything of an edition that decides points and classes.

    ``cohorts`` stand in the order in which they are tried; the cohort of ``Score.cohort`` = n is ``cohorts[n - 1]``.
    ``requires`` lists alternatives, one figure of every list must be known (PM-1).
    """

    cohorts: tuple[CohortRules, ...]
    requires: tuple[tuple[str, ...], ...] = ()
    merge_tenants: bool = False

    @staticmethod
    def from_data(data: Any) -> Rules:
        """The rules a form or a file states; raises Refused with a finding for every field that will not do."""
        # Here, because reading builds these classes.
        from efficiency.schemes import reading

        rules, faults = reading.read(data)
        if rules is None:
            raise Refused("".join(fault.sentence for fault in faults[:3]), faults)
        return rules

    def as_data(self) -> dict[str, Any]:
        """As JSON takes it: decimals as the shortest text, tuples as lists."""
        data: dict[str, Any] = _plain(self)
        return data

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rules in canonical JSON: equal for editions that compute the same under the same words."""
        text = json.dumps(self.as_data(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def rules_of(version: SchemeVersion) -> Rules:
    """The rules stored of a version: three queries, none where it was read with ``.whole()``."""
    read = "cohorts" in getattr(version, "_prefetched_objects_cache", {})
    cohorts = version.cohorts.all() if read else version.cohorts.prefetch_related("indicators", "cuts")
    return Rules(
        cohorts=tuple(_cohort(row) for row in sorted(cohorts, key=lambda row: row.order)),
        requires=tuple(tuple(alternatives) for alternatives in version.requires),
        merge_tenants=version.merge_tenants,
    )


def plain_number(number: Decimal) -> str:
    """A decimal as the shortest text that says the same: 24.097, 100, never 1E+2."""
    return f"{number.normalize():f}"


def _cohort(row: Cohort) -> CohortRules:
    indicators: Any = sorted(row.indicators.all(), key=lambda indicator: indicator.order)
    cuts: Any = sorted(row.cuts.all(), key=lambda cut: cut.up_to_percent)
    return CohortRules(
        name=row.name,
        indicators=tuple(
            IndicatorRules(**{field.name: getattr(indicator, field.name) for field in fields(IndicatorRules)})
            for indicator in indicators
        ),
        cuts=tuple(Cut(cut.grade, cut.up_to_percent) for cut in cuts),
        above_scale=row.above_scale,
        sizes=tuple(row.sizes),
        industries=tuple(row.industries),
        not_industries=tuple(row.not_industries),
        least_land_mu=row.least_land_mu,
        least_age_years=row.least_age_years,
        land_basis=row.land_basis,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Rules | CohortRules | IndicatorRules | Cut):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value
