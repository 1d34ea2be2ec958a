import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.geodata.topology.measure import area_m2, polygons
from core.geodata.topology.operations import Refused, cut_hole, merge, reshape, snap_points, split
from core.geodata.topology.vertices import divide

# Five kilometres wide: its southern edge bulges 0.2 m away from the straight line of a map.
WIDE = shapely.box(113.0, 23.0, 113.05, 23.02)


def line(*corners: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(corners)


def vertices(geometry: object) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(geometry).tolist()))


def test_the_parts_of_a_split_add_up_to_the_area_before() -> None:
    parts = split(WIDE, line((113.02, 22.99), (113.021, 23.01), (113.03, 23.05)))
    assert len(parts) == 2
    assert sum(map(area_m2, parts)) == pytest.approx(area_m2(WIDE), abs=1e-3)
    assert area_m2(parts[0]) > area_m2(parts[1])


def test_a_straight_map_line_would_not_have_kept_the_area() -> None:
    wedge = shapely.Polygon([(113.0, 23.0), (113.05, 23.0), (113.025, 23.02)])
    halves = [
        shapely.Polygon([corner, (113.025, 23.02), (113.025, 23.0)]) for corner in ((113.0, 23.0), (113.05, 23.0))
    ]
    assert abs(sum(map(area_m2, halves)) - area_m2(wedge)) > 500
    cut = split(wedge, line((113.025, 23.03), (113.025, 22.99)))
    assert sum(map(area_m2, cut)) == pytest.approx(area_m2(wedge), abs=1e-3)


def test_both_parts_of_a_split_have_the_cut_bit_for_bit_and_every_old_corner_stays() -> None:
    bend = (113.021, 23.01)
    one, other = split(WIDE, line((113.02, 22.99), bend, (113.03, 23.05)))
    common = vertices(one) & vertices(other)
    assert len(common) == 3
    assert any(np.hypot(lon - bend[0], lat - bend[1]) < 1e-12 for lon, lat in common)
    assert vertices(WIDE) <= vertices(one) | vertices(other)
    assert shapely.intersection(one, other).area == 0


def test_a_line_that_goes_back_and_forth_cuts_as_often_as_it_crosses() -> None:
    parts = split(WIDE, line((113.01, 22.99), (113.01, 23.03), (113.02, 23.03), (113.02, 22.99)))
    assert len(parts) == 3
    assert sum(map(area_m2, parts)) == pytest.approx(area_m2(WIDE), abs=1e-3)


def test_a_split_passes_through_a_hole() -> None:
    court = shapely.Polygon(WIDE.exterior, [shapely.box(113.02, 23.005, 113.03, 23.015).exterior])
    parts = split(court, line((113.025, 22.99), (113.0251, 23.03)))
    assert [len(polygons(part)[0].interiors) for part in parts] == [0, 0]
    assert sum(map(area_m2, parts)) == pytest.approx(area_m2(court), abs=1e-3)


def test_a_cut_through_two_corners_adds_no_vertex() -> None:
    parts = split(WIDE, line((113.0, 23.0), (113.05, 23.02)))
    assert set().union(*map(vertices, parts)) == vertices(WIDE)


def test_parts_that_the_line_does_not_cross_stay_with_the_largest_piece() -> None:
    far = shapely.box(113.2, 23.0, 113.201, 23.001)
    parts = split(shapely.MultiPolygon([far, WIDE]), line((113.01, 22.99), (113.01, 23.03)))
    assert [len(polygons(part)) for part in parts] == [2, 1]


