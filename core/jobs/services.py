"""Signs of life of workers, and what becomes of the work of one that died."""

import logging
import os
import socket

from django.db import transaction
from django.db.models.functions import Now
from django_tasks_db.models import DBTaskResult

from core.jobs import tracking
from core.jobs.models import WorkerHeartbeat

logger = logging.getLogger(__name__)


class WorkerLost(RuntimeError):
    """The worker that ran a task went silent before it finished."""


@transaction.atomic
def beat(*, worker_id: str) -> None:
    """Record that worker `worker_id` of this process is alive."""
    if WorkerHeartbeat.objects.filter(pk=worker_id).update(seen_at=Now()):
        return
    WorkerHeartbeat.objects.create(worker_id=worker_id, host=socket.gethostname(), process_number=os.getpid())


@transaction.atomic
def leave(*, worker_id: str) -> None:
    """Record that worker `worker_id` ended by itself."""
    WorkerHeartbeat.objects.filter(pk=worker_id).delete()


@transaction.atomic
def reap() -> int:
    """Fail the tasks of workers that died, forget those workers, and return the number of tasks.

    django-tasks leaves the task of a killed worker RUNNING for ever.  It is failed, not run again: only its author
    knows whether half of it may be repeated.  Rows locked by another reaper are left to that one.
    """
    alive = set(WorkerHeartbeat.objects.alive().values_list("pk", flat=True))
    reaped = 0
    for task in DBTaskResult.objects.running().select_for_update(skip_locked=True):
        worker_id = task.worker_ids[-1] if task.worker_ids else ""
        if worker_id in alive:
            continue
        task.set_failed(WorkerLost(f"worker {worker_id or '?'} went silent while it ran this task"))
        tracking.lose(task=task.id)
        logger.warning("task %s failed: its worker %s went silent", task.id, worker_id or "?")
        reaped += 1
    WorkerHeartbeat.objects.silent().delete()
    return reaped
