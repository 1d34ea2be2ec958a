"""What the database refuses at commit: a red line whose area would fall under a floor, whoever writes."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator

import psycopg2
import pytest
from django.contrib.gis.geos import MultiPolygon
from django.db import Error, IntegrityError, connection, transaction

from core.policy.models import Jurisdiction, Parameter
from landuse.redline.compliance import assess
from landuse.redline.models import AreaChange, Tract, TractVersion
from tests import places
from tests.landuse.redline.conftest import CHANCHENG, GROUND, block

NANHAI = "440605"
TODAY = dt.date(2026, 11, 22)
KM2 = 1_000_000.0
#: Heights (degrees) of a block of 1 km² and of the small ones beside it.
TALL, LOW = 0.01, 0.0001
# A block's sides are doubles: this much (m²) keeps one that is meant to be at the floor from lying a hair under it.
HAIR = 0.001


def judge() -> None:
    """Ask for the verdict that a commit would bring, and put it off to the commit again."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS redline_floors_hold IMMEDIATE")
        cursor.execute("SET CONSTRAINTS redline_floors_hold DEFERRED")


def accepted(act: Callable[[], object]) -> None:
    """Do ``act`` as a transaction that ends with the verdict."""
    with transaction.atomic():
        act()
        judge()


def refused(act: Callable[[], object]) -> str:
    """What the database says when it will not commit ``act``; nothing of it stays."""
    before = list(TractVersion.objects.order_by("pk").values_list("pk", "valid_from", "valid_to"))
    with pytest.raises(IntegrityError) as refusal:
        accepted(act)
    assert refusal.value.__cause__.diag.constraint_name == "redline_floors_hold"
    assert list(TractVersion.objects.order_by("pk").values_list("pk", "valid_from", "valid_to")) == before
    return str(refusal.value).replace("\u2009", " ")


def main_block(district: str, missing_m2: float = 0.0) -> MultiPolygon:
    """The district's block of 1 km², ``missing_m2`` smaller."""
    return block(*GROUND[district], KM2 + HAIR - missing_m2, height=TALL)


def beside(district: str, area_m2: float) -> MultiPolygon:
    """A strip of ``area_m2`` north of the district's block."""
    lon, lat = GROUND[district]
    return block(lon, lat + TALL + LOW, area_m2, height=LOW)


def close(code: str, on: dt.date = TODAY) -> None:
    """End the open version of a tract."""
    assert TractVersion.objects.filter(tract=code, valid_to__isnull=True).update(valid_to=on) == 1


def reshape(district: str, geom: MultiPolygon, on: dt.date = TODAY, **facts: str) -> None:
    """Publish another outline of the district's block."""
    close(f"RL-{district}", on)
    places.tract(f"RL-{district}", geom, district=district, valid_from=on, **facts)


@pytest.fixture
def at_the_floor(small_floors: dict[str, float]) -> None:
    """Every district at its floor of 1 km² and the city at its 5 km²; nothing pending."""
    for district in GROUND:
        places.tract(f"RL-{district}", main_block(district), district=district)
    judge()


