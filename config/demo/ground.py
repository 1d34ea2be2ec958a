"""From the flat plan to longitude and latitude, and back; areas on the ellipsoid."""

from __future__ import annotations

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from core.geodata.crs import CGCS2000, CGCS2000_GK_114E

Array = NDArray[np.float64]

# A round point near the middle of Foshan, so that plan coordinates stay small.
ORIGIN = np.array([388_000.0, 2_547_000.0])

# 1e-9 degree is a tenth of a millimetre: far below the 1 m² tolerance, short as text.
DECIMALS = 9

# No edge on the plan stays longer than this, so that bent edges follow their curve
# (the error against the curve is then under half a metre).
MAX_EDGE_M = 60.0

GEOD = pyproj.Geod(ellps="GRS80")  # the ellipsoid of CGCS2000


class Ground:
    """The smooth deformation of one city.

    ``waves`` is a list of (amplitude, wavelength) in metres; directions and phases
    are drawn from ``rng``. The sum of amplitude × wave number stays under 1, so the
    deformation has an inverse and keeps neighbours neighbours.
    """

    def __init__(self, waves: list[list[float]], rng: np.random.Generator) -> None:
        amplitude = np.array([w[0] for w in waves])
        number = 2 * np.pi / np.array([w[1] for w in waves])
        if (amplitude * number).sum() >= 0.9:
            raise ValueError("The deformation of the demo city would fold over itself.")
        heading = rng.uniform(0, 2 * np.pi, len(waves))
        push = heading + np.pi / 2 + rng.uniform(-0.5, 0.5, len(waves))
        self._k = number[:, None] * np.column_stack([np.cos(heading), np.sin(heading)])
        self._a = amplitude[:, None] * np.column_stack([np.cos(push), np.sin(push)])
        self._phase = rng.uniform(0, 2 * np.pi, len(waves))
        self._forward = pyproj.Transformer.from_crs(CGCS2000_GK_114E, CGCS2000, always_xy=True).transform
        self._back = pyproj.Transformer.from_crs(CGCS2000, CGCS2000_GK_114E, always_xy=True).transform

    def _push(self, xy: Array) -> Array:
        return np.sin(xy @ self._k.T + self._phase) @ self._a

    def to_lonlat(self, xy: Array) -> Array:
        """Plan metres (n, 2) to rounded CGCS2000 degrees (n, 2)."""
        bent = xy + self._push(xy) + ORIGIN
        lon, lat = self._forward(bent[:, 0], bent[:, 1])
        return np.round(np.column_stack([lon, lat]), DECIMALS)

    def to_plan(self, lonlat: Array) -> Array:
        """CGCS2000 degrees (n, 2) to plan metres (n, 2), exact to a millimetre."""
        x, y = self._back(lonlat[:, 0], lonlat[:, 1])
        target = np.column_stack([x, y]) - ORIGIN
        xy = target.copy()
        for _ in range(200):
            moved = target - self._push(xy)
            if np.abs(moved - xy).max(initial=0.0) < 1e-4:
                return moved
            xy = moved
        raise ArithmeticError("The deformation of the demo city has no inverse here.")

    def place(self, plan_geoms: NDArray[np.object_]) -> NDArray[np.object_]:
        """Plan geometries as CGCS2000 geometries, edges densified so that they bend."""
        return shapely.transform(shapely.segmentize(plan_geoms, MAX_EDGE_M), self.to_lonlat)

    def unplace(self, geoms: NDArray[np.object_]) -> NDArray[np.object_]:
        """CGCS2000 geometries on the plan."""
        return shapely.transform(geoms, self.to_plan)


def area_m2(geom: shapely.Geometry) -> float:
    """Ellipsoidal area in m² of a CGCS2000 polygon, by geodesic edges as PostGIS measures it."""
    return abs(GEOD.geometry_area_perimeter(geom)[0])


def areas_m2(geoms: NDArray[np.object_]) -> Array:
    """Ellipsoidal areas in m², vectorised: exact on the authalic sphere's equal-area plane.

    Edges are straight on that plane instead of geodesic; over 60 m that differs by
    less than 3e-7 of the area, so it serves for figures, not for meeting a floor.
    """
    return shapely.area(shapely.transform(geoms, _authalic))


_E2 = GEOD.es
_E = np.sqrt(_E2)


def _q(sin_lat: Array) -> Array:
    return (1 - _E2) * (sin_lat / (1 - _E2 * sin_lat**2) - np.log((1 - _E * sin_lat) / (1 + _E * sin_lat)) / (2 * _E))


def _authalic(lonlat: Array) -> Array:
    # Lambert cylindrical equal-area on the ellipsoid: x = a·λ, y = a·q/2.
    radians = np.radians(lonlat)
    return np.column_stack([GEOD.a * (radians[:, 0] - 1.97), GEOD.a * _q(np.sin(radians[:, 1])) / 2])
