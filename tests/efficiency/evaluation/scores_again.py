"""Scores of enterprises computed again by pandas from tables alone; rules are those of docs/decisions 0028."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tests.efficiency.evaluation.tables import BASES, DECIMALS, POINT, half_up, scheme

OF_LAND = "land_mu"


@dataclass(frozen=True)
class Again:
    """Everybody's result, a row a firm, and what a run says of itself: bases and cuts by cohort."""

    scores: pd.DataFrame
    bases: dict[str, Any]
    cuts: dict[str, Any]


RESULTS = ["cohort", "land_m2", "width", "why", "grade", "units", "total", "rank", "industry_rank", "industry_count"]


def scores_again(firms: pd.DataFrame, version: int, year: int, ways: dict[str, list[str]]) -> Again:
    """The results of a scheme's version for the firms of a year.

    Columns are those of evaluation_score, arrays spread out, with ``units``, the total in 1/10,000 points, and
    ``own_m2``, each firm's own land on the basis of its cohort.
    """
    rules = scheme(version)
    firms = firms.assign(division=firms.industry.map(lambda code: ways[code][:2][-1]))
    firms["entry"] = entry_of(firms) if rules["merge_tenants"] else firms.index
    entries = merged(firms).assign(cohort=0)
    # The first cohort whose scope is met; tried from the last, so that the first one stands.
    for order, cohort in reversed(list(enumerate(rules["cohorts"], start=1))):
        entries.loc[in_scope(entries, cohort, ways), "cohort"] = order
    parts, bases, cuts = [outside(entries[entries.cohort == 0])], {}, {}
    for order, cohort in enumerate(rules["cohorts"], start=1):
        part, bases[str(order)] = scored(entries[entries.cohort == order], cohort, rules["requires"], year)
        part, cuts[str(order)] = classed(part, cohort["cuts"])
        parts.append(part)
    results = pd.concat([part for part in parts if len(part)])
    wide = [name for name in results if name.startswith(("values", "points"))]
    everybody = firms.join(results[[*RESULTS, *wide]], on="entry")
    for kind in ("m2", "whole"):
        everybody[f"own_{kind}"] = everybody[f"actual_{kind}"]
        for order, cohort in enumerate(rules["cohorts"], start=1):
            of_cohort = everybody.cohort == order
            everybody.loc[of_cohort, f"own_{kind}"] = everybody[f"{cohort['land_basis']}_{kind}"]
    for order, cut in cuts.items():
        of_cohort = everybody[(everybody.cohort == int(order)) & everybody.units.notna()]
        for each in cut["classes"]:
            each["count"] = int((of_cohort.grade == each["grade"]).sum())
    return Again(everybody, bases, cuts)


def entry_of(firms: pd.DataFrame) -> pd.Series:
    """With whom each firm is evaluated where tenants are merged: who uses most land of its principal plot's firms.

    The first by id among equals; who has no principal plot stands alone.
    """
    ordered = firms.assign(leader=firms.index).sort_index().sort_values("actual_m2", ascending=False, kind="stable")
    leader = ordered.groupby("plot").leader.transform("first")
    return leader.where(ordered["plot"] != "", ordered.leader)


def merged(firms: pd.DataFrame) -> pd.DataFrame:
    """One row an entry: sums of its firms' figures and land, the rest as its leader has it."""
    by = firms.groupby("entry")
    one = firms.loc[by.size().index].copy()
    one["returned"] = by.returned.any()
    for key, places in (DECIMALS | {f"{basis}_m2": 4 for basis in BASES}).items():
        whole = f"{key.removesuffix('_m2')}_whole"
        one[whole] = by[whole].sum(min_count=1)
        one[key] = one[whole].astype("float64") / 10**places
    return one


def in_scope(firms: pd.DataFrame, cohort: dict[str, Any], ways: dict[str, list[str]]) -> pd.Series:
    """Who may be scored in a cohort."""

    def below(codes: list[str]) -> pd.Series:
        return firms.industry.map({code: bool(set(codes) & set(way)) for code, way in ways.items()})

    met = pd.Series(True, index=firms.index)
    if cohort["above_scale"] is not None:
        met &= firms.above_scale == cohort["above_scale"]
    if cohort["sizes"]:
        met &= firms["size"].isin(cohort["sizes"])
    if cohort["industries"]:
        met &= below(cohort["industries"])
    if cohort["not_industries"]:
        met &= ~below(cohort["not_industries"])
    if cohort["least_land_mu"] is not None:
        met &= firms[f"{cohort['land_basis']}_m2"] * 3 / 2000 >= float(cohort["least_land_mu"])
    return met


def outside(firms: pd.DataFrame) -> pd.DataFrame:
    """Those in no cohort: no class, on their actual land."""
    none = dict.fromkeys(("units", "rank", "industry_rank", "industry_count"), pd.NA)
    nothing = pd.DataFrame(none, index=firms.index, dtype="Int64")
    return firms.assign(land_m2=firms.actual_m2, why="s", grade="", width=0, total=math.nan, **nothing)


