"""Columns of a large file on disk instead of in memory, read like any others."""

from __future__ import annotations

import mmap
import tempfile

import pyarrow as pa

_FEW_BYTES = 1 << 20


class Spool:
    """Holds columns in files without a name, which end with the columns read from them."""

    def __init__(self) -> None:
        self._mappings: list[mmap.mmap] = []

    def keep(self, column: pa.Array) -> pa.Array:
        """The same column on disk; a short one stays where it is. Raises OSError when the disk is full."""
        if column.nbytes < _FEW_BYTES:
            return column
        batch = pa.record_batch([column], names=["column"])
        with tempfile.TemporaryFile(prefix="muchan-import-") as file:
            with pa.ipc.new_stream(file, batch.schema) as writer:
                writer.write_batch(batch)
            file.flush()
            mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._mappings.append(mapping)
        return pa.ipc.open_stream(pa.py_buffer(mapping)).read_next_batch().column(0)

    def forget(self) -> None:
        """Give the pages of the columns back; what is needed again is read again."""
        for mapping in self._mappings:
            mapping.madvise(mmap.MADV_DONTNEED)
