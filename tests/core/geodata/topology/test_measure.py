import numpy as np
import pytest
import shapely
from django.db import connection

from core.geodata.topology.measure import area_m2, areas_m2, mean_width_m, metres_per_degree, perimeters_m
from core.geodata.topology.plane import project, unproject

COURT = shapely.Polygon(
    shapely.box(113.0, 23.0, 113.02, 23.01).exterior, [shapely.box(113.005, 23.002, 113.01, 23.006).exterior]
)
KINDS = np.array(
    [
        shapely.box(113.0, 23.0, 113.0001, 23.0001),
        shapely.box(112.5, 22.7, 113.4, 23.5),
        COURT,
        shapely.MultiPolygon([COURT, shapely.box(113.1, 23.0, 113.11, 23.01)]),
        shapely.Polygon([(113.0, 23.0), (113.05, 23.001), (113.02, 23.03)]),
        None,
        shapely.MultiPolygon(),
        shapely.Point(113, 23),
    ],
    dtype=object,
)


@pytest.mark.django_db
def test_areas_are_those_of_record(town: np.ndarray) -> None:
    polygons = np.concatenate((KINDS[:5], town[:200]))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_Area(ST_GeomFromWKB(wkb, 4490)::geography), ST_Perimeter(ST_GeomFromWKB(wkb, 4490)::geography)"
            " FROM unnest(%s::bytea[]) WITH ORDINALITY AS given (wkb, n) ORDER BY n",
            [[memoryview(wkb) for wkb in shapely.to_wkb(polygons)]],
        )
        of_record, perimeters = np.array(cursor.fetchall()).T
    assert np.array([area_m2(polygon) for polygon in polygons]) == pytest.approx(of_record, rel=1e-8)
    # A box of 90 km is the worst: its edges bulge by hundreds of metres.
    assert areas_m2(polygons) == pytest.approx(of_record, rel=1e-6)
    widths = 2 * of_record / perimeters
    assert np.array([mean_width_m(polygon) for polygon in polygons]) == pytest.approx(widths, rel=1e-7)
    small = np.delete(np.arange(len(polygons)), 1)
    assert perimeters_m(polygons)[small] == pytest.approx(perimeters[small], rel=1e-6)


def test_the_cell_of_the_rules_has_its_ellipsoidal_area() -> None:
    # Rules 3.6, vector 2: what is 10,000.0004 mu in the plane is 9,997.48 mu on the ellipsoid.
    ((east, north),) = project(np.array([[113.0, 23.0]]))
    cell = shapely.transform(shapely.box(east, north, east + 3000, north + 2222.2223), unproject)
    assert area_m2(cell) == pytest.approx(6_664_986.6, abs=0.5)
    assert areas_m2(np.array([cell]))[0] == pytest.approx(area_m2(cell), rel=1e-9)


def test_what_has_no_area_has_none() -> None:
    assert areas_m2(KINDS)[5:].tolist() == [0, 0, 0]
    assert perimeters_m(KINDS)[5:].tolist() == [0, 0, 0]
    assert [area_m2(geometry) for geometry in KINDS[5:]] == [0, 0, 0]
    assert mean_width_m(None) == 0
    assert areas_m2(np.array([], dtype=object)).tolist() == []


def test_holes_are_taken_off_whichever_way_their_rings_run() -> None:
    turned = shapely.Polygon(COURT.exterior.coords[::-1], [COURT.interiors[0].coords])
    assert area_m2(turned) == pytest.approx(area_m2(COURT), rel=1e-12)
    assert areas_m2(np.array([turned]))[0] == pytest.approx(area_m2(COURT), rel=1e-9)


def test_a_degree_is_as_long_as_it_is() -> None:
    # The series of parallel and meridian at 23 degrees: 111412.84 cos φ - 93.5 cos 3φ + 0.118 cos 5φ, and
    # 111132.954 - 559.822 cos 2φ + 1.175 cos 4φ metres.
    lengths = [float(metres) for metres in metres_per_degree(np.array(23.0))]
    assert lengths == pytest.approx([102_523.2, 110_744.03], abs=1)
