"""Small polygons as arrays of vertices, to see at once which pairs an edge of one divides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

_MOST = 10
"""Vertices, the closing one included; nearly every plot has fewer, and arrays grow with the largest."""

_PAIRS = 4_000
"""So many at a time stay in the processor's cache."""


@dataclass(frozen=True)
class Outlines:
    """The vertices of polygons (n,) in rows of equal length, the last one repeated; ``small`` (n,) tells which fit.

    Edge ``k`` of a polygon runs from vertex ``k`` in the direction (``east``, ``north``)[k] of length 1, what is inside
    near it on its left; ``offset`` is its distance from the origin, -inf for an edge of no length.
    """

    small: np.ndarray
    x: np.ndarray
    y: np.ndarray
    east: np.ndarray
    north: np.ndarray
    offset: np.ndarray
    middle: np.ndarray

    @classmethod
    def of(cls, geometries: np.ndarray) -> Outlines:
        """Take the vertices of ``geometries`` (n,), valid polygons or multipolygons."""
        counts = shapely.get_num_coordinates(geometries)
        last = np.cumsum(counts)
        at = np.minimum(np.arange(_MOST), counts[:, None] - 1) + (last - counts)[:, None]
        xy = shapely.get_coordinates(geometries)
        x, y = xy[at, 0], xy[at, 1]
        # Turning from the first vertex keeps the digits.
        dx, dy = x - x[:, :1], y - y[:, :1]
        turn = np.sign((dx[:, :-1] * dy[:, 1:] - dx[:, 1:] * dy[:, :-1]).sum(axis=1))[:, None]
        east, north = np.diff(x, axis=1) * turn, np.diff(y, axis=1) * turn
        length = np.hypot(east, north)
        some = length > 0
        east, north = (np.divide(side, length, out=np.zeros_like(side), where=some) for side in (east, north))
        offset = np.where(some, east * y[:, :-1] - north * x[:, :-1], -np.inf)
        bounds = shapely.bounds(geometries)
        return cls(counts <= _MOST, x, y, east, north, offset, (bounds[:, :2] + bounds[:, 2:]) / 2)


def divided(ours: Outlines, theirs: Outlines, a: np.ndarray, b: np.ndarray, margin: float) -> np.ndarray:
    """Which pairs (n,) of ``ours[a]`` and ``theirs[b]`` the line through an edge of ours surely divides.

    Only one edge is tried, the one their middle lies farthest outside of. Each polygon may reach over the line by
    ``margin`` (in the unit of the coordinates), so that what the two have in common is no wider than twice that.
    """
    answer = np.zeros(len(a), dtype=bool)
    fit = np.flatnonzero(ours.small[a] & theirs.small[b])
    for first in range(0, len(fit), _PAIRS):
        here = fit[first : first + _PAIRS]
        answer[here] = _divided(ours, theirs, a[here], b[here], margin)
    return answer


def _divided(ours: Outlines, theirs: Outlines, a: np.ndarray, b: np.ndarray, margin: float) -> np.ndarray:
    middle = theirs.middle[b]
    inside = ours.east[a] * middle[:, 1:] - ours.north[a] * middle[:, :1] - ours.offset[a]
    edge = inside.argmin(axis=1)
    x, y, east, north = (side[a, edge][:, None] for side in (ours.x, ours.y, ours.east, ours.north))

    def left_of_edge(outlines: Outlines, rows: np.ndarray) -> np.ndarray:
        return east * (outlines.y[rows] - y) - north * (outlines.x[rows] - x)

    beyond = left_of_edge(theirs, b).max(axis=1) <= margin
    within: np.ndarray = left_of_edge(ours, a).min(axis=1) >= -margin
    return beyond & within
