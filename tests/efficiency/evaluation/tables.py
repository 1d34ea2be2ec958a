"""Tables as pandas sees them, the definition of a scheme among them, and what differs between two of them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from django.db import connection

POINT = 10_000
"""Parts of a point: points and totals are whole numbers of them."""

DECIMALS = {
    "tax_cny": 2, "output_cny": 2, "fixed_asset_investment_cny": 2, "revenue_cny": 2, "added_value_cny": 2,
    "rd_cny": 2, "energy_tce": 4, "electricity_kwh": 2, "water_m3": 2, "emission_kg": 4, "staff": 0,
}  # fmt: skip
"""Figures of a return and the decimals each is kept with."""

BASES = ("registered", "actual", "converted")


def frame(statement: str, **facts: Any) -> pd.DataFrame:
    """The answer of PostgreSQL, a column a name."""
    names, answer = _asked(statement, facts)
    return pd.DataFrame(answer, columns=names)


def rows(statement: str, **facts: Any) -> list[dict[str, Any]]:
    """The answer of PostgreSQL, row by row; null stays None."""
    names, answer = _asked(statement, facts)
    return [dict(zip(names, each, strict=True)) for each in answer]


def _asked(statement: str, facts: dict[str, Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        return [each.name for each in cursor.description], cursor.fetchall()


def scheme(version: int) -> dict[str, Any]:
    """What a version of a scheme says: its cohorts in their order, with their indicators and cuts."""
    (found,) = rows("SELECT id, requires, merge_tenants FROM schemes_schemeversion WHERE id = %(id)s", id=version)
    found["requires"] = json.loads(found["requires"])
    found["cohorts"] = rows('SELECT * FROM schemes_cohort WHERE version_id = %(id)s ORDER BY "order"', id=version)
    for cohort in found["cohorts"]:
        of = {"id": cohort["id"]}
        cohort["indicators"] = rows('SELECT * FROM schemes_indicator WHERE cohort_id = %(id)s ORDER BY "order"', **of)
        cohort["cuts"] = rows("SELECT * FROM schemes_classcut WHERE cohort_id = %(id)s ORDER BY up_to_percent", **of)
    return found


def industries() -> dict[str, list[str]]:
    """Each industry's way from its section down to itself."""
    parents = {each["code"]: each["parent_id"] for each in rows("SELECT code, parent_id FROM enterprises_industry")}

    def way(code: str) -> list[str]:
        return [*(way(parents[code]) if parents[code] else []), code]

    return {code: way(code) for code in parents}


def firms(year: int, as_of: Any) -> pd.DataFrame:
    """Who had land or a return in a year, by id and in no order: figures as floats and as whole numbers.

    ``tax_cny`` is the figure, ``tax_cny_whole`` in units of its last decimal; land alike.
    """
    figures = ", ".join(
        f"r.{key}::float8 AS {key}, (r.{key} * {10**places})::bigint AS {key}_whole" for key, places in DECIMALS.items()
    )
    land = ", ".join(
        f"coalesce(l.{basis}_m2, 0) AS {basis}_m2, round(coalesce(l.{basis}_m2, 0)::numeric * 10000)::bigint"
        f" AS {basis}_whole"
        for basis in BASES
    )
    found = frame(
        "SELECT e.id AS firm, e.district_id AS district, coalesce(e.town_id, '') AS town, e.industry_id AS industry,"
        " e.size, e.above_scale, extract(year FROM e.established_on)::float8 AS established,"
        " coalesce(l.zone_code, '') AS zone, coalesce(l.principal_plot_id, '') AS plot, r.id IS NOT NULL AS returned,"
        f" {land}, {figures} FROM enterprises_enterprise e"
        " LEFT JOIN returns_landofyear l ON l.enterprise_id = e.id AND l.year = %(year)s"
        " LEFT JOIN returns_yearlyreturn r ON r.enterprise_id = e.id AND r.year = %(year)s"
        " AND r.valid_from <= %(as_of)s AND (r.valid_to IS NULL OR r.valid_to > %(as_of)s)"
        " WHERE l.id IS NOT NULL OR r.id IS NOT NULL ORDER BY random()",
        year=year, as_of=as_of,
    )  # fmt: skip
    whole = [name for name in found if name.endswith("_whole")]
    return found.astype(dict.fromkeys(whole, "Int64") | dict.fromkeys(DECIMALS, "float64")).set_index("firm")


def occupants(year: int) -> pd.DataFrame:
    """Who used which plot at the end of a year: shares in millionths, the area of the whole plot."""
    return frame(
        "SELECT o.plot_id AS plot, o.enterprise_id AS firm, (sum(o.share) * 1000000)::bigint AS share, p.area_m2"
        " FROM plots_occupation o JOIN plots_plotversion p ON p.plot_id = o.plot_id"
        " AND p.valid_from <= %(day)s AND (p.valid_to IS NULL OR p.valid_to > %(day)s)"
        " WHERE o.valid_from <= %(day)s AND (o.valid_to IS NULL OR o.valid_to > %(day)s) GROUP BY 1, 2, 4",
        day=f"{year}-12-31",
    )


def half_up(above: Any, below: Any) -> Any:
    """A quotient of whole numbers, rounded half up: exact."""
    return (2 * above + below) // (2 * below)


def spread_out(lists: pd.Series, name: str) -> pd.DataFrame:
    """A column of lists as columns ``name1``, ``name2`` …, NaN beyond the end of the shorter ones."""
    known = [each or [] for each in lists]
    longest = max(map(len, known), default=0)
    padded = [[*each, *[math.nan] * (longest - len(each))] for each in known]
    names = [f"{name}{number}" for number in range(1, longest + 1)]
    return pd.DataFrame(padded, index=lists.index, columns=names, dtype="float64")


@dataclass(frozen=True)
class Compared:
    """How much was compared, nulls not counted, and a sentence for each figure that differs."""

    rows: int
    figures: int
    differing: list[str]

    def __str__(self) -> str:
        first = "\n".join(self.differing[:20])
        return f"{len(self.differing)} of {self.figures} figures in {self.rows} rows differ:\n{first}"


def compare(stored: pd.DataFrame, again: pd.DataFrame) -> Compared:
    """What is stored beside what was computed again, row by key and column by name; nothing is nearly equal."""
    assert set(stored.columns) == set(again.columns)
    assert stored.index.is_unique
    assert again.index.is_unique
    differing = [f"{key}: stored, but not computed again" for key in stored.index.difference(again.index)]
    differing += [f"{key}: computed again, but not stored" for key in again.index.difference(stored.index)]
    keys = stored.index.intersection(again.index)
    stored, again = stored.loc[keys], again.loc[keys]
    for name in stored.columns:
        left, right = (each[name].to_numpy(dtype=object, na_value=None) for each in (stored, again))
        differing += [
            f"{keys[at]} {name}: stored {left[at]!r}, computed again {right[at]!r}"
            for at in np.flatnonzero(left != right)
        ]
    return Compared(len(keys), int(stored.notna().sum().sum()), differing)
