"""Questions about workers, answered by the database's clock so that machines need not agree on the time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

if TYPE_CHECKING:
    from core.jobs.models import WorkerHeartbeat  # noqa: F401  (named in a string below)


def silence_limit() -> timedelta:
    """How long a worker may be silent before it counts as dead."""
    return timedelta(seconds=settings.MUCHAN_HEARTBEAT_SECONDS)


class WorkerHeartbeatQuerySet(models.QuerySet["WorkerHeartbeat"]):
    def alive(self) -> WorkerHeartbeatQuerySet:
        """Workers heard from within the limit."""
        return self.filter(seen_at__gte=Now() - silence_limit())

    def silent(self) -> WorkerHeartbeatQuerySet:
        """Workers not heard from within the limit: killed, or on a machine that is gone."""
        return self.filter(seen_at__lt=Now() - silence_limit())
