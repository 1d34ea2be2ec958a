"""One fault mended, and what that changed.

A repair is offered, shown and only then accepted, so each returns before and after: m² changed and every vertex moved,
removed or added. What comes out is a valid MultiPolygon, EPSG:4490; where that cannot be had, `Refused` is raised.
Vertices nobody had to move stay bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from core.geodata.topology import plane
from core.geodata.topology.border import Border
from core.geodata.topology.faults import Geometry
from core.geodata.topology.measure import area_m2, mean_width_m, polygons
from core.geodata.topology.neighbours import NOISE_M, NOISE_M2
from core.geodata.topology.operations import Refused
from core.geodata.topology.vertices import SAME_PLACE_M, WorkPlane, on_a_map, polygonal

Position = tuple[float, float]
"""Longitude and latitude, EPSG:4490."""


@dataclass(frozen=True)
class Repair:
    """A geometry mended. ``kind`` names the repair.

    ``area_m2`` is the area after less the area before; ``changed_m2`` the area that was added or taken away, both on
    the ellipsoid. ``moved`` pairs where a vertex was and is.
    """

    kind: str
    before: Geometry
    geometry: Geometry
    area_m2: float
    changed_m2: float
    moved: tuple[tuple[Position, Position], ...]
    removed: tuple[Position, ...]
    added: tuple[Position, ...]

    @property
    def changes(self) -> bool:
        """Whether anything is different."""
        return bool(self.moved or self.removed or self.added)


def make_valid(geometry: Geometry) -> Repair:
    """Rebuild a broken polygon: a bow-tie becomes two parts, a hole outside goes, overlapping parts become one."""
    if not polygons(geometry) or not on_a_map(geometry):
        raise Refused("invalid_input")
    return _repair("make_valid", geometry, polygonal(geometry))


def remove_close_vertices(geometry: Geometry, distance_m: float) -> Repair:
    """Drop every vertex nearer than ``distance_m`` to the one before it on its ring; the first of each group stays."""

    def thin(lonlat: np.ndarray) -> np.ndarray:
        at, kept = plane.project(lonlat), [0]
        for n in range(1, len(at) - 1):
            if np.hypot(*(at[n] - at[kept[-1]])) >= distance_m:
                kept.append(n)
        while len(kept) > 1 and np.hypot(*(at[kept[-1]] - at[0])) < distance_m:
            kept.pop()
        return lonlat[kept]

    return _repair("remove_close_vertices", geometry, _ring_by_ring(geometry, thin))


def remove_spikes(geometry: Geometry, spike_deg: float = 1.0, tip_m: float = 0.01) -> Repair:
    """Drop the tips at which the boundary runs back on itself, at an angle under ``spike_deg`` degrees.

    Edges shorter than ``tip_m`` are passed over, as `shape.shape_faults` does: a tip may be cut square. What a dropped
    tip leaves is looked at again, so that a spike of several vertices goes as a whole.
    """
    limit = np.cos(np.radians(spike_deg))

    def blunt(lonlat: np.ndarray) -> np.ndarray:
        kept = list(range(len(lonlat) - 1))
        at = plane.project(lonlat)
        n, calm = 0, 0
        while len(kept) > 2 and calm < len(kept):
            to_back, to_on = (_beyond(at, kept, n, step, tip_m) for step in (-1, 1))
            lengths = np.hypot(*to_back) * np.hypot(*to_on)
            if lengths == 0 or np.dot(to_back, to_on) > limit * lengths:
                del kept[n % len(kept)]
                n, calm = max(n - 2, 0), 0
            else:
                n, calm = n + 1, calm + 1
        return lonlat[kept]

    return _repair("remove_spikes", geometry, _ring_by_ring(geometry, blunt))


def _beyond(at: np.ndarray, ring: list[int], n: int, step: int, tip_m: float) -> np.ndarray:
    """The way (2,) from vertex ``n`` in direction ``step`` to the next vertex, or if that is near to the one after."""
    here, near, far = (at[ring[(n + k * step) % len(ring)]] for k in (0, 1, 2))
    return near - here if np.hypot(*(near - here)) >= tip_m else far - here


def drop_slivers(geometry: Geometry, width_m: float) -> Repair:
    """Drop parts and fill holes whose mean width, 2 · area / perimeter, is under ``width_m`` metres."""
    _usable(geometry)
    kept = [
        shapely.Polygon(
            part.exterior, [hole for hole in part.interiors if mean_width_m(shapely.Polygon(hole)) >= width_m]
        )
        for part in polygons(geometry)
        if mean_width_m(part) >= width_m
    ]
    return _repair("drop_slivers", geometry, shapely.MultiPolygon(kept))


def remove_overlap(geometry: Geometry, others: Sequence[Geometry]) -> Repair:
    """Take what lies on ``others`` out of ``geometry``.

    Overlaid on the stored coordinates like `neighbours.overlaps` and the database's guard, so that neither finds
    anything afterwards.
    """
    _usable(geometry)
    return _repair("remove_overlap", geometry, polygonal(shapely.difference(geometry, shapely.union_all(others))))


def clip_to(geometry: Geometry, district: Geometry) -> Repair:
    """Keep of ``geometry`` what lies in ``district``, overlaid like `remove_overlap`."""
    _usable(geometry)
    return _repair("clip_to", geometry, polygonal(shapely.intersection(geometry, district)))


def fill_gap(geometry: Geometry, gap: Geometry) -> Repair:
    """Add ``gap``, as found by `neighbours.gaps`, to ``geometry``."""
    _usable(geometry)
    _usable(gap)
    work = WorkPlane(geometry, gap)
    feature, hole = work.geometries
    # Corners of the gap on an edge of the feature become vertices of that edge, or a hairline would stay open.
    feature = shapely.snap(feature, shapely.multipoints(shapely.get_coordinates(hole)), SAME_PLACE_M)
    filled = polygonal(shapely.union(feature, hole))
    whole = [
        shapely.Polygon(part.exterior, [ring for ring in part.interiors if _width(ring) > SAME_PLACE_M])
        for part in filled.geoms
    ]
    return _repair("fill_gap", geometry, work.back(shapely.MultiPolygon(whole)))


def _width(ring: Geometry) -> float:
    """Mean width of a ring in the plane."""
    return 2 * shapely.Polygon(ring).area / ring.length


def snap_to_neighbours(geometry: Geometry, neighbours: Sequence[Geometry], tolerance_m: float) -> Repair:
    """Lay the boundary of ``geometry`` on that of ``neighbours`` wherever it is nearer than ``tolerance_m`` metres.

    Vertices go to a neighbour's vertex within reach, else onto the geodesic of its edge; vertices of neighbours near
    an edge of the feature are taken into it; of vertices along one edge of a neighbour only its ends stay. So both
    sides have the same vertices. Overlap left that is thinner than the tolerance is taken off.
    """
    _usable(geometry)
    border = Border(neighbours)
    moved: dict[Position, Position] = {}

    def laid(lonlat: np.ndarray) -> np.ndarray:
        ring = border.lay(lonlat[:-1], tolerance_m)
        moved.update((old, new) for old, new in ring.moved if old != new)
        return ring.lonlat

    result = polygonal(_ring_by_ring(geometry, laid))
    thin = [
        piece
        for neighbour in neighbours
        for piece in polygons(shapely.intersection(result, neighbour))
        if NOISE_M < mean_width_m(piece) < tolerance_m and area_m2(piece) > NOISE_M2
    ]
    if thin:
        result = polygonal(shapely.difference(result, shapely.union_all(thin)))
    return _repair("snap_to_neighbours", geometry, result, moved)


def _usable(geometry: Geometry) -> None:
    if geometry is None or not polygons(geometry) or not geometry.is_valid:
        raise Refused("invalid_input")


def _ring_by_ring(geometry: Geometry, mend: Callable[[np.ndarray], np.ndarray]) -> Geometry:
    """Apply ``mend``, closed ring (n, 2) to open ring, to every ring, and drop those of fewer than three vertices."""
    parts = []
    for part in polygons(geometry):
        if not on_a_map(part):
            raise Refused("invalid_input")
        shell, *holes = (mend(shapely.get_coordinates(ring)) for ring in (part.exterior, *part.interiors))
        if len(shell) > 2:
            parts.append(shapely.Polygon(shell, [hole for hole in holes if len(hole) > 2]))
    return shapely.MultiPolygon(parts)


def _repair(kind: str, before: Geometry, after: Geometry, moved: dict[Position, Position] | None = None) -> Repair:
    after = polygonal(after)
    if after.is_empty:
        raise Refused("nothing_left")
    if not after.is_valid:
        raise Refused("invalid_result")
    old, new = ({tuple(at) for at in shapely.get_coordinates(geometry).tolist()} for geometry in (before, after))
    moved = {was: now for was, now in (moved or {}).items() if now in new}
    return Repair(
        kind=kind,
        before=before,
        geometry=after,
        area_m2=area_m2(after) - area_m2(before),
        changed_m2=area_m2(shapely.symmetric_difference(polygonal(before), after)),
        moved=tuple(sorted(moved.items())),
        removed=tuple(sorted(old - new - moved.keys())),
        added=tuple(sorted(new - old - set(moved.values()))),
    )
