"""What the database itself refuses, whoever writes: raw SQL, and two writers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import Error, IntegrityError, connection, transaction

from core.mapedit.models import Layer
from landuse.redline.models import Tract, TractVersion
from parks.zones.models import Zone, ZoneVersion
from tests import places

NANHAI, SANSHUI = "440605", "440607"
# A hair wider than the tolerances: 1 m² of overlap, 0.1 m of width (rules §3.5).
METRE = 1 / 102_400


def insert_zone(code: str, wkt: str, publication: int, districts: str = "{440605}") -> None:
    """One zone version by raw SQL, past every line of Python that could have checked it."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO zones_zone (code) VALUES (%s) ON CONFLICT DO NOTHING", [code])
        cursor.execute(
            """INSERT INTO zones_zoneversion (zone_id, name, zone_class, district_codes, leading_industry,
                managing_body, geom, valid_from, publication_id)
            VALUES (%s, '示例集聚区', 'wanmu', %s, '', '', ST_Multi(ST_GeomFromText(%s, 4490)), '2022-04-01', %s)""",
            [code, districts, wkt, publication],
        )


def insert_tract(code: str, wkt: str, publication: int, district: str = NANHAI) -> None:
    """One tract version by raw SQL."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO redline_tract (code) VALUES (%s) ON CONFLICT DO NOTHING", [code])
        cursor.execute(
            """INSERT INTO redline_tractversion
                (tract_id, district_id, control_level, name, geom, valid_from, publication_id)
            VALUES (%s, %s, 'ungraded', '', ST_Multi(ST_GeomFromText(%s, 4490)), '2022-04-01', %s)""",
            [code, district, wkt, publication],
        )


def box(west: float, south: float, size: float = 0.01) -> str:
    """WKT of a square in degrees."""
    east, north = west + size, south + size
    return f"POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))"


def refusal(act: Callable[[], None]) -> str:
    """What the database says when it refuses ``act``; nothing of it stays."""
    with pytest.raises(Error) as refused, transaction.atomic():
        act()
    return str(refused.value)


@pytest.mark.django_db
def test_raw_sql_cannot_insert_an_overlapping_zone():
    published = places.publication("zones").pk
    insert_zone("FS-A", box(113.00, 23.05), published)
    said = refusal(lambda: insert_zone("FS-B", box(113.005, 23.05), published))
    assert "FS-B 与 FS-A 重叠" in said or "FS-A 与 FS-B 重叠" in said
    assert ZoneVersion.objects.count() == 1


@pytest.mark.django_db
def test_one_statement_cannot_insert_two_zones_that_overlap_each_other():
    published = places.publication("zones").pk
    Zone.objects.bulk_create([Zone(code="FS-A"), Zone(code="FS-B")])
    facts = {"district_codes": [NANHAI], "zone_class": "wanmu", "name": "示例", "publication_id": published}
    rows = [
        ZoneVersion(zone_id=code, geom=places.square(lon, 23.05, 0.01), valid_from=places.START, **facts)
        for code, lon in (("FS-A", 113.0), ("FS-B", 113.005))
    ]
    assert "重叠" in refusal(lambda: ZoneVersion.objects.bulk_create(rows) and None)


@pytest.mark.django_db
def test_neighbours_that_share_a_border_are_no_overlap():
    published = places.publication("zones").pk
    insert_zone("FS-A", box(113.00, 23.05), published)
    insert_zone("FS-B", box(113.01, 23.05), published)
    # A strip of five centimetres by a kilometre: 50 m², but narrower than the sliver width.
    insert_zone("FS-C", box(113.02 - 0.05 * METRE, 23.05), published)
    assert ZoneVersion.objects.count() == 3


@pytest.mark.django_db
def test_a_strip_a_metre_wide_is_an_overlap():
    published = places.publication("zones").pk
    insert_zone("FS-A", box(113.00, 23.05), published)
    assert "重叠" in refusal(lambda: insert_zone("FS-B", box(113.01 - METRE, 23.05), published))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wkt",
    [
        "POLYGON((113 23.05,113.01 23.06,113.01 23.05,113 23.06,113 23.05))",
        "POLYGON((113 23.05,113.01 23.05,113.01 23.06,113 23.06,113 23.05),"
        "(113.02 23.07,113.03 23.07,113.03 23.08,113.02 23.07))",
    ],
    ids=["bow-tie", "hole outside its shell"],
)
def test_raw_sql_cannot_insert_an_invalid_polygon(wkt):
    published = places.publication("redline").pk
    assert "redline_tractversion_geom_valid" in refusal(lambda: insert_tract("RL-A", wkt, published))


@pytest.mark.django_db
def test_raw_sql_cannot_insert_an_empty_polygon():
    published = places.publication("redline").pk
    assert "geom_not_empty" in refusal(lambda: insert_tract("RL-A", "POLYGON EMPTY", published))


@pytest.mark.django_db
def test_raw_sql_cannot_insert_a_tract_outside_its_district():
    published = places.publication("redline").pk
    said = refusal(lambda: insert_tract("RL-A", box(113.00, 23.05), published, district=SANSHUI))
    assert "RL-A 超出所在区 440607 界线" in said


@pytest.mark.django_db
def test_a_zone_may_span_the_districts_it_names_and_no_other():
    published = places.publication("zones").pk
    across = box(113.00, 23.00, 0.02)
    assert "超出所在区" in refusal(lambda: insert_zone("FS-A", across, published))
    insert_zone("FS-A", across, published, "{440604,440605}")


@pytest.mark.django_db
def test_a_feature_has_one_version_in_force():
    published = places.publication("redline").pk
    insert_tract("RL-A", box(113.00, 23.05), published)
    refusal(lambda: insert_tract("RL-A", box(113.05, 23.10), published))
    assert TractVersion.objects.count() == 1


@pytest.mark.django_db
def test_what_was_in_force_at_another_time_is_no_overlap():
    places.tract("RL-A", places.square(113.0, 23.05), valid_to=places.START.replace(year=2023))
    places.tract("RL-B", places.square(113.0, 23.05), valid_from=places.START.replace(year=2023))
    assert TractVersion.objects.count() == 2


@pytest.mark.django_db
def test_reopening_a_closed_version_is_checked_like_an_insert():
    places.tract("RL-A", places.square(113.0, 23.05), valid_to=places.START.replace(year=2023))
    places.tract("RL-B", places.square(113.0, 23.05), valid_from=places.START.replace(year=2023))
    reopen = TractVersion.objects.filter(tract="RL-A")
    assert "重叠" in refusal(lambda: reopen.update(valid_to=None) and None)


@pytest.mark.django_db
def test_a_published_outline_cannot_be_edited_by_raw_sql():
    places.tract("RL-A", places.square(113.0, 23.05))

    def edit() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE redline_tractversion SET geom = ST_Translate(geom, 0.001, 0)")

    assert "已发布的版本不可修改" in refusal(edit)


@pytest.mark.django_db
def test_every_writing_statement_raises_the_revision_of_its_layer():
    places.tract("RL-A", places.square(113.0, 23.05))
    before = Layer.objects.get(name="redline").revision
    TractVersion.objects.update(valid_to=places.START.replace(year=2025))
    assert Layer.objects.get(name="redline").revision > before


@pytest.mark.django_db(transaction=True)
def test_of_two_writers_at_once_the_second_is_refused():
    published = places.publication("redline").pk
    Tract.objects.bulk_create([Tract(code="RL-A"), Tract(code="RL-B")])
    first_wrote, may_commit = threading.Event(), threading.Event()
    said: dict[str, str] = {}

    def first() -> None:
        try:
            with transaction.atomic():
                insert_tract("RL-A", box(113.00, 23.05), published)
                first_wrote.set()
                may_commit.wait(10)
            said["first"] = "committed"
        finally:
            connection.close()

    def second() -> None:
        first_wrote.wait(10)
        # The first has written and not committed: only waiting for it can tell.
        threading.Timer(0.5, may_commit.set).start()
        try:
            with transaction.atomic():
                insert_tract("RL-B", box(113.005, 23.05), published)
            said["second"] = "committed"
        except IntegrityError as error:
            said["second"] = str(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=act) for act in (first, second)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    assert said["first"] == "committed"
    assert "重叠" in said["second"]
    assert list(TractVersion.objects.values_list("tract_id", flat=True)) == ["RL-A"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        "name = '改名'",
        "control_level = 'one'",
        "valid_from = '2022-05-01'",
        "id = id + 1000",
        "geom = ST_Multi(ST_Reverse(geom))",
    ],
)
def test_no_column_of_a_published_version_can_be_changed_but_its_end(change):
    places.tract("RL-A", places.square(113.0, 23.05))

    def edit() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE redline_tractversion SET {change}")

    assert "已发布的版本不可修改：RL-A" in refusal(edit)


@pytest.mark.django_db
def test_lengthening_a_version_over_its_successor_is_refused():
    turn = places.START.replace(year=2023)
    places.tract("RL-A", places.square(113.0, 23.05), valid_to=turn)
    places.tract("RL-A", places.square(113.05, 23.10), valid_from=turn)
    later = TractVersion.objects.filter(tract="RL-A", valid_to=turn)
    assert "已有另一版本在有效期内" in refusal(lambda: later.update(valid_to=turn.replace(year=2024)) and None)


@pytest.mark.django_db
def test_a_closed_version_leaves_its_ground_to_another_feature():
    turn = places.START.replace(year=2023)
    places.tract("RL-A", places.square(113.0, 23.05))
    TractVersion.objects.filter(tract="RL-A").update(valid_to=turn)
    places.tract("RL-B", places.square(113.0, 23.05), valid_from=turn)
    assert "重叠" in refusal(
        lambda: TractVersion.objects.filter(tract="RL-A").update(valid_to=turn.replace(year=2024)) and None
    )
