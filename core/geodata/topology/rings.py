"""Polygons as flat arrays of rings, so that a million of them cost array passes instead of calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

POLYGON, MULTIPOLYGON = 3, 6
"""Type numbers of shapely."""


@dataclass(frozen=True)
class Rings:
    """All rings of a batch of polygonal geometries.

    ``xy`` (n, 2) holds every vertex, the closing one included. Ring ``r`` is ``xy[start[r]:start[r] + count[r]]``,
    belongs to part ``part[r]`` and is a hole where ``hole[r]``; part ``p`` belongs to geometry ``owner[p]``, the
    row in the batch. Geometries that are missing, empty or not polygonal have no rings.
    """

    owner: np.ndarray
    part: np.ndarray
    hole: np.ndarray
    start: np.ndarray
    count: np.ndarray
    xy: np.ndarray

    @classmethod
    def of(cls, geometries: np.ndarray) -> Rings:
        """Take apart ``geometries`` (n,), of any type and coordinate system."""
        polygonal = np.isin(shapely.get_type_id(geometries), (POLYGON, MULTIPOLYGON)) & ~shapely.is_empty(geometries)
        rows = np.flatnonzero(polygonal)
        counts = shapely.get_num_coordinates(geometries[rows])
        xy = shapely.get_coordinates(geometries[rows])
        start = _starts(counts)
        # A single ring is told by its first vertex, which comes back at the end and nowhere else. That needs no
        # object per ring, which would cost more than everything done with the rings.
        first = np.repeat(xy[start], counts, axis=0) if len(rows) else xy
        returns = (xy == first).all(axis=1)
        times = np.add.reduceat(returns, start) if len(rows) else counts
        single = (times == 2) & returns[start + counts - 1] & (shapely.get_num_geometries(geometries[rows]) == 1)
        if single.all():
            return cls(rows, np.arange(len(rows)), np.zeros(len(rows), dtype=bool), start, counts, xy)
        plain = xy[np.repeat(single, counts)]
        return cls._joined(rows[single], counts[single], plain, rows[~single], geometries)

    @classmethod
    def _joined(
        cls,
        plain_rows: np.ndarray,
        plain_counts: np.ndarray,
        plain: np.ndarray,
        rows: np.ndarray,
        geometries: np.ndarray,
    ) -> Rings:
        """The plain single rings, and behind them the rings of ``rows``, which have holes or several parts."""
        parts, owner = shapely.get_parts(geometries[rows], return_index=True)
        filled = ~shapely.is_empty(parts)
        parts, owner = parts[filled], owner[filled]
        rings, part = shapely.get_rings(parts, return_index=True)
        # Rings come part by part, the shell first.
        hole = np.append(False, part[1:] == part[:-1])[: len(rings)]
        counts = np.concatenate((plain_counts, shapely.get_num_coordinates(rings)))
        return cls(
            np.concatenate((plain_rows, rows[owner])),
            np.concatenate((np.arange(len(plain_rows)), len(plain_rows) + part)),
            np.concatenate((np.zeros(len(plain_rows), dtype=bool), hole)),
            _starts(counts),
            counts,
            np.concatenate((plain, shapely.get_coordinates(rings))),
        )

    @property
    def end(self) -> np.ndarray:
        """The closing vertex of every ring."""
        return self.start + self.count - 1

    def ring_of_vertices(self) -> np.ndarray:
        """The ring number of every vertex."""
        return np.repeat(np.arange(len(self.count)), self.count)

    def owner_of_rings(self) -> np.ndarray:
        """The row of the geometry every ring belongs to."""
        return self.owner[self.part]

    def sum_over_rings(self, of_edges: np.ndarray) -> np.ndarray:
        """Sum a figure per edge (n - 1,), edge ``k`` running from vertex ``k`` to ``k + 1``, over each ring."""
        if not len(self.start):
            return np.zeros(0)
        figures = np.append(of_edges, 0.0)
        figures[self.end] = 0.0  # from the end of one ring to the start of the next
        return np.add.reduceat(figures, self.start)

    def sum_over_parts(self, of_rings: np.ndarray) -> np.ndarray:
        """Sum a figure per ring over each part."""
        return np.bincount(self.part, of_rings, len(self.owner))


def _starts(counts: np.ndarray) -> np.ndarray:
    return np.concatenate(([0], np.cumsum(counts)[:-1])) if len(counts) else np.zeros(0, dtype=int)
