"""A year's enterprises, figures and land as columns: what every engine computes on, read in one statement each."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from django.db import connection
from psycopg2 import sql

from core.accounts.models import CITY_CODE
from efficiency.returns.figures import KEYS
from efficiency.returns.models import YearlyReturn
from efficiency.returns.models.land import LandBasis

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PLACES: dict[str, int] = {key: getattr(YearlyReturn._meta.get_field(key), "decimal_places", 0) or 0 for key in KEYS}
"""Decimals each figure is kept with: times ten to that power it is a whole number, and whole numbers add up exactly."""
AREA_PLACES = 4
"""Decimals ``LandOfYear`` is kept with."""
CODED = ("district", "town", "zone", "industry", "size", "plot")
"""Columns of texts, in the order in which they are read."""


@dataclass(frozen=True)
class Coded:
    """A column of texts as numbers: row i is ``names[codes[i]]``."""

    codes: Ints
    names: tuple[str, ...]

    def take(self, rows: npt.NDArray[Any]) -> Coded:
        """The same column of some rows."""
        return replace(self, codes=self.codes[rows])

    def texts(self, width: int) -> npt.NDArray[np.bytes_]:
        """The texts themselves (ASCII), ``width`` bytes each."""
        return np.array(self.names or ("",), dtype=f"S{width}")[self.codes]

    def where(self, wanted: Iterable[str]) -> Flags:
        """Which rows have one of the texts."""
        found = set(wanted)
        flags = np.array([name in found for name in self.names] or [False])
        return flags[self.codes]


@dataclass(frozen=True)
class IndustryTree:
    """GB/T 4754 as far as it is kept: each code's way from the section (one letter) down to itself."""

    ways: Mapping[str, tuple[str, ...]]

    def way(self, code: str) -> tuple[str, ...]:
        """A code and all above it, the section first; a code that is not kept stands alone."""
        return self.ways.get(code, (code,) if code else ())

    def division(self, code: str) -> str:
        """The 2-digit division (大类) a code lies in; a section is its own."""
        return self.way(code)[:2][-1] if code else ""

    def under(self, codes: Iterable[str]) -> set[str]:
        """The codes kept that are one of ``codes`` or below it."""
        wanted = set(codes)
        return {code for code, way in self.ways.items() if wanted.intersection(way)} | wanted


@dataclass(frozen=True)
class Columns:
    """One entry an enterprise that had land or a return in ``year``, in the order of their ids.

    Figures are in the units of :mod:`efficiency.returns.figures`, NaN where not known; land in m² by basis, 0 where
    none. ``established`` is the year, 0 where not known; ``returns`` the id of the version believed, 0 for none.
    ``plot`` is the principal plot, "" for none. ``digest`` is the SHA-256 of what was read.
    """

    year: int
    enterprise: Ints
    district: Coded
    town: Coded
    zone: Coded
    industry: Coded
    size: Coded
    plot: Coded
    above_scale: Flags
    established: Ints
    returns: Ints
    land: Mapping[str, Floats]
    figures: Mapping[str, Floats]
    tree: IndustryTree
    digest: str = field(default="", compare=False)

    def __len__(self) -> int:
        return len(self.enterprise)

    @property
    def has_return(self) -> Flags:
        """Which enterprises have a return."""
        return self.returns > 0

    @cached_property
    def division(self) -> Coded:
        """The 2-digit division of each enterprise's industry."""
        of_code = [self.tree.division(code) for code in self.industry.names]
        names = tuple(sorted(set(of_code))) or ("",)
        number = np.array([names.index(name) for name in of_code] or [0], dtype=np.int32)
        return Coded(number[self.industry.codes], names)

    def take(self, rows: npt.NDArray[Any]) -> Columns:
        """The same columns of some rows; codes keep their meaning."""
        return replace(
            self,
            enterprise=self.enterprise[rows],
            **{name: getattr(self, name).take(rows) for name in CODED},
            above_scale=self.above_scale[rows],
            established=self.established[rows],
            returns=self.returns[rows],
            land={basis: areas[rows] for basis, areas in self.land.items()},
            figures={key: figures[rows] for key, figures in self.figures.items()},
        )


