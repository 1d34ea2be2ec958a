"""万亩 zones weighed against 10,000 亩: strictly, unrounded, on the ellipsoid (rules RL-2, A3, A13, §3.6 vector 2)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon, Polygon
from django.db import connection

from core.mapedit import checks
from core.mapedit.findings import Finding
from core.mapedit.models import ChangeSet
from core.policy.models import Parameter
from tests import places
from tests.core.mapedit import drafts

TODAY = dt.date(2026, 11, 22)
MINIMUM_M2 = 10_000 * 2000 / 3


def of_area(area_m2: float) -> MultiPolygon:
    """A rectangle in Nanhai of ``area_m2`` to about 10⁻⁵ m²."""

    def box(width: float) -> MultiPolygon:
        return MultiPolygon(Polygon.from_bbox((113.0, 23.05, 113.0 + width, 23.07)), srid=4490)

    width = 0.03
    for _step in range(8):
        with connection.cursor() as cursor:
            cursor.execute("SELECT ST_Area(ST_GeomFromEWKB(%s)::geography)", [bytes(box(width).ewkb)])
            width *= area_m2 / cursor.fetchone()[0]
    return box(width)


def too_small(change_set: ChangeSet) -> list[Finding]:
    complete = [f for f in checks.check_change_set(change_set, on=TODAY) if f.rule == "zone.min_area_mu"]
    for change in change_set.changes.all():
        live = [f for f in checks.check_change(change, on=TODAY) if f.rule == "zone.min_area_mu"]
        assert [f.message for f in live] == [f.message for f in complete], "live and complete say the same"
    return complete


@pytest.mark.django_db
class TestTenThousandMu:
    @pytest.mark.parametrize(
        ("difference_m2", "fails"),
        [(-0.01, True), (-0.0001, True), (0.01, False), (1.0, False)],
        ids=["a hair under", "less than a digit under", "a hair over", "over"],
    )
    def test_a_zone_must_be_over_the_threshold(self, difference_m2, fails):
        change_set = places.draft("zones")
        drafts.add(change_set, "FS-NH-03", of_area(MINIMUM_M2 + difference_m2), zone_class="wanmu")
        found = too_small(change_set)
        assert bool(found) is fails
        if fails:
            assert found[0].is_error
            assert found[0].measured < found[0].required == pytest.approx(MINIMUM_M2)
            assert "10,000.00 亩，没有超过" not in found[0].message.replace("\u2009", " "), (
                "never rounded into compliance"
            )

    def test_the_planar_ten_thousand_mu_of_the_rules_are_not_enough(self):
        # 3000 m × 2222.2223 m in EPSG:4547 at 113.0 E / 23.0 N: 10,000.0004 planar 亩, 9,997.48 on the ellipsoid.
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT ST_AsText(ST_Multi(ST_Transform(ST_MakeEnvelope(ST_X(p), ST_Y(p), ST_X(p) + 3000,
                    ST_Y(p) + 2222.2223, 4547), 4490)), 15)
                FROM ST_Transform(ST_SetSRID(ST_MakePoint(113.0, 23.0), 4490), 4547) p
                """
            )
            drawn = GEOSGeometry(cursor.fetchone()[0], srid=4490)
        change_set = places.draft("zones")
        drafts.add(change_set, "FS-NH-03", drawn, zone_class="wanmu")
        (finding,) = too_small(change_set)
        assert finding.measured == pytest.approx(6_664_986.6, abs=0.5)
        assert "9,997.48" in finding.message
        assert finding.source.parameter == "zone.min_area_mu"
        assert "二(一)2" in finding.source.label

    def test_a_qianmu_zone_is_not_asked(self):
        change_set = places.draft("zones")
        drafts.add(change_set, "FS-NH-03", of_area(1_000_000), zone_class="qianmu")
        assert too_small(change_set) == []

    def test_the_red_line_inside_counts_where_the_parameter_says_so(self):
        Parameter.objects.filter(key="zone.area_basis").update(text_value="red_line")
        change_set = places.draft("zones")
        drafts.add(change_set, "FS-NH-03", of_area(MINIMUM_M2 + 1000), zone_class="wanmu")
        (finding,) = too_small(change_set)
        assert (finding.measured, "红线面积" in finding.message) == (0, True)
        places.tract("RL-NH-0001", of_area(MINIMUM_M2 + 500))
        assert too_small(change_set) == []


@pytest.mark.django_db
class TestTheSet:
    def test_another_number_of_zones_than_planned_is_a_remark(self):
        Parameter.objects.filter(key="zone.count").update(value=2)
        held = places.zone("FS-NH-01", of_area(MINIMUM_M2 + 1))
        change_set = places.draft("zones")
        drafts.modify(change_set, held, name="改名")
        found = {f.rule: f for f in checks.check_change_set(change_set, on=TODAY)}
        assert found["zone.count"].message == "变更后万亩集聚区 1 个，规划 2 个。"
        assert not found["zone.count"].is_error
        drafts.add(change_set, "FS-NH-03", places.square(113.1, 23.05), zone_class="wanmu")
        assert "zone.count" not in {f.rule for f in checks.check_change_set(change_set, on=TODAY)}

    def test_the_strip_shows_area_before_and_after_and_the_verdict(self):
        held = places.zone("FS-NH-01", of_area(MINIMUM_M2 + 100))
        change_set = places.draft("zones")
        drafts.modify(change_set, held, of_area(MINIMUM_M2 - 50))
        (area,) = [c for c in checks.consequences(change_set, on=TODAY) if c.key == "zone.area"]
        assert (area.now, area.after) == pytest.approx((MINIMUM_M2 + 100, MINIMUM_M2 - 50), abs=1e-3)
        assert area.met is False

    def test_plots_that_leave_and_enter_are_counted(self):
        for number, lon in enumerate((113.001, 113.012), start=1):
            places.plot(number, places.square(lon, 23.051))
        held = places.zone("FS-NH-01", places.square(113.0, 23.05, 0.01))
        change_set = places.draft("zones")
        drafts.modify(change_set, held, places.square(113.008, 23.05, 0.01))
        (moved,) = [c for c in checks.consequences(change_set, on=TODAY) if c.key == "plots.moved"]
        assert (moved.now, moved.after, moved.unit) == (1, 1, "宗")
