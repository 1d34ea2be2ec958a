"""From the rings of a plot to its polygon: which ring is a hole and which another part is decided by containment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

CLOSE_M = 0.002
"""Two coordinates rounded to the millimetre that stand for one place differ by less, in metres."""


def inside_point(ring: Any) -> tuple[float, float]:
    """A point inside a ring, (x, y), found without asking it to be valid.

    `ring`: float array (n, 2), closed or not. Crosses the ring at three heights and takes the middle of the widest
    inner stretch; a ring without any area gives its first vertex.
    """
    x, y = ring[:, 0], ring[:, 1]
    after_x, after_y = np.roll(x, -1), np.roll(y, -1)
    heights = np.unique(y)
    best, width = (float(x[0]), float(y[0])), 0.0
    if len(heights) < 2:
        return best
    for part in (2, 4, 8):
        place = (len(heights) - 1) // part
        height = (heights[place] + heights[place + 1]) / 2
        crossing = (y > height) != (after_y > height)
        with np.errstate(all="ignore"):
            at = x[crossing] + (height - y[crossing]) / (after_y[crossing] - y[crossing]) * (
                after_x[crossing] - x[crossing]
            )
        at = np.sort(at)
        gaps = at[1::2] - at[0::2]
        if gaps.size and gaps.max() > width:
            widest = int(gaps.argmax())
            width = float(gaps[widest])
            best = (float(at[2 * widest] + width / 2), float(height))
    return best


def assemble(rings: Sequence[Any], close: float = CLOSE_M) -> tuple[Any, list[int]]:
    """The MultiPolygon that `rings` bound together, and the rings that cross another.

    `rings`: float arrays (n ≥ 4, 2), closed, in the unit of `close`. A ring inside an odd number of others is a hole
    of the smallest of them, any other is a part. A ring counts as crossing when it reaches out of the one that holds
    its inside by more than `close`. Validity is not judged: a ring that crosses itself comes through as it is.
    """
    edges = np.array([shapely.linearrings(ring) for ring in rings])
    shapes = shapely.polygons(edges)
    if len(rings) == 1:
        return shapely.multipolygons(shapes), []
    insides = shapely.points(np.array([inside_point(ring) for ring in rings]))
    areas = shapely.area(shapes)
    tree = shapely.STRtree(insides)
    depth = np.zeros(len(rings), dtype=int)
    parent = np.full(len(rings), -1)
    # In order of size, so that the last to hold a ring is the smallest.
    for outer in np.argsort(-areas, kind="stable")[: np.count_nonzero(areas)]:
        shapely.prepare(shapes[outer])
        held = tree.query(shapes[outer])
        held = held[areas[held] < areas[outer]]
        held = held[shapely.contains_xy(shapes[outer], *_xy(insides[held]))]
        depth[held] += 1
        parent[held] = outer
    # Rings that cross can disagree on who holds whom; a hole then has no part to be in and is taken for one.
    hole = (depth % 2 == 1) & (depth[parent] % 2 == 0)
    inner = np.flatnonzero(parent >= 0).tolist()
    crossing = [index for index in inner if _reaches_out(rings[index], shapes[parent[index]], close)]
    # Each part with its holes after it, parts in the order of the file.
    part = np.where(hole, parent, np.arange(len(rings)))
    order = np.lexsort((hole, part))
    _parts, of_ring = np.unique(part[order], return_inverse=True)
    return shapely.multipolygons(shapely.polygons(edges[order], indices=of_ring)), crossing


def _xy(points: Any) -> tuple[Any, Any]:
    return shapely.get_x(points), shapely.get_y(points)


def _reaches_out(ring: Any, shape: Any, close: float) -> bool:
    outside = ring[~shapely.intersects_xy(shape, ring[:, 0], ring[:, 1])]
    if not len(outside):
        return False
    distance = shapely.distance(shapely.points(outside), shapely.boundary(shape))
    return bool((distance > close).any())
