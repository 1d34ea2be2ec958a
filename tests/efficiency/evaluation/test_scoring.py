"""The arithmetic of points, totals and ranks, on a few firms by hand."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from efficiency.evaluation.scoring import evaluate_columns
from efficiency.schemes.rules import Cut
from tests.efficiency.evaluation.firms import MU, columns, indicator, rules, sample


def evaluate(firms, *indicators, **facts):
    return evaluate_columns(columns(*firms), rules(*indicators, **facts))


def totals(results):
    return results.total.tolist()


def grades(results):
    return results.grade.astype(str).tolist()


def taxes(*per_mu):
    """Firms by their tax in 万元 per 亩."""
    return [{"tax_cny": each * 10 * 10_000} for each in per_mu]


def huangyan_at_the_bases(mu=33.0):
    """A firm above scale with every value of the 黄岩 scheme exactly at its base."""
    value = 136.16 * 10_000 * mu
    return {
        "mu": mu,
        "above_scale": True,
        "tax_cny": 24.097 * 10_000 * mu,
        "added_value_cny": value,
        "energy_tce": value / 2.694 / 10_000,
        "emission_kg": value / 4929.81 / 10,
        "staff": value / 18.14 / 10_000,
        "rd_cny": 0.0302 * 5e8,
        "revenue_cny": 5e8,
    }


@pytest.mark.parametrize("mu", [33.0, 1.7, 251.3])
def test_a_firm_above_scale_at_all_bases_of_huangyan_scores_exactly_100(mu):
    at_base = huangyan_at_the_bases(mu)
    results = evaluate_columns(columns(at_base), sample("huangyan-2022"))
    assert results.points[0].tolist() == [30, 20, 20, 10, 10, 10]
    assert totals(results) == [100]


def test_a_firm_below_scale_at_all_bases_of_huangyan_scores_exactly_100():
    tax = 11.5932 * 10_000 * 6
    results = evaluate_columns(
        columns({"mu": 6, "tax_cny": tax, "electricity_kwh": tax / 0.2352}), sample("huangyan-2022")
    )
    assert results.cohort.tolist() == [2]
    assert totals(results) == [100]


def test_who_emits_nothing_known_gets_the_mean_of_those_who_do():
    bases = huangyan_at_the_bases()
    half = bases | {"emission_kg": bases["emission_kg"] * 2}
    unknown = bases | {"emission_kg": float("nan")}
    results = evaluate_columns(columns(bases, half, unknown), sample("huangyan-2022"))
    assert results.points[:, 3].tolist() == [10, 5, 7.5]
    assert totals(results) == [100, 95, 97.5]
    assert np.isnan(results.values[2, 3])


def test_points_are_rounded_half_up_to_four_decimals_and_totals_are_their_exact_sum():
    third = [{"tax_cny": 100_000, "output_cny": 100_000}]
    results = evaluate(
        third,
        indicator(weight=Decimal(50), base=Decimal(3)),
        indicator(numerator="output_cny", weight=Decimal(50), base=Decimal(3)),
    )
    assert results.points.tolist() == [[16.6667, 16.6667]]
    assert totals(results) == [33.3334]
    assert results.values.tolist() == [[1.0, 1.0]]


def test_more_than_the_cap_earns_the_cap_and_a_refund_earns_nothing():
    results = evaluate(taxes(100, -5, 10), indicator(cap=Decimal("1.5")))
    assert totals(results) == [150, 0, 100]
    assert results.values[1, 0] == -5


def test_without_a_cap_points_go_on():
    assert totals(evaluate(taxes(100))) == [1000]


def test_less_is_better_turns_the_ratio_round_and_nothing_is_not_better_than_everything():
    per_unit = indicator(numerator="energy_tce", denominator="revenue_cny", scale=Decimal(1), direction="less",
                         base=Decimal("0.5"))  # fmt: skip
    results = evaluate([{"energy_tce": each, "revenue_cny": 10} for each in (5, 10, 2.5, 0)], per_unit)
    assert totals(results) == [100, 50, 200, 0]
    assert results.values[3, 0] == 0


@pytest.mark.parametrize(
    ("missing", "points", "total", "grade"),
    [
        ("zero", 0.0, 60.0, "B"),
        ("average", 30.0, 90.0, "B"),
        ("spread", None, 120.0, "B"),
        ("unrated", None, None, "N"),
    ],
)
def test_what_becomes_of_an_indicator_that_cannot_be_computed(missing, points, total, grade):
    firms = [{"tax_cny": 100_000 * 12}, {"tax_cny": 100_000 * 1, "output_cny": 100_000 * 6}]
    results = evaluate(
        firms,
        indicator(weight=Decimal(50)),
        indicator(numerator="output_cny", weight=Decimal(50), missing=missing),
    )
    earned = results.points[0, 1]
    assert (None if np.isnan(earned) else earned) == points
    assert (None if np.isnan(results.total[0]) else results.total[0]) == total
    assert grades(results)[0] == grade
    assert results.total[1] == 35


def test_with_everything_to_spread_there_is_no_total():
    results = evaluate([{"output_cny": 1}], indicator(missing="spread"))
    assert grades(results) == ["N"]
    assert results.why.tolist() == [b"i"]


def test_the_minimum_of_s002_is_tax_and_one_of_investment_and_output():
    firms = [
        {"tax_cny": 1e6, "output_cny": 1e7},
        {"tax_cny": 1e6, "fixed_asset_investment_cny": 1e7},
        {"tax_cny": 1e6},
        {"output_cny": 1e7, "fixed_asset_investment_cny": 1e7},
    ]
    results = evaluate_columns(columns(*firms), sample("s002-plain"))
    assert results.why.tolist() == [b"", b"", b"m", b"m"]
    assert [grade == "N" for grade in grades(results)] == [False, False, True, True]
    assert results.rank.tolist()[2:] == [0, 0]


def test_no_land_no_return_no_cohort_and_too_young_say_why():
    firms = [
        {"mu": 0, "tax_cny": 1e6},
        {"returned": False},
        {"tax_cny": 1e6, "industry": "38"},
        {"tax_cny": 1e6, "established": 2022},
        {"tax_cny": 1e6, "established": 2021},
        {"tax_cny": 1e6, "established": 0},
    ]
    results = evaluate(firms, cohort={"not_industries": ("38",), "least_age_years": 3})
    assert results.why.tolist() == [b"l", b"r", b"s", b"y", b"", b""]
    assert grades(results)[:4] == ["", "", "", "N"]
    assert results.cohort.tolist() == [1, 1, 0, 1, 1, 1]


def test_scopes_are_tried_in_order_and_industries_mean_all_below_them():
    rule = rules()
    first = rule.cohorts[0].__class__(name="金属", indicators=rule.cohorts[0].indicators, cuts=rule.cohorts[0].cuts,
                                      industries=("33",), least_land_mu=Decimal(5))  # fmt: skip
    both = rule.__class__(cohorts=(first, rule.cohorts[0]))
    firms = [{"industry": "331"}, {"industry": "33", "mu": 4.9}, {"industry": "38"}, {"industry": "C"}]
    assert evaluate_columns(columns(*firms), both).cohort.tolist() == [1, 2, 2, 2]


@pytest.mark.parametrize(("basis", "expected"), [("registered", 200.0), ("actual", 100.0), ("converted", 50.0)])
def test_the_scheme_chooses_the_land(basis, expected):
    results = evaluate(taxes(10), cohort={"land_basis": basis})
    assert totals(results) == [expected]
    assert results.land_m2[0] == pytest.approx(10 * MU * 100 / expected, abs=1e-3)


def test_the_base_of_the_cohort_is_total_over_total():
    # 100 + 500 over 10 + 40 亩 is 12 万元/亩.
    firms = [{"tax_cny": 100e4}, {"tax_cny": 500e4, "mu": 40.0}, {"output_cny": 1.0}]
    results = evaluate(firms, indicator(base_kind="cohort", base=None))
    assert results.outcomes[0].bases[0].cohort == pytest.approx(12, rel=1e-7)
    assert totals(results) == pytest.approx([83.3333, 104.1667, 0], abs=1e-3)


def test_the_base_of_an_industry_falls_back_to_the_cohorts():
    firms = [
        {"tax_cny": 200e4, "industry": "33"},
        {"tax_cny": 100e4, "industry": "331"},
        {"tax_cny": -50e4, "industry": "38"},
        {"tax_cny": 50e4, "industry": "C"},
    ]
    results = evaluate(firms, indicator(base_kind="industry", base=None))
    # Division 33 has 15 万元/亩; 38 is below zero and takes the cohort's 7.5; the section is its own division.
    assert totals(results) == pytest.approx([133.3333, 66.6667, 0, 100])


def test_ties_share_the_better_class_and_the_next_rank_is_behind_them_all():
    # Eight firms: A reaches to rank 2, B to 5, C to 7.
    results = evaluate(taxes(9, 8, 8, 8, 5, 4, 4, 1))
    assert results.rank.tolist() == [1, 2, 2, 2, 5, 6, 6, 8]
    assert grades(results) == ["A", "A", "A", "A", "B", "C", "C", "D"]
    assert results.outcomes[0].last_ranks == (2, 5, 7, 8)
    assert results.outcomes[0].lowest == (80, 50, 40, 10)


def test_one_firm_alone_is_in_the_last_class_that_rounds_down_to_nobody_before_it():
    results = evaluate(taxes(9))
    assert grades(results) == ["D"]


def test_everybody_equal_is_in_the_best_class_there_is_room_for():
    assert grades(evaluate(taxes(*[7] * 8))) == ["A"] * 8
    assert grades(evaluate(taxes(*[7] * 3))) == ["B"] * 3


def test_cuts_take_whole_firms_by_exact_percentages():
    # 0.07 × 100 is 7.000000000000001 in floats; 7 of 100 is 7.
    cuts = (Cut("A", Decimal("7.00")), Cut("D", Decimal(100)))
    results = evaluate(taxes(*range(100, 0, -1)), cohort={"cuts": cuts})
    assert grades(results).count("A") == 7


def test_ranks_within_the_industry_count_the_ranked_of_its_division():
    firms = [
        each | {"industry": industry}
        for each, industry in zip(taxes(5, 4, 4, 9), ("33", "331", "33", "38"), strict=True)
    ]
    results = evaluate([*firms, {"industry": "33", "returned": False}])
    assert results.industry_rank.tolist() == [1, 2, 2, 1, 0]
    assert results.industry_count.tolist() == [3, 3, 3, 1, 0]


def test_firms_of_one_plot_are_one_where_the_scheme_says_so():
    shared = {"plot": "440605001001GB00009"}
    firms = [
        {"tax_cny": 300e4, "mu": 20.0} | shared,
        {"tax_cny": 10e4, "mu": 10.0, "industry": "38"} | shared,
        {"tax_cny": 50e4, "mu": 10.0},
        {"mu": 1.0, "returned": False} | shared,
        {"tax_cny": 10e4, "plot": ""},
        {"tax_cny": 20e4, "plot": ""},
    ]
    results = evaluate(firms, merge_tenants=True)
    assert totals(results) == pytest.approx([100, 100, 50, 100, 10, 20])
    assert results.rank.tolist() == [1, 1, 2, 1, 4, 3]
    assert results.outcomes[0].ranked == 4
    assert results.industry_count.tolist() == [4, 4, 4, 4, 4, 4]


def test_the_order_of_the_firms_does_not_matter():
    random = np.random.default_rng(5)
    firms = [
        {"tax_cny": float(round(tax, 2)), "mu": float(mu), "id": number + 1}
        for number, (tax, mu) in enumerate(zip(random.normal(1e6, 1e6, 500), random.uniform(1, 90, 500), strict=True))
    ]
    base = indicator(base_kind="cohort", base=None, missing="average")
    one = evaluate(firms, base)
    order = random.permutation(500)
    other = evaluate([firms[index] for index in order], base)
    assert other.total.tolist() == one.total[order].tolist()
    assert other.rank.tolist() == one.rank[order].tolist()
