"""Dividing, joining and redrawing features of a draft."""

from __future__ import annotations

from typing import Any

import pytest
import shapely
from django.db import connection

from core.accounts.models import CITY_CODE, Role
from core.mapedit.bases import geometry
from core.mapedit.models import ChangeSet
from core.mapedit.services import drafting, operations
from core.mapedit.services.writing import ChangeMoved
from core.refusals import Refused
from tests.places import NANHAI, account, plot, square, tract, zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def planner() -> Any:
    return account(Role.PLANNER, CITY_CODE)


def draft(layer: str, planner: Any) -> ChangeSet:
    return drafting.create_change_set(layer=layer, title="试", author=planner)


def area_m2(geom: Any) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ST_Area(ST_GeomFromWKB(%s, 4490)::geography)", [bytes(geom.wkb)])
        return cursor.fetchone()[0]


def across(lon: float) -> Any:
    """A line from south to north through Nanhai's squares."""
    return shapely.LineString([(lon, 23.04), (lon, 23.12)])


def test_the_largest_part_of_a_split_tract_keeps_its_code_and_no_square_metre_is_lost(planner):
    version = tract("RL-NH-0001", square(113.00, 23.05, 0.03))
    change_set = draft("redline", planner)
    done = operations.split(
        change_set_id=change_set.pk, feature="RL-NH-0001", line=across(113.01), by=planner, revision=None
    )
    assert [(item.feature, item.after.action, item.after.origins) for item in done] == [
        ("RL-NH-0001", "modify", []),
        ("RL-NH-0002", "add", ["RL-NH-0001"]),
    ]
    parts = [area_m2(item.after.geom) for item in done]
    assert parts[0] > parts[1]
    assert sum(parts) == pytest.approx(version.area_m2, abs=1e-3)


def test_a_split_plot_ends_and_all_its_parts_are_new_without_a_registered_area(planner):
    version = plot(1, square(113.00, 23.05, 0.002), registered_area_m2=45000)
    change_set = draft("plots", planner)
    done = operations.split(
        change_set_id=change_set.pk, feature=version.plot_id, line=across(113.001), by=planner, revision=None
    )
    assert [item.after.action for item in done] == ["remove", "add", "add"]
    codes = [item.feature for item in done]
    assert codes[1:] == [f"{NANHAI}001001GB00002", f"{NANHAI}001001GB00003"]
    for item in done[1:]:
        assert item.after.origins == [version.plot_id]
        assert item.after.attributes["registered_area_m2"] is None


def test_parts_of_a_feature_that_was_never_published_name_what_was(planner):
    tract("RL-NH-0001", square(113.00, 23.05, 0.03))
    change_set = draft("redline", planner)
    split = {"change_set_id": change_set.pk, "by": planner}
    operations.split(**split, feature="RL-NH-0001", line=across(113.01), revision=None)
    done = operations.split(**split, feature="RL-NH-0002", line=across(113.005), revision=1)
    assert done[1].after.origins == ["RL-NH-0001"]


def test_merged_zones_become_one_and_the_others_end(planner):
    first, second = zone("FS-NH-01", square(113.00, 23.05, 0.015)), zone("FS-NH-02", square(113.015, 23.05, 0.015))
    change_set = draft("zones", planner)
    done = operations.merge(
        change_set_id=change_set.pk, features=["FS-NH-02"], into="FS-NH-01", by=planner, revisions={}
    )
    assert [(item.feature, item.after.action) for item in done] == [("FS-NH-01", "modify"), ("FS-NH-02", "remove")]
    assert done[0].after.origins == ["FS-NH-02"]
    assert area_m2(done[0].after.geom) == pytest.approx(first.area_m2 + second.area_m2, abs=1e-3)


def test_merged_plots_end_and_the_result_is_a_new_plot_that_knows_both(planner):
    plot(1, square(113.000, 23.05, 0.002))
    plot(2, square(113.002, 23.05, 0.002))
    codes = [f"{NANHAI}001001GB0000{n}" for n in (1, 2)]
    change_set = draft("plots", planner)
    done = operations.merge(change_set_id=change_set.pk, features=codes, into=codes[0], by=planner, revisions={})
    assert done[0].feature == f"{NANHAI}001001GB00003"
    assert done[0].after.origins == codes
    assert {item.after.action for item in done[1:]} == {"remove"}


def test_features_apart_are_not_merged(planner):
    zone("FS-NH-01", square(113.00, 23.05, 0.01))
    zone("FS-NH-02", square(113.03, 23.05, 0.01))
    change_set = draft("zones", planner)
    with pytest.raises(Refused, match="互不相接"):
        operations.merge(change_set_id=change_set.pk, features=["FS-NH-02"], into="FS-NH-01", by=planner, revisions={})
    assert not change_set.changes.exists()


