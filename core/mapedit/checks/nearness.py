"""Whether features come near each other without touching: the cheap question before gaps are looked for."""

from __future__ import annotations

import numpy as np
import shapely

from core.geodata.topology.faults import Geometry
from core.geodata.topology.measure import metres_per_degree

TOUCHING_M = 1e-3


def near_but_apart(geometry: Geometry, others: np.ndarray, distance_m: float) -> bool:
    """Whether a vertex of one lies within ``distance_m`` of the other's boundary, but not on it.

    Two boundaries that face each other are nearest at a vertex, so where none is near and apart there
    is no gap narrower than that. ``geometry`` and ``others`` (n) are valid polygons, EPSG:4490.
    """
    if not len(others):
        return False
    # Metres on a plane that is right to a thousandth around the feature: enough for a yes or no.
    scale = np.array([float(length) for length in metres_per_degree(np.mean(shapely.bounds(geometry)[1::2]))])
    flat = shapely.transform(np.array([geometry, *others], dtype=object), lambda lonlat: lonlat * scale)
    boundaries = shapely.boundary(flat)
    shapely.prepare(boundaries)
    own, theirs = shapely.get_coordinates(flat[0]), shapely.get_coordinates(flat[1:])
    west, south, east, north = shapely.bounds(flat[0])
    at_hand = (theirs >= (west - distance_m, south - distance_m)).all(axis=1)
    at_hand &= (theirs <= (east + distance_m, north + distance_m)).all(axis=1)
    if _any_near(shapely.points(theirs[at_hand]), boundaries[0], distance_m):
        return True
    vertices = shapely.points(own)
    return any(_any_near(vertices, boundary, distance_m) for boundary in boundaries[1:])


def _any_near(points: np.ndarray, boundary: Geometry, distance_m: float) -> bool:
    near = points[shapely.dwithin(points, boundary, distance_m)]
    return len(near) > 0 and not bool(shapely.dwithin(near, boundary, TOUCHING_M).all())
