"""New versions of yearly returns: the only writer of them, for imports, confirmed reports and corrections alike."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pghistory
from django.db import DatabaseError, connection, transaction

from core.accounts.models import User
from core.refusals import Refused, sentence_of
from efficiency.returns.figures import KEYS, Office
from efficiency.returns.imports.headings import MINOR_DIGITS
from efficiency.returns.models import ReturnBatch, ReturnStatus, SelfReport
from efficiency.returns.services.following import follow
from efficiency.returns.services.locking import lock

UNKNOWN = -(2**63)
"""Stands for a figure that is not given, on its way to the database."""


@dataclass(frozen=True)
class Columns:
    """Figures of enterprises: ``enterprises`` int64 ids, each once, and by figure its smallest units and where known.

    A figure that is not known leaves what is believed as it is.
    """

    enterprises: np.ndarray
    figures: Mapping[str, tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, rows: Mapping[int, Mapping[str, Decimal | int | None]]) -> Columns:
        """Figures by enterprise id and column name, in the units of the columns."""
        keys = [key for key in KEYS if any(key in row for row in rows.values())]
        figures = {}
        for key in keys:
            given = [row.get(key) for row in rows.values()]
            minor = [int(Decimal(each).scaleb(MINOR_DIGITS[key])) if each is not None else 0 for each in given]
            figures[key] = (np.array(minor, dtype=np.int64), np.array([each is not None for each in given], dtype=bool))
        return cls(np.fromiter(rows, dtype=np.int64, count=len(rows)), figures)


@dataclass(frozen=True)
class Recorded:
    """How many returns got a first version, another version, and none because nothing differs."""

    new: int
    changed: int
    unchanged: int


def record(
    *,
    rows: Columns | Mapping[int, Mapping[str, Decimal | int | None]],
    year: int,
    office: str,
    status: str,
    by: User | None,
    batch: ReturnBatch | None = None,
    self_report: SelfReport | None = None,
) -> Recorded:
    """Believe the figures ``rows`` of ``year`` from now on, as supplied by ``office``.

    What a row does not give is carried over from the open version with the office it came from. A return whose figures
    and status stay as they are gets no version. Closing and opening are one transaction, in which the plots' figures
    follow or are noted as due (:mod:`.following`); two of one year wait for each other. Raises Refused when the
    database objects, and then nothing is written.
    """
    columns = rows if isinstance(rows, Columns) else Columns.of(rows)
    office, status = Office(office).value, ReturnStatus(status).value
    context = {"user": by.pk} if by else {}
    try:
        with transaction.atomic(), pghistory.context(**context):
            recorded = _record(columns, year, office, status, batch, self_report)
            if recorded.new or recorded.changed:
                follow(year=year, enterprises=columns.enterprises.tolist())
    except DatabaseError as error:
        raise Refused(sentence_of(error)) from error
    return recorded


def _record(
    columns: Columns, year: int, office: str, status: str, batch: ReturnBatch | None, self_report: SelfReport | None
) -> Recorded:
    keys = [key for key in KEYS if key in columns.figures]
    count = len(columns.enterprises)
    if not keys or not count:
        return Recorded(0, 0, count)
    lock(year)
    with connection.cursor() as cursor:
        _copy(cursor, columns, keys)
        cursor.execute(_differing(keys, columns, office), {"year": year, "status": status})
        cursor.execute("SELECT clock_timestamp(), count(open_id) FROM returns_differing")
        now, changed = cursor.fetchone()
        if changed:
            cursor.execute("ANALYZE returns_differing (open_id)")
            cursor.execute(
                "UPDATE returns_yearlyreturn r SET valid_to = %s FROM returns_differing d WHERE r.id = d.open_id", [now]
            )
        names = ", ".join(KEYS)
        cursor.execute(
            f"INSERT INTO returns_yearlyreturn (enterprise_id, year, {names}, status, source, sources, batch_id,"  # noqa: S608
            f" self_report_id, valid_from) SELECT enterprise_id, %(year)s, {names}, %(status)s, %(source)s, sources,"
            " %(batch)s, %(report)s, %(now)s FROM returns_differing",
            {
                "year": year,
                "status": status,
                "source": str(Office(office).label),
                "batch": batch.pk if batch else None,
                "report": self_report.pk if self_report else None,
                "now": now,
            },
        )
        written = cursor.rowcount
        cursor.execute("DROP TABLE returns_differing, returns_incoming")
    return Recorded(new=written - changed, changed=changed, unchanged=count - written)


def _copy(cursor: object, columns: Columns, keys: list[str]) -> None:
    """Hand the columns to a table of this transaction, in COPY's binary form: every field is eight bytes wide."""
    fields = ", ".join(f"{key} bigint NOT NULL" for key in keys)
    cursor.execute(f"CREATE TEMP TABLE returns_incoming (enterprise_id bigint NOT NULL, {fields}) ON COMMIT DROP")  # type: ignore[attr-defined]
    names = ["enterprise_id", *keys]
    layout = [("fields", ">i2"), *((f"{part}{at}", kind) for at in range(len(names))
              for part, kind in (("length", ">i4"), ("value", ">i8")))]  # fmt: skip
    held = np.empty(len(columns.enterprises), dtype=np.dtype(layout))
    held["fields"] = len(names)
    for at in range(len(names)):
        held[f"length{at}"] = 8
    held["value0"] = columns.enterprises
    for at, key in enumerate(keys, start=1):
        minor, known = columns.figures[key]
        held[f"value{at}"] = np.where(known, minor, UNKNOWN)
    # In the order of the index that grows, whatever the order of the file.
    held = held[np.argsort(columns.enterprises, kind="stable")]
    stream = io.BytesIO(b"PGCOPY\n\xff\r\n\x00" + bytes(8) + held.tobytes() + b"\xff\xff")
    cursor.copy_expert(f"COPY returns_incoming ({', '.join(names)}) FROM STDIN (FORMAT binary)", stream, 1 << 20)  # type: ignore[attr-defined]
    cursor.execute("ANALYZE returns_incoming (enterprise_id)")  # type: ignore[attr-defined]


