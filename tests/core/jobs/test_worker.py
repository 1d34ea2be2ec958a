"""A worker shows that it is alive, and the work of a dead one is not left running for ever."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from core.jobs import services
from core.jobs.models import WorkerHeartbeat


def long_ago():
    return Now() - timedelta(seconds=django_settings.MUCHAN_HEARTBEAT_SECONDS + 5)


def running_task(worker_id: str) -> DBTaskResult:
    return DBTaskResult.objects.create(
        task_path="tests.core.jobs.nothing",
        args_kwargs={"args": [], "kwargs": {}},
        backend_name="default",
        run_after="2026-01-01T00:00:00+08:00",
        status=TaskResultStatus.RUNNING,
        started_at="2026-01-01T00:00:00+08:00",
        worker_ids=[worker_id],
        exception_class_path="",
        traceback="",
    )


@pytest.mark.django_db
def test_beat_makes_one_row_and_moves_it_on():
    services.beat(worker_id="w")
    WorkerHeartbeat.objects.update(started_at=long_ago(), seen_at=long_ago())
    services.beat(worker_id="w")
    assert WorkerHeartbeat.objects.alive().count() == WorkerHeartbeat.objects.count() == 1


@pytest.mark.django_db
def test_history_holds_coming_and_going_but_not_every_beat():
    for _ in range(3):
        services.beat(worker_id="w")
    services.leave(worker_id="w")
    events = WorkerHeartbeat.pgh_event_model.objects.order_by("pgh_id").values_list("pgh_label", flat=True)
    assert list(events) == ["insert", "delete"]


@pytest.mark.django_db
def test_task_of_a_silent_worker_is_failed_and_the_worker_forgotten():
    services.beat(worker_id="dead")
    WorkerHeartbeat.objects.update(started_at=long_ago(), seen_at=long_ago())
    task = running_task("dead")
    assert services.reap() == 1
    task.refresh_from_db()
    assert task.status == TaskResultStatus.FAILED
    assert task.exception_class_path.endswith("WorkerLost")
    assert not WorkerHeartbeat.objects.exists()


@pytest.mark.django_db
def test_task_of_a_live_worker_is_left_alone():
    services.beat(worker_id="alive")
    task = running_task("alive")
    assert services.reap() == 0
    task.refresh_from_db()
    assert task.status == TaskResultStatus.RUNNING


@pytest.mark.django_db
def test_database_refuses_a_heartbeat_before_the_start():
    services.beat(worker_id="w")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("update jobs_workerheartbeat set seen_at = started_at - interval '1 second'")


@pytest.mark.django_db(transaction=True)
def test_worker_beats_while_it_runs_and_leaves_when_told_to_stop():
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "worker", "--verbosity", "0"],
        cwd=django_settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )
    try:
        deadline = time.monotonic() + 30
        while not WorkerHeartbeat.objects.alive().exists():
            assert process.poll() is None, "the worker ended by itself"
            assert time.monotonic() < deadline, "no heartbeat within 30 s"
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
    assert not WorkerHeartbeat.objects.exists()


def test_reloading_is_refused():
    with pytest.raises(CommandError, match="--reload"):
        call_command("worker", "--reload")
