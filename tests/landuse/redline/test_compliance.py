"""The verdict on real geometry in PostGIS: floors, zones, and the figures of rules §3.6."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.geodata.area import mu_from_m2
from landuse.redline.compliance import FloorMissing, assess
from landuse.redline.history import area_history
from landuse.redline.risks import plots_outside
from tests import places
from tests.landuse.redline.conftest import BEFORE_THE_FLOORS, GROUND, block

pytestmark = pytest.mark.django_db
KM2 = 1_000_000.0
#: The rules measure around 113.0E 23.0N, where Chancheng and Nanhai meet.
CENTRE = ("440604", "440605")


def five_blocks(**surplus_m2: float) -> None:
    """One tract of 1 km² plus the named surplus (1 m²) in every district: ``five_blocks(d440605=-1)``."""
    for number, (code, (lon, lat)) in enumerate(GROUND.items(), 1):
        wanted = KM2 + surplus_m2.get(f"d{code}", 1.0)
        places.tract(f"RL-T-{number}", block(lon, lat, wanted, height=0.01), district=code)


def test_a_district_at_its_floor_complies_and_one_square_metre_less_does_not(small_floors):
    five_blocks(d440605=-1.0, d440606=1.0)
    verdict = assess()
    assert verdict.district("440605").surplus_m2 == pytest.approx(-1.0, abs=1e-3)
    assert not verdict.district("440605").met
    assert verdict.district("440606").met
    assert verdict.weakest.code == "440605"
    assert not verdict.floors_met


def test_exactly_at_the_floor_is_met(small_floors, set_parameter):
    geom = block(*GROUND["440605"], KM2, height=0.01)
    version = places.tract("RL-T-1", geom)
    version.refresh_from_db()
    standing = assess().district("440605")
    # The floor is a decimal of six digits, so the double that equals it decides.
    assert (standing.area_m2 >= KM2) is standing.met
    assert standing.area_m2 == version.area_m2


def test_a_hundredth_of_a_square_metre_short_is_short(small_floors):
    five_blocks(d440604=-0.01)
    short = assess().district("440604")
    assert short.surplus_m2 == pytest.approx(-0.01, abs=1e-3)
    assert not short.met


def test_the_city_is_the_sum_of_its_districts_and_no_surplus_elsewhere_saves_a_district(small_floors):
    five_blocks(d440604=-1.0, d440605=50_000.0)
    verdict = assess()
    assert verdict.city.area_m2 == pytest.approx(sum(d.area_m2 for d in verdict.districts), abs=1e-6)
    assert verdict.city.met
    assert not verdict.floors_met
    assert not verdict.met


def test_zero_slack_taking_one_square_metre_and_giving_it_back_in_the_same_district(small_floors):
    # Rules §3.6 no. 10: removing is refused by the verdict, giving back in the same district restores it.
    five_blocks(d440604=-1.0)
    assert not assess().district("440604").met
    lon, lat = GROUND["440604"]
    places.tract("RL-T-9", block(lon, lat + 0.011, 1.001, height=0.0001), district="440604")
    assert assess().district("440604").met


def test_ellipsoid_cell_of_the_rules():
    # Rules §3.6 no. 2: 6,811,760.62 by the 2008 formula, .71 by geodesic edges, 10,217.64 mu.
    cell = MultiPolygon(Polygon.from_bbox((113.00, 23.00, 113.03, 23.02)), srid=4490)
    version = places.zone("FS-T-1", cell, districts=CENTRE)
    version.refresh_from_db()
    assert 6_811_760.62 <= round(version.area_m2, 2) <= 6_811_760.71
    assert round(mu_from_m2(version.area_m2), 2) == Decimal("10217.64")


def test_mu_of_the_floors_of_the_rules():
    # Rules §3.6 no. 1.
    assert mu_from_m2(450_000_000) == 675_000
    assert [mu_from_m2(km2 * 1_000_000) for km2 in (21, 190, 111, 53, 75)] == [
        31_500,
        285_000,
        166_500,
        79_500,
        112_500,
    ]


def nominal_ten_thousand_mu() -> MultiPolygon:
    """3000 × 2222.2223 m in the plane of EPSG:4547 at 113.0E 23.0N, brought to 4490."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH corner AS (SELECT ST_Transform(ST_SetSRID(ST_Point(113.0, 23.0), 4490), 4547) AS p)
            SELECT ST_AsEWKB(ST_Multi(ST_Transform(ST_MakeEnvelope(ST_X(p), ST_Y(p),
                ST_X(p) + 3000, ST_Y(p) + 2222.2223, 4547), 4490))) FROM corner"""
        )
        from django.contrib.gis.geos import GEOSGeometry

        return GEOSGeometry(memoryview(cursor.fetchone()[0]))


def test_the_nominal_ten_thousand_mu_is_less_on_the_ellipsoid_and_fails(small_floors):
    # Rules §3.6 no. 2: 10,000.0004 mu in the plane are 9,997.48 on the ellipsoid.
    version = places.zone("FS-T-1", nominal_ten_thousand_mu(), districts=CENTRE)
    version.refresh_from_db()
    assert version.area_m2 == pytest.approx(6_664_986.6, abs=0.5)
    assert round(mu_from_m2(version.area_m2), 2) == Decimal("9997.48")
    verdict = assess()
    assert [zone.code for zone in verdict.zones_not_over] == ["FS-T-1"]
    assert not verdict.zones_met


def test_a_zone_of_exactly_the_threshold_is_not_over_it(small_floors, set_parameter):
    geom = block(113.00, 23.05, 2_000_000 / 3 * 10, height=0.02)
    version = places.zone("FS-T-1", geom)
    version.refresh_from_db()
    # The threshold itself is put at the zone's own area: strictly greater excludes equality (A13).
    set_parameter("zone.min_area_mu", "440600", 10_000)
    verdict = assess()
    zone = verdict.large_zones[0]
    assert (zone.code in [z.code for z in verdict.zones_not_over]) is (not zone.area_m2 > verdict.zone_min_m2)
    assert type(verdict)(**{**vars(verdict), "zone_min_m2": zone.area_m2}).zones_not_over == [zone]


def test_a_thousand_mu_zone_is_neither_counted_nor_measured_against_ten_thousand(small_floors):
    places.zone("FS-T-1", places.square(113.0, 23.05, 0.03))
    places.zone("FS-T-2", places.square(113.00, 23.12, 0.01), zone_class="qianmu")
    verdict = assess()
    assert len(verdict.large_zones) == 1
    assert verdict.zones_met


def test_red_line_inside_and_outside_zones_adds_up(small_floors):
    places.zone("FS-T-1", places.square(113.00, 23.05, 0.03))
    places.tract("RL-T-1", places.square(113.02, 23.06, 0.02))
    standing = assess().district("440605")
    assert 0 < standing.in_zones_m2 < standing.area_m2
    assert standing.in_zones_m2 + standing.outside_zones_m2 == pytest.approx(standing.area_m2)
    assert assess().zones[0].redline_m2 == pytest.approx(standing.in_zones_m2)


def test_before_any_floor_there_is_nothing_to_comply_with():
    with pytest.raises(FloorMissing):
        assess(on=BEFORE_THE_FLOORS)


def test_a_past_verdict_is_read_from_the_versions_of_its_day(small_floors):
    places.tract("RL-T-1", places.square(113.0, 23.05), valid_to=dt.date(2024, 1, 1))
    places.tract("RL-T-2", places.square(113.01, 23.05), valid_from=dt.date(2025, 1, 1))
    areas = {
        on: assess(on=dt.date.fromisoformat(on)).district("440605").tracts
        for on in ("2022-04-01", "2023-12-31", "2024-01-01", "2025-01-01")
    }
    assert list(areas.values()) == [1, 1, 0, 1]


def test_the_last_step_of_the_history_is_the_verdict(small_floors):
    five_blocks()
    today = dt.date(2026, 11, 22)
    verdict, history = assess(on=today), area_history(on=today)
    for standing in (*verdict.districts, verdict.city):
        last = history[standing.code][-1]
        assert last.area_m2 == pytest.approx(standing.area_m2, abs=1e-6)
        assert last.met is standing.met


def test_a_plot_is_outside_wholly_partly_or_not_at_all(small_floors):
    places.tract("RL-T-1", places.square(113.00, 23.05, 0.01))
    inside = places.square(113.001, 23.051)
    partly = places.square(113.009, 23.055)
    wholly = places.square(113.03, 23.055)
    for number, geom in enumerate((inside, partly, wholly), 1):
        places.plot(number, geom)
    places.plot(4, places.square(113.04, 23.055), use_code="110101")
    found = plots_outside(on=dt.date(2026, 1, 1), places=["440605"])
    assert (found.plots, found.wholly, found.partly) == (3, 1, 1)
    assert found.partly_m2 == pytest.approx(found.wholly_m2 / 2, rel=1e-3)


def test_the_count_of_plots_outside_follows_the_red_line(small_floors):
    places.plot(1, places.square(113.00, 23.05))
    asked = {"on": dt.date(2026, 1, 1), "places": ["440605"]}
    assert plots_outside(**asked).wholly == 1
    places.tract("RL-T-1", places.square(113.00, 23.05, 0.01))
    assert plots_outside(**asked).wholly == 0


def test_the_command_prints_the_document_outside_programs_rely_on(small_floors):
    five_blocks(d440604=-0.01)
    written = io.StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("compliance", "--format", "json", stdout=written)
    assert left.value.code == 1
    document = json.loads(written.getvalue())
    assert set(document) == {"on", "city", "districts", "zones", "met"}
    assert [d["code"] for d in document["districts"]] == ["440604", "440605", "440606", "440607", "440608"]
    assert document["districts"][0]["met"] is False
    assert document["zones"] == {"count": 0, "required": 1, "not_over_10000_mu": []}


@pytest.mark.parametrize("count", [50, 5_000])
def test_the_verdict_is_one_query_however_many_tracts(small_floors, count):
    many_tracts(count)
    with CaptureQueriesContext(connection) as asked:
        verdict = assess()
    assert verdict.city.tracts == count
    assert len(asked) == 1
    with CaptureQueriesContext(connection) as asked:
        area_history(on=dt.date(2026, 11, 22))
    assert len(asked) == 1


def many_tracts(count: int, first: int = 1) -> None:
    """``count`` small squares in Nanhai, 80 a row, by one statement."""
    published = places.publication("redline")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO redline_tract (code) SELECT 'RL-M-' || n FROM generate_series(%s, %s) n",
            [first, first + count - 1],
        )
        cursor.execute(
            """INSERT INTO redline_tractversion
                (tract_id, district_id, control_level, name, geom, valid_from, publication_id)
            SELECT 'RL-M-' || n, '440605', 'ungraded', '', ST_Multi(ST_MakeEnvelope(
                113.0 + 0.0005 * (n %% 80), 23.05 + 0.0005 * (n / 80),
                113.0004 + 0.0005 * (n %% 80), 23.0504 + 0.0005 * (n / 80), 4490)), '2022-04-01', %s
            FROM generate_series(%s, %s) n""",
            [published.pk, first, first + count - 1],
        )
