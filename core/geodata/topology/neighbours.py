"""How one feature meets the features around it: overlaps and gaps, quick enough to run while it is drawn.

Overlaps are found on the stored longitudes and latitudes, where a shared boundary is shared bit for bit and where the
database's own guard looks: both see the same pieces and the same m². Gaps are a matter of metres and are looked for
in the work plane.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from core.geodata.topology import plane
from core.geodata.topology.faults import Fault, Geometry, Kind
from core.geodata.topology.measure import area_m2, mean_width_m, metres_per_degree, polygons
from core.geodata.topology.rings import Rings
from core.geodata.topology.vertices import SAME_PLACE_M, WorkPlane, polygonal

NOISE_M, NOISE_M2 = 1e-6, 1e-4
"""Overlap or gap thinner than a micrometre or smaller than a square centimetre is rounding, not a fault of the drawing.

The area of a polygon far from the equator is a small difference of large numbers; its last digits are 10⁻⁵ m².
"""

_MITRE, _HAIR_M = 10.0, 1e-5


def overlaps(geometry: Geometry, others: Sequence[Geometry] | np.ndarray, index: int = 0) -> list[Fault]:
    """What of ``geometry`` lies on each of ``others`` (n polygons), EPSG:4490: a fault for each one overlapped.

    ``measured`` is the whole common area in m² on the ellipsoid, ``width_m`` its mean width, 2 · area / perimeter;
    the place is inside its largest piece. Broken geometry is looked at as its valid self.
    """
    faults = []
    feature, others = _on_the_globe(geometry), np.asarray(others, dtype=object)
    if feature.is_empty:
        return []
    shapely.prepare(feature)
    # Settled at the first common inner point; only boundaries shared in full are followed to their end.
    for row in np.flatnonzero(shapely.relate_pattern(feature, others, "2********")):
        common = shapely.intersection(feature, polygonal(others[row]))
        fault = _measured(common, index, Kind.OVERLAP, int(row))
        if fault is not None:
            faults.append(fault)
    return faults


def gaps(
    geometry: Geometry, others: Sequence[Geometry] | np.ndarray, max_width_m: float, index: int = 0
) -> list[Fault]:
    """Uncovered slivers between ``geometry`` and ``others`` (n polygons), EPSG:4490.

    A gap is land next to ``geometry`` that neither covers and that is narrower than ``max_width_m``: either a stretch
    between facing boundaries nearer to each other than that, or a hole wholly enclosed by them whose mean width,
    2 · area / perimeter, is less than that. Streets are wider, and the open field has no other side. ``other`` is
    the neighbour with the longest boundary on the gap; ``measured`` and ``width_m`` are m² and mean width, as above.
    """
    feature, others = _on_the_globe(geometry), np.asarray(others, dtype=object)
    if feature.is_empty or not len(others):
        return []
    scale = np.array([float(metres) for metres in metres_per_degree(np.mean(shapely.bounds(feature)[1::2]))])
    rows = _within(feature, others, 2 * max_width_m / scale)
    near = [polygonal(others[row]) for row in rows]
    window = _loose_window(feature, near, max_width_m, scale)
    if window is None:
        return []
    work = WorkPlane(*(polygonal(shapely.intersection(member, window)) for member in (feature, *near)))
    faults = []
    for piece in _uncovered(work.geometries, plane.to_plane(window), max_width_m):
        contact = _contact(piece, work.geometries)
        if contact[0] and contact[1:].any():  # else a slot of a single feature, or between others
            fault = _measured(work.back(piece), index, Kind.GAP, int(rows[contact[1:].argmax()]))
            faults += [fault] if fault is not None else []
    return faults


def _on_the_globe(geometry: Geometry) -> Geometry:
    """The valid self of ``geometry``; empty if its numbers are no longitudes and latitudes."""
    feature = polygonal(geometry)
    west, south, east, north = shapely.bounds(feature)
    return feature if -180 <= west <= east <= 180 and -90 < south <= north < 90 else shapely.MultiPolygon()


def _measured(piece: Geometry, index: int, kind: Kind, other: int) -> Fault | None:
    found = [polygon for polygon in polygons(piece) if polygon.area > 0]
    if not found:
        return None
    whole = shapely.MultiPolygon(found)
    area, width = area_m2(whole), mean_width_m(whole)
    if width < NOISE_M or area < NOISE_M2:
        return None
    place = shapely.point_on_surface(max(found, key=lambda polygon: polygon.area))
    return Fault(index, kind, place.x, place.y, area, other, whole, width)


def _within(feature: Geometry, others: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Rows of ``others`` whose bounding boxes come within ``reach`` (lon, lat), degrees, of that of ``feature``."""
    west, south, east, north = shapely.bounds(feature)
    box = shapely.box(west - reach[0], south - reach[1], east + reach[0], north + reach[1])
    return np.flatnonzero(shapely.intersects(box, shapely.envelope(others)))


