"""The boundary of a feature laid on the boundaries of its neighbours, within a tolerance in metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from core.geodata.topology import plane
from core.geodata.topology.faults import Geometry
from core.geodata.topology.rings import Rings
from core.geodata.topology.vertices import along_edge

Position = tuple[float, float]
_FREE = -1


@dataclass(frozen=True)
class LaidRing:
    """An open ring (n, 2), EPSG:4490, and for every vertex it had before where it went."""

    lonlat: np.ndarray
    moved: list[tuple[Position, Position]]


class Border:
    """Vertices and edges of ``neighbours`` (polygons, EPSG:4490), ready to be snapped to."""

    def __init__(self, neighbours: Sequence[Geometry]) -> None:
        rings = Rings.of(np.asarray(neighbours, dtype=object))
        start = np.delete(np.arange(len(rings.xy)), rings.end)
        self._lonlat, self._plane = rings.xy, plane.project(rings.xy)
        self._edges = np.column_stack((start, start + 1))
        self._vertex_tree = shapely.STRtree(shapely.points(self._plane))
        self._edge_tree = shapely.STRtree(shapely.linestrings(self._plane[self._edges]))

    def _nearest(self, at: np.ndarray, tolerance_m: float) -> tuple[np.ndarray, np.ndarray]:
        """For points ``at`` (n, 2) of the plane: the nearest vertex within reach and the nearest edge, or -1."""
        points = shapely.points(at)
        nearest = []
        for tree in (self._vertex_tree, self._edge_tree):
            found = np.full(len(at), _FREE)
            rows, hits = tree.query_nearest(points, max_distance=tolerance_m, all_matches=False)
            found[rows] = hits
            nearest.append(found)
        return nearest[0], nearest[1]

    def snap(self, points: np.ndarray, tolerance_m: float) -> np.ndarray:
        """Points (n, 2), EPSG:4490, on the vertex, else the geodesic of the edge, that is within reach."""
        return self._snapped(points, tolerance_m)[0]

    def _snapped(self, points: np.ndarray, tolerance_m: float) -> tuple[np.ndarray, np.ndarray]:
        """The points snapped, and for each the edge it was put on, or -1."""
        at = plane.project(points)
        vertex, edge = self._nearest(at, tolerance_m)
        edge[vertex != _FREE] = _FREE
        snapped = points.copy()
        snapped[vertex != _FREE] = self._lonlat[vertex[vertex != _FREE]]
        for n in np.flatnonzero(edge != _FREE):
            ends = self._edges[edge[n]]
            snapped[n] = along_edge(self._lonlat[ends], self._plane[ends], at[n])
        return snapped, edge

    def lay(self, ring: np.ndarray, tolerance_m: float) -> LaidRing:
        """Lay an open ring (n, 2), EPSG:4490, on the border wherever it is within ``tolerance_m``."""
        snapped, edge = self._snapped(ring, tolerance_m)
        moved = list(zip(map(tuple, ring.tolist()), map(tuple, snapped.tolist()), strict=True))
        laid, onto = self._with_border_vertices(snapped, edge, tolerance_m)
        return LaidRing(self._tidied(laid, onto), moved)

    def _with_border_vertices(
        self, ring: np.ndarray, edge: np.ndarray, tolerance_m: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """The ring with those vertices of the border in it that lie along its edges."""
        start = plane.project(ring)
        end = np.roll(start, -1, axis=0)
        rows, hits = self._vertex_tree.query(
            shapely.linestrings(np.stack((start, end), axis=1)), predicate="dwithin", distance=tolerance_m
        )
        step = end[rows] - start[rows]
        length2 = (step**2).sum(axis=1)
        fraction = ((self._plane[hits] - start[rows]) * step).sum(axis=1) / np.where(length2 > 0, length2, 1)
        # Those that lie beside the edge and not round its ends.
        clear = tolerance_m / np.sqrt(np.where(length2 > 0, length2, 1))
        beside = (fraction > np.minimum(clear, 0.5)) & (fraction < 1 - np.minimum(clear, 0.5))
        rows, hits, fraction = rows[beside], hits[beside], fraction[beside]
        order = np.lexsort((fraction, rows))
        laid = np.insert(ring, rows[order] + 1, self._lonlat[hits[order]], axis=0)
        return laid, np.insert(edge, rows[order] + 1, _FREE)

    def _tidied(self, ring: np.ndarray, onto: np.ndarray) -> np.ndarray:
        """The ring without repeated vertices, and without those in the midst of one edge of the border."""
        fresh = (ring != np.roll(ring, 1, axis=0)).any(axis=1)
        ring, onto = ring[fresh], onto[fresh]
        midst = np.zeros(len(ring), dtype=bool)
        for n in np.flatnonzero(onto != _FREE):
            ends = self._lonlat[self._edges[onto[n]]]
            midst[n] = all(
                onto[k] == onto[n] or (ring[k] == ends).all(axis=1).any() for k in (n - 1, (n + 1) % len(ring))
            )
        return ring[~midst]
