"""Red-line change sets weighed to the square metre, by the arithmetic of the guard (rules §3.1 A2, §3.6 vector 10)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.contrib.gis.geos import MultiPolygon

from core.mapedit import checks
from core.mapedit.checks.evidence import evidence
from core.mapedit.findings import Consequence, Finding
from core.mapedit.models import ChangeSet
from core.policy.models import Parameter
from landuse.redline.checks import balances
from landuse.redline.compliance import assess
from landuse.redline.models import TractVersion
from tests import places
from tests.core.mapedit import drafts
from tests.landuse.redline.conftest import CHANCHENG, GROUND, block

NANHAI = places.NANHAI
TODAY = dt.date(2026, 11, 22)
KM2 = 1_000_000.0
TALL, LOW = 0.01, 0.0001
# A block's sides are doubles: this much (m²) keeps one that is meant to be at the floor from lying a hair under it.
HAIR = 0.001


def main_block(district: str, missing_m2: float = 0.0) -> MultiPolygon:
    return block(*GROUND[district], KM2 + HAIR - missing_m2, height=TALL)


def beside(district: str, area_m2: float) -> MultiPolygon:
    lon, lat = GROUND[district]
    return block(lon, lat + TALL + LOW, area_m2, height=LOW)


@pytest.fixture
def tracts(small_floors: dict[str, float]) -> dict[str, TractVersion]:
    """Every district at its floor of 1 km² and the city at its 5 km²."""
    return {code: places.tract(f"RL-{code}", main_block(code), district=code) for code in GROUND}


def complete(change_set: ChangeSet) -> dict[tuple[str, str], Finding]:
    """Findings of the red line by rule and place."""
    found = checks.check_change_set(change_set, on=TODAY)
    return {(f.rule, f.other): f for f in found if f.rule.startswith("redline.")}


def strip(change_set: ChangeSet) -> dict[str, Consequence]:
    return {c.place: c for c in checks.consequences(change_set, on=TODAY) if c.key == "redline.area"}


@pytest.mark.django_db
class TestVectorTen:
    def test_one_square_metre_out_breaks_balance_district_and_city(self, tracts):
        change_set = places.draft("redline")
        drafts.modify(change_set, tracts[CHANCHENG], main_block(CHANCHENG, missing_m2=1))
        found = complete(change_set)
        assert set(found) == {
            ("redline.balance", CHANCHENG),
            ("redline.floor", CHANCHENG),
            ("redline.floor", "440600"),
        }
        assert all(finding.is_error for finding in found.values())
        message = found["redline.balance", CHANCHENG].message.replace("\u2009", " ")
        assert message.startswith("禅城区调出 1.00 m²（0.0015 亩），调入 0.00 m²（0.00 亩），净减 1.00 m²（0.0015 亩）")
        short = found["redline.floor", CHANCHENG].message.replace("\u2009", " ")
        assert "低于下限 1 km²，短缺 1.00 m²" in short

    def test_one_out_and_one_in_in_the_same_district_is_accepted(self, tracts):
        change_set = places.draft("redline")
        drafts.modify(change_set, tracts[CHANCHENG], main_block(CHANCHENG, missing_m2=1))
        drafts.add(change_set, "RL-CC-0002", beside(CHANCHENG, 1.0001), district_id=CHANCHENG)
        assert complete(change_set) == {}
        assert strip(change_set)[CHANCHENG].met
        assert strip(change_set)[CHANCHENG].difference == pytest.approx(0.0001, abs=1e-5)

    def test_one_out_and_one_in_in_another_district_is_refused(self, tracts):
        change_set = places.draft("redline")
        drafts.modify(change_set, tracts[CHANCHENG], main_block(CHANCHENG, missing_m2=1))
        drafts.add(change_set, "RL-NH-0002", beside(NANHAI, 1.0001), district_id=NANHAI)
        assert set(complete(change_set)) == {("redline.balance", CHANCHENG), ("redline.floor", CHANCHENG)}

    def test_while_it_is_drawn_the_balance_is_already_told(self, tracts):
        change_set = places.draft("redline")
        change = drafts.modify(change_set, tracts[CHANCHENG], main_block(CHANCHENG, missing_m2=1))
        rules = [f.rule for f in checks.check_change(change, on=TODAY)]
        assert "redline.balance" in rules
        assert not strip(change_set)[CHANCHENG].met


@pytest.mark.django_db
class TestBalance:
    def test_a_surplus_does_not_let_a_district_give_land_away(self, tracts, set_parameter: Callable[..., None]):
        set_parameter("redline.floor_km2", CHANCHENG, 0.5)
        set_parameter("redline.floor_km2", "440600", 4)
        change_set = places.draft("redline")
        drafts.modify(change_set, tracts[CHANCHENG], main_block(CHANCHENG, missing_m2=1))
        assert set(complete(change_set)) == {("redline.balance", CHANCHENG)}

    def test_a_revised_lower_floor_in_force_lets_land_go_to_another_district(self, tracts):
        floor = Parameter.objects.get(key="redline.floor_km2", jurisdiction_id=CHANCHENG)
        Parameter.objects.filter(pk=floor.pk).update(valid_to=dt.date(2026, 1, 1))
        floor.pk, floor.value, floor.valid_from = None, floor.value - 1, dt.date(2026, 1, 1)
        floor.value = 0.9
        floor.save(force_insert=True)
        change_set = places.draft("redline")
        drafts.modify(change_set, tracts[CHANCHENG], main_block(CHANCHENG, missing_m2=100))
        drafts.add(change_set, "RL-NH-0002", beside(NANHAI, 100.001), district_id=NANHAI)
        assert complete(change_set) == {}
        # On a day before the new floor the old rule holds.
        found = checks.check_change_set(change_set, on=dt.date(2025, 12, 31))
        assert ("redline.balance", CHANCHENG) in {(f.rule, f.other) for f in found}

    def test_a_tract_that_moves_to_another_district_goes_out_of_one_and_into_the_other(self, tracts):
        change_set = places.draft("redline")
        drafts.modify(change_set, tracts[CHANCHENG], beside(NANHAI, 500), district_id=NANHAI)
        of = {b.code: b for b in balances(change_set, TODAY)}
        assert float(of[CHANCHENG].out_m2) == pytest.approx(KM2 + HAIR, abs=1e-4)
        assert float(of[NANHAI].in_m2) == pytest.approx(500, abs=1e-4)
        assert of[CHANCHENG].in_m2 == of[NANHAI].out_m2 == 0

    def test_a_place_that_is_short_may_be_repaired_step_by_step(self, tracts, set_parameter: Callable[..., None]):
        set_parameter("redline.floor_km2", CHANCHENG, 2)
        change_set = places.draft("redline")
        drafts.add(change_set, "RL-CC-0002", beside(CHANCHENG, 10), district_id=CHANCHENG)
        (finding,) = complete(change_set).values()
        assert not finding.is_error
        assert "仍低于下限" in finding.message

    def test_only_attributes_changed_is_no_change_of_area_at_all(self, tracts):
        change_set = places.draft("redline")
        drafts.modify(change_set, tracts[CHANCHENG], name="改名")
        assert complete(change_set) == {}
        assert strip(change_set)[CHANCHENG].difference == 0

    def test_the_strip_agrees_with_the_compliance_page_to_the_last_digit(self, tracts):
        change_set = places.draft("redline")
        drafts.modify(change_set, tracts[CHANCHENG], main_block(CHANCHENG, missing_m2=7))
        verdict = assess(on=TODAY)
        weighed = strip(change_set)
        assert set(weighed) == {CHANCHENG, "440600"}
        for code, consequence in weighed.items():
            assert consequence.now == pytest.approx(verdict.place(code).area_m2, abs=1e-5)
            assert consequence.required == verdict.place(code).floor_m2
            assert consequence.source.parameter == "redline.floor_km2"
            assert "二(一)2" in consequence.source.label

    def test_area_outside_the_district_does_not_count(self, tracts):
        change_set = places.draft("redline")
        drafts.add(change_set, "RL-CC-0002", beside(NANHAI, 5000), district_id=CHANCHENG)
        assert strip(change_set)[CHANCHENG].difference == 0

    def test_a_broken_draft_is_weighed_by_its_repaired_self(self, tracts):
        bow_tie = "MULTIPOLYGON(((113 23.05,113.01 23.06,113.01 23.05,113 23.06,113 23.05)))"
        change_set = places.draft("redline")
        drafts.add(change_set, "RL-NH-0002", bow_tie)
        assert strip(change_set)[NANHAI].difference > 0


@pytest.mark.django_db
def test_the_number_of_statements_does_not_grow_with_the_set(tracts, django_assert_max_num_queries):
    small, large = places.draft("redline"), places.draft("redline")
    lon, lat = GROUND[NANHAI]
    for number in range(60):
        drafts.add(
            large,
            f"RL-NH-{number + 2:04d}",
            places.square(lon + 0.003 * (number % 10), lat - 0.003 * (number // 10 + 1)),
        )
    drafts.add(small, "RL-NH-0002", places.square(lon, lat - 0.003))
    checks.check_change_set(small, on=TODAY)
    counts = []
    for change_set in (small, large):
        with django_assert_max_num_queries(40) as captured:
            evidence(change_set, TODAY)
        counts.append(len(captured))
    assert counts[0] == counts[1]
