"""The check of a whole change set: what live says of each feature, in a few statements, never an exception."""

from __future__ import annotations

import datetime as dt
import json
import math

import pytest
import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon, Polygon
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.mapedit import checks, layers
from core.mapedit.models import ChangeSet
from parks.zones.models import Zone, ZoneVersion
from tests import places
from tests.core.mapedit import drafts

TODAY = dt.date(2026, 11, 22)
WEST, SOUTH = 113.00, 23.05


def box(lon: float, lat: float, width: float = 0.01, height: float = 0.01) -> MultiPolygon:
    return MultiPolygon(Polygon.from_bbox((lon, lat, lon + width, lat + height)), srid=4490)


def live(change_set: ChangeSet) -> set[tuple[str, str, str]]:
    return {
        (finding.rule, *sorted((finding.feature, finding.other)))
        for change in change_set.changes.all()
        for finding in checks.check_change(change, on=TODAY)
    }


def complete(change_set: ChangeSet) -> set[tuple[str, str, str]]:
    return {
        (finding.rule, *sorted((finding.feature, finding.other)))
        for finding in checks.check_change_set(change_set, on=TODAY)
        if finding.feature
    }


@pytest.mark.django_db
class TestAgreement:
    def test_live_and_complete_find_the_same(self):
        places.zone("FS-NH-01", box(WEST, SOUTH))
        held = places.zone("FS-NH-02", box(WEST + 0.02, SOUTH))
        change_set = places.draft("zones")
        drafts.modify(change_set, held, box(WEST + 0.005, SOUTH))
        drafts.add(change_set, "FS-NH-03", box(WEST + 0.012, SOUTH))
        drafts.add(change_set, "FS-NH-04", box(WEST + 0.02200001, SOUTH))
        drafts.add(change_set, "fs-5", box(WEST, SOUTH + 0.01000001), district_codes=[places.SANSHUI])
        bow_tie = "MULTIPOLYGON(((113.03 23.05,113.04 23.06,113.04 23.05,113.03 23.06,113.03 23.05)))"
        drafts.add(change_set, "FS-NH-06", GEOSGeometry(bow_tie, srid=4490), name="")
        # A broken outline is shown with its overlaps while it is drawn; once it is valid they are judged again.
        assert live(change_set) == complete(change_set)
        assert {rule for rule, *__ in complete(change_set)} >= {
            "geometry.overlap",
            "geometry.gap",
            "geometry.outside_district",
            "geometry.self_intersection",
            "code.form",
            "attribute.required",
        }

    def test_the_order_of_findings_is_always_the_same(self):
        change_set = places.draft("zones")
        for number in range(6):
            drafts.add(change_set, f"FS-NH-{number:02d}", box(WEST + 0.005 * number, SOUTH), name="")
        first = checks.check_change_set(change_set, on=TODAY)
        assert first == checks.check_change_set(change_set, on=TODAY)
        assert [f.is_error for f in first] == sorted((f.is_error for f in first), reverse=True)

    def test_a_pair_of_changes_that_overlap_is_one_finding(self):
        change_set = places.draft("zones")
        drafts.add(change_set, "FS-NH-01", box(WEST, SOUTH))
        drafts.add(change_set, "FS-NH-02", box(WEST + 0.005, SOUTH))
        overlaps = [f for f in checks.check_change_set(change_set, on=TODAY) if f.rule == "geometry.overlap"]
        assert [(f.feature, f.other) for f in overlaps] == [("FS-NH-01", "FS-NH-02")]

    def test_evidence_is_json_with_the_parameters_it_rests_on(self):
        places.zone("FS-NH-01", box(WEST, SOUTH))
        change_set = places.draft("zones")
        drafts.add(change_set, "FS-NH-02", box(WEST + 0.005, SOUTH), zone_class="wanmu")
        kept = json.loads(json.dumps(checks.evidence(change_set, TODAY), cls=DjangoJSONEncoder))
        assert kept["errors"] == sum(f["severity"] == "error" for f in kept["findings"]) > 0
        assert kept["on"] == "2026-11-22"
        of = {(row["key"], row["place"]): row for row in kept["parameters"]}
        assert of["geometry.overlap_tolerance_m2", "440600"]["value"] == 1
        assert of["zone.min_area_mu", "440600"]["article"].endswith("二(一)2")

    @pytest.mark.parametrize("layer", ["districts", "zones", "redline", "plots", "controls"])
    def test_an_empty_set_of_every_layer_is_checked(self, layer):
        change_set = places.draft(layer)
        errors = [f for f in checks.check_change_set(change_set, on=TODAY) if f.is_error]
        assert errors == []
        assert checks.consequences(change_set, on=TODAY)[0].after == 0


