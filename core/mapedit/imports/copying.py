"""Rows of a file into a change set, by COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from django.db import connection
from django.utils import timezone

from core.accounts.models import User
from core.mapedit.imports import values
from core.mapedit.imports.matching import NEW, Incoming, Matched
from core.mapedit.layers import EditableLayer
from core.mapedit.models import Action, ChangeSet
from core.mapedit.models.changes import Operation

BLOCK_ROWS = 25_000
MANY_ROWS = 10_000
"""More rows than these are worth new statistics at once."""

_COLUMNS = "change_set_id, feature, action, operation, geom, attributes, base_version, origins, revision, changed_at"


def copy_rows(
    change_set: ChangeSet,
    layer: EditableLayer,
    incoming: Incoming,
    matched: Matched,
    rows: np.ndarray,
    *,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Add ``rows`` (row numbers, new or changed) of a file to a change set.

    One COPY a block, so that memory stays flat and the database's own checks see a block at a time. The features are
    laid down along a space-filling curve: neighbours on the map become neighbours on disk.
    """
    rows = rows[np.argsort(_curve(incoming.geometry[rows]), kind="stable")]
    now = timezone.now().isoformat()
    statement = f"COPY mapedit_change ({_COLUMNS}) FROM STDIN"
    blocks = [rows[first : first + BLOCK_ROWS] for first in range(0, len(rows), BLOCK_ROWS)]

    def lines_of(block: np.ndarray) -> pa.Array:
        return _lines(change_set.pk, layer, incoming, matched, block, now)

    done = 0
    with connection.cursor() as cursor:
        for lines in _one_ahead(lines_of, blocks):
            cursor.copy_expert(statement, _Stream(lines), 1 << 20)
            done += len(lines)
            if progress is not None:
                progress(done)
        # A block-range index knows nothing of new blocks until they are summarised, nor the planner of new rows.
        cursor.execute("SELECT brin_summarize_new_values('mapedit_change_place')")
        if len(rows) > MANY_ROWS:
            cursor.execute("ANALYZE mapedit_change")


def _one_ahead(work: Callable[[np.ndarray], pa.Array], blocks: list[np.ndarray]) -> Iterator[pa.Array]:
    """``work`` of each block: the next one is done while the database takes the present one in, and no more."""
    with ThreadPoolExecutor(1) as pool:
        coming = None
        for block in blocks:
            following = pool.submit(work, block)
            if coming is not None:
                yield coming.result()
            coming = following
        if coming is not None:
            yield coming.result()


def drop(change_set: ChangeSet, codes: list[str]) -> int:
    """Take the changes of features ``codes`` out of a set again; how many there were."""
    return change_set.changes.filter(feature__in=codes).delete()[0]


def remove_missing(change_set: ChangeSet, layer: EditableLayer, matched: Matched, *, by: User) -> None:
    """Add the end of every feature in force that the file does not name, unless the set changes it already."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO mapedit_change
                (change_set_id, feature, action, operation, attributes, base_version, origins, revision, changed_by_id)
            SELECT %(set)s, v.{layer.feature_column}, 'remove', 'import', {layer.attributes_sql("v")},
                   {layer.version_id_sql("v")}, '{{}}', 1, %(by)s
            FROM {layer.table} v
            JOIN unnest(%(codes)s::text[]) AS missing (code) ON missing.code = v.{layer.feature_column}
            WHERE {layer.open_sql("v")}
            ON CONFLICT DO NOTHING
            """,
            {"set": change_set.pk, "by": by.pk, "codes": matched.missing},
        )


def _lines(
    change_set: int,
    layer: EditableLayer,
    incoming: Incoming,
    matched: Matched,
    rows: np.ndarray,
    now: str,
) -> pa.Array:
    """The rows in COPY's text format, a line each."""
    at = pa.array(rows)
    is_new = matched.kind[rows] == NEW
    parts: list[pa.Array | str] = []
    for attribute in layer.attributes:
        literals = values.literals(attribute, value_of(attribute.name, incoming, matched, at))
        parts += [f'{", " if parts else ""}"{attribute.name}": ', literals]
    attributes = pc.binary_join_element_wise("{", *parts, "}", "")
    geometry = _hex(pa.array(shapely.to_wkb(incoming.geometry[rows]), type=pa.binary()))
    versions = pa.array(matched.versions[rows]).cast(pa.string())
    fields: list[pa.Array | str] = [
        str(change_set),
        incoming.codes.take(at),
        pc.if_else(pa.array(is_new), Action.ADD.value, Action.MODIFY.value),
        Operation.IMPORT.value,
        geometry,
        # COPY reads a backslash as the start of an escape.
        pc.replace_substring(attributes, "\\", "\\\\"),
        pc.if_else(pa.array(is_new), "\\N", versions),
        "{}",
        "1",
        now + "\n",
    ]
    return pc.binary_join_element_wise(*fields, "\t")


def _hex(column: pa.Array) -> pa.Array:
    """Bytes as the hexadecimal text PostGIS reads, all at once: the offsets double, the content is spelled out."""
    _validity, offsets, content = column.buffers()
    spelled = np.frombuffer(offsets, dtype=np.int32)[: len(column) + 1].astype(np.int64) * 2
    text = pa.py_buffer(content.to_pybytes().hex().encode())
    return pa.Array.from_buffers(pa.string(), len(column), [None, pa.py_buffer(spelled.astype(np.int32)), text])


def value_of(name: str, incoming: Incoming, matched: Matched, rows: pa.Array) -> pa.Array:
    """Canonical texts of attribute ``name`` for ``rows``: the file's where it carries it, else those in force."""
    return (incoming.values[name] if name in incoming.values else matched.base[name]).take(rows)


def _curve(geometry: np.ndarray) -> np.ndarray:
    """Position of each geometry's centre along a Z-order curve over 2¹⁶ × 2¹⁶ cells of their common bounds."""
    bounds = shapely.bounds(geometry)
    centre = (bounds[:, :2] + bounds[:, 2:]) / 2
    low = centre.min(axis=0, initial=np.inf)
    span = np.maximum(centre.max(axis=0, initial=-np.inf) - low, 1e-12)
    cells = ((centre - low) / span * 65_535).astype(np.uint64)
    code = np.zeros(len(geometry), dtype=np.uint64)
    for bit in range(16):
        for axis in (0, 1):
            code |= ((cells[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + axis)
    return code


class _Stream:
    """What COPY reads from: the bytes of an array of lines, with no Python object a line."""

    def __init__(self, lines: pa.Array) -> None:
        self.rest = self._buffers(lines)
        self.view = memoryview(b"")

    @staticmethod
    def _buffers(lines: pa.Array) -> Iterator[memoryview]:
        offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[lines.offset : lines.offset + len(lines) + 1]
        yield memoryview(lines.buffers()[2])[int(offsets[0]) : int(offsets[-1])]

    def read(self, size: int) -> bytes:
        if not self.view:
            self.view = next(self.rest, memoryview(b""))
        piece, self.view = self.view[:size], self.view[size:]
        return bytes(piece)
