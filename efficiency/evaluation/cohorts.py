"""Who is scored in which group, and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from efficiency.evaluation.columns import AREA_PLACES, PLACES, Columns, Flags, Floats, Ints
from efficiency.schemes.models import Denominator
from efficiency.schemes.rules import CohortRules, IndicatorRules, Rules

M2_TO_MU = (3, 2000)
"""1 亩 = 2000/3 m²: areas are multiplied first and divided then, so that every engine rounds alike."""


def land_mu(area_m2: Any) -> Any:
    """An area in 亩."""
    return area_m2 * M2_TO_MU[0] / M2_TO_MU[1]


def assign(columns: Columns, rules: Rules) -> npt.NDArray[np.int16]:
    """The number (from 1) of the first cohort whose scope each enterprise meets, 0 for none."""
    cohort = np.zeros(len(columns), dtype=np.int16)
    for number, each in enumerate(rules.cohorts, start=1):
        cohort[(cohort == 0) & _in_scope(columns, each)] = number
    return cohort


def _in_scope(columns: Columns, cohort: CohortRules) -> Flags:
    inside = np.ones(len(columns), dtype=bool)
    if cohort.above_scale is not None:
        inside &= columns.above_scale == cohort.above_scale
    if cohort.sizes:
        inside &= columns.size.where(cohort.sizes)
    if cohort.industries:
        inside &= columns.industry.where(columns.tree.under(cohort.industries))
    if cohort.not_industries:
        inside &= ~columns.industry.where(columns.tree.under(cohort.not_industries))
    if cohort.least_land_mu is not None:
        inside &= land_mu(columns.land[cohort.land_basis]) >= float(cohort.least_land_mu)
    return inside


def figures_of(rules: Rules) -> set[str]:
    """The figures of returns that the rules ask for."""
    of_indicators = {
        key
        for cohort in rules.cohorts
        for indicator in cohort.indicators
        for key in (indicator.numerator, indicator.denominator)
        if key != Denominator.LAND
    }
    return of_indicators | {key for alternatives in rules.requires for key in alternatives}


@dataclass(frozen=True)
class Members:
    """The enterprises of one cohort within a part of the columns: ``rows`` are their positions there.

    ``value[i]`` are the values of indicator i in its unit, unrounded, NaN where a figure is missing or the
    denominator is 0; ``division`` is the number of the 2-digit division.
    """

    cohort: CohortRules
    rows: npt.NDArray[np.intp]
    land_m2: Floats
    division: Ints
    divisions: int
    numerator: tuple[Floats, ...]
    denominator: tuple[Floats, ...]
    value: tuple[Floats, ...]


def members(columns: Columns, assigned: npt.NDArray[np.int16], number: int, cohort: CohortRules) -> Members:
    """The members of cohort ``number``, with their values."""
    rows = np.flatnonzero(assigned == number)
    land = columns.land[cohort.land_basis][rows]
    above, below, values = [], [], []
    for indicator in cohort.indicators:
        numerator = columns.figures[indicator.numerator][rows]
        of_land = indicator.denominator == Denominator.LAND
        denominator = land if of_land else columns.figures[indicator.denominator][rows]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            value = numerator / (land_mu(denominator) if of_land else denominator) / float(indicator.scale)
        values.append(np.where(denominator == 0, np.nan, value))
        above.append(numerator)
        below.append(denominator)
    return Members(
        cohort=cohort,
        rows=rows,
        land_m2=land,
        division=columns.division.codes[rows],
        divisions=len(columns.division.names),
        numerator=tuple(above),
        denominator=tuple(below),
        value=tuple(values),
    )


@dataclass(frozen=True)
class Sums:
    """Exact sums of an indicator's numerators and denominators by division, as whole numbers of their last decimal.

    Whole numbers add up to the same in any order and in any number of parts.
    """

    above: tuple[int, ...]
    below: tuple[int, ...]

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            tuple(a + b for a, b in zip(self.above, other.above, strict=True)),
            tuple(a + b for a, b in zip(self.below, other.below, strict=True)),
        )


def sums(group: Members) -> list[Sums]:
    """Per indicator, over the members for whom it can be computed."""
    found = []
    for indicator, numerator, denominator, value in zip(
        group.cohort.indicators, group.numerator, group.denominator, group.value, strict=True
    ):
        known = ~np.isnan(value)
        division = group.division[known]
        found.append(
            Sums(
                exact_sums(numerator[known], PLACES[indicator.numerator], division, group.divisions),
                exact_sums(denominator[known], decimals_below(indicator), division, group.divisions),
            )
        )
    return found


def decimals_below(indicator: IndicatorRules) -> int:
    """Decimals of an indicator's denominator; land is kept with four."""
    return AREA_PLACES if indicator.denominator == Denominator.LAND else PLACES[indicator.denominator]


def whole(figures: Floats, places: int) -> Floats:
    """Figures as whole numbers of their last decimal."""
    return np.rint(figures * 10.0**places)


def exact_sums(figures: Floats, places: int, group: Ints, groups: int) -> tuple[int, ...]:
    """The exact sum of figures kept with ``places`` decimals, per group, in units of the last one."""
    units = whole(figures, places)
    if float(np.abs(units).sum()) < 2.0**53:
        # Every partial sum is a whole number a float holds exactly.
        return tuple(int(total) for total in np.bincount(group, weights=units, minlength=groups))
    totals = [0] * groups
    for number, unit in zip(group.tolist(), units.tolist(), strict=True):
        totals[number] += int(unit)
    return tuple(totals)


@dataclass(frozen=True)
class Base:
    """The base value of an indicator in effect: one for the cohort, and by division where industries have their own.

    NaN where there is none: nothing known, or not above zero.
    """

    cohort: float
    by_division: tuple[float, ...] = ()

    def of(self, division: Ints) -> Any:
        """The base of each member: its industry's, or the cohort's where the industry has none."""
        if not self.by_division:
            return self.cohort
        own = np.array(self.by_division)
        return np.where(np.isnan(own), self.cohort, own)[division]


def bases(cohort: CohortRules, totals: Sequence[Sums]) -> list[Base]:
    """The base values of a cohort's indicators, from the sums over all its members."""
    found = []
    for indicator, total in zip(cohort.indicators, totals, strict=True):
        if indicator.base_kind == "fixed":
            found.append(Base(float(indicator.base or 0)))
            continue
        base = Base(_mean(indicator, sum(total.above), sum(total.below)))
        if indicator.base_kind == "industry":
            each = zip(total.above, total.below, strict=True)
            base = replace(base, by_division=tuple(_mean(indicator, above, below) for above, below in each))
        found.append(base)
    return found


def _mean(indicator: IndicatorRules, above: int, below: int) -> float:
    """Total over total in the indicator's unit; NaN where it is not above zero or divides by zero."""
    if above <= 0 or below <= 0:
        return float("nan")
    # int / int is rounded once, however large the two are.
    numerator: float = above / 10 ** PLACES[indicator.numerator]
    denominator: float = below / 10 ** decimals_below(indicator)
    if indicator.denominator == Denominator.LAND:
        denominator = land_mu(denominator)
    return numerator / denominator / float(indicator.scale)