def _differing(keys: list[str], columns: Columns, office: str) -> str:
    """The statement that keeps, as ``returns_differing``, what each enterprise's figures come to where they differ."""

    def given(key: str) -> str:
        unit = f"{Decimal(1).scaleb(-MINOR_DIGITS[key])}"
        whole = f"nullif(i.{key}, {UNKNOWN})"
        return f"{whole}::integer" if key == "staff" else f"{whole} * {unit}"

    merged = {key: f"coalesce({given(key)}, o.{key})" if key in keys else f"o.{key}" for key in KEYS}
    whole = {key: office for key in keys if columns.figures[key][1].all()}
    parts = [f"CASE WHEN i.{key} <> {UNKNOWN} THEN '{json.dumps({key: office})}'::jsonb ELSE '{{}}' END"
             for key in keys if key not in whole]  # fmt: skip
    given_by = " || ".join([f"'{json.dumps(whole)}'::jsonb", *parts])
    sources = f"CASE WHEN o.id IS NULL THEN {given_by} ELSE coalesce(o.sources, '{{}}') || {given_by} END"
    return f"""
        CREATE TEMP TABLE returns_differing ON COMMIT DROP AS
        SELECT i.enterprise_id, o.id AS open_id, {", ".join(f"{sql} AS {key}" for key, sql in merged.items())},
               {sources} AS sources
        FROM returns_incoming i
        LEFT JOIN returns_yearlyreturn o
            ON o.enterprise_id = i.enterprise_id AND o.year = %(year)s AND o.valid_to IS NULL
        WHERE CASE WHEN o.id IS NULL THEN num_nonnulls({", ".join(given(key) for key in keys)}) > 0
              ELSE o.status <> %(status)s OR ({", ".join(merged[key] for key in keys)})
                  IS DISTINCT FROM ({", ".join(f"o.{key}" for key in keys)}) END
    """  # noqa: S608
