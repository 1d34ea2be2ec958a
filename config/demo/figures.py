"""What a return says beyond tax and output: added value, research, energy, water, emissions, and who supplied it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.demo.cutting import Array
from config.demo.enterprises import Firms
from efficiency.returns.figures import FIGURES

# Shares of firms whose figure no office knows: small ones research little and have no meter of emissions.
NO_RESEARCH, NO_RESEARCH_SMALL = 0.10, 0.45
NO_EMISSION, NO_EMISSION_SMALL = 0.08, 0.30
NO_ENERGY_SMALL = 0.06

# 规上: revenue of the statistical line, in CNY.
ABOVE_SCALE = 2e7

# Energy spent on the same output falls by so much a year.
SAVING_A_YEAR = 0.022


@dataclass
class MoreFigures:
    """Further figures of a year, one row an enterprise; NaN is not known. CNY, tce, kWh, m³, kg."""

    added_value: Array
    research: Array
    energy: Array
    electricity: Array
    water: Array
    emission: Array

    def columns(self, rows: NDArray[np.int64]) -> list[list[str]]:
        """Text of COPY of the columns above for ``rows``, one list a column."""
        places = (2, 2, 4, 2, 2, 4)
        known = (self.added_value, self.research, self.energy, self.electricity, self.water, self.emission)
        return [
            [r"\N" if value != value else f"{value:.{digits}f}" for value in column[rows].tolist()]
            for column, digits in zip(known, places, strict=True)
        ]


class Habits:
    """How an enterprise works, the same over the years: what it adds, spends and burns for its output."""

    def __init__(self, firms: Firms, settings: dict[str, Any], rng: np.random.Generator) -> None:
        codes = [str(row[0]) for row in settings["industries"]["rows"]]
        intensities = settings["intensities"]
        table = np.array([intensities["by_industry"][code] for code in codes], dtype=float)[firms.industry]
        n = len(firms)
        spread = np.exp(rng.normal(0, [0.18, 0.55, 0.40, 0.05, 0.45, 0.60], (n, 6)))
        self._rate = table * spread
        self._rate[:, 0] = np.minimum(self._rate[:, 0], 0.7)
        self._rate[:, 3] = np.minimum(self._rate[:, 3], 0.98)
        self._kgce_per_kwh = float(intensities["kgce_per_kwh"])
        self._luck = rng.random((n, 3))
        self._rng = rng

    def of_year(self, index: int, output: Array, revenue: Array, tax: Array) -> MoreFigures:
        """Figures of the year number ``index`` (0 the first) from its output, revenue and tax in CNY."""
        n = len(output)
        added, research, energy, electric, water, emission = self._rate.T
        wobble = np.exp(self._rng.normal(0, 0.06, (n, 5)))
        small = revenue < ABOVE_SCALE
        output_wan = output / 1e4
        saved = (1 - SAVING_A_YEAR) ** index
        tce = output_wan * energy * saved * wobble[:, 1]
        kwh = tce * 1000 * electric / self._kgce_per_kwh
        return MoreFigures(
            # A refund of tax comes with a loss, which takes from what was added.
            added_value=np.round(output * added * wobble[:, 0] + np.minimum(tax, 0) * 2, 2),
            research=self._unless(
                np.where(small, NO_RESEARCH_SMALL, NO_RESEARCH), 0, revenue * research * wobble[:, 2]
            ),
            energy=self._unless(np.where(small, NO_ENERGY_SMALL, 0.0), 1, tce, 4),
            electricity=np.round(kwh, 2),
            water=np.round(output_wan * water * wobble[:, 3], 2),
            emission=self._unless(
                np.where(small, NO_EMISSION_SMALL, NO_EMISSION), 2, output_wan * emission * saved * wobble[:, 4], 4
            ),
        )

    def _unless(self, share: Array, luck: int, values: Array, places: int = 2) -> Array:
        return np.where(self._luck[:, luck] < share, np.nan, np.round(values, places))


def sources(known: dict[str, bool]) -> str:
    """JSON of the office behind each figure that is known, each its usual one; ``known`` need not name all."""
    return json.dumps({figure.key: figure.office.value for figure in FIGURES if known.get(figure.key, True)})