@pytest.mark.parametrize(
    ("cut", "code"),
    [
        (line((113.1, 23.0), (113.2, 23.0)), "line_misses"),
        (line((113.01, 22.99), (113.01, 23.01)), "line_ends_inside"),
        (line((113.0, 23.0), (113.05, 23.0)), "line_misses"),
    ],
)
def test_a_line_that_does_not_divide_is_refused_with_the_reason(cut: shapely.LineString, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        split(WIDE, cut)
    assert refusal.value.code == code


def test_merging_the_parts_of_a_split_gives_back_the_area() -> None:
    whole = merge(split(WIDE, line((113.02, 22.99), (113.021, 23.01), (113.03, 23.05))))
    assert len(polygons(whole)) == 1
    assert area_m2(whole) == pytest.approx(area_m2(WIDE), abs=1e-3)


def test_a_crack_thinner_than_the_tolerance_is_closed_by_a_merge() -> None:
    west, east = shapely.box(113.0, 23.0, 113.002, 23.002), shapely.box(113.00200003, 23.0005, 113.004, 23.0015)
    whole = merge([west, east], tolerance_m=0.01)
    assert len(polygons(whole)) == 1
    assert not polygons(whole)[0].interiors
    assert vertices(west) <= vertices(whole)


def test_features_are_merged_in_whatever_order_they_were_picked() -> None:
    row = [shapely.box(113 + 0.002 * n, 23.0, 113.002 + 0.002 * n, 23.002) for n in range(4)]
    assert len(polygons(merge([row[0], row[3], row[1], row[2]]))) == 1


def test_features_that_meet_in_a_corner_are_merged_through_a_third() -> None:
    corner = shapely.box(113.05, 23.02, 113.06, 23.03)
    third = shapely.box(113.05, 23.0, 113.06, 23.02)
    assert len(polygons(merge([WIDE, corner, third]))) == 1


def test_features_that_touch_in_a_point_or_not_at_all_are_not_merged() -> None:
    for other in (shapely.box(113.05, 23.02, 113.06, 23.03), shapely.box(113.1, 23.0, 113.11, 23.01)):
        with pytest.raises(Refused, match="apart"):
            merge([WIDE, other])
    with pytest.raises(Refused, match="too_few"):
        merge([WIDE])


def test_a_hole_takes_its_own_area_and_moves_nothing() -> None:
    hole = shapely.box(113.01, 23.005, 113.02, 23.01)
    result = cut_hole(WIDE, hole)
    assert area_m2(result) == pytest.approx(area_m2(WIDE) - area_m2(hole), abs=1e-3)
    assert vertices(result) == vertices(WIDE) | vertices(hole)


@pytest.mark.parametrize(
    ("hole", "code"),
    [
        (shapely.box(113.2, 23.0, 113.3, 23.1), "hole_misses"),
        (shapely.box(113.04, 23.01, 113.06, 23.015), "hole_outside"),
        (shapely.box(113.04, 23.01, 113.05, 23.015), "hole_touches_boundary"),
        (shapely.box(112.0, 22.0, 114.0, 24.0), "nothing_left"),
    ],
)
def test_a_hole_that_is_none_is_refused_with_the_reason(hole: shapely.Polygon, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        cut_hole(WIDE, hole)
    assert refusal.value.code == code


def test_a_line_outside_adds_land_and_a_line_inside_takes_it() -> None:
    bump = reshape(WIDE, line((113.02, 23.019), (113.02, 23.03), (113.03, 23.03), (113.03, 23.019)))
    dent = reshape(WIDE, line((113.02, 23.021), (113.02, 23.01), (113.03, 23.01), (113.03, 23.021)))
    tile = area_m2(shapely.box(113.02, 23.01, 113.03, 23.02))
    assert area_m2(bump) == pytest.approx(area_m2(WIDE) + tile, rel=1e-3)
    assert area_m2(dent) == pytest.approx(area_m2(WIDE) - tile, rel=1e-3)
    for result in (bump, dent):
        assert vertices(WIDE) <= vertices(result)
        assert len(vertices(result)) == 8


def test_crossings_of_a_reshape_lie_on_the_geodesic_of_the_edge() -> None:
    bump = reshape(WIDE, line((113.02, 23.019), (113.02, 23.03), (113.03, 23.03), (113.03, 23.019)))
    crossing = min(vertices(bump) - vertices(WIDE), key=lambda at: (at[1], at[0]))
    on_edge = divide((113.05, 23.02), (113.0, 23.02), 0.6)
    assert crossing[1] == pytest.approx(on_edge[1], abs=1e-10)
    assert crossing[1] - 23.02 > 1e-6


def test_a_corner_can_be_cut_off_and_a_hole_redrawn() -> None:
    cut = reshape(WIDE, line((112.99, 23.01), (113.01, 23.01), (113.01, 23.03)))
    assert (113.0, 23.02) not in vertices(cut)
    court = cut_hole(WIDE, shapely.box(113.01, 23.005, 113.02, 23.01))
    wider = reshape(court, line((113.012, 23.009), (113.012, 23.015), (113.018, 23.015), (113.018, 23.009)))
    assert len(polygons(wider)[0].interiors) == 1
    assert area_m2(wider) < area_m2(court)


@pytest.mark.parametrize(
    ("drawn", "code"),
    [
        (line((113.1, 23.0), (113.2, 23.0)), "line_misses"),
        (line((113.01, 22.99), (113.01, 23.01)), "line_ends_inside"),
        (line((112.99, 23.01), (113.01, 23.01), (113.005, 23.0), (113.005, 23.03)), "line_crosses_itself"),
    ],
)
def test_a_reshape_that_makes_no_sense_is_refused_with_the_reason(drawn: shapely.LineString, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        reshape(WIDE, drawn)
    assert refusal.value.code == code


def test_points_snap_in_metres_to_a_vertex_first_and_else_onto_the_geodesic() -> None:
    drawn = np.array([[113.000001, 23.000001], [113.025, 23.000003], [113.02, 23.01]])
    vertex, edge, free = snap_points(drawn, [WIDE], 0.2)
    assert tuple(vertex) == (113.0, 23.0)
    assert edge == pytest.approx(divide((113.0, 23.0), (113.05, 23.0), (edge[0] - 113) / 0.05), abs=1e-10)
    assert tuple(free) == (113.02, 23.01)
    assert tuple(snap_points(drawn, [WIDE], 0.1)[0]) == tuple(drawn[0])


inside = st.tuples(st.floats(112.99, 113.06), st.floats(22.99, 23.03))
COURT = shapely.Polygon(WIDE.exterior, [shapely.box(113.02, 23.005, 113.03, 23.015).exterior])


@settings(max_examples=150, deadline=None)
@given(st.lists(inside, min_size=2, max_size=5))
def test_no_cut_whatever_gains_or_loses_land(corners: list[tuple[float, float]]) -> None:
    try:
        parts = split(COURT, shapely.LineString(corners))
    except Refused:
        return
    assert all(part.is_valid for part in parts)
    assert sum(map(area_m2, parts)) == pytest.approx(area_m2(COURT), abs=1e-3)
    # Where a bend of the cut lies on a bulging edge, map and geodesic differ by the sagitta: width, but no area.
    for one, other in itertools.combinations(parts, 2):
        assert area_m2(shapely.intersection(one, other)) < 1e-3
    assert area_m2(merge(parts)) == pytest.approx(area_m2(COURT), abs=1e-3)


@settings(max_examples=150, deadline=None)
@given(st.lists(inside, min_size=2, max_size=5))
def test_no_reshape_whatever_makes_a_broken_plot(corners: list[tuple[float, float]]) -> None:
    try:
        result = reshape(COURT, shapely.LineString(corners))
    except Refused:
        return
    assert result.is_valid
    assert result.geom_type == "MultiPolygon"
