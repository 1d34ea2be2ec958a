"""Faults of single features: validity with its place, spikes, acute angles, close vertices, slivers, wrong coordinates.

Everything that looks at vertices works on the flat arrays of `rings`, screened in degrees scaled to metres, so that
a million plots take seconds. Nothing here raises, whatever the geometry: broken input is what it is for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from core.geodata.topology.faults import Fault, Geometry, Kind
from core.geodata.topology.measure import metres_per_degree
from core.geodata.topology.rings import MULTIPOLYGON, POLYGON, Rings

_BATCH = 20_000

Bounds = tuple[float, float, float, float]

_REASONS = {
    "Self-intersection": Kind.SELF_INTERSECTION,
    "Ring Self-intersection": Kind.RING_SELF_INTERSECTION,
    "Hole lies outside shell": Kind.HOLE_OUTSIDE,
    "Holes are nested": Kind.NESTED_HOLES,
    "Nested shells": Kind.NESTED_PARTS,
    "Interior is disconnected": Kind.INTERIOR_DISCONNECTED,
    "Duplicate Rings": Kind.DUPLICATE_RINGS,
    "Too few points in geometry component": Kind.TOO_FEW_POINTS,
    "Invalid Coordinate": Kind.NOT_FINITE,
}
_PLACE = re.compile(r"^(?P<reason>[^[]*)(?:\[(?P<lon>\S+) (?P<lat>\S+)\])?")


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as a fault. None switches a check off.

    ``spike_deg``: at a sharper angle than this the boundary runs back on itself. ``acute_deg``: a sharper angle than
    this is reported as acute (rules §3.5: 10°). ``close_m``: successive vertices nearer than this. ``sliver_m``: a
    part whose mean width, 2 · area / perimeter, is less than this. ``bounds``: west, south, east, north in degrees
    in which every feature must lie. ``places``: no more than so many faults of one kind are listed of one feature.
    """

    spike_deg: float = 1.0
    acute_deg: float | None = 10.0
    close_m: float | None = 0.01
    sliver_m: float | None = 0.1
    bounds: Bounds | None = None
    places: int = 20


def shape_faults(geometries: np.ndarray | Geometry, limits: Limits | None = None) -> list[Fault]:
    """Every fault of each of ``geometries``: one geometry or an array (n,), EPSG:4490, of whatever type or state.

    Never raises. Lengths and widths in the faults are metres, accurate to 10⁻⁵; angles are degrees on the ground.
    """
    limits = limits or Limits()
    many = np.atleast_1d(np.asarray(geometries, dtype=object))
    # Not a number is an answer here, and no comparison with it is true.
    with np.errstate(all="ignore"):
        return [
            fault
            for first in range(0, len(many), _BATCH)
            for fault in _faults(many[first : first + _BATCH], first, limits)
        ]


def validity_faults(geometries: np.ndarray, first: int = 0) -> tuple[list[Fault], np.ndarray]:
    """Faults that make geometries unusable, and which (n,) are free of them: polygonal, non-empty, finite, valid."""
    missing = shapely.is_missing(geometries)
    polygonal = np.isin(shapely.get_type_id(geometries), (POLYGON, MULTIPOLYGON))
    empty = ~missing & shapely.is_empty(geometries)
    usable = shapely.is_valid(geometries) & polygonal & ~empty
    faults = []
    for row in np.flatnonzero(~usable):
        if missing[row]:
            faults.append(Fault(first + int(row), Kind.NULL))
        elif empty[row]:
            faults.append(Fault(first + int(row), Kind.EMPTY))
        elif not polygonal[row]:
            faults.append(Fault(first + int(row), Kind.NOT_POLYGONAL, *_somewhere(geometries[row])))
        else:
            faults.append(_invalid(geometries[row], first + int(row)))
    return faults, usable


