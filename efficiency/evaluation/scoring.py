"""Points, totals, ranks and classes of a year's enterprises under a scheme: plain columns in, plain columns out.

The steps are written for a part of the enterprises at a time, with what has to be known of all in between, so that
one process and many compute the same bytes. Points and totals are whole numbers of 1/10,000 point throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from efficiency.evaluation import cohorts, ranking
from efficiency.evaluation.cohorts import Base, Members, Sums
from efficiency.evaluation.columns import Columns, Floats, Ints
from efficiency.evaluation.merging import spread_over_tenants, units
from efficiency.evaluation.ranking import Ladder, Tally
from efficiency.schemes.models import Direction, Missing
from efficiency.schemes.rules import CohortRules, IndicatorRules, Rules

POINT = 10_000
"""Parts of a point that results are rounded to."""
VALUE = 1_000_000
"""Parts of a unit that kept values are rounded to."""
RATED, NO_COHORT, NO_LAND, NO_RETURN, MISSING, YOUNG, INDICATOR = b"", b"s", b"l", b"r", b"m", b"y", b"i"


@dataclass(frozen=True)
class Average:
    """Points earned for an indicator by those who have it: their exact sum (1/10,000 points) and number."""

    points: int = 0
    count: int = 0

    def __add__(self, other: Average) -> Average:
        return Average(self.points + other.points, self.count + other.count)

    @property
    def mean(self) -> float:
        """The mean, rounded half up; 0 where nobody has the indicator."""
        return float((2 * self.points + self.count) // (2 * self.count)) if self.count else 0.0


@dataclass(frozen=True)
class Scored:
    """What a part of the enterprises came to before they were ranked.

    One row an enterprise: ``cohort`` from 1 (0: none), ``values`` and ``points`` as wide as the widest cohort, NaN
    beyond and where missing; ``total`` in 1/10,000 points, NaN for those not ranked, with ``why``.
    """

    cohort: npt.NDArray[np.int16]
    land_m2: Floats
    values: Floats
    points: Floats
    total: Floats
    why: npt.NDArray[np.bytes_]
    division: Ints


@dataclass(frozen=True)
class CohortOutcome:
    """What was in effect in one cohort: base values, mean points for the missing, and the classes' last ranks.

    ``lowest`` are the lowest totals (points) within each class and ``counts`` how many stand in it.
    """

    bases: tuple[Base, ...]
    averages: tuple[float, ...]
    ranked: int
    last_ranks: tuple[int, ...]
    lowest: tuple[float, ...]


@dataclass(frozen=True)
class Results:
    """One row an enterprise, in the order of the columns; NaN, 0 and b"" where there is nothing to say.

    ``values`` in the indicators' units (6 decimals), ``points`` and ``total`` in points (4 decimals).
    """

    cohort: npt.NDArray[np.int16]
    land_m2: Floats
    values: Floats
    points: Floats
    total: Floats
    grade: npt.NDArray[np.bytes_]
    why: npt.NDArray[np.bytes_]
    rank: Ints
    industry_rank: Ints
    industry_count: Ints
    outcomes: tuple[CohortOutcome, ...]

    def __len__(self) -> int:
        return len(self.cohort)

    @property
    def rated(self) -> npt.NDArray[np.bool_]:
        """Who was ranked."""
        return self.rank > 0


Each = Callable[[Callable[..., Any], Sequence[Any]], list[Any]]
"""How an engine applies a function to every part, keeping their order."""


def evaluate_columns(columns: Columns, rules: Rules, year: int | None = None) -> Results:
    """Score, rank and class every enterprise of the columns, in this process.

    ``year`` is that whose end ages are counted to; by default the columns' own.
    """
    one, belongs = units(columns) if rules.merge_tenants else (columns, None)
    results = in_parts([one], rules, year or columns.year, lambda step, parts: [step(part) for part in parts])
    return results if belongs is None else spread_over_tenants(results, belongs)


def in_parts(parts: Sequence[Any], rules: Rules, year: int, each: Each) -> Results:
    """Evaluate columns that come in parts, in order: what concerns all is summed up between the steps.

    ``each`` applies a step to every part; a part is whatever the steps' first argument is to that engine.
    """
    totals = _added(each(lambda part: part_sums(part, rules), parts))
    in_effect = [cohorts.bases(cohort, total) for cohort, total in zip(rules.cohorts, totals, strict=True)]
    averages = _added(each(lambda part: part_averages(part, rules, in_effect), parts))
    means = [[average.mean for average in of_cohort] for of_cohort in averages]
    scored: list[Scored] = each(lambda part: part_scores(part, rules, year, in_effect, means), parts)
    tallies = [
        ranking.merged(part_tally(part, number) for part in scored) for number in range(1, len(rules.cohorts) + 1)
    ]
    ladders = [Ladder(each_tally.total, each_tally.count) for each_tally in tallies]
    ranked = [part_ranks(part, rules, tallies, ladders) for part in scored]
    outcomes = tuple(
        _outcome(cohort, ladder, tuple(base), tuple(mean))
        for cohort, ladder, base, mean in zip(rules.cohorts, ladders, in_effect, means, strict=True)
    )
    return _joined(ranked, outcomes)


def part_sums(part: Columns, rules: Rules) -> list[list[Sums]]:
    """Step 1, per cohort and indicator: what base values rest on."""
    assigned = cohorts.assign(part, rules)
    return [
        cohorts.sums(cohorts.members(part, assigned, number, cohort))
        for number, cohort in enumerate(rules.cohorts, start=1)
    ]


def part_averages(part: Columns, rules: Rules, in_effect: Sequence[Sequence[Base]]) -> list[list[Average]]:
    """Step 2, per cohort and indicator: the points of those who have it, where others are to get their mean."""
    assigned = cohorts.assign(part, rules)
    found = []
    for number, cohort in enumerate(rules.cohorts, start=1):
        if all(indicator.missing != Missing.AVERAGE for indicator in cohort.indicators):
            found.append([Average()] * len(cohort.indicators))
            continue
        group = cohorts.members(part, assigned, number, cohort)
        found.append([_average(points) for points in _earned(group, in_effect[number - 1])])
    return found


def _average(points: Floats) -> Average:
    known = points[~np.isnan(points)]
    if float(np.abs(known).sum()) < 2.0**53:
        return Average(int(known.sum()), len(known))
    return Average(sum(map(int, known.tolist())), len(known))


def part_scores(
    part: Columns,
    rules: Rules,
    year: int,
    in_effect: Sequence[Sequence[Base]],
    means: Sequence[Sequence[float]],
) -> Scored:
    """Step 3: everybody's values, points and total, or why there is none."""
    assigned = cohorts.assign(part, rules)
    widest = max((len(cohort.indicators) for cohort in rules.cohorts), default=0)
    count = len(part)
    scored = Scored(
        cohort=assigned,
        land_m2=part.land["actual"].copy(),
        values=np.full((count, widest), np.nan),
        points=np.full((count, widest), np.nan),
        total=np.full(count, np.nan),
        why=np.where(assigned == 0, NO_COHORT, RATED),
        division=part.division.codes,
    )
    lacking = _lacking(part, rules)
    for number, cohort in enumerate(rules.cohorts, start=1):
        group = cohorts.members(part, assigned, number, cohort)
        rows = group.rows
        points, total = _points_and_total(cohort, _earned(group, in_effect[number - 1]), means[number - 1])
        for index in range(len(cohort.indicators)):
            scored.values[rows, index] = np.floor(group.value[index] * VALUE + 0.5) / VALUE
            scored.points[rows, index] = points[index]
        why = np.full(len(rows), RATED, dtype="S1")
        # From the least to the most telling: the last one said stands.
        why[np.isnan(total)] = INDICATOR
        if cohort.least_age_years is not None:
            age = year - part.established[rows].astype(np.int32)
            why[(part.established[rows] > 0) & (age < cohort.least_age_years)] = YOUNG
        why[lacking[rows]] = MISSING
        why[group.land_m2 <= 0] = NO_LAND
        why[~part.has_return[rows]] = NO_RETURN
        scored.land_m2[rows], scored.why[rows] = group.land_m2, why
        scored.total[rows] = np.where(why == RATED, total, np.nan)
    return scored


