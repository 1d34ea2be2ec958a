import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.geodata.topology.faults import Kind
from core.geodata.topology.shape import Limits, shape_faults

FOSHAN = (112.3, 22.6, 113.5, 23.6)
SOUND = shapely.box(113.0, 23.0, 113.002, 23.002)


def kinds(geometry: object, limits: Limits | None = None) -> set[Kind]:
    return {fault.kind for fault in shape_faults(geometry, limits)}


def polygon(*corners: tuple[float, float]) -> shapely.Polygon:
    return shapely.Polygon(corners)


def test_a_sound_plot_has_no_faults() -> None:
    assert shape_faults(SOUND, Limits(bounds=FOSHAN)) == []


def test_a_bow_tie_is_a_self_intersection_at_its_knot() -> None:
    faults = shape_faults(polygon((113, 23), (113.002, 23.002), (113.002, 23), (113, 23.002)))
    (fault,) = faults
    assert (fault.kind, fault.lon, fault.lat) == (
        Kind.SELF_INTERSECTION,
        pytest.approx(113.001, abs=1e-9),
        pytest.approx(23.001, abs=1e-9),
    )


@pytest.mark.parametrize(
    ("wkt", "kind"),
    [
        ("POLYGON((113 23,113.01 23,113.01 23.01,113 23.01,113 23),"
         "(113.02 23.02,113.03 23.02,113.03 23.03,113.02 23.02))",
         Kind.HOLE_OUTSIDE),
        ("MULTIPOLYGON(((113 23,113.01 23,113.01 23.01,113 23.01,113 23)),"
         "((113.002 23.002,113.004 23.002,113.004 23.004,113.002 23.002)))", Kind.NESTED_PARTS),
        ("POLYGON((113 23,113.01 23,113.01 23.01,113 23.01,113 23),(113.001 23.001,113.001 23.009,113.009 23.009,"
         "113.009 23.001,113.001 23.001),(113.003 23.003,113.004 23.004,113.005 23.003,113.003 23.003))",
         Kind.NESTED_HOLES),
        ("POLYGON((113 23,113.01 23,113.01 23.01,113.005 23.01,113.004 23.012,113.006 23.012,113.005 23.01,113 23.01,"
         "113 23))", Kind.RING_SELF_INTERSECTION),
        ("POLYGON EMPTY", Kind.EMPTY),
        ("GEOMETRYCOLLECTION EMPTY", Kind.EMPTY),
        ("POINT(113 23)", Kind.NOT_POLYGONAL),
        ("GEOMETRYCOLLECTION(POLYGON((113 23,113.01 23,113.01 23.01,113 23)))", Kind.NOT_POLYGONAL),
    ],
)  # fmt: skip
def test_a_broken_geometry_is_named_for_what_is_broken(wkt: str, kind: Kind) -> None:
    assert kind in kinds(shapely.from_wkt(wkt))


def test_a_missing_geometry_is_null_and_its_row_is_told() -> None:
    (fault,) = shape_faults(np.array([SOUND, None, SOUND], dtype=object))
    assert (fault.index, fault.kind) == (1, Kind.NULL)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_a_fault_of_their_own(number: float) -> None:
    with np.errstate(all="ignore"):
        endless = polygon((113, 23), (113.01, number), (113.01, 23.01))
    assert Kind.NOT_FINITE in kinds(endless, Limits(bounds=FOSHAN))
    assert kinds(endless) == {Kind.NOT_FINITE}


def test_a_boundary_that_runs_back_on_itself_is_a_spike_at_its_tip() -> None:
    spiked = polygon((113, 23), (113.002, 23), (113.002, 23.001), (113.003, 23.0010001), (113.002, 23.0010002),
                     (113.002, 23.002), (113, 23.002))  # fmt: skip
    (fault,) = shape_faults(spiked)
    assert (fault.kind, fault.lon, fault.lat) == (Kind.SPIKE, 113.003, 23.0010001)
    assert fault.measured == pytest.approx(np.degrees(0.0222 / 102.6), rel=0.02)


def test_a_spike_whose_tip_is_cut_square_by_a_millimetre_is_still_a_spike() -> None:
    spiked = polygon((113, 23), (113.002, 23), (113.002, 23.001), (113.003, 23.001), (113.003, 23.00100001),
                     (113.002, 23.00100001), (113.002, 23.002), (113, 23.002))  # fmt: skip
    assert kinds(spiked) == {Kind.SPIKE, Kind.CLOSE_VERTICES}


def test_angles_are_measured_on_the_ground_and_not_in_degrees_of_longitude() -> None:
    # 1 degree of longitude at 23° N is 102.5 km, one of latitude 110.8 km.
    wedge = polygon((113, 23), (113.01, 23), (113.01, 23 + 0.01 * 0.1625))
    sharpest = min(fault.measured for fault in shape_faults(wedge, Limits(acute_deg=12)))
    assert sharpest == pytest.approx(np.degrees(np.arctan(0.1625 * 110_755 / 102_525)), abs=0.01)
    assert kinds(wedge, Limits(acute_deg=10)) == {Kind.ACUTE_ANGLE}
    assert kinds(wedge, Limits(acute_deg=9)) == set()