def scored(
    firms: pd.DataFrame, cohort: dict[str, Any], requires: list[list[str]], year: int
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """A cohort's values, points and totals, and its base values."""
    firms = firms.assign(land_m2=firms[f"{cohort['land_basis']}_m2"], land_whole=firms[f"{cohort['land_basis']}_whole"])
    total = pd.Series(0, index=firms.index, dtype="Int64")
    lost = pd.Series(0, index=firms.index, dtype="Int64")
    void = pd.Series(False, index=firms.index)
    columns: dict[str, Any] = {}
    bases: list[dict[str, Any]] = []
    for order, indicator in enumerate(cohort["indicators"], start=1):
        value = values(firms, indicator)
        base, own = base_of(firms[value.notna()], indicator)
        bases.append({"base": None if math.isnan(base) else base})
        if own is not None:
            bases[-1]["divisions"] = own
        points = points_of(value, firms.division.map(own or {}).fillna(base), indicator)
        missing, given = points.isna(), pd.NA
        if indicator["missing"] == "average":
            having = points.dropna()
            given = int(half_up(int(having.sum()), len(having))) if len(having) else 0
            bases[-1]["average"] = given / POINT
        elif indicator["missing"] == "zero":
            given = 0
        elif indicator["missing"] == "spread":
            lost += missing.astype("Int64") * int(indicator["weight"] * 100)
        else:
            void |= missing
        points = points.fillna(given) if given is not pd.NA else points
        total += points.fillna(0)
        columns[f"values{order}"] = np.floor(value * 1_000_000 + 0.5) / 1_000_000
        columns[f"points{order}"] = points.astype("float64") / POINT
    void |= (lost >= 10_000).astype(bool)
    # Weights in hundredths, 10,000 in all: those of the missing go to the others.
    units = total.where(lost == 0, half_up(total * 10_000, (10_000 - lost).clip(lower=1)))
    lacking = pd.Series(False, index=firms.index)
    for alternatives in requires:
        lacking |= firms[alternatives].isna().all(axis=1)
    why = np.select(
        [
            ~firms.returned,
            firms.land_m2 <= 0,
            lacking,
            (firms.established > 0) & (year - firms.established < (cohort["least_age_years"] or 0)),
            void,
        ],
        ["r", "l", "m", "y", "i"],
        "",
    )
    units = units.where(why == "")
    return firms.assign(
        **columns, width=len(cohort["indicators"]), why=why, units=units, total=units.astype("float64") / POINT
    ), bases


def values(firms: pd.DataFrame, indicator: dict[str, Any]) -> pd.Series:
    """The unrounded values, NaN where a figure is missing or the denominator is 0."""
    of_land = indicator["denominator"] == OF_LAND
    below = firms.land_m2 if of_land else firms[indicator["denominator"]]
    divisor = below * 3 / 2000 if of_land else below
    value: pd.Series = firms[indicator["numerator"]] / divisor.where(below != 0) / float(indicator["scale"])
    return value


def base_of(having: pd.DataFrame, indicator: dict[str, Any]) -> tuple[float, dict[str, float] | None]:
    """The base value of a cohort, NaN where there is none, and those of its industries where they have their own."""
    if indicator["base_kind"] == "fixed":
        return float(indicator["base"]), None
    of_land = indicator["denominator"] == OF_LAND
    above = f"{indicator['numerator']}_whole"
    below = "land_whole" if of_land else f"{indicator['denominator']}_whole"

    def mean(sums: pd.Series) -> float:
        if sums[above] <= 0 or sums[below] <= 0:
            return math.nan
        numerator = int(sums[above]) / 10 ** DECIMALS[indicator["numerator"]]
        denominator = int(sums[below]) / 10 ** (4 if of_land else DECIMALS[indicator["denominator"]])
        return numerator / (denominator * 3 / 2000 if of_land else denominator) / float(indicator["scale"])

    sums = having[["division", above, below]].groupby("division").sum()
    base = mean(sums.sum())
    if indicator["base_kind"] == "cohort":
        return base, None
    each = {division: mean(row) for division, row in sums.iterrows()}
    return base, {str(division): own for division, own in sorted(each.items()) if not math.isnan(own)}


def points_of(value: pd.Series, base: pd.Series, indicator: dict[str, Any]) -> pd.Series:
    """Points as whole numbers of 1/10,000, missing where they cannot be computed."""
    ratio = base / value.where(value > 0) if indicator["direction"] == "less" else value / base
    earned = ratio.clip(lower=0, upper=math.inf if indicator["cap"] is None else float(indicator["cap"]))
    points: pd.Series = np.floor(earned * float(indicator["weight"]) * POINT + 0.5).astype("Int64")
    return points


def classed(part: pd.DataFrame, cuts: list[dict[str, Any]]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Ranks and classes of a cohort, and its cut points."""
    ranked = part.units.dropna()
    rank = ranked.rank(method="min", ascending=False).astype("Int64")
    within = ranked.groupby(part.division)
    last = [int(len(ranked) * cut["up_to_percent"] // 100) for cut in cuts]
    last[-1] = len(ranked)
    grade = pd.Series(part.why.isin(["m", "y", "i"]).map({True: "N", False: ""}), index=part.index)
    lowest: list[float | None] = []
    for cut, reach in reversed(list(zip(cuts, last, strict=True))):
        grade[rank.index[rank <= reach]] = cut["grade"]
        inside = ranked[rank <= reach]
        lowest.insert(0, int(inside.min()) / POINT if len(inside) else None)
    classes = [
        {"grade": cut["grade"], "up_to_percent": str(cut["up_to_percent"]), "last_rank": reach, "lowest": low}
        for cut, reach, low in zip(cuts, last, lowest, strict=True)
    ]
    return part.assign(
        grade=grade,
        rank=rank,
        industry_rank=within.rank(method="min", ascending=False).astype("Int64"),
        industry_count=within.transform("size").astype("Int64"),
    ), {"ranked": len(ranked), "classes": classes}
