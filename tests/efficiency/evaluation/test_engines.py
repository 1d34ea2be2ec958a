"""One process and many parts give the same bytes."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import numpy as np
import pytest

from core.refusals import Refused
from efficiency.evaluation import engines
from efficiency.evaluation.engines import parts
from efficiency.evaluation.scoring import Results, evaluate_columns
from efficiency.evaluation.services.evaluating import evaluate
from tests.efficiency.evaluation.firms import YEAR, columns, firm, indicator, rules, sample, version


def many(count=2_000, seed=11):
    """Firms of every kind: missing figures, refunds, no land, shared plots, ties, several industries."""
    random = np.random.default_rng(seed)

    def figure(most, missing=0.1):
        amounts = np.round(random.gamma(2, most / 2, count), 2)
        amounts[random.random(count) < missing] = np.nan
        return amounts

    firms = {
        "tax_cny": figure(1e6) - 1e5,
        "output_cny": np.round(figure(2e7), -6),
        "added_value_cny": figure(5e6),
        "energy_tce": figure(500),
        "emission_kg": figure(80, 0.5),
        "electricity_kwh": figure(1e6),
        "staff": np.floor(figure(80)),
        "rd_cny": figure(3e5),
        "revenue_cny": figure(2e7),
        "fixed_asset_investment_cny": figure(3e7),
        "mu": np.where(random.random(count) < 0.02, 0, np.round(random.gamma(2, 8, count), 1)),
    }
    names = np.array(["C", "33", "331", "38"])[random.integers(0, 4, count)]
    plots = random.integers(1, count // 2, count)
    return columns(
        *(
            {key: float(column[row]) for key, column in firms.items()}
            | {"industry": str(names[row]), "plot": f"440605001001GB{plots[row]:05d}", "established": 1995 + row % 30}
            | {"above_scale": bool(row % 3), "returned": bool(row % 40)}
            for row in range(count)
        )
    )


HARD = rules(
    indicator(base_kind="industry", base=None, weight=Decimal(40), missing="average", cap=Decimal("1.5")),
    indicator(numerator="energy_tce", denominator="revenue_cny", direction="less", base_kind="cohort", base=None,
              weight=Decimal(30), missing="spread"),
    indicator(numerator="output_cny", weight=Decimal(30), missing="unrated", base=Decimal("3.7")),
    cohort={"least_age_years": 3, "least_land_mu": Decimal("1.5")},
    requires=(("tax_cny",), ("output_cny", "fixed_asset_investment_cny")),
)  # fmt: skip
EVERY = {
    "huangyan": sample("huangyan-2022"),
    "s002": sample("s002-plain"),
    "hard": HARD,
    "merged": replace(HARD, merge_tenants=True),
}


def same(one: Results, other: Results) -> None:
    for each in fields(Results):
        if each.name == "outcomes":
            assert repr(one.outcomes) == repr(other.outcomes)
        else:
            np.testing.assert_array_equal(getattr(one, each.name), getattr(other, each.name), err_msg=each.name)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("rows", [170, 2_000])
def test_parts_give_what_the_whole_gives(name, rows):
    same(parts.evaluate(many(), EVERY[name], rows=rows), evaluate_columns(many(), EVERY[name]))


def test_workers_of_a_scheduler_give_what_the_whole_gives():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None
    ) as cluster:
        found = parts.evaluate(many(), HARD, scheduler=cluster.scheduler_address, rows=500)
    same(found, evaluate_columns(many(), HARD))


@pytest.mark.django_db
def test_a_run_has_the_same_seal_from_either_engine():
    for number in range(1, 9):
        firm(number, tax_cny=number * 100_000 - 150_000, electricity_kwh=500_000, above_scale=number % 2 == 0)
    draft = version()
    assert evaluate(year=YEAR, version=draft, engine=engines.DASK).digest == evaluate(year=YEAR, version=draft).digest


@pytest.mark.django_db
def test_an_engine_that_is_not_there_is_refused():
    firm(1, tax_cny=1)
    with pytest.raises(Refused, match="postgres 和 dask"):
        evaluate(year=YEAR, version=version(), engine="spark")
