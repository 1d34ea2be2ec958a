"""How returns come in: files of offices, and reports of the enterprises themselves."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.moves import declared_moves
from core.policy.models import Jurisdiction
from efficiency.returns.figures import Office
from efficiency.returns.models.yearly import Figures, ReturnStatus, not_negative
from efficiency.returns.queries import ReturnBatchQuerySet, SelfReportQuerySet
from parks.enterprises.models import Enterprise


class BatchState(models.TextChoices):
    """How far a file of returns has come."""

    READING = "reading", _("正在核对")
    PREVIEWED = "previewed", _("待写入")
    APPLIED = "applied", _("已写入")
    DISCARDED = "discarded", _("已放弃")


@tracked()
class ReturnBatch(models.Model):
    """年报导入批次: a file of returns of one year from one office.

    The file is kept as it came; ``report`` is what was found when it was last read:
    counts and the first findings (``{"read", "new", "changed", "unchanged", "refused",
    "findings": […], "truncated": n, "preview": […]}``). All rows are written together or none.
    """

    year = models.PositiveSmallIntegerField(_("年度"))
    place = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("范围"))
    office = models.CharField(_("来源部门"), max_length=12, choices=Office)
    status = models.CharField(_("数据状态"), max_length=12, choices=ReturnStatus, default=ReturnStatus.FINAL)
    state = models.CharField(_("状态"), max_length=10, choices=BatchState, default=BatchState.READING)
    file = models.FileField(_("文件"), upload_to="returns/%Y/%m")
    name = models.CharField(_("文件名"), max_length=200)
    size = models.PositiveBigIntegerField(_("字节数"))
    sha256 = models.CharField(_("摘要"), max_length=64)
    job = models.ForeignKey(
        "jobs.Job", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("后台任务")
    )
    report = models.JSONField(_("核对结果"), default=dict, blank=True)
    error = models.TextField(_("未能读取的原因"), blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("导入人")
    )
    at = models.DateTimeField(_("导入时间"), auto_now_add=True)
    applied_at = models.DateTimeField(_("写入时间"), null=True, blank=True)
    is_demo = models.BooleanField(_("示例"), default=False)

    objects = ReturnBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("年报导入批次")
        verbose_name_plural = _("年报导入批次")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(name="returns_batch_state_known", condition=Q(state__in=BatchState.values)),
            models.CheckConstraint(name="returns_batch_office_known", condition=Q(office__in=Office.values)),
            models.CheckConstraint(name="returns_batch_year_range", condition=Q(year__gte=2000, year__lte=2100)),
            models.CheckConstraint(
                name="returns_batch_applied_when",
                condition=Q(state=BatchState.APPLIED, applied_at__isnull=False)
                | (~Q(state=BatchState.APPLIED) & Q(applied_at__isnull=True)),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="applied_stands",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state=BatchState.APPLIED.value),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.get_office_display()} {self.name}"


class ReportState(models.TextChoices):
    """Where an enterprise's own report stands."""

    DRAFT = "draft", _("填报中")
    SUBMITTED = "submitted", _("待确认")
    CONFIRMED = "confirmed", _("已确认")
    RETURNED = "returned", _("退回修改")
    REPLACED = "replaced", _("已由新报替代")


REPORT_STEPS = (
    ("draft", "submitted"),
    ("returned", "submitted"),
    ("submitted", "draft"),
    ("submitted", "confirmed"),
    ("submitted", "returned"),
    ("confirmed", "replaced"),
)
"""Every (from, to) pair a report may take; the enterprise takes it back from submitted to draft."""

UNDER_WAY = (ReportState.DRAFT, ReportState.SUBMITTED, ReportState.RETURNED)
EDITABLE = (ReportState.DRAFT, ReportState.RETURNED)


@tracked()
class SelfReport(Figures):
    """企业自报: what an enterprise says of its year. It counts once an office has confirmed it.

    Confirming writes a new version of the return with the figures the enterprise named; an office's own
    figure is not overwritten unless the officer says so. ``typed`` holds what was typed, by figure, in the
    units people type (万元), whether or not it can be read as a number; the columns hold what could be read.
    ``revision`` rises with every write.
    """

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="self_reports", verbose_name=_("企业"))
    year = models.PositiveSmallIntegerField(_("年度"))
    state = models.CharField(_("状态"), max_length=10, choices=ReportState, default=ReportState.DRAFT)
    typed = models.JSONField(_("填写内容"), default=dict, blank=True)
    note = models.TextField(_("说明"), blank=True)
    revision = models.PositiveIntegerField(_("修订号"), default=0)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("填报人")
    )
    changed_at = models.DateTimeField(_("最近修改"), auto_now=True)
    submitted_at = models.DateTimeField(_("提交时间"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("确认人")
    )
    decided_at = models.DateTimeField(_("确认时间"), null=True, blank=True)
    answer = models.TextField(_("确认意见"), blank=True)

    objects = SelfReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("企业自报")
        verbose_name_plural = _("企业自报")
        ordering = ["-year", "-pk"]
        constraints = [
            models.CheckConstraint(name="returns_report_state_known", condition=Q(state__in=ReportState.values)),
            models.CheckConstraint(name="returns_report_year_range", condition=Q(year__gte=2000, year__lte=2100)),
            models.CheckConstraint(
                name="returns_report_not_negative",
                condition=not_negative(),
                violation_error_message=_("除税收和增加值外，各项数据不得为负。"),
            ),
            models.UniqueConstraint(
                fields=["enterprise", "year"],
                condition=Q(state__in=[ReportState.DRAFT, ReportState.SUBMITTED, ReportState.RETURNED]),
                name="returns_one_report_under_way",
                violation_error_message=_("本年度已有一份自报在办。"),
            ),
            models.CheckConstraint(
                name="returns_report_decided_by_somebody",
                condition=~Q(state__in=[ReportState.CONFIRMED]) | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="returns_report_returned_with_reason",
                condition=~Q(state=ReportState.RETURNED) | ~Q(answer=""),
                violation_error_message=_("退回须写明理由。"),
            ),
            models.CheckConstraint(
                name="returns_report_decider_differs",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("reported_by")),
                violation_error_message=_("填报人不得确认自己填报的数据。"),
            ),
        ]
        triggers = [
            declared_moves(noun="企业自报", first="draft", steps=REPORT_STEPS, constraint="returns_report_moves"),
            # What an office was asked to look at stays as it was while it looks, and ever after.
            pgtrigger.Trigger(
                name="handed_in_stands",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state__in=["submitted", "confirmed", "replaced"]),
                func="""
                    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - OLD_FREE) <> (to_jsonb(OLD) - OLD_FREE) THEN
                        RAISE EXCEPTION '已提交的自报不可修改'
                            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'returns_report_stands',
                                HINT = '待确认的先撤回；已确认的另报一份。';
                    END IF;
                    RETURN NEW;
                """.replace(
                    "OLD_FREE",
                    """CASE OLD.state
                        WHEN 'submitted' THEN ARRAY['state', 'revision', 'changed_at', 'submitted_at',
                            'decided_by_id', 'decided_at', 'answer']
                        ELSE ARRAY['state', 'changed_at'] END""",
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.year}"

    @property
    def is_editable(self) -> bool:
        """Whether the enterprise may change it."""
        return self.state in EDITABLE
