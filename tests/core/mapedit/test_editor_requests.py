"""The editor's requests: who may make them, what they answer, and what they refuse in which words."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.accounts.models import CITY_CODE, Role
from core.mapedit.models import ChangeSet
from core.mapedit.services import drafting
from tests.places import NANHAI, SANSHUI, account, plot, square, zone

pytestmark = pytest.mark.django_db


class Editor:
    """One person with one change set open."""

    def __init__(self, user: Any, change_set: ChangeSet) -> None:
        self.client = Client()
        self.client.force_login(user)
        self.root = f"/map/edit/{change_set.layer_id}/{change_set.pk}/"

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(self.root + path, query)

    def post(self, path: str, body: Any = None, **raw: Any) -> Any:
        return self.client.post(self.root + path, raw.get("raw", body or {}), content_type="application/json")

    def put(self, code: str, body: Any) -> Any:
        return self.client.put(f"{self.root}change/{code}/", body, content_type="application/json")


def geojson(geom: Any) -> Any:
    return json.loads(geom.geojson)


@pytest.fixture
def planner() -> Any:
    return account(Role.PLANNER, CITY_CODE)


@pytest.fixture
def draft(planner: Any) -> ChangeSet:
    zone("FS-NH-01", square(113.00, 23.05, 0.03))
    zone("FS-NH-02", square(113.00, 23.085, 0.01))
    return drafting.create_change_set(layer="zones", title="东侧扩展", author=planner)


@pytest.fixture
def editor(planner: Any, draft: ChangeSet) -> Editor:
    return Editor(planner, draft)


def test_a_shape_comes_back_bit_for_bit(editor):
    held = editor.get("feature/FS-NH-01/").json()
    assert held["change"] is None
    ring = held["base"]["geometry"]["coordinates"][0][0]
    assert tuple(map(tuple, ring)) == square(113.00, 23.05, 0.03).coords[0][0]


def test_saving_answers_revision_findings_and_figures(editor):
    grown = geojson(square(113.00, 23.05, 0.04))
    answer = editor.put("FS-NH-01", {"geometry": grown, "revision": None}).json()
    assert answer["changed"][0]["after"]["revision"] == 1
    assert "geometry" not in answer["changed"][0]["after"]
    overlap = next(item for item in answer["findings"]["FS-NH-01"] if item["other"] == "FS-NH-02")
    assert overlap["severity"] == "error"
    assert {"remove_overlap"} <= set(overlap["repairs"])
    assert overlap["measured"] > 10_000
    area = next(item for item in answer["consequences"] if item["place"] == "FS-NH-01")
    assert area["after"] > area["now"]


def test_a_repair_mends_and_undo_puts_the_fault_back(editor):
    editor.put("FS-NH-01", {"geometry": geojson(square(113.00, 23.05, 0.04)), "revision": None})
    repair = {"feature": "FS-NH-01", "repair": "remove_overlap", "other": "FS-NH-02", "revision": 1}
    mended = editor.post("repair/", repair).json()
    assert "m²" in mended["sentence"]
    assert not [item for item in mended["findings"]["FS-NH-01"] if item["other"] == "FS-NH-02"]
    before = mended["changed"][0]["before"]
    undone = editor.post("restore/", {"items": [{"feature": "FS-NH-01", "revision": 2, "state": before}]}).json()
    assert [item for item in undone["findings"]["FS-NH-01"] if item["other"] == "FS-NH-02"]


def test_a_stale_save_is_answered_with_what_is_there_now(editor, draft):
    editor.put("FS-NH-01", {"attributes": {"name": "甲"}, "revision": None})
    other = Editor(account(Role.PLANNER, NANHAI), draft)
    refused = other.put("FS-NH-01", {"attributes": {"name": "乙"}, "revision": None})
    assert refused.status_code == 409
    assert refused.json()["current"]["attributes"]["name"] == "甲"
    assert "请对照" in refused.json()["sentence"]


def test_a_new_feature_knows_its_district_by_its_place(editor):
    added = editor.post("change/", {"geometry": geojson(square(112.88, 23.20, 0.01))}).json()["changed"][0]["after"]
    assert added["feature"] == "FS-SS-01"
    assert added["attributes"]["district_codes"] == [SANSHUI]


@pytest.mark.parametrize(
    ("geometry", "sentence"),
    [
        ({"type": "Point", "coordinates": [113, 23]}, "Polygon"),
        ({"type": "Polygon", "coordinates": []}, "至少要有一个环"),
        ({"type": "Polygon", "coordinates": [[[113, 23], [113.1, 23], [113, 23]]]}, "点太少"),
        ({"type": "Polygon", "coordinates": [[[113, 23], [113.1, 23], [113.1, 23.1], [113, 23.1]]]}, "没有闭合"),
        ({"type": "Polygon", "coordinates": [[[23, 113], [23, 113.1], [23.1, 113.1], [23, 113]]]}, "不在佛山"),
        ({"type": "Polygon", "coordinates": [[[116, 39], [116.1, 39], [116.1, 39.1], [116, 39]]]}, "不在佛山"),
        ({"type": "Polygon", "coordinates": [[[113, 23, 5], [113.1, 23, 5], [113.1, 23.1, 5], [113, 23, 5]]]}, "两个"),
        ({"type": "Polygon", "coordinates": [[["113", "23"]] * 4]}, "两个有限的数"),
        ({"type": "Polygon", "coordinates": [[[1e400, 23], [113.1, 23], [113.1, 23.1], [1e400, 23]]]}, "JSON"),
        ({"type": "Polygon", "coordinates": {"a": 1}}, "至少要有一个环"),
        ({"type": "GeometryCollection", "geometries": []}, "Polygon"),
        ([1, 2], "Polygon"),
    ],
)
def test_what_is_no_polygon_of_foshan_is_refused_in_a_sentence(editor, draft, geometry, sentence):
    refused = editor.put("FS-NH-01", {"geometry": geometry, "revision": None})
    assert refused.status_code == 400
    assert sentence in refused.json()["sentence"]
    assert not draft.changes.exists()


def test_a_bow_tie_may_be_drafted_and_is_found(editor):
    tie = [[113.0, 23.05], [113.02, 23.07], [113.02, 23.05], [113.0, 23.07], [113.0, 23.05]]
    answer = editor.put("FS-NH-01", {"geometry": {"type": "Polygon", "coordinates": [tie]}, "revision": None})
    assert answer.status_code == 200
    assert [item for item in answer.json()["findings"]["FS-NH-01"] if item["severity"] == "error"]


@pytest.mark.parametrize("raw", ["{", "[]", '{"geometry": NaN}', '{"revision": -1}', '{"revision": "1"}', "null"])
def test_a_request_that_is_no_json_object_is_refused(editor, raw):
    refused = editor.client.put(f"{editor.root}change/FS-NH-01/", raw, content_type="application/json")
    assert refused.status_code == 400
    assert refused.json()["sentence"]


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        ({"zone_class": "百亩"}, "zone_class"),
        ({"name": "长" * 61}, "name"),
        ({"district_codes": ["440100"]}, "district_codes"),
        ({"district_codes": "440605"}, "district_codes"),
        ({"name": 5}, "name"),
    ],
)
def test_an_attribute_that_cannot_be_kept_is_named(editor, attributes, field):
    refused = editor.put("FS-NH-01", {"attributes": attributes, "revision": None})
    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == [field]


def test_an_attribute_nobody_knows_is_refused(editor):
    refused = editor.put("FS-NH-01", {"attributes": {"area_m2": 1}, "revision": None})
    assert (refused.status_code, "area_m2" in refused.json()["sentence"]) == (400, True)


@pytest.mark.parametrize(
    ("role", "place", "reads", "writes"),
    [
        (Role.PLANNER, CITY_CODE, True, True),
        (Role.PLANNER, NANHAI, True, True),
        (Role.PLANNER, SANSHUI, False, False),
        (Role.REVIEWER, CITY_CODE, True, False),
        (Role.AUDITOR, CITY_CODE, True, False),
        (Role.PARKS, CITY_CODE, False, False),
        (Role.HEAD, NANHAI, False, False),
        (Role.MONITOR, CITY_CODE, False, False),
        (Role.SYSADMIN, CITY_CODE, False, False),
    ],
)
def test_who_reads_and_who_writes_a_draft(planner, draft, role, place, reads, writes):
    drafting.save_change(
        change_set_id=draft.pk, feature="FS-NH-02", by=planner, revision=None, attributes={"name": "甲"}
    )
    person = planner if (role, place) == (Role.PLANNER, CITY_CODE) else account(role, place)
    theirs = Editor(person, draft)
    assert theirs.get("state/").status_code == (200 if reads else 404)
    answer = theirs.put("FS-NH-01", {"attributes": {"name": "乙"}, "revision": None})
    assert answer.status_code == (200 if writes else 403 if reads else 404)


def test_strangers_are_told_to_sign_in(draft):
    assert Client().get(f"/map/edit/zones/{draft.pk}/state/").status_code == 401
    assert Client().get(f"/map/edit/zones/{draft.pk}/").status_code == 302


def test_a_set_is_found_under_its_own_layer_only(planner, draft):
    client = Client()
    client.force_login(planner)
    assert client.get(f"/map/edit/redline/{draft.pk}/state/").status_code == 404
    assert client.get(f"/map/edit/nonsense/{draft.pk}/state/").status_code == 404
    assert client.get("/map/edit/nonsense/").status_code == 404


def test_plots_of_another_district_stay_out_of_sight(draft):
    theirs = plot(1, district=SANSHUI)
    nanhai = account(Role.PLANNER, NANHAI)
    mine = Editor(nanhai, drafting.create_change_set(layer="plots", title="宗地", author=nanhai))
    assert mine.get(f"feature/{theirs.plot_id}/").status_code == 404
    assert mine.get("search/", q=theirs.plot_id).json() == {"features": []}
    assert mine.get("at/", lon=112.884, lat=23.201).json() == {"feature": None}
    lines = mine.get("boundaries/", bbox="112.87,23.19,112.90,23.22").json()["lines"]
    assert lines == []


def test_what_lies_at_a_point_is_what_the_draft_says(editor):
    assert editor.get("at/", lon=113.01, lat=23.06).json() == {"feature": "FS-NH-01"}
    editor.post("remove/", {"feature": "FS-NH-01", "revision": None})
    assert editor.get("at/", lon=113.01, lat=23.06).json() == {"feature": None}


@pytest.mark.parametrize(
    "path", ["at/?lon=x&lat=1", "at/?lon=nan&lat=23", "shapes/?bbox=1,2,3", "shapes/?bbox=9,9,1,1&pixel=1"]
)
def test_a_place_that_is_none_is_refused(editor, path):
    answer = editor.client.get(editor.root + path)
    assert answer.status_code == 400
    assert answer.json()["sentence"]


def test_the_map_gets_what_was_and_what_shall_be(editor):
    editor.put("FS-NH-01", {"geometry": geojson(square(113.00, 23.05, 0.02)), "revision": None})
    editor.post("remove/", {"feature": "FS-NH-02", "revision": None})
    drawn = editor.get("shapes/", bbox="112.9,23.0,113.1,23.1", pixel=10).json()
    assert [(item["feature"], item["action"]) for item in drawn["features"]] == [
        ("FS-NH-01", "modify"),
        ("FS-NH-02", "remove"),
    ]
    assert drawn["features"][1]["geometry"] is None
    assert drawn["features"][1]["base"]["coordinates"]


def test_neighbours_boundaries_end_at_the_view(editor):
    lines = editor.get("boundaries/", bbox="112.99,23.04,113.005,23.055", but="FS-NH-02").json()["lines"]
    assert len(lines) == 1
    assert [113.0, 23.05] in [point for line in lines[0]["coordinates"] for point in line]


def test_two_people_on_one_feature_see_each_other(planner, draft, editor):
    editor.put("FS-NH-01", {"attributes": {"name": "甲"}, "revision": None})
    other = Editor(account(Role.PLANNER, NANHAI), draft)
    other.post("presence/", {"feature": "FS-NH-01"})
    (person,) = editor.post("presence/", {"feature": "FS-NH-01"}).json()["people"]
    assert (person["feature"], person["here"]) == ("FS-NH-01", True)
    other.post("presence/", {"leave": True})
    assert editor.post("presence/", {"feature": "FS-NH-01"}).json()["people"] == []


def test_somebody_on_the_same_feature_in_another_draft_is_named_with_its_number(editor):
    nanhai = account(Role.PLANNER, NANHAI)
    theirs = drafting.create_change_set(layer="zones", title="另一份", author=nanhai)
    drafting.save_change(
        change_set_id=theirs.pk, feature="FS-NH-01", by=nanhai, revision=None, attributes={"name": "乙"}
    )
    Editor(nanhai, theirs).post("presence/", {"feature": "FS-NH-01"})
    (person,) = editor.post("presence/", {"feature": "FS-NH-01"}).json()["people"]
    assert (person["changeSet"], person["here"]) == (theirs.pk, False)


def test_reading_a_set_costs_the_same_for_five_changes_and_for_fifty(editor, draft):
    counted = []
    for upto in (5, 50):
        while draft.changes.count() < upto:
            n = draft.changes.count()
            corner = square(113.0 + 0.0005 * (n % 10), 23.0 + 0.0005 * (n // 10), 0.0004)
            editor.post("change/", {"geometry": geojson(corner)})
        with CaptureQueriesContext(connection) as asked:
            assert len(editor.get("state/").json()["changes"]) == upto
            editor.get("shapes/", bbox="112.9,22.9,113.1,23.1", pixel=1)
        counted.append(len(asked))
    assert counted[0] == counted[1]


def test_the_start_page_lists_open_drafts_and_begins_another(planner, draft):
    client = Client()
    client.force_login(planner)
    page = client.get("/map/edit/zones/?feature=FS-NH-01")
    assert "东侧扩展" in page.content.decode()
    begun = client.post("/map/edit/zones/", {"title": "新的一份", "feature": "FS-NH-01"})
    assert begun.status_code == 302
    assert begun["Location"].endswith("?feature=FS-NH-01")
    refused = client.post("/map/edit/zones/", {"title": " "})
    assert refused.status_code == 400
    assert "请填写标题" in refused.content.decode()


def test_only_planners_see_the_start_page():
    client = Client()
    client.force_login(account(Role.REVIEWER, CITY_CODE))
    assert client.get("/map/edit/zones/").status_code == 403


def test_a_reader_of_a_draft_is_led_to_its_page(draft):
    client = Client()
    client.force_login(account(Role.REVIEWER, CITY_CODE))
    answer = client.get(f"/map/edit/zones/{draft.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/changes/{draft.pk}/")


def test_a_polygon_of_fourteen_thousand_vertices_is_kept_whole(editor):
    ring = [
        [113.015 + 0.012 * math.cos(2 * math.pi * k / 14_000), 23.065 + 0.012 * math.sin(2 * math.pi * k / 14_000)]
        for k in range(14_000)
    ]
    ring.append(ring[0])
    answer = editor.put("FS-NH-01", {"geometry": {"type": "Polygon", "coordinates": [ring]}, "revision": None})
    assert answer.status_code == 200
    held = editor.get("feature/FS-NH-01/").json()["change"]["geometry"]
    assert held["coordinates"][0][0] == ring
    drawn = editor.get("shapes/", bbox="112.9,23.0,113.1,23.1", pixel=20).json()["features"][0]["geometry"]
    assert len(drawn["coordinates"][0][0]) < 1000


def line(*points: tuple[float, float]) -> Any:
    return {"type": "LineString", "coordinates": [list(point) for point in points]}


def test_every_tool_answers_what_it_changed(editor, draft):
    split = {"feature": "FS-NH-01", "revision": None, "line": line((113.01, 23.04), (113.01, 23.09))}
    parts = editor.post("split/", split).json()
    assert [item["feature"] for item in parts["changed"]] == ["FS-NH-01", "FS-NH-03"]
    assert parts["sentence"] == "已切割为 2 个部分。"
    merge = {"into": "FS-NH-01", "features": ["FS-NH-03"], "revisions": {"FS-NH-01": 1, "FS-NH-03": 1}}
    assert editor.post("merge/", merge).json()["changed"][0]["feature"] == "FS-NH-01"
    hole = geojson(square(113.01, 23.06, 0.005))["coordinates"][0]
    current = editor.get("feature/FS-NH-01/").json()["change"]
    revision = current["revision"] if current else None
    cut = {"feature": "FS-NH-01", "revision": revision, "hole": {"type": "Polygon", "coordinates": hole}}
    done = editor.post("cut/", cut).json()["changed"][0]["after"]
    assert len(done["geometry"]["coordinates"][0]) == 2
    reshape = {
        "feature": "FS-NH-01",
        "revision": done["revision"],
        "line": line((113.02, 23.06), (113.04, 23.06), (113.04, 23.07), (113.02, 23.07)),
    }
    grown = editor.post("reshape/", reshape).json()["changed"][0]["after"]
    assert grown["areaM2"] > done["areaM2"]
    renamed = editor.post("code/", {"feature": "FS-NH-01", "code": "FS-NH-55", "revision": grown["revision"]})
    assert "编号不变" in renamed.json()["sentence"]
    undone = editor.post("discard/", {"feature": "FS-NH-01", "revision": grown["revision"]}).json()
    assert undone["changed"][0]["after"] is None
    assert undone["count"] == 0


def test_an_added_feature_is_renamed_and_its_old_code_is_free(editor):
    added = editor.post("change/", {"geometry": geojson(square(112.88, 23.20, 0.01))}).json()["changed"][0]["after"]
    renamed = {"feature": added["feature"], "code": "FS-SS-09", "revision": added["revision"]}
    old, new = editor.post("code/", renamed).json()["changed"]
    assert (old["feature"], old["after"], new["feature"]) == ("FS-SS-01", None, "FS-SS-09")


def test_snapping_with_nothing_near_says_so(editor):
    refused = editor.post("snap/", {"feature": "FS-NH-01", "revision": None})
    assert (refused.status_code, "图形未变" in refused.json()["sentence"]) == (400, True)


def test_title_and_reason_are_kept_and_the_rest_stays(editor, draft):
    editor.post("details/", {"title": "新标题"})
    editor.post("details/", {"reason": "依据会议纪要"})
    draft.refresh_from_db()
    assert (draft.title, draft.reason) == ("新标题", "依据会议纪要")
    assert editor.post("details/", {"title": " "}).status_code == 400


def test_what_has_errors_is_not_submitted_and_what_has_none_is(editor, draft):
    editor.put("FS-NH-01", {"geometry": geojson(square(113.00, 23.05, 0.04)), "revision": None})
    refused = editor.post("submit/")
    assert refused.status_code == 400
    assert refused.json()["findings"]
    editor.put("FS-NH-01", {"geometry": geojson(square(113.00, 23.05, 0.031)), "revision": 1})
    whole = editor.post("check/").json()
    assert not [item for item in whole["findings"] if item["severity"] == "error"]
    assert editor.post("submit/").json() == {"url": f"/changes/{draft.pk}/"}
    draft.refresh_from_db()
    assert draft.state == "submitted"
    late = editor.put("FS-NH-01", {"attributes": {"name": "晚了"}, "revision": 2})
    assert (late.status_code, "已提交" in late.json()["sentence"]) == (403, True)


def test_the_editor_page_is_served_to_who_may_edit(editor):
    page = editor.client.get(editor.root)
    assert page.status_code == 200
    assert "东侧扩展" in page.content.decode()


def test_districts_are_not_removed(planner):
    change_set = drafting.create_change_set(layer="districts", title="区界更正", author=planner)
    refused = Editor(planner, change_set).post("remove/", {"feature": NANHAI, "revision": None})
    assert (refused.status_code, "不移除" in refused.json()["sentence"]) == (400, True)
