"""Jobs that somebody waits for: started, run by the worker, cancelled, resumed."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.jobs.models import Job, JobState
from core.jobs.progress import Cancelled, Failure, Progress

logger = logging.getLogger(__name__)


class NotResumable(Exception):
    """The job runs, waits or is done."""


@transaction.atomic
def start(*, kind: str, title: str, owner: Any, payload: dict[str, Any], unit: str = "") -> Job:
    """A new job of ``kind`` (``core.jobs.kinds``), handed to the worker when the transaction commits."""
    job = Job.objects.create(kind=kind, title=title[:200], owner=owner, payload=payload, unit=unit)
    _hand_over(job)
    return job


@transaction.atomic
def cancel(*, number: int) -> Job:
    """Ask a job to end. One that waits ends at once, one that runs at its next count; an ended one stays as it is."""
    job = Job.objects.select_for_update().get(pk=number)
    if job.state == JobState.QUEUED:
        _end(job, JobState.CANCELLED, _("已取消。"))
    elif job.state == JobState.RUNNING:
        job.cancel_asked = True
        job.save(update_fields=["cancel_asked"])
    return job


@transaction.atomic
def resume(*, number: int) -> Job:
    """Hand a failed or cancelled job to the worker again. Raises NotResumable for any other."""
    job = Job.objects.select_for_update().get(pk=number)
    if job.state not in {JobState.FAILED, JobState.CANCELLED}:
        raise NotResumable(_("任务目前为“%(state)s”，不需要继续。") % {"state": job.get_state_display()})
    job.state, job.cancel_asked, job.message, job.ended_at = JobState.QUEUED, False, "", None
    job.stage, job.done, job.total = "", 0, 0
    _hand_over(job)
    return job


def _hand_over(job: Job) -> None:
    # Imported here: the task names this module.
    from core.jobs.tasks import run_job

    job.task = uuid.UUID(str(run_job.enqueue(job.pk).id))
    job.save()


def run(*, number: int) -> None:
    """Do the work of a job that waits: the worker calls this. What goes wrong ends up in the job, in a sentence."""
    from core.jobs.kinds import function_of

    if not _take(number):
        return
    job = Job.objects.select_related("owner").get(pk=number)
    try:
        with Progress(number) as progress:
            job.result = function_of(job.kind)(job, progress)
    except Cancelled:
        _close(job, JobState.CANCELLED, _("已取消，什么都没有写入。"))
    except Failure as failure:
        _close(job, JobState.FAILED, failure.sentence)
    except BaseException:
        # The worker logs what it was; the person who waits is told that it ended.
        _close(job, JobState.FAILED, _("任务因系统错误中断，什么都没有写入。可继续，或请系统管理员查看日志。"))
        raise
    else:
        _close(job, JobState.DONE, "")


def _take(number: int) -> bool:
    """Make a waiting job a running one; False when it was cancelled or taken meanwhile."""
    waiting = Job.objects.filter(pk=number, state=JobState.QUEUED)
    return bool(waiting.update(state=JobState.RUNNING, started_at=timezone.now()))


def lose(*, task: uuid.UUID) -> None:
    """Note that the worker of a job went silent."""
    for job in Job.objects.select_for_update(skip_locked=True).filter(task=task, state=JobState.RUNNING):
        _end(job, JobState.FAILED, _("执行任务的进程中断，什么都没有写入。可从上次完成的阶段继续。"))


def _close(job: Job, state: JobState, message: str) -> None:
    if connection.in_atomic_block and connection.needs_rollback:
        return
    _end(job, state, message)


def _end(job: Job, state: JobState, message: str) -> None:
    job.state, job.message, job.ended_at = state, message, timezone.now()
    job.save(update_fields=["state", "message", "ended_at", "result"])
