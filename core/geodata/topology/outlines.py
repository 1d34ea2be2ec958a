"""Small polygons as arrays of vertices, of which `dividing` tells a million pairs apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

_MOST = 10
"""Vertices, the closing one included; nearly every plot has fewer, and arrays grow with the largest."""

_ROWS = 4_000
"""So many at a time stay in the processor's cache."""


@dataclass(frozen=True)
class Outlines:
    """The vertices of polygons (n,) in rows of equal length, counter-clockwise, the last one repeated.

    ``small`` (n,) tells which fit, ``ring`` which of them are a single ring, ``edges`` how many edges that has.
    Edge ``k`` of a polygon runs from vertex ``k`` in the direction (``east``, ``north``)[k] of length 1, what is inside
    near it on its left; ``offset`` is its distance from the origin, -inf for an edge of no length. ``bounds`` (n, 4)
    are west, south, east, north.
    """

    small: np.ndarray
    ring: np.ndarray
    edges: np.ndarray
    x: np.ndarray
    y: np.ndarray
    east: np.ndarray
    north: np.ndarray
    offset: np.ndarray
    bounds: np.ndarray

    @classmethod
    def of(cls, geometries: np.ndarray) -> Outlines:
        """Take the vertices of ``geometries`` (n,), valid polygons or multipolygons."""
        counts = shapely.get_num_coordinates(geometries)
        last = np.cumsum(counts)
        all_x, all_y = (np.ascontiguousarray(side) for side in shapely.get_coordinates(geometries).T)
        parts = []
        for first in range(0, max(len(counts), 1), _ROWS):
            here = slice(first, first + _ROWS)
            parts.append(_edges(all_x, all_y, last[here] - counts[here], counts[here]))
        ring, x, y, east, north, offset = (np.concatenate(each) for each in zip(*parts, strict=True))
        small = counts <= _MOST
        return cls(small, small & ring, counts - 1, x, y, east, north, offset, shapely.bounds(geometries))


def _edges(all_x: np.ndarray, all_y: np.ndarray, start: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, ...]:
    """Fields ``ring`` to ``offset`` of polygons whose vertices begin at ``start`` (n,)."""
    steps = np.arange(_MOST)
    at = np.minimum(steps, counts[:, None] - 1) + start[:, None]
    x, y = all_x[at], all_y[at]
    # Turning from the first vertex keeps the digits.
    dx, dy = x - x[:, :1], y - y[:, :1]
    clockwise = np.flatnonzero((dx[:, :-1] * dy[:, 1:] - dx[:, 1:] * dy[:, :-1]).sum(axis=1) < 0)
    at = np.maximum(counts[clockwise, None] - 1 - steps, 0) + start[clockwise, None]
    x[clockwise], y[clockwise] = all_x[at], all_y[at]
    # A ring comes back to its first vertex at its end and nowhere else.
    ring = ((x == x[:, :1]) & (y == y[:, :1])).sum(axis=1) == np.maximum(_MOST - counts, 0) + 2
    ring &= (x[:, -1] == x[:, 0]) & (y[:, -1] == y[:, 0])
    east, north = np.diff(x, axis=1), np.diff(y, axis=1)
    length = np.sqrt(east * east + north * north)
    some = length > 0
    length[~some] = 1.0
    east /= length
    north /= length
    return ring, x, y, east, north, np.where(some, east * y[:, :-1] - north * x[:, :-1], -np.inf)
