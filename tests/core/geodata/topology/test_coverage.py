import numpy as np
import pytest
import shapely

from core.geodata.topology.coverage import overlapping_pairs
from core.geodata.topology.faults import Kind
from core.geodata.topology.measure import area_m2, mean_width_m


def test_a_town_whose_plots_share_their_boundaries_has_no_overlaps(town: np.ndarray) -> None:
    assert overlapping_pairs(town) == []


def test_each_overlapping_pair_is_found_once_with_its_measures(town: np.ndarray) -> None:
    drawn = town.copy()
    drawn[5] = shapely.transform(town[5], lambda xy: xy + 2e-5)
    drawn[900] = shapely.transform(town[900], lambda xy: (xy - xy.mean(axis=0)) * 1.02 + xy.mean(axis=0))
    expected = {
        (i, j): shapely.intersection(drawn[i], drawn[j])
        for i in range(len(drawn))
        for j in (5, 900)
        if i != j and shapely.relate_pattern(drawn[i], drawn[j], "2********")
    }
    found = overlapping_pairs(drawn)
    assert {(fault.index, fault.other) for fault in found} == {tuple(sorted(pair)) for pair in expected}
    assert len(found) == len(expected)
    for fault in found:
        common = expected.get((fault.index, fault.other)) or expected[(fault.other, fault.index)]
        assert fault.kind == Kind.OVERLAP
        assert fault.measured == pytest.approx(area_m2(common), rel=1e-6, abs=1e-4)
        assert fault.width_m == pytest.approx(mean_width_m(common), rel=1e-4)
        assert shapely.Point(fault.lon, fault.lat).within(common.buffer(1e-12))


def test_plots_lying_on_top_of_and_inside_each_other_are_found(town: np.ndarray) -> None:
    inner = shapely.transform(town[0], lambda xy: (xy - xy.mean(axis=0)) * 0.5 + xy.mean(axis=0))
    pairs = overlapping_pairs(np.array([town[0], town[1], inner, town[0]], dtype=object))
    assert [(fault.index, fault.other) for fault in pairs] == [(0, 2), (0, 3), (2, 3)]


def test_new_plots_are_held_against_those_in_force(town: np.ndarray) -> None:
    new = np.array([town[0], shapely.transform(town[3], lambda xy: xy - 2), town[17]], dtype=object)
    pairs = overlapping_pairs(new, existing=town)
    assert [(fault.index, fault.other) for fault in pairs] == [(0, 0), (2, 17)]
    assert pairs[1].measured == pytest.approx(area_m2(town[17]), rel=1e-6)


def test_rows_that_are_broken_missing_or_empty_are_left_out_and_rows_keep_their_numbers(town: np.ndarray) -> None:
    bow_tie = shapely.Polygon([(113, 23), (113.002, 23.002), (113.002, 23), (113, 23.002)])
    rows = np.array([bow_tie, None, shapely.Polygon(), town[0], shapely.Point(113, 23), town[0]], dtype=object)
    pairs = overlapping_pairs(rows, usable=np.array([False, True, True, True, True, True]))
    assert [(fault.index, fault.other) for fault in pairs] == [(3, 5)]


def test_nothing_overlaps_nothing() -> None:
    nothing = np.array([], dtype=object)
    assert overlapping_pairs(nothing) == []
    assert overlapping_pairs(nothing, existing=nothing) == []