def test_a_hole_is_cut_inside_and_refused_across_the_boundary(planner):
    version = zone("FS-NH-01", square(113.00, 23.05, 0.03))
    change_set = draft("zones", planner)
    cut = {"change_set_id": change_set.pk, "feature": "FS-NH-01", "by": planner, "revision": None}
    with pytest.raises(Refused, match="超出要素范围"):
        operations.cut_hole(**cut, hole=shapely.box(112.99, 23.06, 113.01, 23.07))
    hole = shapely.box(113.01, 23.06, 113.02, 23.07)
    (done,) = operations.cut_hole(**cut, hole=hole)
    assert area_m2(done.after.geom) == pytest.approx(version.area_m2 - area_m2(hole), abs=1e-3)


def test_a_line_drawn_outside_adds_land(planner):
    version = zone("FS-NH-01", square(113.00, 23.05, 0.03))
    change_set = draft("zones", planner)
    line = shapely.LineString([(113.02, 23.06), (113.04, 23.06), (113.04, 23.07), (113.02, 23.07)])
    (done,) = operations.reshape(change_set_id=change_set.pk, feature="FS-NH-01", line=line, by=planner, revision=None)
    added = area_m2(shapely.box(113.03, 23.06, 113.04, 23.07))
    assert area_m2(done.after.geom) - version.area_m2 == pytest.approx(added, abs=1.0)
    assert done.after.operation == "reshape"


def test_a_line_that_misses_is_refused_in_a_sentence(planner):
    zone("FS-NH-01", square(113.00, 23.05, 0.03))
    change_set = draft("zones", planner)
    with pytest.raises(Refused, match="没有穿过"):
        operations.split(change_set_id=change_set.pk, feature="FS-NH-01", line=across(113.1), by=planner, revision=None)


def test_an_operation_on_what_somebody_else_changed_is_refused(planner):
    zone("FS-NH-01", square(113.00, 23.05, 0.03))
    change_set = draft("zones", planner)
    drafting.save_change(
        change_set_id=change_set.pk, feature="FS-NH-01", by=planner, revision=None, attributes={"name": "甲"}
    )
    with pytest.raises(ChangeMoved):
        operations.split(
            change_set_id=change_set.pk, feature="FS-NH-01", line=across(113.01), by=planner, revision=None
        )
    assert change_set.changes.count() == 1


def test_a_vertex_dropped_beside_a_neighbour_lands_on_its_corner(planner):
    zone("FS-NH-01", square(113.00, 23.05, 0.01))
    zone("FS-NH-02", square(113.015, 23.05, 0.01))
    change_set = draft("zones", planner)
    dropped = (113.01500001, 23.05000001)
    geom = shapely.Polygon([(113.0, 23.05), dropped, (113.01, 23.06), (113.0, 23.06)])
    resolved, moved = operations.resolve_snaps(
        change_set,
        feature="FS-NH-01",
        geom=geometry(shapely.to_wkb(shapely.multipolygons([geom]))),
        points=shapely.get_coordinates(shapely.Point(dropped)),
    )
    assert moved == [(113.015, 23.05)]
    assert (113.015, 23.05) in resolved.coords[0][0]


def test_the_overlap_is_removed_and_the_sentence_says_by_how_much(planner):
    zone("FS-NH-01", square(113.00, 23.05, 0.01))
    zone("FS-NH-02", square(113.015, 23.05, 0.01))
    change_set = draft("zones", planner)
    grown = square(113.00, 23.05, 0.02)
    change = drafting.save_change(
        change_set_id=change_set.pk, feature="FS-NH-01", by=planner, revision=None, geom=grown
    )
    assert change is not None
    (done,), sentence = operations.repair(
        change_set_id=change_set.pk,
        feature="FS-NH-01",
        repair="remove_overlap",
        other="FS-NH-02",
        by=planner,
        revision=change.revision,
    )
    assert (done.before.revision, done.after.revision, done.after.operation) == (1, 2, "repair")
    assert "m²" in sentence
    other = shapely.box(113.015, 23.05, 113.025, 23.06)
    assert shapely.from_wkb(bytes(done.after.geom.wkb)).intersection(other).area == 0


def test_an_unknown_repair_is_refused(planner):
    zone("FS-NH-01", square(113.00, 23.05, 0.02))
    change_set = draft("zones", planner)
    with pytest.raises(Refused, match="没有名为"):
        operations.repair(change_set_id=change_set.pk, feature="FS-NH-01", repair="wish", by=planner, revision=None)
