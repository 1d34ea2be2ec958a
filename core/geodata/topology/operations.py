"""Dividing, joining and redrawing polygons without moving a boundary that nobody touched.

Results are MultiPolygons in EPSG:4490, valid, with every vertex of the input where it was. New vertices on existing
edges lie on their geodesics, and the parts of a split have the same ones, bit for bit: their areas of record add up
to the area before. What cannot be done raises `Refused` with a code the caller words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from core.geodata.topology import plane
from core.geodata.topology.border import Border
from core.geodata.topology.faults import Geometry
from core.geodata.topology.measure import area_m2, mean_width_m, polygons
from core.geodata.topology.vertices import SAME_PLACE_M, WorkPlane, divide, lines, polygonal


class Refused(ValueError):
    """An operation that makes no sense on these geometries. ``code`` says why:

    ``invalid_input``, ``invalid_result``, ``line_misses``, ``line_ends_inside`` (it enters but does not leave),
    ``line_crosses_itself``, ``several_rings`` (a reshape line that crosses more than one ring),
    ``apart`` (to be merged, but not sharing a boundary), ``too_few``, ``hole_misses``, ``hole_outside`` (not inside),
    ``hole_touches_boundary`` (redraw the boundary instead), ``nothing_left``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def split(geometry: Geometry, line: Geometry) -> list[Geometry]:
    """Divide ``geometry`` along ``line`` (LineString) into two parts or more, the largest first.

    Ends of the line that stick out or stop inside are ignored where another stretch divides. Parts of a MultiPolygon
    which the line does not cross stay with the largest piece.
    """
    _check(geometry)
    if not line.is_valid or line.is_empty:
        raise Refused("invalid_input")
    work = WorkPlane(geometry, line)
    whole, cut = work.geometries
    untouched: list[Geometry] = []
    pieces: list[Geometry] = []
    for part in polygons(whole):
        divided = _divided(part, cut)
        (pieces if len(divided) > 1 else untouched).extend(divided)
    if not pieces:
        raise Refused("line_ends_inside" if shapely.relate_pattern(whole, cut, "T********") else "line_misses")
    results = sorted((work.back(piece) for piece in pieces), key=area_m2, reverse=True)
    results = [piece for piece in results if not piece.is_empty and piece.area > 0]
    if len(results) < 2:
        raise Refused("line_misses")
    results[0] = shapely.MultiPolygon([results[0], *(work.back(part) for part in untouched)])
    return [_checked(result) for result in results]


def _divided(part: Geometry, cut: Geometry) -> list[Geometry]:
    # Crossings within a millimetre of a vertex become that vertex.
    cut = shapely.snap(cut, shapely.multipoints(shapely.get_coordinates(part)), SAME_PLACE_M)
    faces = polygons(shapely.polygonize([*shapely.get_parts(shapely.union_all([part.boundary, cut]))]))
    return [face for face in faces if shapely.covers(part, shapely.point_on_surface(face))]


def merge(geometries: Sequence[Geometry], tolerance_m: float = 0.01) -> Geometry:
    """Join features that overlap or share a boundary into one.

    Boundaries nearer than ``tolerance_m`` count as shared; what remains between them narrower than that is filled.
    """
    if len(geometries) < 2:
        raise Refused("too_few")
    for geometry in geometries:
        _check(geometry)
    work = WorkPlane(*geometries)
    joined = work.geometries[0]
    waiting = list(work.geometries[1:])
    while waiting:
        # Any that joins what is joined already: the order in which features were picked means nothing.
        tried = ((n, _joined(joined, other, tolerance_m)) for n, other in enumerate(waiting))
        n, joined = next(((n, union) for n, union in tried if union is not None), (0, None))
        if joined is None:
            raise Refused("apart")
        del waiting[n]
    return _checked(work.back(joined))


def _joined(joined: Geometry, other: Geometry, tolerance_m: float) -> Geometry | None:
    """The union of two features, None if they have no boundary in common."""
    if not shapely.dwithin(joined, other, tolerance_m):
        return None
    before = shapely.get_num_geometries(joined) + shapely.get_num_geometries(other)
    close = polygonal(shapely.snap(other, joined, tolerance_m))
    # Vertices of the other on long edges of the first, so that these have them too.
    meeting = polygonal(shapely.snap(joined, close, tolerance_m))
    union = polygonal(shapely.union(meeting, close))
    union = shapely.MultiPolygon(
        [
            shapely.Polygon(
                part.exterior,
                [hole for hole in part.interiors if 2 * shapely.Polygon(hole).area / hole.length > tolerance_m],
            )
            for part in union.geoms
        ]
    )
    return union if shapely.get_num_geometries(union) < before else None


def cut_hole(geometry: Geometry, hole: Geometry) -> Geometry:
    """Take ``hole``, a polygon wholly inside ``geometry``, out of it."""
    _check(geometry)
    _check(hole)
    if not shapely.intersects(geometry, hole):
        raise Refused("hole_misses")
    if shapely.covers(hole, geometry):
        raise Refused("nothing_left")
    if not shapely.covers(geometry, hole):
        raise Refused("hole_outside")
    if not shapely.contains_properly(geometry, hole):
        raise Refused("hole_touches_boundary")
    # Inside, no edge is divided: the stored coordinates can be overlaid as they are.
    return _checked(polygonal(shapely.difference(geometry, hole)))


