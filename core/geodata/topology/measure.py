"""Area, perimeter and mean width on the CGCS2000 ellipsoid.

Edges are geodesics, so that these areas are those of `ST_Area(geography)`, the areas of record. One geometry is
measured with GeographicLib. For millions the ellipsoid is mapped on the sphere of equal area (authalic latitude),
where a geodesic is a great circle to within 10⁻³ of its bulge: 10⁻⁷ of the area for edges of several kilometres.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from pyproj import Geod

from core.geodata.topology.faults import Geometry
from core.geodata.topology.rings import Rings

GEOD = Geod(a=6378137.0, rf=298.257222101)
"""The CGCS2000 ellipsoid, that of EPSG:4490."""

_BATCH = 20_000
_E2 = GEOD.es
_E = math.sqrt(_E2)
# Snyder, Map Projections: A Working Manual (1987), eq. 3-12, 3-13, 3-18: authalic radius and latitude.
_AUTHALIC_RADIUS_M = GEOD.a * math.sqrt((1 + (1 - _E2) / (2 * _E) * math.log((1 + _E) / (1 - _E))) / 2)
_SIN_2 = -(_E2 / 3 + 31 * _E2**2 / 180 + 59 * _E2**3 / 560)
_SIN_4 = 17 * _E2**2 / 360 + 61 * _E2**3 / 1260
_SIN_6 = -383 * _E2**3 / 45360


def area_m2(geometry: Geometry) -> float:
    """Ellipsoidal area in m² of one polygonal geometry (EPSG:4490), 0 for anything else."""
    return _area_and_perimeter(geometry)[0]


def mean_width_m(geometry: Geometry) -> float:
    """Mean width of a geometry in metres, twice its area by its perimeter (rules §3.5), holes counted."""
    area, perimeter = _area_and_perimeter(geometry)
    return 2 * area / perimeter if perimeter else 0.0


def _area_and_perimeter(geometry: Geometry) -> tuple[float, float]:
    area = perimeter = 0.0
    for polygon in polygons(geometry):
        for sign, ring in zip((1, *[-1] * len(polygon.interiors)), (polygon.exterior, *polygon.interiors), strict=True):
            # GeographicLib sums much faster over plain arrays than over a geometry.
            ring_area, length = GEOD.polygon_area_perimeter(*shapely.get_coordinates(ring).T)
            area += sign * abs(ring_area)
            perimeter += length
    return area, perimeter


def polygons(geometry: Geometry) -> list[Geometry]:
    """The non-empty polygons of a geometry of any type, collections included."""
    if geometry is None or geometry.is_empty:
        return []
    if geometry.geom_type == "Polygon":
        return [geometry]
    if geometry.geom_type in ("MultiPolygon", "GeometryCollection"):
        return [polygon for member in geometry.geoms for polygon in polygons(member)]
    return []


def areas_m2(geometries: np.ndarray) -> np.ndarray:
    """Ellipsoidal areas in m² of ``geometries`` (n,), EPSG:4490; 0 where missing, empty or not polygonal."""
    geometries = np.asarray(geometries, dtype=object)
    areas = np.zeros(len(geometries))
    for first in range(0, len(geometries), _BATCH):
        rings = Rings.of(geometries[first : first + _BATCH])
        of_parts = part_areas_m2(rings)
        areas[first : first + _BATCH] = np.bincount(rings.owner, of_parts, min(_BATCH, len(geometries) - first))
    return areas


def perimeters_m(geometries: np.ndarray) -> np.ndarray:
    """Lengths in metres of all rings of ``geometries`` (n,), EPSG:4490, right to 10⁻⁶ for edges of kilometres."""
    rings = Rings.of(np.asarray(geometries, dtype=object))
    if not len(rings.start):
        return np.zeros(len(geometries))
    east, north = metres_per_degree((rings.xy[:-1, 1] + rings.xy[1:, 1]) / 2)
    step = np.diff(rings.xy, axis=0)
    of_parts = rings.sum_over_parts(rings.sum_over_rings(np.hypot(step[:, 0] * east, step[:, 1] * north)))
    return np.bincount(rings.owner, of_parts, len(geometries))


def part_areas_m2(rings: Rings) -> np.ndarray:
    """Ellipsoidal area in m² of every part of ``rings``, holes taken off."""
    lon, phi = np.radians(rings.xy).T
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        sine = np.sin(2 * phi)
        cosine = np.cos(2 * phi)
        # sin 4φ and sin 6φ by the double-angle formulas: two evaluations instead of four.
        beta = phi + sine * (_SIN_2 + 2 * cosine * _SIN_4 + (4 * cosine**2 - 1) * _SIN_6)
        half_step = np.diff(beta) / 2
        middle = beta[:-1] + half_step
        # Spherical excess between a great circle and the equator.
        excess = 2 * np.arctan(np.tan(np.diff(lon) / 2) * np.sin(middle) / np.cos(half_step))
        of_rings = np.abs(rings.sum_over_rings(excess)) * _AUTHALIC_RADIUS_M**2
    return rings.sum_over_parts(np.where(rings.hole, -of_rings, of_rings))


def metres_per_degree(lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Length in metres of a degree of longitude and of latitude at latitudes ``lat`` (degrees)."""
    phi = np.radians(lat)
    w2 = 1 - _E2 * np.sin(phi) ** 2
    east = np.radians(1.0) * GEOD.a * np.cos(phi) / np.sqrt(w2)
    return east, np.radians(1.0) * GEOD.a * (1 - _E2) / w2**1.5
