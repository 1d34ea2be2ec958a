"""Enterprises of one plot evaluated as one, where a scheme says so (rules §3.1 A16, the practice of 遂昌)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from efficiency.evaluation.cohorts import whole
from efficiency.evaluation.columns import AREA_PLACES, PLACES, Columns, Floats

if TYPE_CHECKING:
    from efficiency.evaluation.scoring import Results

_BY_ENTERPRISE = (
    "cohort", "land_m2", "values", "points", "total", "grade", "why", "rank", "industry_rank", "industry_count"
)  # fmt: skip


def units(columns: Columns) -> tuple[Columns, npt.NDArray[np.intp]]:
    """One entry for all enterprises with the same principal plot, and the entry each enterprise belongs to.

    Figures and land are summed, one that nobody knows stays unknown. Cohort, age and industry are those of the
    enterprise that uses most land, the first by id among equals. Who has no principal plot stands alone.
    """
    count = len(columns)
    nowhere = columns.plot.where([""])
    plot = np.where(nowhere, -1 - np.arange(count), columns.plot.codes)
    # The leader of each plot first, plots in the order of their leaders' ids.
    order = np.lexsort((columns.enterprise, -columns.land["actual"], plot))
    first = np.ones(count, dtype=bool)
    first[1:] = plot[order][1:] != plot[order][:-1]
    leaders = order[first]
    belongs = np.empty(count, dtype=np.intp)
    belongs[order] = np.cumsum(first) - 1
    by_id = np.argsort(leaders)
    position = np.empty(len(leaders), dtype=np.intp)
    position[by_id] = np.arange(len(leaders))
    leaders, belongs = leaders[by_id], position[belongs]
    one = columns.take(leaders)
    returns = np.zeros(len(leaders), dtype=np.int64)
    np.maximum.at(returns, belongs, columns.returns)
    merged = replace(
        one,
        returns=returns,
        land={key: _summed(areas, AREA_PLACES, belongs, len(leaders)) for key, areas in columns.land.items()},
        figures={key: _summed(each, PLACES[key], belongs, len(leaders)) for key, each in columns.figures.items()},
    )
    return merged, belongs


def _summed(figures: Floats, places: int, belongs: npt.NDArray[np.intp], count: int) -> Floats:
    """Sums of what is known, exact to the last decimal kept; NaN where nothing is."""
    known = ~np.isnan(figures)
    total = np.bincount(belongs[known], weights=whole(figures[known], places), minlength=count) / 10.0**places
    return np.where(np.bincount(belongs[known], minlength=count) > 0, total, np.nan)


def spread_over_tenants(results: Results, belongs: npt.NDArray[np.intp]) -> Results:
    """The results of each enterprise: those of the entry it belongs to."""
    each: dict[str, Any] = {name: getattr(results, name)[belongs] for name in _BY_ENTERPRISE}
    return replace(results, **each)
