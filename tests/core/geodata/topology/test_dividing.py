"""`dividing.apart`: what it tells apart has nothing in common, whatever the shapes."""

import numpy as np
import shapely

from core.geodata.topology.dividing import apart
from core.geodata.topology.outlines import Outlines

MARGIN = 1e-9


def pairs(*shapes: shapely.Geometry) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The shapes, and the pairs of them that are told apart."""
    many = np.array(shapes, dtype=object)
    outlines = Outlines.of(many)
    a, b = np.triu_indices(len(many), 1)
    found = apart(outlines, outlines, a, b, MARGIN)
    return many, list(zip(a[found].tolist(), b[found].tolist(), strict=True))


def test_neighbours_with_a_common_side_are_apart_and_overlapping_ones_are_not():
    _many, found = pairs(shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(0.5, 0.5, 1.5, 1.5))
    assert found == [(0, 1)]


def test_a_polygon_of_many_vertices_is_left_to_geos():
    _many, found = pairs(shapely.Point(0, 0).buffer(1), shapely.box(5, 5, 6, 6))
    assert found == []


def test_no_pair_told_apart_by_an_edge_has_an_area_in_common():
    random = np.random.default_rng(20)
    shapes = [
        shapely.convex_hull(shapely.multipoints(random.uniform(0, 0.4, (7, 2)) + random.uniform(0, 2, 2)))
        for _ in range(200)
    ]
    turned = [shapely.reverse(shape) if number % 2 else shape for number, shape in enumerate(shapes)]
    many, found = pairs(*turned)
    a, b = np.array(found).T
    assert len(found) > 10_000
    assert shapely.area(shapely.intersection(many[a], many[b])).max() < MARGIN


def test_neighbours_along_a_bent_boundary_are_apart():
    """A boundary rounded like a survey's bends either way, and goes on straight behind the neighbour's corner."""
    bend = [(0, 0), (1, 3e-6), (2, -2e-6), (3, 1e-6)]
    above = shapely.Polygon([*bend, (4, -1e-6), (4, 2), (-1, 2), (-1, -3e-6)])
    below = shapely.Polygon([*reversed(bend), (0, -1), (3, -1)])
    assert pairs(above, below)[1] == [(0, 1)]
    assert pairs(shapely.reverse(above), below)[1] == [(0, 1)]
    assert pairs(below, shapely.reverse(above))[1] == [(0, 1)]


def test_a_corner_that_reaches_over_the_boundary_by_a_hair_is_not_overlooked():
    bend = [(0, 0), (1, 3e-6), (2, -2e-6), (3, 1e-6)]
    above = shapely.Polygon([*bend, (4, -1e-6), (4, 2), (-1, 2), (-1, -3e-6)])
    moved = shapely.Polygon([(3, 1e-6), (2, -2e-6), (1, 3.01e-6), (0, 0), (0, -1), (3, -1)])
    beside = shapely.Polygon([*reversed(bend), (0, -1), (3.5, -1), (3.5, 1)])
    assert pairs(above, moved)[1] == []
    assert pairs(above, beside)[1] == []


def test_a_piece_that_fills_a_notch_is_left_to_geos():
    notched = shapely.Polygon([(0, 0), (3, 0), (3, 2), (2, 2), (2, 1), (1, 1), (1, 2), (0, 2)])
    assert pairs(notched, shapely.box(1, 1, 2, 2))[1] == []


def test_polygons_of_a_few_points_that_coincide_everywhere_are_never_told_apart_wrongly():
    """Rings through the points of a small grid share vertices, edges and runs of edges in every way there is."""
    random = np.random.default_rng(7)
    grid = np.array([(x, y) for x in range(5) for y in range(5)], dtype=float)
    # Moved a little, the same way for all: nearly straight boundaries, none of them exactly so.
    grid += random.uniform(-1e-3, 1e-3, grid.shape)
    shapes: list[shapely.Geometry] = []
    while len(shapes) < 700:
        ring = shapely.Polygon(grid[random.permutation(len(grid))[: random.integers(3, 9)]])
        if ring.is_valid:
            shapes.append(ring)
    many, found = pairs(*shapes)
    a, b = np.array(found).T
    assert shapely.area(shapely.intersection(many[a], many[b])).max() < MARGIN
    joined = shapely.length(shapely.intersection(many[a], many[b])) > 0.5
    assert joined.sum() > 1_000, "many of them neighbours along an edge"


def test_the_cells_of_a_bent_mesh_are_nearly_all_told_apart():
    """Plots as a cadastre has them: hardly a pair of neighbours is left to GEOS."""
    random = np.random.default_rng(3)
    columns = rows = 30
    corner = np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0), indexing="ij"), axis=-1)
    corner += random.uniform(-0.2, 0.2, corner.shape)
    across = (corner[:-1] + corner[1:]) / 2 + random.uniform(-1e-6, 1e-6, corner[:-1].shape)
    along = (corner[:, :-1] + corner[:, 1:]) / 2 + random.uniform(-1e-6, 1e-6, corner[:, :-1].shape)
    cells = [
        shapely.Polygon(
            [
                corner[i, j],
                across[i, j],
                corner[i + 1, j],
                along[i + 1, j],
                corner[i + 1, j + 1],
                across[i, j + 1],
                corner[i, j + 1],
                along[i, j],
            ]
        )
        for i in range(columns)
        for j in range(rows)
    ]
    many = np.array(cells, dtype=object)
    a, b = shapely.STRtree(many).query(many, predicate="intersects")
    neighbours = (a < b) & (shapely.length(shapely.intersection(many[a], many[b])) > 0)
    outlines = Outlines.of(many)
    assert apart(outlines, outlines, a[neighbours], b[neighbours], MARGIN).mean() > 0.95
