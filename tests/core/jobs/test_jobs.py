"""A job tells how far it has come, ends when asked to, and goes on after its worker died."""

import os
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from core.accounts.models import Role
from core.jobs import kinds, services, tracking
from core.jobs.models import Job, WorkerHeartbeat
from core.jobs.progress import Cancelled, Failure
from tests import places
from tests.core.mapedit.files import feature, geojson

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return places.account(Role.PLANNER, "440600")


def started(owner, run) -> Job:
    kind = f"tests.{run.__name__}"
    kinds._kinds[kind] = run
    return tracking.start(kind=kind, title="测试", owner=owner, payload={"n": 3}, unit="个")


def test_a_job_waits_with_its_task_then_runs_and_keeps_its_result(owner):
    def work(job, progress):
        progress("read", 3, 3)
        return {"sum": job.payload["n"] + 1}

    job = started(owner, work)
    assert (job.state, DBTaskResult.objects.get(pk=job.task).status) == ("queued", TaskResultStatus.READY)
    tracking.run(number=job.pk)
    job.refresh_from_db()
    assert (job.state, job.result, job.message) == ("done", {"sum": 4}, "")
    assert job.started_at <= job.ended_at


def test_a_waiting_job_is_cancelled_at_once_and_never_runs(owner):
    def forbidden(job, progress):
        raise AssertionError("it ran")

    job = started(owner, forbidden)
    assert tracking.cancel(number=job.pk).state == "cancelled"
    tracking.run(number=job.pk)
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_running_job_ends_at_its_next_count_after_it_was_asked_to(owner):
    def work(job, progress):
        tracking.cancel(number=job.pk)
        progress.cancelled = True  # what the telling thread would hear, were this committed
        progress("read", 1, 2)
        return {}

    job = started(owner, work)
    tracking.run(number=job.pk)
    job.refresh_from_db()
    assert (job.state, job.cancel_asked) == ("cancelled", True)
    assert "什么都没有写入" in job.message


def test_a_failure_is_told_in_its_sentence_and_can_be_resumed(owner):
    attempts = []

    def work(job, progress):
        attempts.append(job.pk)
        if len(attempts) == 1:
            raise Failure("文件读不了。")
        return {"attempt": len(attempts)}

    job = started(owner, work)
    tracking.run(number=job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == ("failed", "文件读不了。")
    first_task = job.task
    tracking.resume(number=job.pk)
    tracking.run(number=job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"attempt": 2})
    assert job.task != first_task


def test_a_job_that_is_done_is_not_resumed(owner):
    def work(job, progress):
        return {}

    job = started(owner, work)
    tracking.run(number=job.pk)
    with pytest.raises(tracking.NotResumable, match="已完成"):
        tracking.resume(number=job.pk)


def test_an_unforeseen_error_fails_the_job_and_still_reaches_the_log(owner):
    def work(job, progress):
        raise ZeroDivisionError

    job = started(owner, work)
    with pytest.raises(ZeroDivisionError):
        tracking.run(number=job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "系统管理员" in job.message


def test_the_job_of_a_worker_that_went_silent_fails_and_can_go_on(owner):
    def work(job, progress):
        return {}

    job = started(owner, work)
    services.beat(worker_id="dead")
    long_ago = Now() - timedelta(seconds=django_settings.MUCHAN_HEARTBEAT_SECONDS + 5)
    WorkerHeartbeat.objects.update(started_at=long_ago, seen_at=long_ago)
    DBTaskResult.objects.filter(pk=job.task).update(
        status=TaskResultStatus.RUNNING, worker_ids=["dead"], started_at=long_ago
    )
    Job.objects.filter(pk=job.pk).update(state="running", started_at=long_ago)
    assert services.reap() == 1
    job.refresh_from_db()
    assert job.state == "failed"
    assert "可从上次完成的阶段继续" in job.message
    assert tracking.resume(number=job.pk).state == "queued"


def test_remaining_time_follows_the_pace_so_far(owner):
    def work(job, progress):
        return {}

    job = started(owner, work)
    assert job.seconds_left is None
    Job.objects.filter(pk=job.pk).update(state="running", started_at=Now() - timedelta(seconds=30), done=300, total=900)
    job.refresh_from_db()
    assert job.seconds_left == pytest.approx(60, rel=0.1)


def test_database_refuses_a_job_that_ended_without_a_time(owner):
    def work(job, progress):
        return {}

    job = started(owner, work)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state="done")


def test_cancelled_is_no_failure():
    assert not issubclass(Cancelled, Failure)


@pytest.mark.django_db(transaction=True)
def test_an_import_whose_worker_is_killed_goes_on_from_what_was_read(tmp_path, settings):
    """A worker went silent once the file was read; a real second one finishes what it had begun."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from core.mapedit.imports import keeping
    from core.mapedit.models import Import
    from core.mapedit.services import importing, uploads

    settings.MEDIA_ROOT = tmp_path / "media"
    owner = places.account(Role.PLANNER, "440600")
    content = geojson(tmp_path / "plots.geojson", *(feature(n) for n in range(1, 60))).read_bytes()
    item = uploads.receive(uploaded=SimpleUploadedFile("宗地.geojson", content), layer="plots", by=owner)
    item.summary = {}
    item.save()
    uploads._start(item, uploads.EXAMINE, "检查", {})
    job = Job.objects.get(pk=item.job_id)

    # What a worker leaves behind that was killed after it had read the file.
    source = importing.read(item.path, options=importing.Options())
    keeping.keep_reading(item.folder, source, options={"layer": None, "srid": None, "encoding": None})
    read_at = (item.folder / "read.arrow").stat().st_mtime_ns
    services.beat(worker_id="killed")
    DBTaskResult.objects.filter(pk=job.task).update(
        status=TaskResultStatus.RUNNING, worker_ids=["killed"], started_at=Now()
    )
    Job.objects.filter(pk=job.pk).update(state="running", started_at=Now())
    long_ago = Now() - timedelta(seconds=django_settings.MUCHAN_HEARTBEAT_SECONDS + 5)
    WorkerHeartbeat.objects.filter(pk="killed").update(started_at=long_ago, seen_at=long_ago)
    services.reap()
    job.refresh_from_db()
    assert job.state == "failed"

    tracking.resume(number=job.pk)
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    local = tmp_path / "local"
    local.mkdir()
    (local / "media").symlink_to(tmp_path / "media", target_is_directory=True)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "worker", "--verbosity", "0", "--batch"],
        cwd=django_settings.BASE_DIR,
        env=os.environ
        | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings", "MUCHAN_LOCAL_DIR": str(local)},
    )
    try:
        assert process.wait(timeout=120) == 0
    finally:
        process.kill()
        process.wait()
    deadline = time.monotonic() + 10
    while Job.objects.get(pk=job.pk).state == "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    job.refresh_from_db()
    assert (job.state, job.message) == ("done", "")
    assert job.result["new"] == 59
    assert Import.objects.get(pk=item.pk).state == "examined"
    assert (item.folder / "read.arrow").stat().st_mtime_ns == read_at
