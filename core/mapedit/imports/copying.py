"""Rows of a file into a change set, by COPY."""

from __future__ import annotations

import datetime as dt
import struct
from types import TracebackType

import numpy as np
import pyarrow as pa
import shapely
from django.db import connection
from django.utils import timezone

from core import copying
from core.accounts.models import User
from core.mapedit.imports import values
from core.mapedit.imports.matching import NEW, Incoming, Matched, value_of
from core.mapedit.imports.suspects import Suspects
from core.mapedit.layers import EditableLayer
from core.mapedit.models import Action, ChangeSet
from core.mapedit.models.changes import Operation

MANY_ROWS = 10_000
"""More rows than these are worth new statistics at once."""

_COLUMNS = "change_set_id, feature, action, operation, geom, attributes, base_version, origins, revision, changed_at"
_COPY = f"COPY mapedit_change ({_COLUMNS}) FROM STDIN (FORMAT binary)"
_VARCHAR = 1043
_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class Copying:
    """Adds rows of a file (new or changed) to a change set, a block at a time; used with ``with``.

    One COPY a block, so that memory stays flat and the database's own checks see a block at a time. Blocks have to come
    in the order of the map, and the rows of one along a curve: neighbours on the map become neighbours on disk.
    """

    def __init__(
        self, change_set: ChangeSet, layer: EditableLayer, incoming: Incoming, matched: Matched, suspects: Suspects
    ) -> None:
        """``suspects`` gets to see every block."""
        self._layer, self._incoming, self._matched, self._suspects = layer, incoming, matched, suspects
        self._cursor = connection.cursor()
        self._set = copying.field(struct.pack(">q", change_set.pk))
        self._now = copying.field(struct.pack(">q", (timezone.now() - _EPOCH) // dt.timedelta(microseconds=1)))
        self.done = 0

    def __enter__(self) -> Copying:
        return self

    def block(self, rows: np.ndarray, geometry: np.ndarray) -> pa.Array:
        """``rows`` (row numbers) and their ``geometry`` in COPY's binary format, a row each; in any thread."""
        at = pa.array(rows)
        is_new = self._matched.kind[rows] == NEW
        codes = self._incoming.codes.take(at)
        held = {each.name: value_of(each.name, self._incoming, self._matched, at) for each in self._layer.attributes}
        self._suspects.look(rows, codes, held)
        attributes = values.json_objects([(each, held[each.name]) for each in self._layer.attributes]).cast(pa.binary())
        shapes = pa.array(shapely.to_wkb(geometry), type=pa.binary())
        add, modify = (
            copying.field(each.encode()) + copying.field(Operation.IMPORT.encode())
            for each in (Action.ADD, Action.MODIFY)
        )
        # No dimensions, no nulls: the empty array of origins; then the first revision.
        rest = copying.field(struct.pack(">iii", 0, 0, _VARCHAR)) + copying.field(struct.pack(">i", 1)) + self._now
        versions = copying.numbers(np.full(len(rows), 8), ">i4"), copying.numbers(self._matched.versions[rows], ">i8")
        parts: list[pa.Array | pa.Scalar] = [
            copying.constant(struct.pack(">h", 10) + self._set),
            *copying.fields(codes.cast(pa.binary())),
            copying.either(is_new, copying.constant(add), copying.constant(modify)),
            *copying.fields(shapes),
            # jsonb's binary form is its text behind a version number.
            copying.numbers(copying.lengths(attributes) + 1, ">i4"),
            copying.constant(b"\x01"),
            attributes,
            copying.either(is_new, copying.constant(copying.NULL), copying.joined(*versions)),
            copying.constant(rest),
        ]
        return copying.joined(*parts)

    def add(self, block: pa.Array) -> None:
        """Hand a block to the database."""
        if len(block):
            copying.send(self._cursor, _COPY, [block])
            self.done += len(block)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._cursor as cursor:
            if kind is None:
                # A block-range index knows nothing of new blocks until they are summarised.
                cursor.execute("SELECT brin_summarize_new_values('mapedit_change_place')")


def analyse() -> None:
    """Tell the planner of many new rows, for a statement over them all; otherwise the server does so by itself."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mapedit_change")


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
