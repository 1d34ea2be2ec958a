"""Loading rows by COPY, so that the database's triggers see a few large statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import shapely
from django.db import connection, models
from numpy.typing import NDArray

from core.geodata.crs import CGCS2000

NULL = r"\N"


class _Lines:
    """A readable file over an iterator of lines: nothing is held but the current piece."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._rest = b""

    def read(self, size: int) -> bytes:
        pieces = [self._rest]
        got = len(self._rest)
        for line in self._lines:
            piece = line.encode()
            pieces.append(piece)
            got += len(piece)
            if got >= size:
                break
        whole = b"".join(pieces)
        self._rest = whole[size:]
        return whole[:size]


def copy_lines(model: type[models.Model], columns: list[str], lines: Iterable[str]) -> None:
    """COPY tab-separated ``lines`` (each ending in a newline) into the table of ``model``.

    Bypasses Django's cursor, so the history context must already be set in this
    transaction by an earlier write.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", _Lines(lines))


def joined(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Rows of text fields as COPY lines. Fields must hold no tab, newline or backslash of their own."""
    for row in rows:
        yield "\t".join(row) + "\n"


def multipolygon_hex(geoms: NDArray[np.object_]) -> list[str]:
    """CGCS2000 polygons as EWKB (hex) of one-part multipolygons."""
    multi = shapely.multipolygons(geoms, indices=np.arange(len(geoms)))
    return shapely.to_wkb(shapely.set_srid(multi, CGCS2000), hex=True, include_srid=True).tolist()


def restart_ids(*tables: type[models.Model]) -> None:
    """Set the id sequences of ``tables`` to follow their highest id.

    Called on tables that are still empty, it makes their ids the same whatever was
    rolled back there before; called after rows with given ids, it makes room.
    """
    with connection.cursor() as cursor:
        for model in tables:
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, 'id'), coalesce(max(id), 0) + 1, false) FROM {table}",  # noqa: S608
                [model._meta.db_table],
            )
