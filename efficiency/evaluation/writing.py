"""Results into their tables by COPY, and the digest that seals them."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from django.db import connection
from django.db.backends.utils import CursorWrapper

from core import copying
from efficiency.evaluation.columns import PLACES, Coded, Columns
from efficiency.evaluation.grouping import GroupResult, PlotResults
from efficiency.evaluation.models import GroupScore
from efficiency.evaluation.scoring import Results
from efficiency.schemes.rules import Rules

BLOCK = 50_000
"""Rows put together at a time, so that memory stays flat."""
_FLOAT8 = 701

_SCORES = (
    "COPY evaluation_score (run_id, enterprise_id, district_code, town_code, zone_code, industry_code, cohort, land_m2,"
    ' "values", points, total, grade, why, rank, industry_rank, industry_count) FROM STDIN (FORMAT binary)'
)
_PLOTS = (
    "COPY evaluation_plotscore (run_id, plot_id, area_m2, enterprises, rated, total, grade) FROM STDIN (FORMAT binary)"
)


def write(
    run: int, rules: Rules, columns: Columns, results: Results, plots: PlotResults, groups: list[GroupResult]
) -> None:
    """Store all results of a run that has no seal yet."""
    with connection.cursor() as cursor:
        _send(cursor, _SCORES, len(columns), lambda rows: _score_rows(run, rules, columns, results, rows))
        _send(cursor, _PLOTS, len(plots.plot), lambda rows: _plot_rows(run, plots, rows))
    GroupScore.objects.bulk_create([_group_row(run, each) for each in groups])


def _send(cursor: CursorWrapper, statement: str, count: int, rows_of: Callable[[slice], pa.Array]) -> None:
    """Copy rows block by block, the next one put together while the database takes the last."""
    with ThreadPoolExecutor(max_workers=1) as worker:

        def blocks() -> Iterator[pa.Array]:
            waiting: list[Future[pa.Array]] = []
            for start in range(0, count, BLOCK):
                waiting.append(worker.submit(rows_of, slice(start, min(start + BLOCK, count))))
                if len(waiting) > 1:
                    yield waiting.pop(0).result()
            yield from (each.result() for each in waiting)

        copying.send(cursor, statement, blocks())


def _score_rows(run: int, rules: Rules, columns: Columns, results: Results, rows: slice) -> pa.Array:
    cohort = results.cohort[rows]
    rated = results.rated[rows]
    head = _record(
        [
            ("fields", ">i2", 16),
            ("run_size", ">i4", 8), ("run", ">i8", run),
            ("enterprise_size", ">i4", 8), ("enterprise", ">i8", columns.enterprise[rows]),
        ],
        len(cohort),
    )  # fmt: skip
    middle = _record(
        [
            ("cohort_size", ">i4", 2), ("cohort", ">i2", cohort),
            ("land_size", ">i4", 8), ("land", ">f8", results.land_m2[rows]),
        ],
        len(cohort),
    )  # fmt: skip
    return copying.joined(
        head,
        *(_text(getattr(columns, name), rows) for name in ("district", "town", "zone", "industry")),
        middle,
        _arrays(rules, cohort, results.values[rows]),
        _arrays(rules, cohort, results.points[rows]),
        copying.either(rated, _sized(results.total[rows], ">f8"), copying.constant(copying.NULL)),
        _letters(results.grade[rows]),
        _letters(results.why[rows]),
        copying.either(
            rated,
            copying.joined(
                *(_sized(ranks[rows], ">i4") for ranks in (results.rank, results.industry_rank, results.industry_count))
            ),
            copying.constant(copying.NULL * 3),
        ),
    )


def _plot_rows(run: int, plots: PlotResults, rows: slice) -> pa.Array:
    head = _record(
        [
            ("fields", ">i2", 7),
            ("run_size", ">i4", 8), ("run", ">i8", run),
            ("plot_size", ">i4", plots.plot.itemsize), ("plot", plots.plot.dtype, plots.plot[rows]),
            ("area_size", ">i4", 8), ("area", ">f8", plots.area_m2[rows]),
            ("enterprises_size", ">i4", 2), ("enterprises", ">i2", plots.enterprises[rows]),
            ("rated_size", ">i4", 2), ("rated", ">i2", plots.rated[rows]),
        ],
        len(plots.plot[rows]),
    )  # fmt: skip
    return copying.joined(
        head,
        copying.either(plots.rated[rows] > 0, _sized(plots.total[rows], ">f8"), copying.constant(copying.NULL)),
        _letters(plots.grade[rows]),
    )


def _record(parts: list[tuple[str, Any, Any]], count: int) -> pa.Array:
    """Fields of fixed length as one record a row; each part is its name, type and column (or one for all)."""
    record = np.empty(count, dtype=[(name, kind) for name, kind, _ in parts])
    for name, _, column in parts:
        record[name] = column
    return copying.records(record)


def _sized(column: npt.NDArray[Any], kind: str) -> pa.Array:
    return _record([("size", ">i4", np.dtype(kind).itemsize), ("value", kind, column)], len(column))


def _text(column: Coded, rows: slice) -> pa.Array:
    """Texts as fields: each different one is put together once."""
    each = pa.array([copying.field(name.encode()) for name in column.names], type=pa.binary())
    return each.take(pa.array(column.codes[rows]))


def _letters(column: npt.NDArray[np.bytes_]) -> pa.Array:
    """Letters or nothing as fields."""
    each = pa.array([copying.field(bytes([code]) if code else b"") for code in range(128)], type=pa.binary())
    return each.take(pa.array(column.view(np.uint8) if column.flags.c_contiguous else column.copy().view(np.uint8)))


def _arrays(rules: Rules, cohort: npt.NDArray[np.int16], table: npt.NDArray[np.float64]) -> pa.Array:
    """The first so many of each row, as many as its cohort has indicators, as a field of float8[]."""
    widths = [0, *(len(each.indicators) for each in rules.cohorts)]
    found = []
    order = np.argsort(cohort, kind="stable")
    for number, width in enumerate(widths):
        rows = np.flatnonzero(cohort == number)
        if not width:
            found.append(pa.array([copying.field(struct.pack(">iii", 0, 0, _FLOAT8))] * len(rows), type=pa.binary()))
            continue
        parts: list[tuple[str, Any, Any]] = [
            ("size", ">i4", 20 + 12 * width),
            ("dimensions", ">i4", 1), ("nulls", ">i4", 0), ("type", ">i4", _FLOAT8),
            ("length", ">i4", width), ("from", ">i4", 1),
        ]  # fmt: skip
        for index in range(width):
            parts += [(f"size{index}", ">i4", 8), (f"value{index}", ">f8", table[rows, index])]
        found.append(_record(parts, len(rows)))
    if len(found) == 1:
        return found[0]
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return pa.concat_arrays(found).take(pa.array(back))


def _group_row(run: int, each: GroupResult) -> GroupScore:
    def amount(key: str) -> Decimal | None:
        units = each.sums[key]
        return None if units is None else Decimal(units).scaleb(-PLACES[key])

    return GroupScore(
        run_id=run,
        kind=each.kind,
        code=each.code,
        enterprises=each.enterprises,
        rated=each.rated,
        grades=each.grades,
        land_m2=each.land_m2,
        tax_cny=amount("tax_cny"),
        output_cny=amount("output_cny"),
        investment_cny=amount("fixed_asset_investment_cny"),
        added_value_cny=amount("added_value_cny"),
        mean_total=each.mean_total,
        total_quartiles=list(each.total_quartiles) if each.total_quartiles else None,
        tax_quartiles=list(each.tax_quartiles) if each.tax_quartiles else None,
    )


def digest_of(columns: Columns, results: Results, plots: PlotResults, groups: list[GroupResult]) -> str:
    """SHA-256 over all results in their order, column by column, each behind its name: the same from every engine."""
    seal = hashlib.sha256()

    def add(name: str, column: npt.NDArray[Any]) -> None:
        if column.dtype.kind == "f":
            # One zero and one NaN, whatever signs a processor left them with.
            column = np.where(np.isnan(column), np.nan, column) + 0.0
        seal.update(f"{name}:{len(column)};".encode())
        seal.update(np.ascontiguousarray(column).tobytes())

    add("enterprise", columns.enterprise.astype("<i8"))
    for name, width in (("district", 6), ("town", 12), ("zone", 20), ("industry", 5)):
        add(name, getattr(columns, name).texts(width))
    for name in ("land_m2", "values", "points", "total"):
        add(name, getattr(results, name).astype("<f8"))
    for name in ("cohort", "rank", "industry_rank", "industry_count"):
        add(name, getattr(results, name).astype("<i4"))
    add("grade", results.grade)
    add("why", results.why)
    add("plot", plots.plot)
    for name in ("area_m2", "total"):
        add(f"plot {name}", getattr(plots, name).astype("<f8"))
    for name in ("enterprises", "rated"):
        add(f"plot {name}", getattr(plots, name).astype("<i4"))
    add("plot grade", plots.grade)
    for each in groups:
        seal.update(repr(each).encode())
    return seal.hexdigest()
