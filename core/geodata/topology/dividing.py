"""Which pairs of small polygons surely have nothing but a boundary in common: neighbours, told apart in arrays.

Nearly all pairs whose bounding boxes meet are neighbours. Half of them the line through an edge of one divides; most of
the others share a run of edges that bends by less than a survey can tell, along which no line divides them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.geodata.topology.outlines import Outlines

_PAIRS = 4_000
"""So many at a time stay in the processor's cache."""

Point = tuple[np.ndarray, np.ndarray]

_LEAST_AHEAD = 0.05
"""Cosine: rays of a bent line that turn further than this are not worth trying, and could meet."""


def apart(ours: Outlines, theirs: Outlines, a: np.ndarray, b: np.ndarray, margin: float) -> np.ndarray:
    """Which pairs (n,) of ``ours[a]`` and ``theirs[b]`` surely have no area in common; of the others nothing is said.

    Each polygon may reach over what divides them by ``margin`` (in the unit of the coordinates), so that what the two
    have in common is hardly wider than twice that.
    """
    answer = np.zeros(len(a), dtype=bool)
    fit = np.flatnonzero(ours.small[a] & theirs.small[b])
    for first in range(0, len(fit), _PAIRS):
        here = fit[first : first + _PAIRS]
        answer[here] = _by_an_edge(ours, theirs, a[here], b[here], margin)
        here = here[~answer[here]]
        rings = here[ours.ring[a[here]] & theirs.ring[b[here]]]
        answer[rings] = _by_a_run(ours, theirs, a[rings], b[rings], margin)
        here = here[~answer[here]]
        answer[here] = _by_an_edge(theirs, ours, b[here], a[here], margin)
    return answer


@dataclass(frozen=True)
class _Lines:
    """Lines (n,) through the points ``x``, ``y`` in the direction ``east``, ``north`` of length 1.

    Vertices of a line's pair stand in a column of arrays (k, n), over which such arrays run much faster than by rows.
    """

    x: np.ndarray
    y: np.ndarray
    east: np.ndarray
    north: np.ndarray

    def left(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """How far points (k, n) lie left of their line."""
        distance: np.ndarray = self.east * (y - self.y) - self.north * (x - self.x)
        return distance

    def ahead(self, other: _Lines) -> np.ndarray:
        """Cosine (n,) of the angle to the other lines."""
        cosine: np.ndarray = self.east * other.east + self.north * other.north
        return cosine

    def turn(self, other: _Lines) -> np.ndarray:
        """Sine (n,) of the angle to the other lines, negative when they turn right."""
        sine: np.ndarray = self.east * other.north - self.north * other.east
        return sine


def _by_an_edge(ours: Outlines, theirs: Outlines, a: np.ndarray, b: np.ndarray, margin: float) -> np.ndarray:
    """Which pairs the line through an edge of ours divides: the edge that their middle lies farthest outside of."""
    bounds = theirs.bounds[b].T
    east, north = ours.east[a].T, ours.north[a].T
    inside = east * (bounds[1] + bounds[3]) / 2 - north * (bounds[0] + bounds[2]) / 2 - ours.offset[a].T
    edge = inside.argmin(axis=0)
    line = _Lines(ours.x[a, edge], ours.y[a, edge], ours.east[a, edge], ours.north[a, edge])
    beyond = line.left(*_vertices(theirs, b)).max(axis=0) <= margin
    within: np.ndarray = line.left(*_vertices(ours, a)).min(axis=0) >= -margin
    return beyond & within


def _by_a_run(ours: Outlines, theirs: Outlines, a: np.ndarray, b: np.ndarray, margin: float) -> np.ndarray:
    """Which pairs of single rings a line divides along the one run of edges they have in common, and beyond its ends.

    Both rings pass the run, in opposite directions, so that it cancels out of the sum of their boundaries. The line
    follows the chord of the run and at either end turns into a ray half-way between the edges that leave there. When
    what is left of each boundary keeps to its own side of that line, no point lies inside both. Where the line turns
    right, theirs is the convex side: each of their edges lies right of chord and ray, each of ours left of one of them.
    """
    (xa, ya), (xb, yb) = _vertices(ours, a), _vertices(theirs, b)
    same = (xa[:, None] == xb) & (ya[:, None] == yb)
    common = same[:-1, 1:] & same[1:, :-1]
    column, steps = np.arange(len(a)), np.arange(len(common))[:, None]
    edges, edges_b = ours.edges[a], theirs.edges[b]
    # Behind its edges a column repeats their last vertex.
    real, real_b = steps < edges, steps < edges_b
    run = common.any(axis=1) & real
    rest, rest_b = real & ~run, real_b & ~common.any(axis=0)
    before = np.vstack((run[edges - 1, column], run[:-1]))
    # Vertices at which the run begins and ends, first of ours, then of theirs.
    begin, end = (run & ~before).argmax(axis=0), (rest & before).argmax(axis=0)
    begin_b, end_b = same[begin, :, column].argmax(axis=1), same[end, :, column].argmax(axis=1)
    ends = (
        (begin, np.where(begin > 0, begin, edges) - 1, begin_b + 1),
        (end, end + 1, np.where(end_b > 0, end_b, edges_b) - 1),
    )
    x, y = xa[begin, column], ya[begin, column]
    chord = _Lines(x, y, *_unit(xa[end, column] - x, ya[end, column] - y))
    ray_in, ray_out = (
        _half_way(
            xa[at, column], ya[at, column], (xa[to, column], ya[to, column]), (xb[to_b, column], yb[to_b, column])
        )
        for at, to, to_b in ends
    )
    turn_in, turn_out = ray_in.turn(chord), chord.turn(ray_out)
    answer: np.ndarray = (run & ~before).sum(axis=0) == 1
    answer &= (chord.ahead(ray_in) > _LEAST_AHEAD) & (chord.ahead(ray_out) > _LEAST_AHEAD)
    for side, x, y, edge, convex_in, convex_out in (
        (1.0, xa, ya, rest, turn_in >= 0, turn_out >= 0),
        (-1.0, xb, yb, rest_b, turn_in < 0, turn_out < 0),
    ):
        by_chord, by_in, by_out = (_keeps(line, x, y, side, margin) for line in (chord, ray_in, ray_out))
        fine = by_chord | (by_in & ~convex_in) | (by_out & ~convex_out)
        fine &= (by_in | ~convex_in) & (by_out | ~convex_out)
        answer &= (fine | ~edge).all(axis=0)
    return answer


def _vertices(outlines: Outlines, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vertices of ``rows`` (n,), a column each."""
    return np.ascontiguousarray(outlines.x[rows].T), np.ascontiguousarray(outlines.y[rows].T)


def _keeps(line: _Lines, x: np.ndarray, y: np.ndarray, side: float, margin: float) -> np.ndarray:
    """Which edges between successive vertices (k, n) lie left of their line (``side`` 1) or right of it (-1)."""
    vertex = side * line.left(x, y) >= -margin
    return vertex[:-1] & vertex[1:]


def _half_way(x: np.ndarray, y: np.ndarray, left: Point, right: Point) -> _Lines:
    """Lines through ``x``, ``y``, across the directions to two other points, with ``left`` on their left."""
    east, north = _unit(left[0] - x, left[1] - y)
    east_b, north_b = _unit(right[0] - x, right[1] - y)
    return _Lines(x, y, *_unit(north - north_b, east_b - east))


def _unit(east: np.ndarray, north: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same directions with length 1; NaN, and no answer to any comparison, for one of no length."""
    length = np.sqrt(east * east + north * north)
    with np.errstate(invalid="ignore"):
        return east / length, north / length
