"""Yearly returns of enterprises: lognormal by industry, steady from year to year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.demo.copying import NULL
from config.demo.cutting import Array
from config.demo.enterprises import Firms
from config.demo.figures import Habits, MoreFigures, sources

CNY_PER_WAN = 1e4

# How much of an enterprise's standing carries over to the next year.
PERSISTENCE = 0.94

# Reports come in by the end of May; a few are corrected in September.
REPORTED = "-05-31 18:00:00+08"
CORRECTED = "-09-15 18:00:00+08"

# Of the last year, a few are known only by quick figures so far.
PROVISIONAL = 0.02

COLUMNS = [
    "enterprise_id", "year", "tax_cny", "output_cny", "fixed_asset_investment_cny", "revenue_cny", "staff",
    "added_value_cny", "rd_cny", "energy_tce", "electricity_kwh", "water_m3", "emission_kg",
    "source", "sources", "status", "valid_from", "valid_to",
]  # fmt: skip


@dataclass
class YearOfReturns:
    """Figures in CNY, one row an enterprise; ``filed`` marks those that reported."""

    year: int
    tax: Array
    output: Array
    investment: Array
    revenue: Array
    staff: NDArray[np.int64]
    more: MoreFigures
    filed: NDArray[np.bool_]
    corrected: NDArray[np.bool_]
    provisional: NDArray[np.bool_]

    def lines(self, first_id: int) -> Iterator[str]:
        """COPY lines of ``COLUMNS``."""
        reported = f"{self.year + 1}{REPORTED}"
        corrected = f"{self.year + 1}{CORRECTED}"
        rows = np.flatnonzero(self.filed)
        more = self.more.columns(rows)
        behind = _sources(more)
        for row, tax, output, investment, revenue, staff, twice, quick, known, *rest in zip(
            rows.tolist(),
            self.tax[rows].tolist(),
            self.output[rows].tolist(),
            self.investment[rows].tolist(),
            self.revenue[rows].tolist(),
            self.staff[rows].tolist(),
            self.corrected[rows].tolist(),
            self.provisional[rows].tolist(),
            behind,
            *more,
            strict=True,
        ):
            figures = f"{output:.2f}\t{investment:.2f}\t{revenue:.2f}\t{staff}\t" + "\t".join(rest)
            tail = f"{figures}\t示例数据\t{known}\t{'provisional' if quick else 'final'}"
            head = f"{first_id + row}\t{self.year}"
            if twice:
                yield f"{head}\t{tax * 0.92:.2f}\t{tail}\t{reported}\t{corrected}\n"
            yield f"{head}\t{tax:.2f}\t{tail}\t{corrected if twice else reported}\t\\N\n"


def _sources(columns: list[list[str]]) -> list[str]:
    """The offices behind each row's figures, as JSON; of the further figures some may be missing."""
    keys = ("added_value_cny", "rd_cny", "energy_tce", "electricity_kwh", "water_m3", "emission_kg")
    written: dict[tuple[bool, ...], str] = {}
    result = []
    for row in zip(*columns, strict=True):
        known = tuple(value != NULL for value in row)
        if known not in written:
            written[known] = sources(dict(zip(keys, known, strict=True)))
        result.append(written[known])
    return result


def play(
    firms: Firms, years: list[int], settings: dict[str, Any], rng: np.random.Generator, more: np.random.Generator
) -> Iterator[YearOfReturns]:
    """The returns of each year in turn; ``more`` draws the figures beyond tax, output, investment and staff."""
    habits = Habits(firms, settings, more)
    table = settings["industries"]["rows"]
    n = len(firms)
    tax_wan, output_wan, sigma = (
        np.array([row[column] for row in table], dtype=float)[firms.industry] for column in (1, 2, 3)
    )
    standing = rng.normal(size=n)
    trade = rng.normal(size=n)
    # Workshops stack tenants over one another; large sites are used more thinly.
    dense = np.where(firms.tenant, 1.5, 1.0) * np.maximum(firms.land_mu, 0.3) ** -0.13 * 1.3
    invested_wan = output_wan * 0.45 * np.exp(rng.normal(0, 0.6, n)) * np.maximum(firms.land_mu, 0)
    begun = np.array([d.year for d in firms.established])
    step = float(np.sqrt(1 - PERSISTENCE**2))
    for index, year in enumerate(years):
        if index:
            standing = PERSISTENCE * standing + step * rng.normal(size=n)
            trade = PERSISTENCE * trade + step * rng.normal(size=n)
            invested_wan = invested_wan * (1 + rng.gamma(1.2, 0.04, n))
        trend = 0.97 + 0.025 * index
        # A new site needs about three years to come to full production.
        ramp = np.clip((year - firms.since + 1) / 3.0, 0.15, 1.0)
        base = dense * ramp * trend * firms.land_mu
        output = output_wan * np.exp(sigma * (0.75 * standing + 0.66 * trade)) * base * CNY_PER_WAN
        tax = tax_wan * np.exp(sigma * standing) * base * CNY_PER_WAN
        refund = rng.random(n) < 0.012
        tax = np.where(refund, -np.abs(tax) * rng.uniform(0.05, 0.5, n), tax)
        revenue = output * np.exp(rng.normal(-0.02, 0.05, n))
        per_head = 950_000 * np.exp(rng.normal(0, 0.35, n)) * (output_wan / 300) ** 0.5
        staff = np.maximum(3, np.rint(revenue / per_head)).astype(np.int64)
        filed = (firms.land_mu > 0) & (begun <= year) & (firms.since <= year) & (rng.random(n) >= 0.035)
        yield YearOfReturns(
            year,
            np.round(tax, 2),
            np.round(output, 2),
            np.round(invested_wan * CNY_PER_WAN, 2),
            np.round(revenue, 2),
            staff,
            habits.of_year(index, output, revenue, tax),
            filed,
            rng.random(n) < 0.004,
            (more.random(n) < PROVISIONAL) & (index == len(years) - 1),
        )


def sizes(last: YearOfReturns) -> tuple[list[str], NDArray[np.bool_]]:
    """Size class by staff and revenue as in the statistical classes of industry, and 规上 (20 million)."""
    revenue, staff = last.revenue, last.staff
    large = (staff >= 1000) & (revenue >= 4e8)
    medium = (staff >= 300) & (revenue >= 2e7)
    small = (staff >= 20) & (revenue >= 3e6)
    size = np.select([large, medium, small], ["large", "medium", "small"], "micro")
    return size.tolist(), revenue >= 2e7
