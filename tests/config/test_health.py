"""/healthz and /readyz, and the sentences about a database server that cannot carry the project."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now

from core.geodata import server
from core.jobs import services
from core.jobs.models import WorkerHeartbeat

pytestmark = pytest.mark.django_db


def test_healthz_answers_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


def test_readyz_is_ready_when_a_worker_is_alive(client):
    services.beat(worker_id="w1")
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "parts": {"database": "ok", "migrations": "ok", "worker": "ok"}}


def test_readyz_refuses_without_a_worker(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["worker"] == "没有后台进程在运行；请运行 manage.py worker。"


def test_readyz_refuses_when_the_only_worker_went_silent(client, settings):
    services.beat(worker_id="w1")
    past = Now() - timedelta(seconds=settings.MUCHAN_HEARTBEAT_SECONDS + 1)
    WorkerHeartbeat.objects.update(started_at=past, seen_at=past)
    assert client.get("/readyz").status_code == 503


def test_readyz_names_a_migration_that_was_not_applied(client):
    services.beat(worker_id="w1")
    with connection.cursor() as cursor:
        cursor.execute("delete from django_migrations where app = 'jobs'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "jobs.00" in answer.json()["parts"]["migrations"]


def test_readyz_says_so_when_the_database_is_gone_and_gives_no_address_away(client, monkeypatch):
    def gone(*args, **kwargs):
        raise OperationalError("connection to server at 10.0.0.9 failed")

    monkeypatch.setattr("core.web.health.shortcomings", gone)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["database"] == "the database does not answer"
    assert "10.0.0.9" not in answer.content.decode()


def test_health_pages_take_no_post(client):
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405


def test_server_of_these_tests_carries_the_project():
    assert server.shortcomings() == []
    assert server.check_server(databases=["default"]) == []


@pytest.mark.parametrize(
    ("major", "versions", "sentence"),
    [
        (13, {"postgis": "3.3.2", "btree_gist": "1.6"}, "PostgreSQL 13，需要 15"),
        (15, {"btree_gist": "1.6"}, "没有 PostGIS"),
        (15, {"postgis": "3.1.1", "btree_gist": "1.6"}, "PostGIS 版本为 3.1.1"),
        (15, {"postgis": "3.4.0dev"}, "没有 btree_gist"),
    ],
)
def test_server_that_cannot_carry_the_project_is_told_apart(monkeypatch, major, versions, sentence):
    class Cursor:
        def __enter__(self):
            return self

        def __exit__(self, *exception):
            pass

        def execute(self, statement):
            pass

        def fetchone(self):
            return (major,)

        def fetchall(self):
            return list(versions.items())

    class Connection:
        def cursor(self):
            return Cursor()

    monkeypatch.setattr(server, "connections", {"default": Connection()})
    (finding,) = server.check_server(databases=["default"])
    assert sentence in finding.msg
