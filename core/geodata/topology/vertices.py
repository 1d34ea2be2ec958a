"""From the work plane back to the very coordinates the geometry came from.

Overlay keeps the vertices it was given and makes new ones where edges cross. The old ones must come back bit for
bit, or neighbours would no longer share their boundary. A new one must lie on the geodesic of the edge it divides:
the straight line of a map plane leaves the geodesic by centimetres on long edges, and the area of record, which
follows geodesics, would change by square metres where nobody drew anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from core.geodata.topology import plane
from core.geodata.topology.faults import Geometry
from core.geodata.topology.measure import GEOD, polygons

SAME_PLACE_M = 1e-3
"""Vertices nearer than this are one: survey coordinates are given to the millimetre."""


class WorkPlane:
    """Geometries brought to the work plane together, and the way back for whatever overlay makes of them.

    The order tells whose edges a crossing lies on: it is put on the geodesic of the first geometry whose edge it
    divides, so give the geometry first whose area must not change.
    """

    def __init__(self, *geometries: Geometry) -> None:
        """``geometries``: polygons and lines, EPSG:4490. Their counterparts in EPSG:4547 are `self.geometries`."""
        self.geometries = [plane.to_plane(geometry) for geometry in geometries]
        self._lonlat = np.vstack([shapely.get_coordinates(geometry) for geometry in geometries])
        self._plane = np.vstack([shapely.get_coordinates(geometry) for geometry in self.geometries])
        self._known: dict[tuple[float, float], tuple[float, float]] = {}
        for at, lonlat in zip(map(tuple, self._plane.tolist()), map(tuple, self._lonlat.tolist()), strict=True):
            self._known.setdefault(at, lonlat)
        self._edge_tree: tuple[shapely.STRtree, np.ndarray] | None = None
        self._point_tree: shapely.STRtree | None = None

    def back(self, geometry: Geometry) -> Geometry:
        """A geometry of the plane in EPSG:4490, without the repeated vertices that rounding makes."""
        lonlat = shapely.transform(geometry, self._back)
        return lonlat if geometry.geom_type == "Point" else shapely.remove_repeated_points(lonlat)

    def _back(self, xy: np.ndarray) -> np.ndarray:
        return np.array([self._known.get(at) or self._place(at) for at in map(tuple, xy.tolist())]).reshape(-1, 2)

    def _place(self, at: tuple[float, float]) -> tuple[float, float]:
        """Find the place of a vertex that overlay made, and remember it: all parts must get the same one."""
        point = shapely.Point(at)
        near = self._points().query_nearest(point, max_distance=SAME_PLACE_M, all_matches=False)
        self._known[at] = tuple(self._lonlat[near[0]].tolist()) if len(near) else self._on_edge(point)
        return self._known[at]

    def _on_edge(self, point: Geometry) -> tuple[float, float]:
        tree, ends = self._edges()
        divided = tree.query(point, predicate="dwithin", distance=SAME_PLACE_M)
        if not len(divided):
            return tuple(plane.unproject(shapely.get_coordinates(point))[0].tolist())
        edge = ends[divided.min()]
        return along_edge(self._lonlat[edge], self._plane[edge], shapely.get_coordinates(point)[0])

    def _points(self) -> shapely.STRtree:
        if self._point_tree is None:
            self._point_tree = shapely.STRtree(shapely.points(self._plane))
        return self._point_tree

    def _edges(self) -> tuple[shapely.STRtree, np.ndarray]:
        if self._edge_tree is None:
            ends, first = [], 0
            for geometry in self.geometries:
                for line in lines(geometry):
                    count = shapely.get_num_coordinates(line)
                    start = np.arange(first, first + count - 1)
                    ends.append(np.column_stack((start, start + 1)))
                    first += count
            pairs = np.vstack(ends) if ends else np.zeros((0, 2), dtype=int)
            self._edge_tree = shapely.STRtree(shapely.linestrings(self._plane[pairs])), pairs
        return self._edge_tree


def divide(start: Any, end: Any, fraction: float) -> tuple[float, float]:
    """The point at ``fraction`` (0 to 1) along the geodesic between two points (lon, lat), EPSG:4490."""
    azimuth, _, length = GEOD.inv(start[0], start[1], end[0], end[1])
    lon, lat, _ = GEOD.fwd(start[0], start[1], azimuth, length * fraction)
    return float(lon), float(lat)


def along_edge(lonlat: np.ndarray, flat: np.ndarray, at: np.ndarray) -> tuple[float, float]:
    """The place (lon, lat) on the geodesic of an edge next to ``at``.

    The edge is given as ``lonlat`` (2, 2), EPSG:4490, and as ``flat`` (2, 2) in the plane, where ``at`` (2,) is, too.
    """
    step = flat[1] - flat[0]
    length2 = np.dot(step, step)
    fraction = np.dot(at - flat[0], step) / length2 if length2 else 0.0
    return divide(lonlat[0], lonlat[1], float(np.clip(fraction, 0, 1)))


def lines(geometry: Geometry) -> list[Geometry]:
    """Rings and lines of a geometry, in the order in which its coordinates come."""
    if geometry.geom_type in ("LineString", "LinearRing"):
        return [geometry]
    if geometry.geom_type == "Polygon":
        return [] if geometry.is_empty else [geometry.exterior, *geometry.interiors]
    if hasattr(geometry, "geoms"):
        return [line for member in geometry.geoms for line in lines(member)]
    return []


def on_a_map(geometry: Geometry) -> bool:
    """Whether all coordinates are numbers that degrees or metres can be: no NaN, nothing beyond 10⁹."""
    return bool((np.abs(shapely.get_coordinates(geometry)) < 1e9).all())


def polygonal(geometry: Geometry) -> Geometry:
    """The polygons of a geometry as one MultiPolygon, made valid if they are not; empty if they are on no map."""
    found = shapely.MultiPolygon(polygons(geometry))
    if not shapely.is_valid(found):
        if not on_a_map(found):
            return shapely.MultiPolygon()
        found = shapely.MultiPolygon(polygons(shapely.make_valid(found, method="structure", keep_collapsed=False)))
    return found
