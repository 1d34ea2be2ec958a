"""`outlines.divided`: what it calls divided has nothing in common, whatever the shapes."""

import numpy as np
import shapely

from core.geodata.topology.outlines import Outlines, divided

MARGIN = 1e-9


def pairs(*shapes: shapely.Geometry) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The shapes, and the pairs of them that are divided."""
    many = np.array(shapes, dtype=object)
    outlines = Outlines.of(many)
    a, b = np.triu_indices(len(many), 1)
    found = divided(outlines, outlines, a, b, MARGIN)
    return many, list(zip(a[found].tolist(), b[found].tolist(), strict=True))


def test_neighbours_with_a_common_side_are_divided_and_overlapping_ones_are_not():
    _many, found = pairs(shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(0.5, 0.5, 1.5, 1.5))
    assert found == [(0, 1)]


def test_a_polygon_of_many_vertices_is_left_to_geos():
    _many, found = pairs(shapely.Point(0, 0).buffer(1), shapely.box(5, 5, 6, 6))
    assert found == []


def test_no_divided_pair_has_an_area_in_common():
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