def _edges(geometries: Sequence[Geometry]) -> np.ndarray:
    """Edges (n, 2, 2) of all rings, both ends in a fixed order, so that a shared edge is twice the same."""
    rings = Rings.of(np.asarray(geometries, dtype=object))
    edges = np.stack((rings.xy[:-1], rings.xy[1:]), axis=1)
    edges = np.delete(edges, rings.end[:-1], axis=0)
    turned = (edges[:, 0] > edges[:, 1])[:, 0] | (
        (edges[:, 0, 0] == edges[:, 1, 0]) & (edges[:, 0, 1] > edges[:, 1, 1])
    )
    edges[turned] = edges[turned][:, ::-1]
    return edges


def _loose_window(feature: Geometry, others: Sequence[Geometry], width_m: float, scale: np.ndarray) -> Geometry | None:
    """Where gaps can be (EPSG:4490): around edges of ``feature`` that are near others but not shared.

    On most boundaries every edge is shared or far from the next feature, and there is nothing to look at. Distances
    need no map projection here: ``scale``, metres per degree, is right to a thousandth.
    """
    if not others:
        return None
    own, theirs = _edges([feature]), _edges(others)
    shared = np.isin(_keys(own), _keys(theirs))
    loose = own[~shared]
    theirs = theirs[_boxes_meet(theirs, shapely.bounds(feature), 2 * width_m / scale)]
    loose = (
        loose[
            _boxes_meet(loose, np.concatenate((theirs.min(axis=(0, 1)), theirs.max(axis=(0, 1)))), 2 * width_m / scale)
        ]
        if len(theirs)
        else loose[:0]
    )
    if not len(loose):
        return None
    facing = shapely.linestrings(theirs * scale)
    near, _ = shapely.STRtree(facing).query(
        shapely.linestrings(loose * scale), predicate="dwithin", distance=1.01 * width_m
    )
    if not len(near):
        return None
    edges = loose[np.unique(near)] * scale
    return shapely.transform(_cells(edges, 4 * width_m), lambda xy: xy / scale)


def _cells(edges: np.ndarray, margin_m: float) -> Geometry:
    """A region of square cells that holds everything within ``margin_m`` of ``edges`` (n, 2, 2), metres.

    A buffer around thousands of edges would take longer than all the rest.
    """
    low, high = edges.min(axis=1) - margin_m, edges.max(axis=1) + margin_m
    origin = low.min(axis=0)
    side = max(2 * margin_m, (high.max(axis=0) - origin).max() / 64)
    first, last = ((low - origin) // side).astype(int), ((high - origin) // side).astype(int) + 1
    # Opened at the first cell and closed behind the last, rectangles are summed up in two passes.
    marks = np.zeros(last.max(axis=0) + 1, dtype=int)
    for sign, x, y in ((1, first, first), (-1, last, first), (-1, first, last), (1, last, last)):
        np.add.at(marks, (x[:, 0], y[:, 1]), sign)
    cells = np.argwhere(marks.cumsum(axis=0).cumsum(axis=1) > 0)
    return shapely.coverage_union_all(shapely.box(*(origin + cells * side).T, *(origin + (cells + 1) * side).T))


def _keys(edges: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(edges.reshape(len(edges), 4)).view("V32").ravel()


def _boxes_meet(edges: np.ndarray, bounds: np.ndarray, reach: np.ndarray) -> np.ndarray:
    low, high = edges.min(axis=1), edges.max(axis=1)
    return ((high >= bounds[:2] - reach) & (low <= bounds[2:] + reach)).all(axis=1)


def _uncovered(features: Sequence[Geometry], window: Geometry, width_m: float) -> list[Geometry]:
    """Stretches narrower than ``width_m`` and enclosed slivers that none of ``features`` covers, in the plane.

    Widening the covered land by half the width and narrowing it again closes just these. Mitred corners come back
    to where they were.
    """
    covered = shapely.union_all(features)
    closed = _widened(_widened(covered, width_m / 2), -width_m / 2)
    # Buffers come back within rounding only, hence the hair's breadth. At the rim of the window, closing fills
    # corners of the cut-outs, which mean nothing.
    inner = _widened(window, -width_m)
    narrow = polygons(shapely.intersection(shapely.difference(closed, _widened(covered, _HAIR_M)), inner))
    enclosed = [
        hole
        for part in polygons(covered)
        for hole in map(shapely.Polygon, part.interiors)
        if NOISE_M < 2 * hole.area / hole.length < width_m and shapely.covers(inner, hole)
    ]
    return polygons(shapely.union_all([*narrow, *enclosed])) if enclosed else narrow


def _widened(geometry: Geometry, distance_m: float) -> Geometry:
    return shapely.buffer(geometry, distance_m, join_style="mitre", mitre_limit=_MITRE)


def _contact(piece: Geometry, features: Sequence[Geometry]) -> np.ndarray:
    """How much (m) of the boundary of ``piece`` runs along each of ``features``, in the plane."""
    xy = shapely.get_coordinates(piece)
    length = np.hypot(*np.diff(xy, axis=0).T)
    middles = shapely.points((xy[:-1] + xy[1:]) / 2)
    contact = np.zeros(len(features))
    near = shapely.intersects(shapely.envelope(features), shapely.buffer(piece.envelope, 1))
    for row, feature in enumerate(features):
        if near[row]:
            shapely.prepare(feature)
            contact[row] = length[shapely.dwithin(feature, middles, SAME_PLACE_M)].sum()
    return contact
