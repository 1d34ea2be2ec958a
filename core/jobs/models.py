"""Who is working, and on what: a row for each running worker process, and one for each job somebody waits for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.jobs.queries import WorkerHeartbeatQuerySet

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


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


class JobState(models.TextChoices):
    """Where a piece of background work stands."""

    QUEUED = "queued", _("排队中")
    RUNNING = "running", _("进行中")
    DONE = "done", _("已完成")
    FAILED = "failed", _("未完成")
    CANCELLED = "cancelled", _("已取消")


# Its counters tick several times a second; that it began, ended or was cancelled is what counts.
@tracked(exclude=["done", "total", "stage"])
class Job(models.Model):
    """后台任务: one piece of work that somebody waits for, with how far it has come.

    ``kind`` names the function that runs it (``core.jobs.kinds``), ``payload`` what it works on. ``done`` of ``total``
    count ``unit`` within ``stage``. A job that failed or was cancelled may be resumed; its function then goes on from
    the last stage it finished.
    """

    kind = models.CharField(_("种类"), max_length=40)
    title = models.CharField(_("标题"), max_length=200)
    payload = models.JSONField(_("内容"), default=dict)
    state = models.CharField(_("状态"), max_length=10, choices=JobState, default=JobState.QUEUED)
    stage = models.CharField(_("阶段"), max_length=40, blank=True)
    done = models.BigIntegerField(_("已完成"), default=0)
    total = models.BigIntegerField(_("总数"), default=0)
    unit = models.CharField(_("单位"), max_length=10, blank=True)
    message = models.TextField(_("说明"), blank=True)
    cancel_asked = models.BooleanField(_("要求取消"), default=False)
    result = models.JSONField(_("结果"), null=True, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="jobs", verbose_name=_("发起人"))
    task = models.UUIDField(_("任务编号"), null=True, blank=True, db_index=True)
    created_at = models.DateTimeField(_("创建时间"), auto_now_add=True)
    started_at = models.DateTimeField(_("开始时间"), null=True, blank=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("后台任务")
        verbose_name_plural = _("后台任务")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="jobs_job_state_known", condition=models.Q(state__in=[state.value for state in JobState])
            ),
            models.CheckConstraint(
                name="jobs_job_ended_with_time",
                condition=models.Q(state__in=["queued", "running"], ended_at__isnull=True)
                | models.Q(state__in=["done", "failed", "cancelled"], ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in {JobState.QUEUED, JobState.RUNNING}

    def as_seen(self, stages: Mapping[str, StrOrPromise] | None = None) -> dict[str, Any]:
        """How far it has come, for a page that follows it; ``stages`` are the words for stages that are keys."""
        words = stages or {}
        return {
            "state": self.state,
            "stage": str(words.get(self.stage, self.stage or self.get_state_display())),
            "done": self.done,
            "total": self.total,
            "secondsLeft": self.seconds_left,
            "message": self.message,
        }

    @property
    def seconds_left(self) -> float | None:
        """How long the present stage may still take, from the pace so far; None while there is no telling."""
        if self.state != JobState.RUNNING or not self.started_at or not 0 < self.done < self.total:
            return None
        spent = (timezone.now() - self.started_at).total_seconds()
        return spent * (self.total - self.done) / self.done


@tracked()
class ScheduledRun(models.Model):
    """定时任务: the latest run of one entry of the schedule (``core.jobs.schedule``).

    ``day`` is the local day it is for. It is done once ``done_at`` is set; until then
    ``error`` says what the last attempt met.
    """

    name = models.CharField(_("名称"), max_length=60, primary_key=True)
    day = models.DateField(_("日期"))
    attempts = models.PositiveSmallIntegerField(_("次数"), default=1)
    handed_over_at = models.DateTimeField(_("交付时间"))
    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    error = models.TextField(_("原因"), blank=True)

    class Meta:
        verbose_name = _("定时任务")
        verbose_name_plural = _("定时任务")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} {self.day}"