def test_the_angle_at_the_vertex_where_the_ring_closes_counts_too() -> None:
    wedge = polygon((113, 23), (113.01, 23.0005), (113.01, 23))
    assert [(fault.lon, fault.lat) for fault in shape_faults(wedge)] == [(113, 23)]


def test_close_vertices_are_measured_in_metres() -> None:
    near = polygon((113, 23), (113.002, 23), (113.002, 23.00000003), (113.002, 23.002), (113, 23.002))
    (fault,) = shape_faults(near)
    assert fault.kind == Kind.CLOSE_VERTICES
    assert fault.measured == pytest.approx(0.0033226, rel=1e-3)
    assert kinds(near, Limits(close_m=0.003)) == set()


def test_a_narrow_part_is_a_sliver_with_its_mean_width() -> None:
    sliver = shapely.box(113.01, 23.0, 113.0100004, 23.001)
    faults = shape_faults(shapely.MultiPolygon([SOUND, sliver]))
    assert [(fault.kind, fault.geometry.equals(sliver)) for fault in faults] == [(Kind.SLIVER, True)]
    assert faults[0].measured == pytest.approx(0.041, abs=0.001)


def test_a_hole_is_not_taken_for_a_part() -> None:
    court = shapely.Polygon(SOUND.exterior, [shapely.box(113.0005, 23.0005, 113.0015, 23.0015).exterior])
    assert shape_faults(np.array([court, SOUND, court], dtype=object)) == []


@pytest.mark.parametrize(
    ("corner", "size", "kind"),
    [
        ((23.0, 113.0), 0.01, Kind.SWAPPED_AXES),
        ((397_000.0, 2_545_000.0), 100, Kind.MISSING_ZONE),
        ((2_545_000.0, 397_000.0), 100, Kind.MISSING_ZONE),
        ((38_397_000.0, 2_545_000.0), 100, Kind.PLANE_COORDINATES),
        ((2_545_000.0, 38_397_000.0), 100, Kind.SWAPPED_AXES),
        ((116.3, 39.9), 0.01, Kind.OUT_OF_BOUNDS),
        ((113.0, 21.0), 0.01, Kind.OUT_OF_BOUNDS),
    ],
)
def test_coordinates_outside_the_city_are_named_for_what_they_look_like(
    corner: tuple[float, float], size: float, kind: Kind
) -> None:
    x, y = corner
    geometry = shapely.box(x, y, x + size, y + size)
    assert {fault.kind for fault in shape_faults(geometry, Limits(bounds=FOSHAN))} == {kind}


def test_many_faults_of_one_kind_are_listed_only_so_far() -> None:
    xs = np.linspace(113, 113.01, 2000)
    comb = polygon(*zip(xs, np.where(np.arange(2000) % 2, 23.001, 23.0), strict=True), (113.01, 22.99), (113, 22.99))
    assert len(shape_faults(comb, Limits(places=7))) == 7


def test_faults_keep_the_rows_of_a_long_array() -> None:
    many = np.array([SOUND] * 45_000, dtype=object)
    broken = polygon((113, 23), (113.002, 23.002), (113.002, 23), (113, 23.002))
    for row in (0, 19_999, 20_000, 44_999):
        many[row] = broken
    assert [fault.index for fault in shape_faults(many)] == [0, 19_999, 20_000, 44_999]


numbers = st.one_of(
    st.floats(min_value=112, max_value=114),
    st.sampled_from([0.0, 113.0, 113.0, 23.0, 1e308, -1e308, 1e-320, float("nan"), float("inf"), -float("inf"), 4e7]),
)
# A ring that starts with NaN cannot even be built: it never closes.
start = st.tuples(st.floats(112, 114), st.floats(22, 24))
rings = st.builds(
    lambda first, rest: [first, *rest], start, st.lists(st.tuples(numbers, numbers), min_size=2, max_size=7)
)


@st.composite
def broken(draw: st.DrawFn) -> object:
    def part() -> shapely.Polygon:
        with np.errstate(all="ignore"):
            return shapely.Polygon(draw(rings), draw(st.lists(rings, max_size=2)))

    kind = draw(st.sampled_from(["polygon", "multi", "collection", "empty", "line", "null", "hollow"]))
    if kind == "polygon":
        return part()
    if kind == "multi":
        return shapely.MultiPolygon([part() for _ in range(draw(st.integers(1, 3)))])
    if kind == "collection":
        return shapely.GeometryCollection([part(), shapely.Point(draw(numbers), draw(numbers)), shapely.Polygon()])
    if kind == "hollow":
        return shapely.MultiPolygon([part(), shapely.Polygon()])
    return {"empty": shapely.MultiPolygon(), "line": shapely.LineString([(113, 23), (23, 113)]), "null": None}[kind]


@settings(max_examples=150, deadline=None)
@given(st.lists(broken(), min_size=1, max_size=5))
def test_no_geometry_whatever_breaks_the_checks(geometries: list[object]) -> None:
    array = np.array([*geometries, SOUND], dtype=object)
    faults = shape_faults(array, Limits(bounds=FOSHAN))
    assert all(0 <= fault.index < len(geometries) for fault in faults)  # the sound one stays sound
    unsound = {fault.index for fault in faults}
    for row, geometry in enumerate(geometries):
        if geometry is None or not shapely.is_valid(geometry) or shapely.is_empty(geometry):
            assert row in unsound
