"""What results come to over plots, and over the city, districts, towns, zones and industries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from psycopg2 import sql

from efficiency.evaluation.cohorts import exact_sums, land_mu
from efficiency.evaluation.columns import AREA_PLACES, PLACES, Coded, Columns, Floats, Ints, copied, numbers
from efficiency.evaluation.models import GroupKind
from efficiency.evaluation.scoring import POINT, Results

SUMMED = ("tax_cny", "output_cny", "fixed_asset_investment_cny", "added_value_cny")
"""Figures of which a group shows the sum."""
GRADES = (b"A", b"B", b"C", b"D", b"N")
QUARTERS = (0.25, 0.5, 0.75)
_SHARE = 1_000_000


@dataclass(frozen=True)
class Occupied:
    """Who used which plot on 31 December: one entry a plot and enterprise, in the order of plots, then enterprises.

    ``share`` is the part of the plot in millionths, ``area_m2`` that of the whole plot.
    """

    plot: npt.NDArray[np.bytes_]
    enterprise: Ints
    share: Floats
    area_m2: Floats
    digest: str


_OCCUPIED = """
COPY (
    SELECT o.plot_id, o.enterprise_id, round(o.share * 1000000), p.area_m2, o.kind, o.leased_floor_m2
    FROM plots_occupation o
    JOIN plots_plotversion p ON p.plot_id = o.plot_id
        AND p.valid_from <= {year_end} AND (p.valid_to IS NULL OR p.valid_to > {year_end})
    WHERE o.valid_from <= {year_end} AND (o.valid_to IS NULL OR o.valid_to > {year_end})
    ORDER BY o.plot_id COLLATE "C", o.enterprise_id, o.id
) TO STDOUT (FORMAT csv)
"""


def read_occupied(*, year: int) -> Occupied:
    """Who used which plot at the end of ``year``, in one statement over the whole city."""
    types = {"plot": pa.string(), "enterprise": pa.int64(), "share": pa.float64(), "area_m2": pa.float64()}
    # As what and how much floor decides on land, not here: the digest knows.
    types |= {"kind": pa.dictionary(pa.int32(), pa.string()), "floor": pa.float64()}
    table, digest = copied(sql.SQL(_OCCUPIED).format(year_end=sql.Literal(f"{year}-12-31")), types)
    plot, enterprise, share, area = fixed(table["plot"], 19), *(numbers(table[name]) for name in list(types)[1:4])
    first = np.ones(len(plot), dtype=bool)
    first[1:] = (plot[1:] != plot[:-1]) | (enterprise[1:] != enterprise[:-1])
    if not first.all():
        # Who has a plot in two ways has one share of it.
        share = np.bincount(np.cumsum(first) - 1, weights=share)
    return Occupied(plot=plot[first], enterprise=enterprise[first], share=share, area_m2=area[first], digest=digest)


def fixed(column: pa.ChunkedArray, width: int) -> npt.NDArray[np.bytes_]:
    """Texts that are all ``width`` ASCII characters long."""
    one = column.cast(pa.binary(width)).combine_chunks() if len(column) else pa.array([], pa.binary(width))
    if isinstance(one, pa.ChunkedArray):
        one = pa.concat_arrays(one.chunks)
    content = one.buffers()[1]
    every = np.frombuffer(content, dtype=f"S{width}") if content else np.zeros(0, f"S{width}")
    return every[one.offset : one.offset + len(one)]


@dataclass(frozen=True)
class PlotResults:
    """One row a plot that an evaluated enterprise used, in the order of codes; ``total`` in points."""

    plot: npt.NDArray[np.bytes_]
    area_m2: Floats
    enterprises: Ints
    rated: Ints
    total: Floats
    grade: npt.NDArray[np.bytes_]


def of_plots(columns: Columns, results: Results, occupied: Occupied) -> PlotResults:
    """The mean of the occupants' totals weighed by the land each uses, and the class of who uses most.

    The first by id among equals. Occupants outside the columns (another district's) do not count.
    """
    row = np.searchsorted(columns.enterprise, occupied.enterprise)
    row[row == len(columns)] = 0
    here = columns.enterprise[row] == occupied.enterprise if len(columns) else np.zeros(len(row), dtype=bool)
    row, plot, share, area = row[here], occupied.plot[here], occupied.share[here], occupied.area_m2[here]
    new = np.ones(len(plot), dtype=bool)
    new[1:] = plot[1:] != plot[:-1]
    starts = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    count = len(starts)
    rated = results.rated[row]
    # Shares and totals are whole numbers, and their products stay below 2**53: sums are exact.
    points = np.rint(results.total[row] * POINT)
    above = np.bincount(group[rated], weights=(share * points)[rated], minlength=count)
    below = np.bincount(group[rated], weights=share[rated], minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = np.floor(above / below + 0.5) / POINT
    most = np.lexsort((row, -share, group))[starts]
    return PlotResults(
        plot=plot[starts],
        area_m2=area[starts],
        enterprises=np.bincount(group, minlength=count),
        rated=np.bincount(group[rated], minlength=count),
        total=total,
        grade=results.grade[row[most]],
    )


@dataclass(frozen=True)
class GroupResult:
    """What one group came to; sums exact, in units of the last decimal kept, over those with a return."""

    kind: str
    code: str
    enterprises: int
    rated: int
    grades: dict[str, int]
    land_m2: float
    sums: dict[str, int | None]
    mean_total: float | None
    total_quartiles: tuple[float, ...] | None
    tax_quartiles: tuple[float, ...] | None


def of_groups(columns: Columns, results: Results, own_land: Floats, city: str) -> list[GroupResult]:
    """Every group there is, by kind and code; ``city`` is the code of the whole, ``own_land`` each one's land in m²."""
    whole = _Whole(columns, results, own_land)
    everybody = Coded(np.zeros(len(columns), dtype=np.int32), (city,))
    found = [
        *whole.groups(GroupKind.CITY, everybody),
        *whole.groups(GroupKind.DISTRICT, columns.district),
        *whole.groups(GroupKind.TOWN, columns.town),
        *whole.groups(GroupKind.ZONE, columns.zone),
    ]
    for level in _levels(columns):
        found += whole.groups(GroupKind.INDUSTRY, level)
    return sorted(found, key=lambda each: (each.kind, each.code))


def _levels(columns: Columns) -> Iterator[Coded]:
    """The industries of all enterprises, a level of the tree at a time; "" for those whose industry is above it."""
    ways = [columns.tree.way(code) for code in columns.industry.names]
    for level in range(max(map(len, ways), default=0)):
        at_level = [way[level] if len(way) > level else "" for way in ways]
        names = tuple(sorted(set(at_level)))
        number = np.array([names.index(name) for name in at_level], dtype=np.int32)
        yield Coded(number[columns.industry.codes], names)


class _Whole:
    """What all groupings share, worked out once."""

    def __init__(self, columns: Columns, results: Results, own_land: Floats) -> None:
        self._columns, self._results = columns, results
        # Land whose figures nobody knows would water down every mean per 亩.
        self._land = np.where(columns.has_return, own_land, 0.0)
        self._points = np.rint(results.total * POINT)
        with np.errstate(invalid="ignore", divide="ignore"):
            tax_per_mu = columns.figures["tax_cny"] / land_mu(own_land)
        rated = results.rated
        self._totals = _Sorted(np.where(rated, results.total, np.nan))
        self._taxes = _Sorted(np.where(rated & (own_land > 0), tax_per_mu, np.nan))

    def groups(self, kind: str, by: Coded) -> Iterator[GroupResult]:
        """The groups of one grouping; "" is none."""
        count, codes, results = len(by.names), by.codes, self._results
        if not count:
            return
        rated = results.rated
        enterprises = np.bincount(codes, minlength=count)
        ranked = np.bincount(codes[rated], minlength=count)
        grades = [np.bincount(codes[results.grade == grade], minlength=count) for grade in GRADES]
        land = exact_sums(self._land, AREA_PLACES, codes, count)
        points = exact_sums(self._points[rated], 0, codes[rated], count)
        sums = {key: self._sums(key, by) for key in SUMMED}
        totals, taxes = self._totals.quartiles(by), self._taxes.quartiles(by)
        for number, code in enumerate(by.names):
            if not code or not enterprises[number]:
                continue
            among = int(ranked[number])
            yield GroupResult(
                kind=str(kind),
                code=code,
                enterprises=int(enterprises[number]),
                rated=among,
                grades={grade.decode(): int(each[number]) for grade, each in zip(GRADES, grades, strict=True)},
                land_m2=land[number] / 10**AREA_PLACES,
                sums={key: each[number] for key, each in sums.items()},
                mean_total=(2 * points[number] + among) // (2 * among) / POINT if among else None,
                total_quartiles=totals[number],
                tax_quartiles=taxes[number],
            )

    def _sums(self, key: str, by: Coded) -> list[int | None]:
        figures = self._columns.figures[key]
        known = ~np.isnan(figures)
        codes = by.codes[known]
        total = exact_sums(figures[known], PLACES[key], codes, len(by.names))
        having = np.bincount(codes, minlength=len(by.names))
        return [each if having[number] else None for number, each in enumerate(total)]


class _Sorted:
    """A column in order once, so that each grouping only has to keep it apart."""

    def __init__(self, column: Floats) -> None:
        self._rows = np.argsort(column, kind="stable")[: int((~np.isnan(column)).sum())]
        self._values = column[self._rows]

    def quartiles(self, by: Coded) -> list[tuple[float, ...] | None]:
        """Lower, middle and upper quartile per group by linear interpolation, as ``percentile_cont`` does."""
        codes: Any = by.codes[self._rows].astype(np.uint16 if len(by.names) < 2**16 else np.int32)
        values = self._values[np.argsort(codes, kind="stable")]
        ends = np.cumsum(np.bincount(codes, minlength=len(by.names)))
        found: list[tuple[float, ...] | None] = []
        start = 0
        for end in ends.tolist():
            found.append(tuple(_at(values[start:end], part) for part in QUARTERS) if end > start else None)
            start = end
        return found


def _at(values: Floats, part: float) -> float:
    """PostgreSQL's own arithmetic of percentile_cont, in its order."""
    place = part * (len(values) - 1)
    low, high = int(np.floor(place)), int(np.ceil(place))
    if low == high:
        return float(values[low])
    return float(values[low]) + (place - low) * (float(values[high]) - float(values[low]))
