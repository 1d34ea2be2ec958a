"""Who is working: one row for each running worker process."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.jobs.queries import WorkerHeartbeatQuerySet


# A beat every few seconds is no event; that a worker came, went or changed is.
@tracked(exclude=["seen_at"])
class WorkerHeartbeat(models.Model):
    """工作进程心跳: the last sign of life of one worker process, by the database's clock."""

    worker_id = models.CharField(_("工作进程编号"), max_length=64, primary_key=True)
    host = models.CharField(_("主机"), max_length=255)
    process_number = models.PositiveIntegerField(_("进程号"))
    started_at = models.DateTimeField(_("启动时间"), db_default=Now())
    seen_at = models.DateTimeField(_("最近心跳"), db_default=Now())

    objects = WorkerHeartbeatQuerySet.as_manager()

    class Meta:
        verbose_name = _("工作进程心跳")
        verbose_name_plural = _("工作进程心跳")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(seen_at__gte=models.F("started_at")),
                name="jobs_heartbeat_seen_after_start",
                violation_error_message=_("心跳时间不得早于启动时间。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.worker_id}（{self.host}）"
