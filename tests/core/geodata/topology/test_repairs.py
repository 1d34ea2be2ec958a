from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.geodata.topology.faults import Kind
from core.geodata.topology.measure import area_m2, mean_width_m, metres_per_degree, polygons
from core.geodata.topology.neighbours import gaps, overlaps
from core.geodata.topology.operations import Refused
from core.geodata.topology.repairs import (
    Repair,
    clip_to,
    drop_slivers,
    fill_gap,
    make_valid,
    remove_close_vertices,
    remove_overlap,
    remove_spikes,
    snap_to_neighbours,
)
from core.geodata.topology.shape import shape_faults
from core.geodata.topology.vertices import divide

PLOT = shapely.box(113.0, 23.0, 113.002, 23.002)
METRE = 1 / float(metres_per_degree(np.array(23.001))[0])  # of longitude


def vertices(geometry: object) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(geometry).tolist()))


def test_a_boundary_drawn_beside_the_neighbours_becomes_the_neighbours_own() -> None:
    edge = 113.002
    drawn = shapely.Polygon(
        [(edge + 0.05 * METRE, 23), (113.004, 23), (113.004, 23.002), (edge - 0.05 * METRE, 23.002),
         (edge + 0.02 * METRE, 23.001)]
    )  # fmt: skip
    repair = snap_to_neighbours(drawn, [PLOT], 0.2)
    assert vertices(repair.geometry) == {(113.002, 23), (113.004, 23), (113.004, 23.002), (113.002, 23.002)}
    assert [new for _, new in repair.moved] == [(113.002, 23.002), (113.002, 23.0)]
    assert repair.removed == ((edge + 0.02 * METRE, 23.001),)
    assert overlaps(repair.geometry, [PLOT]) == gaps(repair.geometry, [PLOT], 1.0) == []
    assert repair.area_m2 == pytest.approx(area_m2(repair.geometry) - area_m2(drawn), abs=1e-6)
    assert repair.changed_m2 > abs(repair.area_m2)


def test_an_edge_that_runs_past_a_neighbour_takes_its_corners_in() -> None:
    longer = shapely.box(113.002 + 0.05 * METRE, 22.999, 113.004, 23.003)
    repair = snap_to_neighbours(longer, [PLOT], 0.2)
    assert set(repair.added) == {(113.002, 23.0), (113.002, 23.002)}
    assert vertices(longer) <= vertices(repair.geometry)
    assert overlaps(repair.geometry, [PLOT]) == []


def test_a_corner_on_a_long_edge_comes_to_lie_on_its_geodesic() -> None:
    wide = shapely.box(113.0, 23.0, 113.05, 23.02)
    north = shapely.Polygon([(113.02, 23.020001), (113.03, 23.020001), (113.03, 23.03), (113.02, 23.03)])
    repair = snap_to_neighbours(north, [wide], 0.5)
    west, east = sorted(lon for _, (lon, _) in repair.moved)
    for lon, lat in (new for _, new in repair.moved):
        assert lat == pytest.approx(divide((113.05, 23.02), (113.0, 23.02), (113.05 - lon) / 0.05)[1], abs=1e-10)
    assert (west, east) == pytest.approx((113.02, 113.03), abs=1e-6)


def test_what_is_farther_than_the_tolerance_stays() -> None:
    apart = shapely.box(113.002 + 0.5 * METRE, 23.0, 113.004, 23.002)
    repair = snap_to_neighbours(apart, [PLOT], 0.2)
    assert not repair.changes
    assert repair.changed_m2 == 0
    assert repair.geometry.equals(apart)


def test_a_plot_of_a_town_moved_by_centimetres_snaps_back_to_where_it_was(town: np.ndarray) -> None:
    row = 5  # in the midst of its block: neighbours all around
    moved = shapely.transform(town[row], lambda xy: xy + 5e-7)
    others = list(np.delete(town, row)[:16])
    assert overlaps(moved, others)
    repair = snap_to_neighbours(moved, others, 0.2)
    assert vertices(repair.geometry) == vertices(town[row])
    assert len(repair.moved) == 8


def test_an_overlap_is_taken_off_to_the_boundary_and_no_farther() -> None:
    drawn = shapely.box(113.001, 23.0, 113.004, 23.001)
    repair = remove_overlap(drawn, [PLOT])
    assert overlaps(repair.geometry, [PLOT]) == []
    assert repair.area_m2 == pytest.approx(-area_m2(shapely.box(113.001, 23.0, 113.002, 23.001)), rel=1e-5)
    with pytest.raises(Refused, match="nothing_left"):
        remove_overlap(shapely.box(113.0005, 23.0005, 113.001, 23.001), [PLOT])


def test_clipping_to_the_district_keeps_what_is_inside() -> None:
    repair = clip_to(shapely.box(113.001, 23.0005, 113.004, 23.001), PLOT)
    assert shapely.covers(PLOT, repair.geometry)
    assert set(repair.removed) == {(113.004, 23.0005), (113.004, 23.001)}
    with pytest.raises(Refused, match="nothing_left"):
        clip_to(shapely.box(113.01, 23.0, 113.02, 23.01), PLOT)


