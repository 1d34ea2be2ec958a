"""What the database itself refuses, whoever writes."""

import psycopg2.errors
import pytest
from django.db import IntegrityError, connection

from core.policy.models import Parameter

pytestmark = pytest.mark.django_db


def insert(**given: object) -> None:
    row = {
        "jurisdiction_id": "440605",
        "key": "redline.floor_km2",
        "value": 180,
        "name": "南海区工业用地红线下限",
        "document_id": "S002",
        "article": "二(一)2",
        "clause_id": "RL-4",
        "valid_from": "2025-01-01",
        "valid_to": None,
        "status": "binding",
        **given,
    }
    columns, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO policy_parameter ({columns}) VALUES ({marks})", list(row.values()))


def refused(**given: object) -> str:
    with pytest.raises(IntegrityError) as error:
        insert(**given)
    return str(error.value.__cause__.diag.constraint_name)


def test_raw_sql_cannot_insert_an_overlapping_parameter() -> None:
    with pytest.raises(IntegrityError) as error:
        insert()
    assert isinstance(error.value.__cause__, psycopg2.errors.ExclusionViolation)
    assert error.value.__cause__.diag.constraint_name == "parameter_in_force_never_overlaps"


def test_an_adopted_value_cannot_stand_beside_a_binding_one() -> None:
    assert refused(status="adopted") == "parameter_in_force_never_overlaps"


def test_raw_sql_cannot_stretch_a_parameter_over_another() -> None:
    Parameter.objects.filter(key="redline.floor_km2", jurisdiction="440605").update(valid_to="2025-01-01")
    insert()
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE policy_parameter SET valid_to = NULL"
            " WHERE key = 'redline.floor_km2' AND jurisdiction_id = '440605' AND valid_from < '2025-01-01'"
        )


def test_a_successor_may_begin_the_day_the_other_ends() -> None:
    Parameter.objects.filter(key="redline.floor_km2", jurisdiction="440605").update(valid_to="2025-01-01")
    insert()
    assert Parameter.objects.filter(key="redline.floor_km2", jurisdiction="440605").count() == 2


def test_one_document_cannot_set_the_same_reference_twice() -> None:
    twice = {"key": "quota.annual_share_percent", "jurisdiction_id": "440600", "document_id": "S001"}
    assert refused(**twice, status="reference") == "parameter_reference_never_overlaps"


def test_two_peer_cities_may_set_the_same_reference() -> None:
    insert(key="quota.annual_share_percent", jurisdiction_id="440600", document_id="S003", status="reference")


@pytest.mark.parametrize(
    ("given", "constraint"),
    [
        ({"valid_to": "2025-01-01"}, "parameter_ends_after_it_begins"),
        ({"value": None}, "parameter_has_a_value"),
        ({"text_value": "一百八十"}, "parameter_has_a_value"),
        ({"key": "Red Line"}, "parameter_key_well_formed"),
        ({"status": "draft"}, "parameter_status_known"),
    ],
)
def test_a_malformed_parameter_is_refused(given: dict[str, object], constraint: str) -> None:
    assert refused(**{"key": "test.figure", **given}) == constraint


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ("('440609', 'district', '某区', '某', 'mou', NULL, NULL)", "jurisdiction_only_the_city_has_no_parent"),
        ("('44060', 'district', '某区', '某', 'mou', '440600', NULL)", "jurisdiction_level_matches_code"),
        (
            "('440609', 'district', '某区', '某', 'mou', '440600',"
            " ST_GeomFromText('MULTIPOLYGON(((113 23,113.1 23.1,113.1 23,113 23.1,113 23)))', 4490))",
            "jurisdiction_geom_valid",
        ),
        (
            "('440609', 'district', '某区', '某', 'mou', '440600', ST_GeomFromText('MULTIPOLYGON EMPTY', 4490))",
            "jurisdiction_geom_valid",
        ),
    ],
)
def test_a_malformed_place_is_refused(columns: str, constraint: str) -> None:
    with pytest.raises(IntegrityError) as error, connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO policy_jurisdiction (code, level, name, short_name, slug, parent_id, geom) VALUES {columns}"
        )
    assert error.value.__cause__.diag.constraint_name == constraint


@pytest.mark.parametrize("statement", ["insert", "update", "delete"])
def test_raw_sql_leaves_a_trace_in_history(statement: str) -> None:
    insert(key="test.traced")
    sql = {
        "insert": None,
        "update": "UPDATE policy_parameter SET value = 181 WHERE key = 'test.traced'",
        "delete": "DELETE FROM policy_parameter WHERE key = 'test.traced'",
    }[statement]
    with connection.cursor() as cursor:
        if sql:
            cursor.execute(sql)
        cursor.execute(
            "SELECT pgh_label FROM policy_parameterevent WHERE key = 'test.traced' ORDER BY pgh_id DESC LIMIT 1"
        )
        assert cursor.fetchone() == (statement,)
