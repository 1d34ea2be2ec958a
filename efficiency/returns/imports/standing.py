"""How the rows of a file stand to the database: their enterprises, what is believed now and what was last year."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from django.db import connection, transaction

from efficiency.returns.figures import KEYS
from efficiency.returns.imports.headings import MINOR_DIGITS


@dataclass(frozen=True)
class Believed:
    """Figures of one year: ``minor`` smallest units where ``known``, by figure."""

    minor: dict[str, np.ndarray]
    known: dict[str, np.ndarray]


@dataclass(frozen=True)
class Standing:
    """Row by row: the enterprise's id (0 for none), name, district and industry division, and its returns.

    ``now`` is the open version of the year, ``has_version`` where there is one, with its ``status`` and, as JSON, the
    offices behind its figures; ``before`` the open version of the year before.
    """

    enterprise: np.ndarray
    name: pa.Array
    district: pa.Array
    division: pa.Array
    has_version: np.ndarray
    status: pa.Array
    sources: pa.Array
    now: Believed
    before: Believed


@dataclass(frozen=True)
class Register:
    """Enterprises with what is believed of a year and of the year before, a row each, by ``uscc``."""

    rows: pa.Table
    keys: tuple[str, ...]


@transaction.atomic
def register(year: int, *, keys: Sequence[str] = KEYS, codes: pa.Array | None = None) -> Register:
    """Ask for the enterprises of ``codes``, or for all, in one statement however many there are."""
    with connection.cursor() as cursor, tempfile.TemporaryFile() as answered:
        asked = codes is not None
        if asked:
            cursor.execute("CREATE TEMP TABLE returns_asked (uscc text NOT NULL) ON COMMIT DROP")
            cursor.copy_expert("COPY returns_asked FROM STDIN", _lines(codes), 1 << 20)
            cursor.execute("ANALYZE returns_asked")
        cursor.copy_expert(_statement(keys, year, asked), answered)
        if asked:
            cursor.execute("DROP TABLE returns_asked")
        answered.seek(0)
        return Register(_table(answered, keys), tuple(keys))


def standing(codes: pa.Array, held: Register) -> Standing:
    """How the rows of ``codes`` (null for none) stand to the register; those it does not know have nulls."""
    rows = held.rows.take(pc.index_in(codes, held.rows.column("uscc"))).combine_chunks()
    return Standing(
        enterprise=_whole(rows, "enterprise", 0)[0],
        name=_column(rows, "name"),
        district=_column(rows, "district"),
        division=_column(rows, "division"),
        has_version=~_column(rows, "status").is_null().to_numpy(zero_copy_only=False),
        status=_column(rows, "status"),
        sources=_column(rows, "sources"),
        now=_believed(rows, "now", held.keys),
        before=_believed(rows, "before", [*held.keys, "staff"]),
    )


def _lines(codes: pa.Array) -> io.BytesIO:
    # Codes that check out are digits and letters: there is nothing to quote.
    return io.BytesIO("\n".join(codes.drop_null().unique().to_pylist()).encode())


def _names(keys: Sequence[str]) -> list[str]:
    return [f"now.{key}" for key in keys] + [f"before.{key}" for key in dict.fromkeys([*keys, "staff"])]


def _statement(keys: Sequence[str], year: int, asked: bool) -> str:
    figures = ", ".join(
        f"({'n' if (name := each.split('.'))[0] == 'now' else 'b'}.{name[1]} * {10 ** MINOR_DIGITS[name[1]]})::bigint"
        for each in _names(keys)
    )
    return f"""
        COPY (
            SELECT e.uscc, e.id, e.name, e.district_id, substring(e.industry_id from '[0-9]{{2}}'), n.status,
                   CASE WHEN n.sources <> '{{}}' THEN n.sources END, {figures}
            FROM enterprises_enterprise e{" JOIN returns_asked a ON a.uscc = e.uscc" if asked else ""}
            LEFT JOIN returns_yearlyreturn n ON n.enterprise_id = e.id AND n.year = {int(year)} AND n.valid_to IS NULL
            LEFT JOIN returns_yearlyreturn b ON b.enterprise_id = e.id AND b.year = {int(year) - 1}
                AND b.valid_to IS NULL
        ) TO STDOUT (FORMAT csv)
    """  # noqa: S608


def _table(answered: object, keys: Sequence[str]) -> pa.Table:
    texts = ["uscc", "name", "district", "division", "status", "sources"]
    names = ["uscc", "enterprise", *texts[1:], *_names(keys)]
    kinds = dict.fromkeys(names, pa.int64()) | dict.fromkeys(texts, pa.string())
    coded = pa.dictionary(pa.int32(), pa.string())
    kinds |= dict.fromkeys(["district", "division", "status", "sources"], coded)
    options = pa.csv.ConvertOptions(
        column_types=kinds, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
    )
    try:
        return pa.csv.read_csv(
            answered,
            read_options=pa.csv.ReadOptions(column_names=names, use_threads=True, block_size=1 << 24),
            parse_options=pa.csv.ParseOptions(newlines_in_values=True),
            convert_options=options,
        ).unify_dictionaries()
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise
        return pa.table({name: pa.array([], kinds[name]) for name in names})


def _column(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name)
    flat = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    return flat


def _whole(rows: pa.Table, name: str, missing: int) -> tuple[np.ndarray, np.ndarray]:
    column = _column(rows, name)
    return column.fill_null(missing).to_numpy(zero_copy_only=False), column.is_valid().to_numpy(zero_copy_only=False)


def _believed(rows: pa.Table, prefix: str, keys: Sequence[str]) -> Believed:
    held = {key: _whole(rows, f"{prefix}.{key}", 0) for key in dict.fromkeys(keys)}
    return Believed({key: each[0] for key, each in held.items()}, {key: each[1] for key, each in held.items()})


def usual_per_head(keys: Sequence[str], divisions: Sequence[str], year: int) -> dict[tuple[str, str], float]:
    """By figure and industry division: the median of the figure per employee in ``year``, in units of its column."""
    if not keys or not divisions:
        return {}
    medians = ", ".join(
        f"percentile_cont(0.5) WITHIN GROUP (ORDER BY r.{key}::float8 / r.staff) FILTER (WHERE r.{key} > 0)"
        for key in keys
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT substring(e.industry_id from '[0-9]{{2}}') AS division, {medians}
            FROM returns_yearlyreturn r JOIN enterprises_enterprise e ON e.id = r.enterprise_id
            WHERE r.year = %s AND r.valid_to IS NULL AND r.staff > 0
                AND substring(e.industry_id from '[0-9]{{2}}') = ANY(%s)
            GROUP BY division
            """,  # noqa: S608
            [year, list(divisions)],
        )
        return {
            (key, division): median
            for division, *found in cursor.fetchall()
            for key, median in zip(keys, found, strict=True)
            if median
        }