@pytest.mark.django_db
@pytest.mark.usefixtures("at_the_floor")
class TestAtTheFloor:
    def test_one_square_metre_out_is_refused_with_the_shortfall_and_its_source(self):
        said = refused(lambda: reshape(CHANCHENG, main_block(CHANCHENG, missing_m2=1)))
        assert "禅城区自 2026-11-22 起工业用地红线面积 999,999.00 m²，低于下限 1 km²，短缺 1.00 m²（0.0014" in said
        assert "下限依据：佛山市人民政府关于印发佛山市产业“六大升级行动”方案的通知" in said
        assert "在同一区调入不少于调出的面积" in said

    def test_one_square_metre_out_and_one_in_in_the_same_district_is_accepted(self):
        def swap() -> None:
            reshape(CHANCHENG, main_block(CHANCHENG, missing_m2=1))
            places.tract("RL-IN", beside(CHANCHENG, 1), district=CHANCHENG, valid_from=TODAY)

        accepted(swap)
        assert assess(on=TODAY).district(CHANCHENG).met

    def test_one_square_metre_out_and_one_in_in_another_district_is_refused(self):
        def move() -> None:
            reshape(CHANCHENG, main_block(CHANCHENG, missing_m2=1))
            places.tract("RL-IN", beside(NANHAI, 1), district=NANHAI, valid_from=TODAY)

        assert "禅城区" in refused(move)

    def test_the_order_of_writes_within_a_transaction_does_not_matter(self):
        def swap() -> None:
            places.tract("RL-IN", beside(CHANCHENG, 1), district=CHANCHENG, valid_from=TODAY)
            reshape(CHANCHENG, main_block(CHANCHENG, missing_m2=1))

        accepted(swap)

    def test_a_new_version_with_other_attributes_and_the_same_outline_is_accepted(self):
        same = TractVersion.objects.get(tract=f"RL-{CHANCHENG}").geom
        accepted(lambda: reshape(CHANCHENG, same, name="改名"))

    def test_a_shortfall_is_never_rounded_away(self):
        said = refused(lambda: reshape(CHANCHENG, main_block(CHANCHENG, missing_m2=0.004)))
        assert "面积 999,999.9970 m²" in said
        assert "短缺 0.0030 m²" in said

    def test_a_removal_that_takes_effect_later_is_judged_on_that_day(self):
        later = dt.date(2027, 6, 1)
        assert "禅城区自 2027-06-01 起" in refused(lambda: close(f"RL-{CHANCHENG}", later))
        accepted(lambda: reshape(CHANCHENG, main_block(CHANCHENG), later))

    def test_a_replacement_that_comes_a_day_late_is_refused(self):
        def late() -> None:
            close(f"RL-{CHANCHENG}", TODAY)
            tomorrow = TODAY + dt.timedelta(days=1)
            places.tract("RL-IN", main_block(CHANCHENG), district=CHANCHENG, valid_from=tomorrow)

        assert "禅城区自 2026-11-22 起工业用地红线面积 0.00 m²" in refused(late)

    def test_the_past_cannot_be_rewritten_under_its_floor(self):
        def gap() -> None:
            close(f"RL-{CHANCHENG}", dt.date(2023, 1, 1))
            places.tract(f"RL-{CHANCHENG}", main_block(CHANCHENG), district=CHANCHENG, valid_from=dt.date(2024, 1, 1))

        assert "禅城区自 2023-01-01 起" in refused(gap)

    def test_deleting_a_version_is_judged(self):
        assert "禅城区自 2022-04-01 起" in refused(TractVersion.objects.filter(district=CHANCHENG).delete)

    def test_a_boundary_cannot_be_redrawn_through_a_tract(self):
        west, south = GROUND[CHANCHENG]
        cut = "ST_Multi(ST_Difference(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4490)))"

        def redraw(until: float) -> Callable[[], None]:
            def act() -> None:
                with connection.cursor() as cursor:
                    cursor.execute(
                        f"UPDATE policy_jurisdiction SET geom = {cut} WHERE code = %s",
                        [west - 0.001, south, until, south + TALL, CHANCHENG],
                    )

            return act

        said = refused(redraw(west + 0.001))
        assert "禅城区自 2022-04-01 起" in said
        accepted(redraw(west))

    def test_a_district_cannot_lose_its_boundary(self):
        assert "面积 0.00 m²" in refused(lambda: Jurisdiction.objects.filter(code=CHANCHENG).update(geom=None))

    def test_renaming_a_district_is_no_matter_of_area(self):
        accepted(lambda: Jurisdiction.objects.filter(code=CHANCHENG).update(short_name="禅城区"))
        assert not AreaChange.objects.exists()

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM redline_areachange",
            "UPDATE redline_areachange SET delta_m2 = 0",
            "INSERT INTO redline_areachange (transaction, district_id, since, delta_m2)"
            " VALUES (pg_current_xact_id()::text::bigint, '440604', '2000-01-01', 1e9)",
        ],
        ids=["delete", "update", "insert"],
    )
    def test_the_record_of_changes_cannot_be_written_by_hand(self, statement):
        def disarm() -> None:
            close(f"RL-{CHANCHENG}")
            with connection.cursor() as cursor:
                cursor.execute(statement)

        with pytest.raises(Error, match="不可直接写入"):
            accepted(disarm)

    def test_the_record_of_changes_cannot_be_emptied_before_the_verdict(self):
        def disarm() -> None:
            close(f"RL-{CHANCHENG}")
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE redline_areachange")

        with pytest.raises(Error, match="pending trigger events"):
            accepted(disarm)

    def test_asked_for_at_once_the_verdict_comes_with_the_statement(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS redline_floors_hold IMMEDIATE")
        with pytest.raises(IntegrityError, match="禅城区自"), transaction.atomic():
            close(f"RL-{CHANCHENG}")
        assert TractVersion.objects.filter(valid_to=None).count() == len(GROUND)

    def test_what_a_savepoint_took_back_is_not_judged(self):
        def change_ones_mind() -> None:
            savepoint = transaction.savepoint()
            close(f"RL-{CHANCHENG}")
            transaction.savepoint_rollback(savepoint)
            places.tract("RL-IN", beside(CHANCHENG, 1), district=CHANCHENG, valid_from=TODAY)

        accepted(change_ones_mind)

    def test_nothing_of_a_judged_change_is_left(self):
        accepted(lambda: reshape(CHANCHENG, main_block(CHANCHENG, missing_m2=-5)))
        assert not AreaChange.objects.exists()

    def test_the_verdict_of_the_guard_and_of_the_compliance_page_are_one(self):
        accepted(lambda: places.tract("RL-IN", beside(CHANCHENG, 10), district=CHANCHENG, valid_from=TODAY))
        surplus = assess(on=TODAY).district(CHANCHENG).surplus_m2
        accepted(lambda: reshape(CHANCHENG, main_block(CHANCHENG, missing_m2=surplus - 2 * HAIR)))
        assert assess(on=TODAY).district(CHANCHENG).met
        on = TODAY + dt.timedelta(days=1)
        assert "禅城区" in refused(lambda: reshape(CHANCHENG, main_block(CHANCHENG, missing_m2=surplus + HAIR), on))


@pytest.mark.django_db
@pytest.mark.usefixtures("at_the_floor")
class TestFloors:
    def test_the_city_keeps_its_own_floor_when_the_districts_have_room(self, set_parameter):
        set_parameter("redline.floor_km2", CHANCHENG, 0.5)
        said = refused(lambda: reshape(CHANCHENG, main_block(CHANCHENG, missing_m2=10)))
        assert "佛山市自 2026-11-22 起" in said
        assert "低于下限 5 km²" in said

    def test_area_moves_to_another_district_once_its_new_floors_are_in_force(self):
        def floor(district: str, km2: str) -> None:
            rows = Parameter.objects.filter(key="redline.floor_km2", jurisdiction=district)
            former = rows.get()
            rows.update(valid_to=dt.date(2027, 1, 1))
            former.pk, former.valid_from, former.value = None, dt.date(2027, 1, 1), km2
            former.save(force_insert=True)

        floor(CHANCHENG, "0.999990")
        floor(NANHAI, "1.000010")

        def move(on: dt.date) -> Callable[[], None]:
            def act() -> None:
                reshape(CHANCHENG, main_block(CHANCHENG, missing_m2=10), on)
                places.tract("RL-IN", beside(NANHAI, 11), district=NANHAI, valid_from=on)

            return act

        assert "禅城区自 2026-12-31 起" in refused(move(dt.date(2026, 12, 31)))
        accepted(move(dt.date(2027, 1, 1)))

    def test_a_floor_that_rises_later_is_kept_from_its_first_day(self, set_parameter):
        for place, km2 in ((CHANCHENG, 0.5), ("440600", 4.0)):
            rows = Parameter.objects.filter(key="redline.floor_km2", jurisdiction=place)
            risen = rows.get()
            set_parameter("redline.floor_km2", place, km2)
            rows.update(valid_to=dt.date(2027, 1, 1))
            risen.pk, risen.valid_from = None, dt.date(2027, 1, 1)
            risen.save(force_insert=True)
        said = refused(lambda: reshape(CHANCHENG, main_block(CHANCHENG, missing_m2=10)))
        assert "禅城区自 2027-01-01 起" in said

    def test_a_district_without_a_floor_of_its_own_is_not_held_to_the_citys(self, set_parameter):
        Parameter.objects.filter(key="redline.floor_km2", jurisdiction=CHANCHENG).delete()
        set_parameter("redline.floor_km2", "440600", 4)
        accepted(lambda: close(f"RL-{CHANCHENG}"))

    def test_days_without_any_floor_are_not_judged(self):
        Parameter.objects.filter(key="redline.floor_km2").update(valid_from=dt.date(2024, 1, 1))

        def open_late() -> None:
            TractVersion.objects.filter(district=CHANCHENG).delete()
            places.tract(f"RL-{CHANCHENG}", main_block(CHANCHENG), district=CHANCHENG, valid_from=dt.date(2024, 1, 1))

        accepted(open_late)


@pytest.mark.django_db
def test_an_empty_city_is_loaded_up_and_a_short_one_repaired(small_floors):
    accepted(lambda: places.tract("RL-A", beside(CHANCHENG, 100), district=CHANCHENG))
    accepted(lambda: places.tract(f"RL-{CHANCHENG}", main_block(CHANCHENG, missing_m2=500), district=CHANCHENG))
    assert not assess(on=TODAY).district(CHANCHENG).met
    assert "禅城区" in refused(lambda: close("RL-A"))


@pytest.mark.django_db
def test_a_history_of_closed_and_open_versions_is_loaded_in_one_statement(small_floors):
    Tract.objects.bulk_create([Tract(code="RL-A")])
    facts = {"tract_id": "RL-A", "district_id": CHANCHENG, "publication": places.publication("redline")}
    turn = dt.date(2024, 1, 1)
    rows = [
        TractVersion(geom=main_block(CHANCHENG), valid_from=places.START, valid_to=turn, **facts),
        TractVersion(geom=main_block(CHANCHENG, missing_m2=500), valid_from=turn, **facts),
    ]
    accepted(lambda: TractVersion.objects.bulk_create(rows))


# Writers that race: real connections, each with its own transaction.

RIVALS = 40


@pytest.fixture
def last_surplus(transactional_db: None) -> Iterator[list[str]]:
    """Forty tracts of 1,000 m² in Chancheng, of which its floor leaves room to remove one."""
    codes = [f"RL-{number:02d}" for number in range(RIVALS)]
    lon, lat = GROUND[CHANCHENG]
    for number, code in enumerate(codes):
        places.tract(code, block(lon, lat + 2 * LOW * number, 1000, height=LOW), district=CHANCHENG)
    floors = Parameter.objects.filter(key="redline.floor_km2")
    floors.exclude(jurisdiction=CHANCHENG).update(value=0)
    floors.filter(jurisdiction=CHANCHENG).update(value=(1000 * RIVALS - 1500) / KM2)
    yield codes
    assert assess(on=TODAY).district(CHANCHENG).met
    assert TractVersion.objects.filter(valid_to__isnull=True).count() == RIVALS - 1
    assert not AreaChange.objects.exists()


def connect() -> psycopg2.extensions.connection:
    """A connection of its own to the test database, past Django."""
    parameters = connection.get_connection_params()
    return psycopg2.connect(**{name: given for name, given in parameters.items() if name != "cursor_factory"})


def sentence(error: psycopg2.Error) -> str:
    """The database's sentence: psycopg2 cannot spell the Chinese of ``str()`` of an error at commit."""
    return str(error.diag.message_primary).replace("\u2009", " ")


CLOSE = "UPDATE redline_tractversion SET valid_to = '2026-11-22' WHERE tract_id = %s"


def test_forty_writers_race_for_the_last_surplus_and_one_gets_it(last_surplus):
    start = threading.Barrier(RIVALS)
    won: list[str] = []
    told: list[str] = []

    def remove(code: str) -> None:
        rival = connect()
        try:
            start.wait(60)
            with rival, rival.cursor() as cursor:
                cursor.execute(CLOSE, [code])
            won.append(code)
        except psycopg2.errors.CheckViolation as error:
            told.append(sentence(error))
        finally:
            rival.close()

    writers = [threading.Thread(target=remove, args=[code]) for code in last_surplus]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert len(won) == 1
    assert len(told) == RIVALS - 1
    assert all("禅城区自 2026-11-22 起" in said and "短缺 500.00" in said for said in told)


def test_of_two_writers_the_second_waits_and_is_told(last_surplus):
    first, second = connect(), connect()
    said: list[str] = []

    def follow() -> None:
        try:
            with second, second.cursor() as cursor:
                cursor.execute(CLOSE, [last_surplus[1]])
        except psycopg2.errors.CheckViolation as error:
            said.append(sentence(error))

    follower = threading.Thread(target=follow)
    with first, first.cursor() as cursor:
        cursor.execute(CLOSE, [last_surplus[0]])
        follower.start()
        # The second is held by the layer's row; it can only end once the first has committed.
        follower.join(0.5)
        assert follower.is_alive()
    follower.join(30)
    first.close()
    second.close()
    assert "短缺 500.00" in said[0]


def test_an_old_snapshot_cannot_spend_the_surplus_twice(last_surplus):
    first, second = connect(), connect()
    second.set_session(isolation_level="REPEATABLE READ")
    with second.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM redline_tractversion")
    with first, first.cursor() as cursor:
        cursor.execute(CLOSE, [last_surplus[0]])
    with pytest.raises(psycopg2.errors.SerializationFailure), second, second.cursor() as cursor:
        cursor.execute(CLOSE, [last_surplus[1]])
    first.close()
    second.close()


def test_a_single_statement_outside_any_transaction_is_judged_too(last_surplus):
    alone = connect()
    alone.autocommit = True
    with alone.cursor() as cursor:
        cursor.execute(CLOSE, [last_surplus[0]])
        for statement in (CLOSE, "DELETE FROM redline_tractversion WHERE tract_id = %s"):
            with pytest.raises(psycopg2.errors.CheckViolation, match="禅城区自"):
                cursor.execute(statement, [last_surplus[1]])
    alone.close()
