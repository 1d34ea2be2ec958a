import numpy as np
import pytest
import shapely
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from core.geodata.topology.faults import Kind
from core.geodata.topology.measure import area_m2, metres_per_degree
from core.geodata.topology.neighbours import gaps, overlaps

PLOT = shapely.box(113.0, 23.0, 113.002, 23.002)
METRE = 1 / float(metres_per_degree(np.array(23.001))[0])  # of longitude


def east_of(plot: shapely.Polygon, metres: float) -> shapely.Polygon:
    """A plot as high as ``plot`` that begins ``metres`` east of it, or west of its edge where negative."""
    _, south, east, north = plot.bounds
    return shapely.box(east + metres * METRE, south, east + 0.002, north)


def test_plots_side_by_side_neither_overlap_nor_leave_a_gap() -> None:
    around = [east_of(PLOT, 0), shapely.box(113.002, 23.002, 113.004, 23.004)]
    assert overlaps(PLOT, around) == []
    assert gaps(PLOT, around, 1.0) == []


def test_an_overlap_is_measured_and_placed() -> None:
    strip = shapely.box(113.002 - METRE / 2, 23.0, 113.002, 23.002)
    (fault,) = overlaps(PLOT, [east_of(PLOT, 5), east_of(PLOT, -0.5)], index=7)
    assert (fault.kind, fault.index, fault.other) == (Kind.OVERLAP, 7, 1)
    assert fault.measured == pytest.approx(area_m2(strip), rel=1e-6)
    assert fault.width_m == pytest.approx(0.5, rel=0.01)
    assert shapely.Point(fault.lon, fault.lat).within(fault.geometry)
    assert fault.geometry.equals(strip)


@pytest.mark.django_db
def test_overlaps_are_those_the_guard_of_the_database_measures(town: np.ndarray) -> None:
    drawn = shapely.transform(town[0], lambda xy: xy + 3e-5)
    found = overlaps(drawn, town)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n - 1, ST_Area(common::geography), 2 * ST_Area(common::geography) / ST_Perimeter(common::geography)"
            " FROM unnest(%s::bytea[]) WITH ORDINALITY AS given (wkb, n), ST_GeomFromWKB(%s, 4490) AS drawn,"
            " ST_Intersection(drawn, ST_GeomFromWKB(wkb, 4490)) AS common"
            " WHERE ST_Relate(drawn, ST_GeomFromWKB(wkb, 4490), '2********') ORDER BY n",
            [[memoryview(wkb) for wkb in shapely.to_wkb(town)], memoryview(shapely.to_wkb(drawn))],
        )
        rows = cursor.fetchall()
    assert len(rows) > 2
    assert [fault.other for fault in found] == [row[0] for row in rows]
    assert [fault.measured for fault in found] == pytest.approx([row[1] for row in rows], rel=1e-6, abs=1e-4)
    assert [fault.width_m for fault in found] == pytest.approx([row[2] for row in rows], rel=1e-5)


def test_a_feature_on_top_of_another_or_inside_it_overlaps_it() -> None:
    inner = shapely.box(113.0005, 23.0005, 113.001, 23.001)
    assert [fault.measured for fault in overlaps(PLOT, [PLOT])] == pytest.approx([area_m2(PLOT)])
    assert [fault.measured for fault in overlaps(PLOT, [inner])] == pytest.approx([area_m2(inner)])
    assert [fault.measured for fault in overlaps(inner, [PLOT])] == pytest.approx([area_m2(inner)])


def test_a_feature_still_broken_is_looked_at_as_its_valid_self() -> None:
    bow_tie = shapely.Polygon([(113.001, 23.0), (113.003, 23.002), (113.003, 23.0), (113.001, 23.002)])
    (fault,) = overlaps(bow_tie, [PLOT])
    assert fault.measured == pytest.approx(area_m2(PLOT) / 4, rel=1e-3)
    assert overlaps(shapely.Polygon(), [PLOT]) == []
    assert gaps(shapely.Polygon(), [PLOT], 1.0) == []
    assert gaps(PLOT, [], 1.0) == []