def reshape(geometry: Geometry, line: Geometry) -> Geometry:
    """Replace the stretch of boundary between the first and the last crossing of ``line`` by the line.

    Of the two stretches the one is replaced whose replacement leaves the larger ring: a line outside adds land, a
    line inside takes the smaller side away. The line must cross one ring only, at least twice.
    """
    _check(geometry)
    if line.is_empty or not line.is_valid:
        raise Refused("invalid_input")
    if not line.is_simple:
        raise Refused("line_crosses_itself")
    flat, drawn = plane.to_plane(geometry), plane.to_plane(line)
    crossed = [n for n, ring in enumerate(lines(flat)) if shapely.intersects(ring, drawn)]
    if not crossed:
        raise Refused("line_misses")
    twice = [n for n in crossed if len(_crossings(lines(flat)[n], drawn)) > 1]
    if not twice:
        raise Refused("line_ends_inside")
    if len(crossed) > 1:
        raise Refused("several_rings")
    ring = _reshaped(lines(geometry)[crossed[0]], lines(flat)[crossed[0]], line, drawn)
    rebuilt, n = [], 0
    for part in polygons(geometry):
        rings = [part.exterior, *part.interiors]
        rings = [ring if n + k == crossed[0] else old for k, old in enumerate(rings)]
        n += len(rings)
        rebuilt.append(shapely.Polygon(rings[0], rings[1:]))
    return _checked(shapely.MultiPolygon(rebuilt))


def _crossings(ring: Geometry, drawn: Geometry) -> np.ndarray:
    """Where ``drawn`` meets ``ring``, as points (n, 2) in the plane, in the order of the line."""
    met = np.unique(shapely.get_coordinates(shapely.intersection(ring, drawn)), axis=0)
    along = shapely.line_locate_point(drawn, shapely.points(met))
    return met[np.argsort(along)]


def _reshaped(ring: Geometry, flat: Geometry, line: Geometry, drawn: Geometry) -> Geometry:
    met = _crossings(flat, drawn)
    begin, end = met[0], met[-1]
    vertices, at = shapely.get_coordinates(ring)[:-1], shapely.get_coordinates(flat)
    edge_1, place_1 = _place_on_ring(vertices, at, begin)
    edge_2, place_2 = _place_on_ring(vertices, at, end)
    from_1, from_2 = shapely.line_locate_point(drawn, shapely.points([begin, end]))
    of_line = shapely.line_locate_point(drawn, shapely.points(shapely.get_coordinates(drawn)))
    inner = shapely.get_coordinates(line)[(of_line > from_1 + SAME_PLACE_M) & (of_line < from_2 - SAME_PLACE_M)]
    new = np.vstack((place_1, inner, place_2))
    count = len(vertices)
    # From the second crossing on round the ring to the first, and the other way round.
    forward = [vertices[k % count] for k in range(edge_2 + 1, edge_2 + 1 + (edge_1 - edge_2) % count)]
    backward = [vertices[k % count] for k in range(edge_2, edge_2 - (edge_2 - edge_1) % count, -1)]
    if edge_1 == edge_2:
        # Both crossings divide one edge: one way round passes every vertex, the other none.
        whole = [vertices[k % count] for k in range(edge_2 + 1, edge_2 + 1 + count)]
        ahead = np.hypot(*(begin - at[edge_1])) < np.hypot(*(end - at[edge_1]))
        forward, backward = (whole, []) if ahead else ([], whole[::-1])
    candidates = []
    for rest in (forward, backward):
        closed = np.vstack((new, *rest, new[:1]))
        closed = closed[np.append(True, (np.diff(closed, axis=0) != 0).any(axis=1))]
        if len(closed) > 3:
            candidates.append(shapely.linearrings(closed))
    sound = [candidate for candidate in candidates if shapely.is_valid(shapely.polygons(candidate))]
    if not sound:
        raise Refused("invalid_result")
    return max(sound, key=lambda candidate: shapely.Polygon(candidate).area)


def _place_on_ring(vertices: np.ndarray, flat: np.ndarray, point: np.ndarray) -> tuple[int, tuple[float, float]]:
    """The edge (its first vertex) of a ring nearest to ``point``, and the place on its geodesic."""
    edges = shapely.linestrings(np.stack((flat[:-1], flat[1:]), axis=1))
    edge = int(np.argmin(shapely.distance(edges, shapely.Point(point))))
    following = (edge + 1) % len(vertices)
    if np.hypot(*(point - flat[edge])) < SAME_PLACE_M:
        return edge, tuple(vertices[edge].tolist())
    if np.hypot(*(point - flat[edge + 1])) < SAME_PLACE_M:
        return edge, tuple(vertices[following].tolist())
    fraction = np.hypot(*(point - flat[edge])) / np.hypot(*(flat[edge + 1] - flat[edge]))
    return edge, divide(vertices[edge], vertices[following], fraction)


def snap_points(points: np.ndarray, candidates: Sequence[Geometry], tolerance_m: float) -> np.ndarray:
    """Move ``points`` (n, 2), EPSG:4490, onto vertices, else edges, of ``candidates`` within ``tolerance_m`` metres.

    A vertex within reach wins over a nearer edge. A point on an edge lies on its geodesic. Points that nothing is
    near to come back as they were.
    """
    snapped = np.array(points, dtype=float).reshape(-1, 2)
    if not len(candidates):
        return snapped
    return Border(candidates).snap(snapped, tolerance_m)


def _check(geometry: Geometry) -> None:
    if geometry is None or geometry.is_empty or not polygons(geometry) or not geometry.is_valid:
        raise Refused("invalid_input")


def _checked(geometry: Geometry) -> Geometry:
    """The result as a MultiPolygon, refused rather than returned when broken."""
    if not polygons(geometry):
        raise Refused("nothing_left")
    result = shapely.MultiPolygon(polygons(geometry))
    if not result.is_valid or mean_width_m(result) <= 0:
        raise Refused("invalid_result")
    return result
