"""What the check of one edited feature says, in the words and with the figures people see."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon, Polygon
from django.db import IntegrityError, transaction

from core.mapedit import checks
from core.mapedit.findings import as_json
from core.mapedit.models import Change
from core.policy.models import Parameter
from tests import places
from tests.core.mapedit import drafts

TODAY = dt.date(2026, 11, 22)
WEST, SOUTH = 113.00, 23.05
METRE = 1 / 102_400
"""A metre of longitude at Nanhai, within a thousandth, in degrees."""


def box(lon: float, lat: float, width: float = 0.01, height: float = 0.01) -> MultiPolygon:
    return MultiPolygon(Polygon.from_bbox((lon, lat, lon + width, lat + height)), srid=4490)


def wkt(text: str) -> MultiPolygon:
    drawn = GEOSGeometry(text, srid=4490)
    return drawn if isinstance(drawn, MultiPolygon) else MultiPolygon(drawn, srid=4490)


def said(change: Change) -> dict[str, list[str]]:
    """Messages by rule, thin gaps as spaces."""
    found: dict[str, list[str]] = {}
    for finding in checks.check_change(change, on=TODAY):
        found.setdefault(finding.rule, []).append(finding.message.replace("\u2009", " "))
    return found


def rules(change: Change) -> set[str]:
    return set(said(change))


@pytest.mark.django_db
class TestNeighbours:
    def test_an_overlap_names_the_neighbour_the_area_and_the_ways_out(self):
        places.zone("FS-NH-02", box(WEST + 0.01, SOUTH), name="狮山示例集聚区三")
        change = drafts.add(places.draft("zones"), "FS-NH-03", box(WEST + 10 * METRE, SOUTH))
        (finding,) = [f for f in checks.check_change(change, on=TODAY) if f.rule == "geometry.overlap"]
        assert finding.message.replace("\u2009", " ") == (
            f"与“狮山示例集聚区三”重叠 {finding.measured:,.2f} m²。同层要素不得重叠。可吸附到邻界，或移除重叠部分。"
        )
        assert finding.measured == pytest.approx(10 * 1107, rel=0.01)  # ten metres by 0.01 degrees
        assert (finding.other, finding.required, finding.unit, finding.is_error) == ("FS-NH-02", 1, "m²", True)
        assert finding.repairs == ("snap_to_neighbour", "remove_overlap")
        assert WEST + 0.01 < finding.lon < WEST + 0.01 + 10 * METRE
        assert SOUTH < finding.lat < SOUTH + 0.01
        assert finding.geometry["type"] == "MultiPolygon"
        assert finding.source.label == "产品默认值，几何检查"
        assert finding.source.parameter == "geometry.overlap_tolerance_m2"

    @pytest.mark.parametrize(
        ("width_m", "rule"),
        [(0.05, "geometry.sliver_overlap"), (0.15, "geometry.overlap")],
        ids=["narrower than a sliver", "wider"],
    )
    def test_the_check_and_the_guard_agree_on_what_an_overlap_is(self, width_m, rule):
        # The mean width, 2 · area / perimeter, of a long strip is a hair under its width.
        places.zone("FS-NH-02", box(WEST + 0.01, SOUTH))
        drawn = box(WEST + width_m * METRE, SOUTH)
        assert rule in rules(drafts.add(places.draft("zones"), "FS-NH-03", drawn))
        if rule == "geometry.overlap":
            with pytest.raises(IntegrityError), transaction.atomic():
                places.zone("FS-NH-03", drawn)
        else:
            places.zone("FS-NH-03", drawn)

    def test_what_the_set_replaces_is_no_neighbour_and_what_it_draws_is_one(self):
        held = places.zone("FS-NH-02", box(WEST + 0.01, SOUTH))
        change_set = places.draft("zones")
        change = drafts.add(change_set, "FS-NH-03", box(WEST + 0.005, SOUTH))
        assert "geometry.overlap" in rules(change)
        drafts.modify(change_set, held, box(WEST + 0.015, SOUTH))
        assert "geometry.overlap" not in rules(change)
        drafts.add(change_set, "FS-NH-04", box(WEST + 0.006, SOUTH))
        assert "“新示例集聚区”重叠" in said(change)["geometry.overlap"][0]

    def test_a_version_that_has_ended_is_no_neighbour(self):
        places.zone("FS-NH-02", box(WEST, SOUTH), valid_to=dt.date(2025, 1, 1))
        assert "geometry.overlap" not in rules(drafts.add(places.draft("zones"), "FS-NH-03", box(WEST, SOUTH)))

    @pytest.mark.parametrize(("gap_m", "found"), [(0.0, False), (0.4, True), (12.0, False)])
    def test_a_gap_narrower_than_a_street_is_remarked(self, gap_m, found):
        places.zone("FS-NH-02", box(WEST + 0.01 + gap_m * METRE, SOUTH))
        change = drafts.add(places.draft("zones"), "FS-NH-03", box(WEST, SOUTH))
        assert ("geometry.gap" in rules(change)) is found

    def test_neighbours_around_a_hole_and_far_parts_are_found(self):
        places.zone("FS-NH-02", box(WEST + 0.004, SOUTH + 0.004, 0.001, 0.001))
        ring = wkt(
            f"POLYGON(({WEST} {SOUTH},{WEST + 0.01} {SOUTH},{WEST + 0.01} {SOUTH + 0.01},{WEST} {SOUTH + 0.01},"
            f"{WEST} {SOUTH}),({WEST + 0.003} {SOUTH + 0.003},{WEST + 0.006} {SOUTH + 0.003},"
            f"{WEST + 0.006} {SOUTH + 0.006},{WEST + 0.003} {SOUTH + 0.006},{WEST + 0.003} {SOUTH + 0.003}))"
        )
        assert "geometry.overlap" not in rules(drafts.add(places.draft("zones"), "FS-NH-03", ring))


@pytest.mark.django_db
class TestShape:
    def test_a_bow_tie_is_an_error_at_its_crossing(self):
        drawn = wkt("POLYGON((113 23.05,113.01 23.06,113.01 23.05,113 23.06,113 23.05))")
        change = drafts.add(places.draft("zones"), "FS-NH-03", drawn)
        (finding,) = [f for f in checks.check_change(change, on=TODAY) if f.rule == "geometry.self_intersection"]
        assert (finding.lon, finding.lat) == pytest.approx((113.005, 23.055))
        assert finding.is_error
        assert finding.repairs == ("make_valid",)
        assert "113.005000, 23.055000" in finding.message

    def test_swapped_axes_and_a_missing_zone_prefix_are_told_apart(self):
        change_set = places.draft("zones")
        swapped = drafts.add(change_set, "FS-NH-03", wkt("POLYGON((23.05 113,23.06 113,23.06 113.01,23.05 113))"))
        plane = "POLYGON((500000 2550000,501000 2550000,501000 2551000,500000 2550000))"
        unzoned = drafts.add(change_set, "FS-NH-04", wkt(plane))
        assert "经度与纬度互换" in said(swapped)["geometry.swapped_axes"][0]
        assert "没有带号" in said(unzoned)["geometry.missing_zone"][0]

    def test_a_city_elsewhere_is_out_of_bounds(self):
        assert "geometry.out_of_bounds" in rules(drafts.add(places.draft("zones"), "FS-NH-03", box(116.4, 39.9)))

    def test_spikes_acute_angles_and_close_vertices_are_remarks_with_their_limits(self):
        spike = wkt(
            "POLYGON((113 23.05,113.01 23.05,113.01 23.055,113.02 23.05501,113.01 23.05502,"
            "113.01 23.06,113 23.06,113 23.05))"
        )
        change = drafts.add(places.draft("zones"), "FS-NH-03", spike)
        found = {f.rule: f for f in checks.check_change(change, on=TODAY)}
        assert found["geometry.spike"].repairs == ("remove_spike",)
        assert not found["geometry.spike"].is_error
        close = f"POLYGON((113 23.05,113.01 23.05,{113.01 + 0.004 * METRE} 23.05,113.01 23.06,113 23.06,113 23.05))"
        found = {
            f.rule: f for f in checks.check_change(drafts.add(change.change_set, "FS-NH-04", wkt(close)), on=TODAY)
        }
        assert found["geometry.close_vertices"].measured == pytest.approx(0.004, rel=0.01)
        assert found["geometry.close_vertices"].required == 0.01

    def test_outside_its_district_the_area_outside_is_measured(self):
        inside = places.plot(1).geom
        change = drafts.add(places.draft("plots"), "440607001001GB00001", inside, district_id=places.SANSHUI)
        (finding,) = [f for f in checks.check_change(change, on=TODAY) if f.rule == "geometry.outside_district"]
        assert "超出三水区界线" in finding.message
        assert finding.repairs == ("clip_to_district",)
        change = drafts.add(change.change_set, "440605001001GB00077", places.square(113.01, 23.05))
        assert "geometry.outside_district" not in rules(change)

    def test_thresholds_are_those_in_force_on_the_day(self):
        Parameter.objects.filter(key="geometry.overlap_tolerance_m2").update(value=100_000)
        places.zone("FS-NH-02", box(WEST + 0.01, SOUTH))
        change = drafts.add(places.draft("zones"), "FS-NH-03", box(WEST + 10 * METRE, SOUTH))
        assert "geometry.sliver_overlap" in rules(change)


@pytest.mark.django_db
class TestAttributes:
    def test_a_plot_needs_a_code_of_nineteen_places_in_its_district(self):
        change_set = places.draft("plots")
        short = drafts.add(change_set, "12345", places.square(113.00, 23.05))
        assert said(short)["code.form"][0].startswith("宗地代码“12345”不合格式。")
        elsewhere = drafts.add(change_set, "440607001001GB00001", places.square(113.00, 23.05))
        assert "宗地代码前 6 位 440607 与所在区 440605 不符" in said(elsewhere)["code.district"][0]

    @pytest.mark.parametrize(
        ("attributes", "rule"),
        [
            ({"use_code": ""}, "attribute.required"),
            ({"use_code": "9999"}, "attribute.choice"),
            ({"plot_ratio_built": "two"}, "attribute.number"),
            ({"plot_ratio_built": "1000.5"}, "attribute.range"),
            ({"plot_ratio_built": -1}, "attribute.range"),
            ({"density_planned": "100.5"}, "attribute.range"),
            ({"term_years": 1.5}, "attribute.number"),
            ({"term_from": "2026-02-30"}, "attribute.date"),
            ({"term_from": "2026-03-01", "term_to": "2026-03-01"}, "attribute.term"),
            ({"is_m0": "yes"}, "attribute.bool"),
            ({"district_id": "440199"}, "attribute.place"),
            ({"town_id": "440605999"}, "attribute.place"),
            ({"location": "长" * 121}, "attribute.length"),
            ({"location": None}, "attribute.required"),
            ({"registered_area_m2": "0"}, "attribute.range"),
        ],
    )
    def test_each_attribute_is_held_to_its_column(self, attributes, rule):
        change = drafts.add(places.draft("plots"), "440605001001GB00001", places.square(113.00, 23.05), **attributes)
        assert rule in rules(change)
        complete = {f.rule for f in checks.check_change_set(change.change_set, on=TODAY)}
        assert rule in complete, "the complete check must see what the live one sees"

    def test_a_complete_plot_has_nothing_to_remark(self):
        change = drafts.add(places.draft("plots"), "440605001001GB00001", places.square(113.00, 23.05))
        assert checks.check_change(change, on=TODAY) == []
        assert checks.check_change_set(change.change_set, on=TODAY) == []

    @pytest.mark.parametrize(("factor", "severity"), [(1.004, None), (1.008, "warning"), (1.02, "error")])
    def test_a_registered_area_is_compared_with_the_drawing(self, factor, severity):
        held = places.plot(1)
        change = drafts.modify(places.draft("plots"), held, registered_area_m2=f"{held.area_m2 * factor:.2f}")
        for findings in (
            checks.check_change(change, on=TODAY),
            checks.check_change_set(change.change_set, on=TODAY),
        ):
            assert [f.severity for f in findings if f.rule == "geometry.declared_area"] == (
                [severity] if severity else []
            )


@pytest.mark.django_db
class TestOthers:
    def test_another_open_change_set_on_the_feature_is_named_with_its_author(self):
        held = places.plot(1)
        drafts.modify(theirs := places.draft("plots"), held)
        change = drafts.modify(places.draft("plots"), held)
        (message,) = said(change)["change.also_elsewhere"]
        assert f"变更 #{theirs.pk}“测试变更”也在改此要素" in message

    def test_a_base_version_that_is_no_longer_in_force_is_an_error(self):
        held = places.plot(1)
        change = drafts.modify(places.draft("plots"), held)
        type(held).objects.filter(pk=held.pk).update(valid_to=TODAY)
        assert "已由另一次发布移除" in said(change)["change.stale"][0]
        places.plot(1, valid_from=TODAY)
        assert "已由另一次发布改变" in said(change)["change.stale"][0]

    def test_a_new_feature_cannot_take_a_code_in_force(self):
        places.plot(1)
        change = drafts.add(places.draft("plots"), "440605001001GB00001", places.square(113.05, 23.05))
        assert "已被现行要素使用" in said(change)["code.taken"][0]

    def test_removing_an_occupied_plot_names_who_uses_it(self):
        from landuse.plots.models import Occupation

        held = places.plot(1)
        Occupation.objects.create(
            plot_id=held.plot_id, enterprise=places.enterprise(1), kind="owner", share=1, valid_from=places.START
        )
        change = drafts.remove(places.draft("plots"), held)
        assert "有 1 家企业在用：示例金属制品有限公司1号" in said(change)["plots.occupied"][0]


@pytest.mark.django_db
def test_a_finding_becomes_json_with_every_key_browsers_rely_on():
    places.zone("FS-NH-02", box(WEST + 0.01, SOUTH))
    change = drafts.add(places.draft("zones"), "FS-NH-03", box(WEST + 10 * METRE, SOUTH))
    finding = as_json(checks.check_change(change, on=TODAY)[0])
    assert set(finding) == {
        "feature", "rule", "severity", "message", "lon", "lat", "measured", "required", "unit", "source", "other",
        "geometry", "repairs",
    }  # fmt: skip
    assert set(finding["source"]) == {"label", "parameter", "url"}
