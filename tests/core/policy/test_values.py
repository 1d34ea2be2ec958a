"""What a threshold is, at a place, on a day."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from core import policy
from core.policy.models import Jurisdiction, Parameter
from core.policy.services import ParameterMissing

pytestmark = pytest.mark.django_db

IN_FORCE = datetime.date(2022, 3, 30)
FLOORS = {"440604": 21, "440605": 190, "440606": 111, "440607": 75, "440608": 53}


def test_the_district_floors_are_those_of_the_document() -> None:
    for code, floor in FLOORS.items():
        answer = policy.value("redline.floor_km2", code, on=IN_FORCE)
        assert (answer.value, answer.unit, answer.comparison) == (Decimal(floor), "km²", ">=")
        assert (answer.citation.document.code, answer.citation.clause_id) == ("S002", "RL-4")
        assert answer.citation.article == "《产业载体升级行动方案》二(一)2"


def test_the_floors_sum_to_exactly_the_city_total_so_no_district_has_slack() -> None:
    floors = [policy.value("redline.floor_km2", code).value for code in FLOORS]
    assert sum(floors) == policy.value("redline.floor_km2").value == Decimal(450)


def test_there_are_54_zones_each_strictly_over_10000_mu() -> None:
    assert policy.value("zone.count").value == 54
    least = policy.value("zone.min_area_mu", "440605")
    assert (least.value, least.comparison) == (Decimal(10000), ">")


def test_the_reserve_is_17000_mu_and_a_renewal_park_may_be_exactly_1000() -> None:
    assert policy.value("reserve.min_area_mu").value == 17000
    park = policy.value("renewal.park_min_area_mu")
    assert (park.value, park.comparison) == (Decimal(1000), ">=")


def test_the_shorter_pledge_allows_the_larger_divided_share() -> None:
    share = {
        years: Parameter.objects.get(key=f"division.max_percent_pledge_{years}y", document="S001").value
        for years in (3, 5)
    }
    assert share == {3: 25, 5: 20}


def test_two_title_batches_a_year_include_the_second() -> None:
    answer = policy.value("title.batches_per_year", "440605")
    assert (answer.value, answer.comparison) == (Decimal(2), ">=")


def test_the_geometry_tolerances_are_the_products_own() -> None:
    for key, figure in {
        "geometry.overlap_tolerance_m2": "1",
        "geometry.sliver_width_m": "0.1",
        "geometry.outside_tolerance_m2": "1",
    }.items():
        answer = policy.value(key, "440608")
        assert answer.value == Decimal(figure)
        assert answer.citation.document.code == "MC-DEFAULT"


def test_a_value_begins_on_its_first_day_and_not_before() -> None:
    with pytest.raises(ParameterMissing):
        policy.value("redline.floor_km2", "440604", on=IN_FORCE - datetime.timedelta(days=1))
    assert policy.value("redline.floor_km2", "440604", on=IN_FORCE).value == 21


def test_a_value_has_ended_on_its_closing_day() -> None:
    closing = datetime.date(2023, 1, 1)
    last = policy.value("programme.brand.count", "440605", on=closing - datetime.timedelta(days=1))
    assert last.value == 200
    with pytest.raises(ParameterMissing):
        policy.value("programme.brand.count", "440605", on=closing)


def test_a_target_that_grows_is_answered_by_its_year() -> None:
    by_year = [
        policy.value("programme.champion.count", on=day).value
        for day in (datetime.date(2020, 12, 31), datetime.date(2021, 1, 1), datetime.date(2022, 12, 31))
    ]
    assert by_year == [500, 1000, 1000]


def test_a_town_takes_its_districts_value_and_a_district_the_citys() -> None:
    town = policy.value("redline.floor_km2", "440605124")
    assert (town.value, town.place) == (Decimal(190), "440605")
    district = policy.value("zone.count", "440605")
    assert (district.value, district.place) == (Decimal(54), "440600")


def test_a_neighbouring_districts_value_never_answers() -> None:
    with pytest.raises(ParameterMissing) as missing:
        policy.value("title.batches_per_year", "440606", on=IN_FORCE)
    assert (missing.value.key, missing.value.place, missing.value.on) == ("title.batches_per_year", "440606", IN_FORCE)
    assert "2022-03-30" in str(missing.value)


def test_a_reference_never_answers() -> None:
    assert Parameter.objects.filter(key="quota.annual_share_percent", status="reference").exists()
    with pytest.raises(ParameterMissing):
        policy.value("quota.annual_share_percent")


def test_an_unknown_place_or_key_is_missing() -> None:
    for key, place in [("zone.count", "999999"), ("zone.nothing", "440600"), ("zone.count", "' OR 1=1 --")]:
        with pytest.raises(ParameterMissing):
            policy.value(key, place)


def test_a_rule_in_words_is_answered_in_words() -> None:
    answer = policy.value("factory.stages")
    assert answer.value is None
    assert answer.text.split("；") == ["产业导入", "开发报建", "施工建设", "宣传销售", "使用运营", "产出考核"]


def test_the_city_speaks_last_when_a_district_has_its_own(parameter_of) -> None:
    parameter_of("test.share", value=10)
    parameter_of("test.share", "440605", value=12, valid_from=datetime.date(2023, 1, 1))
    assert policy.value("test.share", "440605", on=datetime.date(2022, 12, 31)).value == 10
    assert policy.value("test.share", "440605", on=datetime.date(2023, 1, 1)).value == 12


def test_today_is_the_day_in_the_citys_time_zone(parameter_of) -> None:
    parameter_of("test.share", valid_from=timezone.localdate())
    assert policy.value("test.share").value == 1


def test_one_value_costs_one_query(django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        answer = policy.value("redline.floor_km2", "440605124")
        assert answer.citation.document.title


def test_the_values_of_all_places_cost_the_same_two_queries_however_many_answer(django_assert_num_queries) -> None:
    with django_assert_num_queries(2):
        floors = policy.values_for("redline.floor_km2")
    assert len(floors) == Jurisdiction.objects.count()
    with django_assert_num_queries(2):
        titles = policy.values_for("title.batches_per_year")
    assert set(titles) == {"440605", *Jurisdiction.objects.filter(parent="440605").values_list("code", flat=True)}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"value": Decimal("10000.000000"), "comparison": ">", "unit": "亩"}, "> 10,000"),
        ({"value": Decimal("0.1"), "comparison": "<=", "unit": "m"}, "≤ 0.1"),
        ({"value": Decimal("100"), "comparison": "=", "unit": "%"}, "100"),
        ({"value": Decimal("2026"), "comparison": "=", "unit": "年"}, "2026"),
        ({"value": Decimal("270"), "comparison": "~", "unit": "家"}, "约 270"),
        ({"value": None, "text_value": "国有"}, "国有"),
    ],
)
def test_a_value_is_shown_as_the_document_means_it(given: dict[str, object], shown: str) -> None:
    assert Parameter(**given).shown_value == shown


def by_hand(rows: list[Parameter], key: str, lineage: list[str], day: datetime.date) -> Decimal | None:
    """The rule once more, in plain Python: the place itself, then its parents; references never."""
    for place in lineage:
        for row in rows:
            if (row.key, row.jurisdiction_id) == (key, place) and row.status != "reference" and row.stands_on(day):
                return row.value
    return None


def test_python_and_sql_answer_alike_for_every_key_at_every_level_around_every_turning_point(parameter_of) -> None:
    parameter_of("test.share", value=10, valid_to=datetime.date(2024, 1, 1))
    parameter_of("test.share", "440605", value=12, valid_from=datetime.date(2023, 1, 1))
    parameter_of("test.share", "440605124", value=13, status="adopted", valid_from=datetime.date(2023, 6, 1))
    rows = list(Parameter.objects.all())
    lineages = [
        ["440600"],
        ["440605", "440600"],
        ["440608", "440600"],
        ["440605124", "440605", "440600"],
        ["440604010", "440604", "440600"],
        ["999999"],
    ]
    turning = {day for row in rows for day in (row.valid_from, row.valid_to) if day}
    days = sorted(turning | {day - datetime.timedelta(days=1) for day in turning})
    keys = sorted({row.key for row in rows})
    per_key = {key: [row for row in rows if row.key == key] for key in keys}
    expected = {
        (key, lineage[0], day): by_hand(per_key[key], key, lineage, day)
        for key in keys
        for lineage in lineages
        for day in days
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k, p, d, policy_number(k, p, d) FROM unnest(%s::text[]) k, unnest(%s::text[]) p,"
            " unnest(%s::date[]) d",
            [keys, [lineage[0] for lineage in lineages], days],
        )
        answered = {(key, place, day): figure for key, place, day, figure in cursor.fetchall()}
    assert answered == expected

    for key in keys:
        day = days[-1] if key.startswith("test.") else datetime.date(2022, 12, 31)
        everywhere = policy.values_for(key, day)
        for lineage in lineages:
            figure = everywhere[lineage[0]].value if lineage[0] in everywhere else None
            assert figure == expected.get((key, lineage[0], day), by_hand(per_key[key], key, lineage, day))
        place = "440605124"
        if place in everywhere:
            assert policy.value(key, place, day) == everywhere[place]
        else:
            with pytest.raises(ParameterMissing):
                policy.value(key, place, day)
