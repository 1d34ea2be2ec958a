"""What a geometric check finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Geometry = Any
"""A shapely geometry or None; shapely ships no types."""


class Kind(StrEnum):
    """Kinds of faults. The caller words them and decides which are errors."""

    NULL = "null"
    EMPTY = "empty"
    NOT_POLYGONAL = "not_polygonal"
    NOT_FINITE = "not_finite"
    SWAPPED_AXES = "swapped_axes"
    MISSING_ZONE = "missing_zone"
    PLANE_COORDINATES = "plane_coordinates"
    OUT_OF_BOUNDS = "out_of_bounds"
    SELF_INTERSECTION = "self_intersection"
    RING_SELF_INTERSECTION = "ring_self_intersection"
    HOLE_OUTSIDE = "hole_outside"
    NESTED_HOLES = "nested_holes"
    NESTED_PARTS = "nested_parts"
    INTERIOR_DISCONNECTED = "interior_disconnected"
    DUPLICATE_RINGS = "duplicate_rings"
    TOO_FEW_POINTS = "too_few_points"
    INVALID = "invalid"
    SPIKE = "spike"
    ACUTE_ANGLE = "acute_angle"
    CLOSE_VERTICES = "close_vertices"
    SLIVER = "sliver"
    OVERLAP = "overlap"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: ``index`` is the row of the feature in the checked array, ``other`` the row of its neighbour.

    ``lon``, ``lat`` is the place (EPSG:4490), None where the geometry has none. ``measured`` is in the unit of the
    kind: degrees for angles, metres for close vertices and the mean width of slivers, m² on the ellipsoid for
    overlaps and gaps, whose mean width in metres is ``width_m``. ``geometry`` is the faulty part, EPSG:4490.
    """

    index: int
    kind: Kind
    lon: float | None = None
    lat: float | None = None
    measured: float | None = None
    other: int | None = None
    geometry: Geometry = None
    width_m: float | None = None
