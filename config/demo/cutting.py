"""Cutting polygons by straight lines, thousands at a time."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

Array = NDArray[np.float64]
Geoms = NDArray[np.object_]


def frame_boxes(geoms: Geoms, angle: Array) -> tuple[Array, Array]:
    """The boxes of polygons in frames turned by ``angle`` (radians), (low, high) each (n, 2)."""
    xy, of = shapely.get_coordinates(geoms, return_index=True)
    cos, sin = np.cos(angle)[of], np.sin(angle)[of]
    turned = np.column_stack([xy[:, 0] * cos + xy[:, 1] * sin, xy[:, 1] * cos - xy[:, 0] * sin])
    starts = np.searchsorted(of, np.arange(len(geoms)))
    return np.minimum.reduceat(turned, starts), np.maximum.reduceat(turned, starts)


def longest_edge_angle(geoms: Geoms) -> Array:
    """Direction (radians) of each polygon's longest edge: the street it faces."""
    xy, of = shapely.get_coordinates(geoms, return_index=True)
    step = np.diff(xy, axis=0)
    inside = of[1:] == of[:-1]
    length = np.where(inside, np.hypot(step[:, 0], step[:, 1]), -1.0)
    order = np.lexsort((np.arange(len(length)), -length, of[:-1]))
    first = order[np.searchsorted(of[:-1][order], np.arange(len(geoms)))]
    return np.arctan2(step[first, 1], step[first, 0])


def cut(
    geoms: Geoms, angle: Array, along_long: NDArray[np.bool_], ratio: Array, skew: Array, gap: Array
) -> tuple[Geoms, Geoms]:
    """Cut each polygon in two by a strip ``gap`` metres wide (0: a line).

    The strip runs across the longer side of the polygon's box in the frame ``angle``
    (along it where ``along_long``), at ``ratio`` of that side, turned by ``skew`` radians.
    """
    low, high = frame_boxes(geoms, angle)
    span = high - low
    axis = np.where((span[:, 0] >= span[:, 1]) ^ along_long, 0, 1)
    rows = np.arange(len(geoms))
    middle = (low + high) / 2
    middle[rows, axis] = low[rows, axis] + ratio * span[rows, axis]
    cos, sin = np.cos(angle), np.sin(angle)
    at = np.column_stack([middle[:, 0] * cos - middle[:, 1] * sin, middle[:, 0] * sin + middle[:, 1] * cos])
    normal_angle = angle + np.where(axis == 0, 0.0, np.pi / 2) + skew
    normal = np.column_stack([np.cos(normal_angle), np.sin(normal_angle)])
    run = np.column_stack([-normal[:, 1], normal[:, 0]])
    reach = (span.sum(axis=1) + 100.0)[:, None]

    def half(side: float) -> Geoms:
        edge = at + normal * (side * gap / 2)[:, None]
        far = edge + side * normal * reach
        ring = np.stack([edge - run * reach, edge + run * reach, far + run * reach, far - run * reach], axis=1)
        return shapely.intersection(geoms, shapely.polygons(ring))

    return half(1.0), half(-1.0)


def polygon_parts(geoms: Geoms, min_m2: float) -> tuple[Geoms, NDArray[np.int64]]:
    """The polygons in ``geoms`` of at least ``min_m2``, and which input each came from."""
    parts, of = shapely.get_parts(geoms, return_index=True)
    keep = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) >= min_m2)
    return parts[keep], of[keep]


def split_to_size(
    geoms: Geoms,
    angle: Array,
    target_m2: Array,
    gaps: list[float],
    rng: np.random.Generator,
    min_m2: float,
) -> tuple[Geoms, Array, NDArray[np.int64]]:
    """Split by streets until each piece is near its ``target_m2``.

    ``gaps`` are street widths from the first cut to the last. Returns pieces, their
    frame angles and the input row each came from, in a fixed order.
    """
    of = np.arange(len(geoms))
    done: list[tuple[Geoms, Array, NDArray[np.int64]]] = []
    level = 0
    while len(geoms):
        # A little slack so that neighbours differ in size.
        big = shapely.area(geoms) > target_m2 * rng.uniform(1.25, 2.1, len(geoms))
        done.append((geoms[~big], angle[~big], of[~big]))
        geoms, angle, target_m2, of = geoms[big], angle[big], target_m2[big], of[big]
        if not len(geoms):
            break
        n = len(geoms)
        width = np.full(n, gaps[min(level, len(gaps) - 1)])
        left, right = cut(
            geoms,
            angle,
            np.zeros(n, bool),
            rng.uniform(0.36, 0.64, n),
            rng.normal(0, 0.045, n),
            width,
        )
        pieces = np.column_stack([left, right]).ravel()
        parts, src = polygon_parts(pieces, min_m2)
        src //= 2
        # Streets of one neighbourhood are near-parallel, not parallel.
        turn = rng.normal(0, 0.02, n)
        geoms, angle = parts, (angle + turn)[src]
        target_m2, of = target_m2[src], of[src]
        level += 1
    pieces = np.concatenate([d[0] for d in done])
    angles = np.concatenate([d[1] for d in done])
    origin = np.concatenate([d[2] for d in done])
    order = np.argsort(origin, kind="stable")
    return pieces[order], angles[order], origin[order]