def test_slivers_go_and_narrow_holes_are_filled() -> None:
    crack = shapely.box(113.0005, 23.0005, 113.0005 + 0.05 * METRE, 23.001)
    sliver = shapely.box(113.01, 23.0, 113.01 + 0.05 * METRE, 23.001)
    drawn = shapely.MultiPolygon([shapely.difference(PLOT, crack), sliver])
    repair = drop_slivers(drawn, 0.1)
    assert repair.geometry.equals(PLOT)
    assert repair.changed_m2 == pytest.approx(area_m2(crack) + area_m2(sliver), abs=1e-3)
    with pytest.raises(Refused, match="nothing_left"):
        drop_slivers(sliver, 0.1)


@pytest.mark.parametrize("tip", [[(113.003, 23.001)], [(113.003, 23.001), (113.003, 23.00100001)]])
def test_a_spike_goes_whether_sharp_or_cut_square(tip: list[tuple[float, float]]) -> None:
    spiked = shapely.Polygon([(113, 23), (113.002, 23), (113.002, 23.001), *tip, (113.002, 23.00100001),
                              (113.002, 23.002), (113, 23.002)])  # fmt: skip
    assert Kind.SPIKE in {fault.kind for fault in shape_faults(spiked)}
    repair = remove_spikes(spiked)
    assert repair.removed == tuple(sorted(tip))
    assert not {fault.kind for fault in shape_faults(repair.geometry)} & {Kind.SPIKE, Kind.SELF_INTERSECTION}


def test_a_spike_of_no_width_is_mended_though_it_made_the_plot_invalid() -> None:
    spiked = shapely.Polygon([(113, 23), (113.002, 23), (113.002, 23.001), (113.003, 23.001), (113.0025, 23.001),
                              (113.002, 23.001), (113.002, 23.002), (113, 23.002)])  # fmt: skip
    assert not spiked.is_valid
    repair = remove_spikes(spiked)
    assert vertices(repair.geometry) <= vertices(PLOT) | {(113.002, 23.001)}


def test_close_vertices_go_and_the_first_of_each_group_stays() -> None:
    ring = [(113, 23), (113.002, 23), (113.002, 23.00000003), (113.002, 23.002), (113, 23.002), (113, 23.00000002)]
    repair = remove_close_vertices(shapely.Polygon(ring), 0.01)
    assert vertices(repair.geometry) == vertices(PLOT)
    assert set(repair.removed) == {ring[2], ring[5]}
    assert shape_faults(repair.geometry) == []


def test_a_bow_tie_becomes_two_parts_and_both_states_are_shown() -> None:
    bow_tie = shapely.Polygon([(113, 23), (113.002, 23.002), (113.002, 23), (113, 23.002)])
    repair = make_valid(bow_tie)
    assert len(polygons(repair.geometry)) == 2
    assert repair.before is bow_tie
    ((lon, lat),) = repair.added
    assert (lon, lat) == pytest.approx((113.001, 23.001))


def test_a_gap_filled_is_gone_and_belongs_to_the_feature() -> None:
    east = shapely.box(113.002 + 0.05 * METRE, 23.0, 113.004, 23.002)
    (gap,) = gaps(east, [PLOT], 1.0)
    repair = fill_gap(east, gap.geometry)
    assert gaps(repair.geometry, [PLOT], 1.0) == overlaps(repair.geometry, [PLOT]) == []
    assert repair.area_m2 == pytest.approx(gap.measured, rel=1e-3)
    assert len(polygons(repair.geometry)) == 1
    assert {(113.002, 23.0), (113.002, 23.002)} <= vertices(repair.geometry)


@pytest.mark.parametrize(
    "mend",
    [
        make_valid,
        remove_spikes,
        lambda geometry: remove_close_vertices(geometry, 0.01),
        lambda geometry: drop_slivers(geometry, 0.1),
        lambda geometry: snap_to_neighbours(geometry, [PLOT], 0.5),
        lambda geometry: remove_overlap(geometry, [PLOT]),
        lambda geometry: clip_to(geometry, PLOT),
    ],
)
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_repair_gives_valid_land_or_refuses(mend: Callable[[object], Repair], data: st.DataObject) -> None:
    near = st.floats(-0.5, 0.5).map(lambda metres: metres * METRE)
    corner = st.tuples(
        st.builds(lambda at, off: at + off, st.sampled_from([113.0, 113.001, 113.002, 113.003]), near),
        st.builds(lambda at, off: at + off, st.sampled_from([23.0, 23.001, 23.002]), near),
    )
    drawn = shapely.Polygon(data.draw(st.lists(corner, min_size=3, max_size=7)))
    try:
        repair = mend(drawn)
    except Refused:
        return
    assert repair.geometry.is_valid
    assert not repair.geometry.is_empty
    assert repair.geometry.geom_type == "MultiPolygon"
    assert mean_width_m(repair.geometry) > 0


def test_land_that_is_not_finite_is_refused() -> None:
    with np.errstate(all="ignore"):
        endless = shapely.Polygon([(113, 23), (113.01, float("inf")), (113.01, 23.01)])
    for mend in (make_valid, remove_spikes, lambda it: remove_close_vertices(it, 1), lambda it: drop_slivers(it, 1)):
        with pytest.raises(Refused, match="invalid_input"):
            mend(endless)