# Plain text: PostgreSQL writes a numeric far faster than it turns it into a float, and pyarrow reads it back in C++.
_COLUMNS = """
COPY (
    SELECT e.id, e.district_id, coalesce(e.town_id, ''), coalesce(l.zone_code, ''), e.industry_id, e.size,
           coalesce(l.principal_plot_id, ''), e.above_scale::int, coalesce(extract(year FROM e.established_on), 0),
           coalesce(r.id, 0), coalesce(l.registered_m2, 0), coalesce(l.actual_m2, 0), coalesce(l.converted_m2, 0)
           {figures}
    FROM enterprises_enterprise e
    LEFT JOIN returns_landofyear l ON l.enterprise_id = e.id AND l.year = {year}
    LEFT JOIN returns_yearlyreturn r ON r.enterprise_id = e.id AND r.year = {year} AND {believed}
    WHERE (l.id IS NOT NULL OR r.id IS NOT NULL) AND {within}
    ORDER BY e.id
) TO STDOUT (FORMAT csv)
"""
_NAMES = ("enterprise", *CODED, "above_scale", "established", "returns", *(basis.value for basis in LandBasis))
_TEXT = pa.dictionary(pa.int32(), pa.string())


def read(
    *,
    year: int,
    place: str = CITY_CODE,
    as_of: dt.datetime | None = None,
    keys: Iterable[str] = KEYS,
) -> Columns:
    """The columns of ``year`` within a place (a district's code, or the city's for all): two statements.

    Returns are those believed at ``as_of``, by default now; everything else is as it stands. ``keys`` names the
    figures wanted. Reads within the caller's transaction.
    """
    wanted = tuple(key for key in KEYS if key in set(keys))
    statement = sql.SQL(_COLUMNS).format(
        figures=sql.SQL("").join(sql.SQL(", r.{}").format(sql.Identifier(key)) for key in wanted),
        year=sql.Literal(year),
        believed=sql.SQL("r.valid_to IS NULL")
        if as_of is None
        else sql.SQL("r.valid_from <= {at} AND (r.valid_to IS NULL OR r.valid_to > {at})").format(
            at=sql.Literal(as_of)
        ),
        within=sql.SQL("true") if place == CITY_CODE else sql.SQL("e.district_id = {}").format(sql.Literal(place)),
    )
    types = dict.fromkeys(CODED, _TEXT) | dict.fromkeys((*(b.value for b in LandBasis), *wanted), pa.float64())
    types |= {"enterprise": pa.int64(), "above_scale": pa.int8(), "established": pa.int16(), "returns": pa.int64()}
    table, digest = copied(statement, {name: types[name] for name in (*_NAMES, *wanted)})
    return Columns(
        year=year,
        enterprise=numbers(table["enterprise"]),
        **{name: coded(table[name]) for name in CODED},
        above_scale=numbers(table["above_scale"]) != 0,
        established=numbers(table["established"]),
        returns=numbers(table["returns"]),
        land={basis.value: numbers(table[basis.value]) for basis in LandBasis},
        figures={key: numbers(table[key]) for key in wanted},
        tree=industry_tree(),
        digest=digest,
    )


def industry_tree() -> IndustryTree:
    """The industries kept, in one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, parent_id FROM enterprises_industry")
        parents = dict(cursor.fetchall())

    def way(code: str) -> tuple[str, ...]:
        above = parents.get(code)
        return (*way(above), code) if above else (code,)

    return IndustryTree({code: way(code) for code in parents})


def copied(statement: sql.Composable, types: Mapping[str, pa.DataType]) -> tuple[pa.Table, str]:
    """What a ``COPY … TO STDOUT (FORMAT csv)`` answers as columns, and the SHA-256 of its text."""
    answer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(statement.as_string(cursor.cursor), answer)
    if not answer.tell():
        return pa.schema(types.items()).empty_table(), hashlib.sha256().hexdigest()
    text = answer.getbuffer()
    table = pyarrow.csv.read_csv(
        pa.py_buffer(text),
        read_options=pyarrow.csv.ReadOptions(column_names=list(types)),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict(types)),
    )
    return table, hashlib.sha256(text).hexdigest()


def numbers(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Numbers, NaN for null."""
    return np.asarray(column.to_numpy())


def coded(column: pa.ChunkedArray) -> Coded:
    """Texts as numbers whose order is that of the texts."""
    one = column.unify_dictionaries().combine_chunks()
    if isinstance(one, pa.ChunkedArray):
        one = one.chunk(0) if one.num_chunks else pa.array([], type=_TEXT)
    order = pc.sort_indices(one.dictionary).to_numpy()
    position = np.empty(len(order), dtype=np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    names = tuple(one.dictionary.take(pa.array(order)).to_pylist())
    return Coded(position[one.indices.to_numpy()] if len(one) else np.zeros(0, np.int32), names)