def _faults(batch: np.ndarray, first: int, limits: Limits) -> Iterator[Fault]:
    invalid, usable = validity_faults(batch, first)
    yield from invalid
    rings = Rings.of(batch)
    finite = _finite_rings(rings)
    if limits.bounds is not None:
        yield from _misplaced(batch, first, limits.bounds)
    if not len(rings.start):
        return
    listed: Counter[tuple[int, Kind]] = Counter()
    for fault in _of_vertices(rings, finite, usable, first, limits):
        listed[fault.index, fault.kind] += 1
        if listed[fault.index, fault.kind] <= limits.places:
            yield fault


def _somewhere(geometry: Geometry) -> tuple[float | None, float | None]:
    xy = shapely.get_coordinates(geometry)
    xy = xy[np.isfinite(xy).all(axis=1)]
    return (float(xy[0, 0]), float(xy[0, 1])) if len(xy) else (None, None)


def _invalid(geometry: Geometry, index: int) -> Fault:
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        return Fault(index, Kind.NOT_FINITE, *_somewhere(geometry))
    match = _PLACE.match(shapely.is_valid_reason(geometry))
    if match is None or match["lon"] is None:
        return Fault(index, Kind.INVALID, *_somewhere(geometry))
    return Fault(index, _REASONS.get(match["reason"], Kind.INVALID), float(match["lon"]), float(match["lat"]))


def _finite_rings(rings: Rings) -> np.ndarray:
    """Which rings have no NaN and nothing so large that its square overflows."""
    good = np.abs(rings.xy) < 1e100
    if good.all():
        return np.ones(len(rings.start), dtype=bool)
    return np.logical_and.reduceat(good.all(axis=1), rings.start)


def _misplaced(batch: np.ndarray, first: int, bounds: Bounds) -> Iterator[Fault]:
    """Features not wholly within ``bounds``, by what their numbers look like."""
    west, south, east, north = bounds
    extent = shapely.bounds(batch)
    outside = (extent[:, 0] < west) | (extent[:, 1] < south) | (extent[:, 2] > east) | (extent[:, 3] > north)
    for row in np.flatnonzero(outside):
        lon, lat = float((extent[row, 0] + extent[row, 2]) / 2), float((extent[row, 1] + extent[row, 3]) / 2)
        if not np.isfinite((lon, lat)).all():
            kind = Kind.NOT_FINITE
        elif west <= lat <= east and south <= lon <= north:
            kind = Kind.SWAPPED_AXES
        elif _plane_metres(lon, lat) or _plane_metres(lat, lon):
            easting, swapped = (lat, True) if _plane_metres(lat, lon) else (lon, False)
            kind = Kind.MISSING_ZONE if easting < 1e6 else Kind.SWAPPED_AXES if swapped else Kind.PLANE_COORDINATES
        else:
            kind = Kind.OUT_OF_BOUNDS
        yield Fault(first + int(row), kind, lon, lat)


def _plane_metres(easting: float, northing: float) -> bool:
    """Whether numbers look like Gauss-Krueger metres in China, the easting with a zone prefix (13-45) or without."""
    return 1.8e6 < northing < 6e6 and (1e5 < easting < 9e5 or 13e6 < easting < 46e6)


def _of_vertices(rings: Rings, finite: np.ndarray, usable: np.ndarray, first: int, limits: Limits) -> Iterator[Fault]:
    owner = rings.owner_of_rings()
    finite_lat = np.where(finite, rings.xy[rings.start, 1], 0.0)
    scale = np.column_stack(metres_per_degree(finite_lat))
    # Every vertex gets the scale of its ring's first: over a ring of 10 km it is right to 10⁻³.
    of_vertex = np.repeat(scale, rings.count, axis=0)
    step = np.diff(rings.xy, axis=0) * of_vertex[:-1]
    length2 = step[:, 0] ** 2 + step[:, 1] ** 2
    edge = np.ones(len(step), dtype=bool)
    edge[rings.end[:-1]] = False
    if not finite.all():
        edge &= np.repeat(finite, rings.count)[:-1]
    near = np.zeros(len(step), dtype=bool)
    if limits.close_m is not None:
        near = edge & (length2 < limits.close_m**2)
        ring = np.searchsorted(rings.start, np.flatnonzero(near), side="right") - 1
        for at, r in zip(np.flatnonzero(near), ring, strict=True):
            lon, lat = map(float, rings.xy[at])
            yield Fault(first + int(owner[r]), Kind.CLOSE_VERTICES, lon, lat, float(np.sqrt(length2[at])))
    yield from _sharp(rings, edge & ~near & (length2 > 0), step, first, limits)
    yield from _slivers(rings, of_vertex, step, usable, first, limits)


