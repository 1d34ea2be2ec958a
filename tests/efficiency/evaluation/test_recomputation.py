"""The whole demo city computed again by pandas, straight from the tables, to the last digit stored."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.db import connection

from config.demo import seeding
from config.demo.accounts import Password
from efficiency.evaluation.services.evaluating import evaluate
from efficiency.schemes.models import SchemeVersion
from tests.efficiency.evaluation.firms import version

pytestmark = pytest.mark.django_db

YEAR = 2025


def frame(statement: str, *values: Any) -> pd.DataFrame:
    """A table as PostgreSQL answers: decimals stay decimals."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return pd.DataFrame(cursor.fetchall(), columns=[each.name for each in cursor.description])


def half_up(value: float, parts: int) -> float:
    return math.floor(value * parts + 0.5) / parts


def members(cohort: dict[str, Any]) -> pd.DataFrame:
    """Who is in a cohort of a sample scheme: those above or below scale, or everybody."""
    firms = frame(
        "SELECT r.*, e.id AS firm, e.above_scale, e.industry_id, l.registered_m2, l.actual_m2, l.converted_m2"
        " FROM enterprises_enterprise e"
        " LEFT JOIN returns_yearlyreturn r ON r.enterprise_id = e.id AND r.year = %s AND r.valid_to IS NULL"
        " LEFT JOIN returns_landofyear l ON l.enterprise_id = e.id AND l.year = %s"
        " WHERE l.id IS NOT NULL OR r.id IS NOT NULL ORDER BY random()",
        YEAR, YEAR,
    )  # fmt: skip
    if cohort["above_scale"] is None:
        return firms
    return firms[firms.above_scale == cohort["above_scale"]].copy()


def known(value: Any) -> bool:
    return value is not None and value == value


def value_of(row: Any, indicator: dict[str, Any], basis: str) -> tuple[float, Decimal, Decimal] | None:
    """Value, and the exact numerator and denominator; None where it cannot be computed."""
    above = row[indicator["numerator"]]
    below = row[f"{basis}_m2"] if indicator["denominator"] == "land_mu" else row[indicator["denominator"]]
    if not known(above) or not known(below) or not float(below):
        return None
    divisor = float(below) * 3 / 2000 if indicator["denominator"] == "land_mu" else float(below)
    return float(above) / divisor / float(indicator["scale"]), Decimal(above), Decimal(str(below))


def points_of_cohort(firms: pd.DataFrame, indicators: list[dict[str, Any]], basis: str) -> pd.DataFrame:
    """Per firm and indicator the value and the points in 1/10,000, None where missing."""
    found = pd.DataFrame(index=firms.index)
    for number, indicator in enumerate(indicators):
        values = firms.apply(lambda row, each=indicator: value_of(row, each, basis), axis=1)
        base = float(indicator["base"]) if indicator["base"] is not None else None
        if base is None:
            have = [each for each in values if each is not None]
            above, below = float(sum(each[1] for each in have)), float(sum(each[2] for each in have))
            base = above / (below * 3 / 2000 if indicator["denominator"] == "land_mu" else below)
            base /= float(indicator["scale"])
        cap = math.inf if indicator["cap"] is None else float(indicator["cap"])
        earned = [
            None if each is None
            else math.floor(min(max(each[0] / base, 0), cap) * float(indicator["weight"]) * 10_000 + 0.5)
            for each in values
        ]  # fmt: skip
        mean = None
        if indicator["missing"] == "average":
            have_points = [each for each in earned if each is not None]
            mean = math.floor(sum(have_points) / len(have_points) + 0.5)
        found[f"value{number}"] = [math.nan if each is None else half_up(each[0], 1_000_000) for each in values]
        given = {"average": mean, "zero": 0}.get(indicator["missing"])
        found[f"points{number}"] = [given if each is None else each for each in earned]
        found[f"weight{number}"] = [indicator["weight"] if each is None and given is None else 0 for each in earned]
    return found


def total_of(row: Any, count: int, missing: list[str]) -> int | None:
    """The total in 1/10,000 points, or None where an indicator leaves the firm without one."""
    earned = [row[f"points{number}"] for number in range(count)]
    if any(not known(each) and rule == "unrated" for each, rule in zip(earned, missing, strict=True)):
        return None
    total = sum(int(each) for each in earned if known(each))
    lost = sum(row[f"weight{number}"] for number in range(count))
    if lost == 100:
        return None
    return math.floor(float(total * 100 / (100 - lost)) + 0.5) if lost else total


def grade_of(rank: int, ranked: int, cuts: list[dict[str, Any]]) -> str:
    for cut in cuts:
        if rank <= math.floor(ranked * cut["up_to_percent"] / 100):
            return cut["grade"]
    return cuts[-1]["grade"]