def _lacking(part: Columns, rules: Rules) -> npt.NDArray[np.bool_]:
    """Who lacks the least that must be known: not one figure of some list of alternatives."""
    lacking = np.zeros(len(part), dtype=bool)
    for alternatives in rules.requires:
        lacking |= np.logical_and.reduce([np.isnan(part.figures[key]) for key in alternatives])
    return lacking


def _earned(group: Members, in_effect: Sequence[Base]) -> list[Floats]:
    """Per indicator, the members' points in 1/10,000, rounded half up, NaN where it cannot be computed."""
    return [
        _points(indicator, value, base.of(group.division))
        for indicator, value, base in zip(group.cohort.indicators, group.value, in_effect, strict=True)
    ]


def _points(indicator: IndicatorRules, value: Floats, base: Any) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        less = indicator.direction == Direction.LESS
        ratio = np.where(value > 0, base / value, np.nan) if less else value / base
        most = np.inf if indicator.cap is None else float(indicator.cap)
        # A refund of tax earns nothing; np.clip leaves NaN as it is.
        points: Floats = np.floor(np.clip(ratio, 0, most) * float(indicator.weight) * POINT + 0.5)
    return points


def _points_and_total(cohort: CohortRules, earned: list[Floats], means: Sequence[float]) -> tuple[list[Floats], Floats]:
    """Points with what the missing get, and their total, NaN for those the rules leave without one."""
    count = len(earned[0]) if earned else 0
    total, spread, void = np.zeros(count), np.zeros(count), np.zeros(count, dtype=bool)
    shown = []
    for indicator, points, mean in zip(cohort.indicators, earned, means, strict=True):
        missing = np.isnan(points)
        given = {Missing.ZERO: 0.0, Missing.AVERAGE: mean}.get(Missing(indicator.missing), np.nan)
        total += np.where(missing, 0.0 if np.isnan(given) else given, points)
        if indicator.missing == Missing.SPREAD:
            spread += np.where(missing, float(indicator.weight * 100), 0.0)
        elif indicator.missing == Missing.UNRATED:
            void |= missing
        shown.append(np.where(missing, given, points) / POINT)
    void |= spread >= 100 * 100
    with np.errstate(divide="ignore", invalid="ignore"):
        # Weights in hundredths: the share of the missing ones goes to the others in one division.
        scaled = np.floor(total * (100 * 100) / (100 * 100 - spread) + 0.5)
    return shown, np.where(void, np.nan, np.where(spread > 0, scaled, total))