def test_a_sliver_between_two_plots_is_a_gap_with_its_width() -> None:
    strip = shapely.box(113.002, 23.0, 113.002 + 0.05 * METRE, 23.002)
    (fault,) = gaps(PLOT, [shapely.box(112.9, 23, 112.91, 23.01), east_of(PLOT, 0.05)], 1.0, index=3)
    assert (fault.kind, fault.index, fault.other) == (Kind.GAP, 3, 1)
    assert fault.measured == pytest.approx(area_m2(strip), rel=1e-4)
    assert fault.width_m == pytest.approx(0.05, rel=0.01)
    corners = set(map(tuple, shapely.get_coordinates(fault.geometry).tolist()))
    assert {(113.002, 23.0), (113.002, 23.002)} <= corners  # the very corners of the plot


def test_a_street_is_not_a_gap() -> None:
    assert gaps(PLOT, [east_of(PLOT, 10)], 2.0) == []
    assert len(gaps(PLOT, [east_of(PLOT, 1.5)], 2.0)) == 1


def test_a_gap_that_widens_is_reported_as_far_as_it_is_narrow() -> None:
    east = shapely.Polygon([(113.002, 23.0), (113.004, 23.0), (113.004, 23.002), (113.002 + 4 * METRE, 23.002)])
    (fault,) = gaps(PLOT, [east], 1.0)
    wedge = shapely.Polygon([(113.002, 23.0), (113.002, 23.0005), (113.002 + METRE, 23.0005)])
    # Less the last metres of the mouth, where it is all but as wide as is allowed.
    assert 0.8 * area_m2(wedge) < fault.measured < area_m2(wedge)


def test_an_enclosed_sliver_is_a_gap_even_where_it_is_wider_in_its_midst() -> None:
    lens = shapely.Polygon([(113.002, 23.0005), (113.002 + 1.5 * METRE, 23.001), (113.002, 23.0015)])
    east = shapely.difference(east_of(PLOT, 0), lens)
    (fault,) = gaps(PLOT, [east], 1.0)
    assert fault.measured == pytest.approx(area_m2(lens), rel=1e-4)


def test_an_enclosed_pond_is_not_a_gap() -> None:
    pond = shapely.box(113.002, 23.0005, 113.0025, 23.0015)
    assert gaps(PLOT, [shapely.difference(east_of(PLOT, 0), pond)], 1.0) == []


def test_corners_that_meet_leave_no_gap_between_plots_of_a_town(town: np.ndarray) -> None:
    for row in (0, 5, 6, 15, 40):
        assert gaps(town[row], np.delete(town, row)[:200], 1.0) == []


def test_a_gap_along_a_boundary_of_many_vertices_is_found(town: np.ndarray) -> None:
    turn = np.linspace(0, 2 * np.pi, 14_000, endpoint=False)
    radius = 0.01 * (1 + 0.02 * np.sin(40 * turn))
    zone = shapely.Polygon(np.column_stack((113 + radius * np.cos(turn), 23 + radius * np.sin(turn))))
    around = shapely.difference(shapely.box(112.98, 22.98, 113.02, 23.02), zone)
    assert gaps(zone, [around], 1.0) == []
    ring = shapely.get_coordinates(zone)[:-1]
    ring[100] += (113 - ring[100, 0]) * 1e-4, (23 - ring[100, 1]) * 1e-4
    (fault,) = gaps(shapely.Polygon(ring), [around], 1.0)
    assert fault.measured == pytest.approx(area_m2(zone) - area_m2(shapely.Polygon(ring)), rel=1e-2)


coordinates = st.one_of(st.sampled_from([113.0, 113.001, 113.002, 113.003, 23.0, 23.001, 23.002, 1e300]), st.floats())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=7))
def test_no_drawing_whatever_breaks_the_live_checks(corners: list[tuple[float, float]]) -> None:
    with np.errstate(all="ignore"):
        drawn = shapely.Polygon([(113.001, 23.001), *corners])
        for fault in [*overlaps(drawn, [PLOT]), *gaps(drawn, [PLOT], 1.0)]:
            assert fault.geometry.is_valid
            assert fault.measured > 0