def recomputed(which: SchemeVersion) -> dict[int, tuple[Any, ...]]:
    """By firm: cohort, values, points, total, class, rank, rank and number in the industry."""
    out: dict[int, tuple[Any, ...]] = {}
    parents = dict(frame("SELECT code, parent_id FROM enterprises_industry").itertuples(index=False))

    def division(code: str) -> str:
        way = [code]
        while known(parents.get(way[0])):
            way.insert(0, parents[way[0]])
        return way[:2][-1]

    for number, cohort in enumerate(which.cohorts.order_by("order").values(), start=1):
        indicators = list(which.cohorts.get(pk=cohort["id"]).indicators.order_by("order").values())
        cuts = list(which.cohorts.get(pk=cohort["id"]).cuts.order_by("up_to_percent").values())
        firms = members(cohort)
        scored = points_of_cohort(firms, indicators, cohort["land_basis"])
        scored["firm"], scored["division"] = firms.firm, firms.industry_id.map(division)
        points = [f"points{index}" for index in range(len(indicators))]
        has_return = firms.year.notna()
        has_land = firms[f"{cohort['land_basis']}_m2"].fillna(0) > 0
        enough = firms.apply(lambda row: all(any(known(row[key]) for key in keys) for keys in which.requires), axis=1)
        missing = [each["missing"] for each in indicators]
        scored["total"] = scored.apply(total_of, axis=1, count=len(indicators), missing=missing)
        ranked = scored[has_return & has_land & enough & scored.total.notna()].copy()
        ranked["rank"] = ranked.total.rank(method="min", ascending=False).astype(int)
        within = ranked.groupby("division").total
        ranked["industry_rank"] = within.rank(method="min", ascending=False).astype(int)
        ranked["industry_count"] = within.transform("size")
        for index, row in scored.iterrows():
            shown = (
                number,
                [row[f"value{place}"] for place in range(len(indicators))],
                [row[each] / 10_000 if known(row[each]) else math.nan for each in points],
            )
            if index in ranked.index:
                place = ranked.loc[index]
                grade = grade_of(place["rank"], len(ranked), cuts)
                out[row.firm] = (*shown, place.total / 10_000, grade, place["rank"], place.industry_rank,
                                 place.industry_count)  # fmt: skip
            else:
                grade = "N" if has_return[index] and has_land[index] else ""
                out[row.firm] = (*shown, None, grade, None, None, None)
    return out


def plots_again(scores: pd.DataFrame) -> dict[str, tuple[float | None, str]]:
    used = frame(
        "SELECT o.plot_id, o.enterprise_id, sum(o.share) AS share FROM plots_occupation o"
        " WHERE o.valid_from <= %s AND (o.valid_to IS NULL OR o.valid_to > %s) GROUP BY 1, 2",
        f"{YEAR}-12-31", f"{YEAR}-12-31",
    ).merge(scores, on="enterprise_id")  # fmt: skip
    out: dict[str, tuple[float | None, str]] = {}
    for plot, occupants in used.groupby("plot_id"):
        rated = occupants[occupants.total.notna()]
        total = None
        if len(rated):
            units = sum(int(share * 10**6) * round(each * 10_000)
                        for share, each in zip(rated.share, rated.total, strict=True))  # fmt: skip
            total = math.floor(units / sum(int(share * 10**6) for share in rated.share) + 0.5) / 10_000
        most = occupants.sort_values(["share", "enterprise_id"], ascending=[False, True]).iloc[0]
        out[plot] = (total, most.grade)
    return out


@pytest.fixture
def city():
    seeding.seed_demo(
        seed=1,
        plots=1_000,
        years=1,
        password=Password("test-only", generated=False),
        say=lambda _: None,
        with_cases=False,
    )


@pytest.mark.parametrize("code", ["huangyan-2022", "s002-plain"])
def test_pandas_agrees_to_the_last_digit_for_the_whole_demo_city(city, code):
    which = version(code)
    run = evaluate(year=YEAR, version=which)
    scores = frame("SELECT * FROM evaluation_score WHERE run_id = %s", run.pk)
    expected = recomputed(which)
    assert len(scores) == len(expected) > 100
    for row in scores.itertuples():
        cohort, values, points, total, *rest = expected[row.enterprise_id]
        assert row.cohort == cohort
        np.testing.assert_array_equal(row.values, values, err_msg=str(row))
        np.testing.assert_array_equal(row.points, points, err_msg=str(row))
        stored = [row.total, row.grade, row.rank, row.industry_rank, row.industry_count]
        assert [each if known(each) else None for each in stored] == [total, *rest]
    plots = frame("SELECT plot_id, total, grade FROM evaluation_plotscore WHERE run_id = %s", run.pk)
    again = plots_again(scores)
    assert {row.plot_id: (row.total if known(row.total) else None, row.grade) for row in plots.itertuples()} == again