def split_to_count(
    geoms: Geoms, angle: Array, count: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Geoms, NDArray[np.int64]]:
    """Split each polygon into ``count`` pieces that touch; pieces and their input rows.

    The shares are uneven: real plots were never equal. A piece that falls apart on a
    concave polygon keeps its largest part with the rest as further pieces, so the
    total may exceed ``count`` by a few.
    """
    of = np.arange(len(geoms))
    done: list[tuple[Geoms, NDArray[np.int64]]] = []
    while len(geoms):
        split = count > 1
        done.append((geoms[~split], of[~split]))
        geoms, angle, count, of = geoms[split], angle[split], count[split], of[split]
        if not len(geoms):
            break
        n = len(geoms)
        first = np.clip(np.rint(count * rng.uniform(0.34, 0.66, n)), 1, count - 1).astype(int)
        ratio = np.clip(first / count * np.exp(rng.normal(0, 0.16, n)), 0.16, 0.84)
        low, high = frame_boxes(geoms, angle)
        span = high - low
        aspect = span.max(axis=1) / np.maximum(span.min(axis=1), 1.0)
        lengthwise = (aspect < rng.uniform(1.0, 1.9, n)) & (count > 1)
        right, left = cut(geoms, angle, lengthwise, ratio, rng.normal(0, 0.012, n), np.zeros(n))
        pieces = np.column_stack([left, right]).ravel()
        parts, src = polygon_parts(pieces, 1.0)
        counts = np.column_stack([first, count - first]).ravel()[src]
        # Only the largest part of a piece goes on splitting.
        size = shapely.area(parts)
        order = np.lexsort((-size, src))
        leading = np.zeros(len(parts), bool)
        leading[order[np.unique(src[order], return_index=True)[1]]] = True
        counts = np.where(leading, counts, 1)
        geoms, angle, count, of = parts, angle[src // 2], counts, of[src // 2]
    pieces = np.concatenate([d[0] for d in done])
    origin = np.concatenate([d[1] for d in done])
    order = np.argsort(origin, kind="stable")
    return pieces[order], origin[order]


def insert_shared_vertices(geoms: Geoms, group: NDArray[np.int64], near_m: float = 0.005) -> Geoms:
    """Give each edge the vertices of its neighbours that lie on it, within a group.

    After this the pieces of a group share their edges vertex for vertex, so bending
    and rounding cannot open gaps or overlaps between them. Rings only (no holes).
    """
    xy, of = shapely.get_coordinates(geoms, return_index=True)
    start, end = xy[:-1], xy[1:]
    edge_of = of[:-1][of[1:] == of[:-1]]
    edge = np.flatnonzero(of[1:] == of[:-1])
    edge_group = group[edge_of]
    # Candidate vertices: one per place and group is enough.
    key = np.column_stack([group[of], np.rint(xy[:, 0] * 50), np.rint(xy[:, 1] * 50)])
    _, keep = np.unique(key, axis=0, return_index=True)
    keep = keep[np.argsort(group[of[keep]], kind="stable")]
    vertex_group = group[of[keep]]
    lo = np.searchsorted(vertex_group, edge_group, "left")
    hi = np.searchsorted(vertex_group, edge_group, "right")
    counts = hi - lo
    inserts: list[tuple[NDArray[np.int64], Array, Array]] = []
    # In slices, so that a million plots need no more memory than fifty thousand.
    for chunk in np.array_split(np.arange(len(edge)), max(1, int(counts.sum() // 4_000_000) + 1)):
        c = counts[chunk]
        rows = np.repeat(chunk, c)
        cand = keep[np.repeat(lo[chunk], c) + np.arange(c.sum()) - np.repeat(np.cumsum(c) - c, c)]
        a, b, p = start[edge[rows]], end[edge[rows]], xy[cand]
        ab = b - a
        length = np.hypot(ab[:, 0], ab[:, 1])
        t = ((p - a) * ab).sum(axis=1) / np.maximum(length, 1e-9) ** 2
        off = np.abs((p[:, 0] - a[:, 0]) * ab[:, 1] - (p[:, 1] - a[:, 1]) * ab[:, 0])
        on = (off < near_m * length) & (t * length > 2 * near_m) & ((1 - t) * length > 2 * near_m)
        inserts.append((edge[rows[on]], t[on], p[on]))
    at = np.concatenate([i[0] for i in inserts])
    if not len(at):
        return geoms
    where = np.concatenate([np.arange(len(xy), dtype=float), at + np.concatenate([i[1] for i in inserts])])
    points = np.concatenate([xy, np.concatenate([i[2] for i in inserts])])
    owner = np.concatenate([of, of[at]])
    order = np.argsort(where, kind="stable")
    return shapely.polygons(shapely.linearrings(points[order], indices=owner[order]))