def part_tally(part: Scored, number: int) -> Tally:
    """Step 4: the totals of a cohort's ranked, by division."""
    ranked = (part.cohort == number) & ~np.isnan(part.total)
    return ranking.tally(part.division[ranked], part.total[ranked])


def part_ranks(part: Scored, rules: Rules, tallies: Sequence[Tally], ladders: Sequence[Ladder]) -> Results:
    """Step 5: ranks among all, and classes."""
    count = len(part.cohort)
    rank, industry_rank, industry_count = (np.zeros(count, dtype=np.int32) for _ in range(3))
    grade = np.where(np.isin(part.why, (MISSING, YOUNG, INDICATOR)), b"N", b"").astype("S1")
    for number, (cohort, of, ladder) in enumerate(zip(rules.cohorts, tallies, ladders, strict=True), start=1):
        rows = np.flatnonzero((part.cohort == number) & ~np.isnan(part.total))
        rank[rows] = ladder.ranks(part.total[rows])
        grade[rows] = ranking.classes(rank[rows], ladder.ranked, cohort.cuts)
        industry_rank[rows], industry_count[rows] = ranking.ranks_by_division(
            part.division[rows], part.total[rows], ranking.ladders_by_division(of)
        )
    return Results(
        cohort=part.cohort,
        land_m2=part.land_m2,
        values=part.values,
        points=part.points,
        total=part.total / POINT,
        grade=grade,
        why=part.why,
        rank=rank,
        industry_rank=industry_rank,
        industry_count=industry_count,
        outcomes=(),
    )


def _outcome(cohort: CohortRules, ladder: Ladder, base: tuple[Base, ...], means: tuple[float, ...]) -> CohortOutcome:
    last = [int(rank) for rank in ranking.last_ranks(ladder.ranked, cohort.cuts)]
    return CohortOutcome(
        bases=base,
        averages=tuple(mean / POINT for mean in means),
        ranked=ladder.ranked,
        last_ranks=tuple(last),
        lowest=tuple(ladder.lowest_within(rank) / POINT for rank in last),
    )


def _added(parts: Sequence[Sequence[Sequence[Any]]]) -> list[list[Any]]:
    """Sums of parts, cohort by cohort and indicator by indicator."""
    first, *others = parts
    total = [list(of_cohort) for of_cohort in first]
    for part in others:
        total = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(total, part, strict=True)]
    return total


def _joined(parts: Sequence[Results], outcomes: tuple[CohortOutcome, ...]) -> Results:
    names = [name for name in Results.__dataclass_fields__ if name != "outcomes"]
    if len(parts) == 1:
        columns = {name: getattr(parts[0], name) for name in names}
    else:
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Results(**columns, outcomes=outcomes)
