"""The geometries of a file as their WKB, which may lie on disk, decoded only where they are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from mmap import MADV_DONTNEED, mmap
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

BLOCK_ROWS = 25_000


class Shapes:
    """Geometries (n,), EPSG:4490, that read like an array of shapely objects; None where there is none.

    A million plots as objects are most of a gigabyte, as WKB in a mapped file nothing: ``shapes[rows]`` decodes
    ``rows`` alone, each time anew. With ``multi`` polygons are handed out as multipolygons of one.
    """

    def __init__(self, wkb: pa.ChunkedArray, *, mapping: mmap | None = None, multi: bool = False) -> None:
        """``wkb`` (n,) is binary; ``mapping`` is the file it lies in, if it lies in one."""
        self.wkb = wkb
        self.multi = multi
        self._mapping = mapping
        self._starts = np.cumsum([0, *(len(chunk) for chunk in wkb.chunks)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, int | np.integer):
            return self._decoded(np.array([rows]))[0]
        if isinstance(rows, slice):
            return self._decoded(np.arange(*rows.indices(len(self))))
        rows = np.asarray(rows)
        return self._decoded(np.flatnonzero(rows) if rows.dtype == bool else rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._decoded(np.arange(len(self)))

    @property
    def missing(self) -> np.ndarray:
        """Where (n,) there is no geometry."""
        parts = [chunk.is_null().to_numpy(zero_copy_only=False) for chunk in self.wkb.chunks]
        return np.concatenate([np.zeros(0, dtype=bool), *parts])

    def as_multipolygons(self) -> Shapes:
        """The same, every polygon as a multipolygon of one."""
        return Shapes(self.wkb, mapping=self._mapping, multi=True)

    def blocks(self) -> Iterator[np.ndarray]:
        """All of them in order, so many at a time that memory stays flat."""
        for first in range(0, len(self), BLOCK_ROWS):
            yield self[first : first + BLOCK_ROWS]
            self.forget()

    def forget(self) -> None:
        """Give the pages of the mapped file back; what is needed again is read again."""
        if self._mapping is not None:
            self._mapping.madvise(MADV_DONTNEED)

    def _decoded(self, rows: np.ndarray) -> np.ndarray:
        result = np.empty(len(rows), dtype=object)
        rows = np.where(rows < 0, rows + len(self), rows)
        chunk_of = np.searchsorted(self._starts, rows, side="right") - 1
        for number in np.unique(chunk_of):
            here = np.flatnonzero(chunk_of == number)
            held = self.wkb.chunk(int(number)).take(pa.array(rows[here] - self._starts[number]))
            result[here] = shapely.from_wkb(held.to_numpy(zero_copy_only=False))
        return as_multipolygons(result) if self.multi else result


def as_multipolygons(geometry: np.ndarray) -> np.ndarray:
    """Polygons (n,) as multipolygons of one; anything else as it is."""
    single = np.flatnonzero(shapely.get_type_id(geometry) == shapely.GeometryType.POLYGON)
    filled = single[~shapely.is_empty(geometry[single])]
    if not len(filled):
        return geometry
    result = geometry.copy()
    result[filled] = shapely.multipolygons(geometry[filled], indices=np.arange(len(filled)))
    return result
