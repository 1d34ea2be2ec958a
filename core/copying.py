"""Columns into a table by COPY in PostgreSQL's binary format, with no Python object a row.

A row is the fields' bytes, each behind its length; :func:`joined` puts a block of rows together and :func:`send` hands
blocks to the database.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NULL = struct.pack(">i", -1)
"""The field of a null."""
_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = struct.pack(">h", -1)


def field(content: bytes) -> bytes:
    """A field: how long it is, then its content."""
    return struct.pack(">i", len(content)) + content


def fields(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """A column of bytes (no nulls) as fields."""
    return numbers(lengths(column), ">i4"), column


def lengths(column: pa.Array) -> np.ndarray:
    """How many bytes each has."""
    return np.asarray(pc.binary_length(column).to_numpy(zero_copy_only=False))


def numbers(column: np.ndarray, kind: str) -> pa.Array:
    """Whole numbers as bytes in network order."""
    return records(column.astype(kind))


def records(column: np.ndarray) -> pa.Array:
    """Records of one length (a structured or any other array) as bytes, a record each."""
    offsets = np.arange(len(column) + 1, dtype=np.int32) * column.itemsize
    content = np.ascontiguousarray(column)
    return pa.Array.from_buffers(pa.binary(), len(column), [None, pa.py_buffer(offsets), pa.py_buffer(content)])


def constant(content: bytes) -> pa.Scalar:
    """The same bytes in every row."""
    return pa.scalar(content, type=pa.binary())


def either(which: np.ndarray, yes: Any, no: Any) -> Any:
    """``yes`` where ``which``, else ``no``, each an array or one for all."""
    return yes if which.all() else pc.if_else(pa.array(which), yes, no)


def joined(*parts: Any) -> pa.Array:
    """Rows: the parts' bytes one behind another."""
    return pc.binary_join_element_wise(*parts, constant(b""))


def send(cursor: Any, statement: str, blocks: Iterable[pa.Array]) -> None:
    """Copy blocks of rows by one ``COPY … FROM STDIN (FORMAT binary)``; a block may be up to 2 GB."""
    cursor.copy_expert(statement, _Stream(blocks), 1 << 20)


class _Stream:
    """What COPY reads from: the bytes of arrays of rows."""

    def __init__(self, blocks: Iterable[pa.Array]) -> None:
        self._pieces = self._all(blocks)
        self._piece = memoryview(b"")

    @staticmethod
    def _all(blocks: Iterable[pa.Array]) -> Any:
        yield memoryview(_HEAD)
        for rows in blocks:
            if len(rows):
                offsets = np.frombuffer(rows.buffers()[1], dtype=np.int32)[rows.offset : rows.offset + len(rows) + 1]
                yield memoryview(rows.buffers()[2])[offsets[0] : offsets[-1]]
        yield memoryview(_END)

    def read(self, size: int) -> bytes:
        while not self._piece:
            following = next(self._pieces, None)
            if following is None:
                return b""
            self._piece = following
        taken, self._piece = self._piece[:size], self._piece[size:]
        return bytes(taken)