COORDINATE = st.one_of(
    st.floats(112.9, 113.1),
    st.floats(23.0, 23.1),
    st.sampled_from([113.0, 113.01, 23.05, 23.06, 0.0, 180.0, 500_000.0, 2_550_000.0, 1e300, math.inf, math.nan]),
)
SANE = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda at: (113.0 + at[0] / 1000, 23.05 + at[1] / 1000))
POINT = st.one_of(SANE, SANE, SANE, st.tuples(COORDINATE, COORDINATE))
# A ring begins and ends at a place that is equal to itself, which NaN is not.
RING = st.tuples(SANE, st.lists(POINT, min_size=2, max_size=8)).map(lambda ring: [ring[0], *ring[1], ring[0]])
POLYGON = st.tuples(RING, st.lists(RING, max_size=2)).map(lambda rings: shapely.Polygon(*rings))
BROKEN = st.lists(POLYGON, max_size=3).map(shapely.MultiPolygon)


def as_geos(geometry: object) -> MultiPolygon:
    held = GEOSGeometry(memoryview(shapely.to_wkb(geometry)), srid=4490)
    assert isinstance(held, MultiPolygon)
    return held


@pytest.mark.django_db
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(layer=st.sampled_from(["zones", "redline", "plots", "controls"]), drawn=st.lists(BROKEN, min_size=1, max_size=3))
def test_no_broken_geometry_raises_and_what_passes_can_be_published(layer, drawn):
    codes = {
        "zones": "FS-NH-{:02d}",
        "redline": "RL-NH-{:04d}",
        "plots": "440605001001GB{:05d}",
        "controls": "KZ-{:02d}",
    }
    with transaction.atomic():
        places.zone("FS-NH-99", box(113.004, 23.054))
        change_set = places.draft(layer)
        for number, geometry in enumerate(drawn):
            drafts.add(change_set, codes[layer].format(number), as_geos(geometry))
        for change in change_set.changes.all():
            checks.check_change(change, on=TODAY)
        found = checks.check_change_set(change_set, on=TODAY)
        checks.evidence(change_set, TODAY)
        refused = {finding.feature for finding in found if finding.is_error}
        insertable = change_set.changes.exclude(feature__in=refused)
        if layer == "zones":
            for change in insertable:
                publish_zone(change)
        transaction.set_rollback(True)


def publish_zone(change: object) -> None:
    """Past every check in Python: the guards of the database must have nothing to add."""
    try:
        with transaction.atomic():
            facts = {"publication": places.publication("zones"), "valid_from": TODAY, **change.attributes}
            ZoneVersion.objects.create(zone=Zone.objects.create(code=change.feature), geom=change.geom, **facts)
    except DatabaseError as error:
        # Two changes that refuse each other are one finding, on the first of them.
        if "重叠" not in str(error):
            raise


@pytest.mark.django_db
def test_coordinates_that_are_no_numbers_have_a_finding_of_their_own():
    change_set = places.draft("zones")
    ring = [(113.0, 23.05), (113.01, 23.05), (math.nan, 23.06), (113.0, 23.05)]
    change = drafts.add(change_set, "FS-NH-01", as_geos(shapely.MultiPolygon([shapely.Polygon(ring)])))
    assert "geometry.not_finite" in {f.rule for f in checks.check_change(change, on=TODAY)}
    assert "geometry.not_finite" in {f.rule for f in checks.check_change_set(change_set, on=TODAY)}


@pytest.mark.django_db
@pytest.mark.parametrize("layer", ["zones", "redline", "plots", "controls"])
def test_the_number_of_statements_does_not_grow_with_the_set(layer, django_assert_max_num_queries):
    codes = {
        "zones": "FS-NH-{:02d}",
        "redline": "RL-NH-{:04d}",
        "plots": "440605001001GB{:05d}",
        "controls": "KZ-{:02d}",
    }
    counts = []
    for size in (1, 40):
        change_set = places.draft(layer)
        for number in range(size):
            lon, lat = WEST + 0.003 * (number % 10), SOUTH + 0.003 * (number // 10)
            drafts.add(change_set, codes[layer].format(number), places.square(lon, lat))
        checks.check_change_set(change_set, on=TODAY)
        with django_assert_max_num_queries(20) as captured:
            checks.check_change_set(change_set, on=TODAY)
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_a_live_check_costs_few_statements(django_assert_max_num_queries):
    change = drafts.add(places.draft("plots"), "440605001001GB00001", places.square(WEST, SOUTH))
    checks.check_change(change, on=TODAY)
    with django_assert_max_num_queries(3):
        checks.check_change(change, on=TODAY)


@pytest.mark.django_db
def test_every_layer_describes_columns_that_its_table_has():
    with connection.cursor() as cursor:
        for layer in layers.all_layers():
            cursor.execute(f"SELECT {', '.join(layer.columns())} FROM {layer.table} LIMIT 0")