def _sharp(rings: Rings, edge: np.ndarray, step: np.ndarray, first: int, limits: Limits) -> Iterator[Fault]:
    """Angles between successive edges. Edges shorter than the close-vertex limit are passed over.

    So a spike whose tip was cut square by a millimetre is still seen as one.
    """
    widest = max(limits.spike_deg, limits.acute_deg or 0.0)
    at = np.flatnonzero(edge)
    if not len(at):
        return
    ring = np.repeat(np.arange(len(rings.count)), rings.count)[at]
    opening = np.append(True, ring[1:] != ring[:-1])
    # The edge that follows edge k of a ring; that of its last edge is its first one.
    following = np.arange(1, len(at) + 1)
    firsts = np.flatnonzero(opening)
    following[np.append(firsts[1:], len(at)) - 1] = firsts
    step = step[at]
    after = step[following]
    # The interior angle is between the way back and the way on.
    cosine = -(step[:, 0] * after[:, 0] + step[:, 1] * after[:, 1])
    sine = np.abs(step[:, 0] * after[:, 1] - step[:, 1] * after[:, 0])
    sharp = np.flatnonzero(
        (cosine > 0) & (sine < np.tan(np.radians(min(widest, 89.0))) * cosine) & (following != np.arange(len(at)))
    )
    degrees = np.degrees(np.arctan2(sine[sharp], cosine[sharp]))
    owner = rings.owner_of_rings()
    for k, angle in zip(sharp, degrees, strict=True):
        lon, lat = rings.xy[at[following[k]]]
        kind = Kind.SPIKE if angle < limits.spike_deg else Kind.ACUTE_ANGLE
        yield Fault(first + int(owner[ring[k]]), kind, float(lon), float(lat), float(angle))


def _slivers(
    rings: Rings, scale: np.ndarray, step: np.ndarray, usable: np.ndarray, first: int, limits: Limits
) -> Iterator[Fault]:
    """Parts of valid features whose mean width is too small; of an invalid one, area means nothing."""
    if limits.sliver_m is None:
        return
    length = np.hypot(step[:, 0], step[:, 1])
    # In metres from the start of each ring, where the shoelace formula loses no digits.
    x, y = ((rings.xy - np.repeat(rings.xy[rings.start], rings.count, axis=0)) * scale)[:-1].T
    area = np.abs(rings.sum_over_rings(x * step[:, 1] - y * step[:, 0])) / 2
    area = rings.sum_over_parts(np.where(rings.hole, -area, area))
    width = 2 * area / rings.sum_over_parts(rings.sum_over_rings(length))
    narrow = (width < limits.sliver_m) & usable[rings.owner]
    shells = np.flatnonzero(~rings.hole)
    for p in np.flatnonzero(narrow):
        r = shells[np.searchsorted(rings.part[shells], p)]
        shell = rings.xy[rings.start[r] : rings.end[r] + 1]
        longest = length[rings.start[r] : rings.end[r]].argmax()
        lon, lat = map(float, shell[longest : longest + 2].mean(axis=0))
        yield Fault(first + int(rings.owner[p]), Kind.SLIVER, lon, lat, float(width[p]), None, shapely.Polygon(shell))
