"""监管协议: what an enterprise promised for a plot, and how the facts stand to it (LT-4, PM-2, PM-3)."""

from __future__ import annotations

import datetime as dt

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.casework.models import Case
from core.history import tracked
from core.moves import declared_moves, only_these_change, stands_with
from core.policy.models import Jurisdiction
from efficiency.agreements.queries import AgreementQuerySet, CheckQuerySet, OfAgreementQuerySet
from efficiency.returns.models import YearlyReturn
from landuse.plots.models import Plot
from parks.enterprises.models import Enterprise


class AgreementState(models.TextChoices):
    """Where an agreement stands."""

    DRAFT = "draft", _("拟定")
    IN_FORCE = "in_force", _("生效")
    FULFILLED = "fulfilled", _("履行完毕")
    TERMINATED = "terminated", _("已解除")


AGREEMENT_STEPS = (("draft", "in_force"), ("in_force", "fulfilled"), ("in_force", "terminated"))


class Promise(models.TextChoices):
    """What may be promised per 亩 and year."""

    TAX = "tax", _("亩均税收")
    OUTPUT = "output", _("亩均工业总产值")
    INVESTMENT = "investment", _("固定资产投资强度")
    ADDED_VALUE = "added_value", _("亩均增加值")
    REVENUE = "revenue", _("亩均营业收入")


FIGURE_OF = {
    Promise.TAX: "tax_cny",
    Promise.OUTPUT: "output_cny",
    Promise.INVESTMENT: "fixed_asset_investment_cny",
    Promise.ADDED_VALUE: "added_value_cny",
    Promise.REVENUE: "revenue_cny",
}
"""The figure of a return each promise is judged by."""


class Milestone(models.TextChoices):
    """The three dates an agreement must name."""

    START = "start", _("动工")
    COMPLETION = "completion", _("竣工")
    PRODUCTION = "production", _("投产")


@tracked()
class Agreement(models.Model):
    """监管协议 between a district and an enterprise about a plot.

    It cannot come into force without start, completion and production dates, and without promises of tax per 亩 and of
    investment or output per 亩 (S002 专项行动六 二(四)1; rules §3.1 A5). From then on it stands as it was agreed.
    """

    number = models.CharField(_("协议编号"), max_length=40, unique=True)
    plot = models.ForeignKey(Plot, models.PROTECT, related_name="agreements", verbose_name=_("宗地"))
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="agreements", verbose_name=_("企业"))
    district = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("监管区"))
    state = models.CharField(_("状态"), max_length=10, choices=AgreementState, default=AgreementState.DRAFT)
    area_m2 = models.DecimalField(_("约定用地面积（m²）"), max_digits=14, decimal_places=2)
    signed_on = models.DateField(_("签订日期"), null=True, blank=True)
    start_by = models.DateField(_("约定动工"), null=True, blank=True)
    completion_by = models.DateField(_("约定竣工"), null=True, blank=True)
    production_by = models.DateField(_("约定投产"), null=True, blank=True)
    penalty_terms = models.TextField(_("违约责任"), blank=True)
    note = models.TextField(_("备注"), blank=True)
    revision = models.PositiveIntegerField(_("修订号"), default=0)
    drawn_up_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("拟定人")
    )
    in_force_from = models.DateField(_("生效日期"), null=True, blank=True)
    ended_on = models.DateField(_("终止日期"), null=True, blank=True)
    end_reason = models.TextField(_("终止原因"), blank=True)
    changed_at = models.DateTimeField(_("最近修改"), auto_now=True)
    is_demo = models.BooleanField(_("示例"), default=False)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("监管协议")
        verbose_name_plural = _("监管协议")
        ordering = ["-changed_at"]
        constraints = [
            models.CheckConstraint(name="agreements_state_known", condition=Q(state__in=AgreementState.values)),
            models.CheckConstraint(name="agreements_area_positive", condition=Q(area_m2__gt=0)),
            models.CheckConstraint(
                name="agreements_dated_when_in_force",
                condition=Q(state="draft")
                | Q(
                    start_by__isnull=False,
                    completion_by__isnull=False,
                    production_by__isnull=False,
                    signed_on__isnull=False,
                    in_force_from__isnull=False,
                ),
                violation_error_message=_("生效的监管协议须写明签订、动工、竣工、投产日期。"),
            ),
            models.CheckConstraint(
                name="agreements_dates_ordered",
                condition=(
                    Q(start_by__isnull=True) | Q(completion_by__isnull=True) | Q(completion_by__gt=F("start_by"))
                )
                & (
                    Q(completion_by__isnull=True)
                    | Q(production_by__isnull=True)
                    | Q(production_by__gte=F("completion_by"))
                ),
                violation_error_message=_("竣工须晚于动工，投产不得早于竣工。"),
            ),
            models.CheckConstraint(
                name="agreements_ended_with_reason",
                condition=~Q(state__in=["fulfilled", "terminated"]) | (Q(ended_on__isnull=False) & ~Q(end_reason="")),
                violation_error_message=_("终止须写明日期和原因。"),
            ),
            models.UniqueConstraint(
                fields=["plot", "enterprise"],
                condition=Q(state="in_force"),
                name="agreements_one_in_force",
                violation_error_message=_("该企业在该宗地已有生效的监管协议。"),
            ),
        ]
        triggers = [
            declared_moves(noun="监管协议", first="draft", steps=AGREEMENT_STEPS, constraint="agreements_moves"),
            pgtrigger.Trigger(
                name="promises_before_it_binds",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("state"),
                condition=pgtrigger.Q(old__state="draft", new__state="in_force"),
                func="""
                    IF NOT (
                        EXISTS (SELECT FROM agreements_agreedindicator WHERE agreement_id = NEW.id AND promise = 'tax')
                        AND EXISTS (
                            SELECT FROM agreements_agreedindicator
                            WHERE agreement_id = NEW.id AND promise IN ('investment', 'output')
                        )
                    ) THEN
                        RAISE EXCEPTION '监管协议须约定亩均税收，以及固定资产投资强度或亩均工业总产值'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'agreements_promise_something';
                    END IF;
                    RETURN NEW;
                """,
            ),
            only_these_change(
                when=~pgtrigger.Q(old__state="draft"),
                free=["state", "ended_on", "end_reason", "note", "revision", "changed_at"],
                sentence="监管协议已生效，约定不可修改",
                hint="解除后另签。",
                constraint="agreements_stand",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """The agreement's page."""
        return reverse("agreements:agreement", args=[self.pk])

    def promised_day(self, milestone: str) -> dt.date | None:
        """The day agreed for a milestone."""
        day: dt.date | None = getattr(self, f"{milestone}_by")
        return day


@tracked()
class AgreedIndicator(models.Model):
    """约定指标: at least so many 万元 per 亩 from ``year`` on, until a later row of the promise says otherwise."""

    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="indicators", verbose_name=_("协议"))
    promise = models.CharField(_("指标"), max_length=12, choices=Promise)
    year = models.PositiveSmallIntegerField(_("年度起"))
    at_least = models.DecimalField(_("不低于（万元/亩）"), max_digits=12, decimal_places=4)

    objects = OfAgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("约定指标")
        verbose_name_plural = _("约定指标")
        ordering = ["promise", "year"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "promise", "year"], name="agreements_indicator_once"),
            models.CheckConstraint(name="agreements_promise_known", condition=Q(promise__in=Promise.values)),
            models.CheckConstraint(name="agreements_indicator_positive", condition=Q(at_least__gt=0)),
            models.CheckConstraint(name="agreements_indicator_year_range", condition=Q(year__gte=2000, year__lte=2100)),
        ]
        triggers = [
            stands_with(
                state_of="SELECT a.state FROM agreements_agreement a WHERE a.id = {row}.agreement_id",
                while_in=["draft"],
                sentence="监管协议已生效，约定指标不可修改",
                constraint="agreements_stand",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promise} {self.year}"


@tracked()
class MilestoneFact(models.Model):
    """履约事实: the day a milestone was reached, with its evidence; a correction is a new row, the newest counts."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="facts", verbose_name=_("协议"))
    milestone = models.CharField(_("节点"), max_length=10, choices=Milestone)
    on = models.DateField(_("实际日期"))
    evidence = models.CharField(_("依据"), max_length=200)
    file = models.FileField(_("证明材料"), upload_to="agreements/%Y/%m", blank=True)
    file_name = models.CharField(_("文件名"), max_length=200, blank=True)
    sha256 = models.CharField(_("摘要"), max_length=64, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人"))
    at = models.DateTimeField(_("登记时间"), auto_now_add=True)

    objects = OfAgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("履约事实")
        verbose_name_plural = _("履约事实")
        ordering = ["milestone", "-at", "-pk"]
        constraints = [
            models.CheckConstraint(name="agreements_milestone_known", condition=Q(milestone__in=Milestone.values)),
            models.CheckConstraint(name="agreements_fact_has_evidence", condition=~Q(evidence="")),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.milestone}"


class Verdict(models.TextChoices):
    """How a fact stands to its promise."""

    KEPT = "kept", _("达到")
    BROKEN = "broken", _("未达到")
    LATE = "late", _("逾期完成")
    OVERDUE = "overdue", _("逾期未完成")
    PENDING = "pending", _("未到期")
    UNKNOWN = "unknown", _("无数据")


class Check(models.Model):
    """履约核查: one promise against its fact on one day; written once, a later check stands beside it.

    One is written when its outcome is another than the last one's, so that the rows are the history of changes.

    ``ratio`` is actual ÷ promised for a per-亩 promise; ``days`` how late a milestone was (negative: early).
    ``evidence`` names what was compared: the return's version, the land, the fact's row.
    """

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="checks", verbose_name=_("协议"))
    on = models.DateField(_("核查日期"))
    subject = models.CharField(_("约定"), max_length=12)
    year = models.PositiveSmallIntegerField(_("年度"), null=True)
    promised = models.DecimalField(_("约定值（万元/亩）"), max_digits=12, decimal_places=4, null=True)
    actual = models.DecimalField(_("实际值（万元/亩）"), max_digits=16, decimal_places=4, null=True)
    ratio = models.DecimalField(_("完成率"), max_digits=12, decimal_places=4, null=True)
    promised_on = models.DateField(_("约定日期"), null=True)
    actual_on = models.DateField(_("实际日期"), null=True)
    days = models.IntegerField(_("相差天数"), null=True)
    verdict = models.CharField(_("结论"), max_length=8, choices=Verdict)
    evidence = models.JSONField(_("依据"), default=dict)
    yearly_return = models.ForeignKey(
        YearlyReturn, models.PROTECT, null=True, related_name="+", verbose_name=_("年报版本"), db_index=False
    )

    objects = CheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("履约核查")
        verbose_name_plural = _("履约核查")
        ordering = ["-on", "-pk"]
        indexes = [models.Index(fields=["agreement", "subject", "year", "-on", "-id"], name="check_latest_of_each")]
        constraints = [
            models.CheckConstraint(name="agreements_verdict_known", condition=Q(verdict__in=Verdict.values)),
            models.CheckConstraint(
                name="agreements_check_subject_known",
                condition=Q(subject__in=Promise.values, year__isnull=False)
                | Q(subject__in=Milestone.values, year__isnull=True),
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.subject} {self.verdict}"

    @property
    def is_milestone(self) -> bool:
        """Whether it judges a day, not a figure."""
        return self.subject in Milestone.values

    @property
    def title(self) -> str:
        """The promise in words."""
        return str(Milestone(self.subject).label if self.is_milestone else Promise(self.subject).label)


@tracked()
class Breach(models.Model):
    """违约: promises of an agreement that were broken, and the case that follows them to the end."""

    case = models.OneToOneField(Case, models.PROTECT, related_name="breach", verbose_name=_("办件"))
    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="breaches", verbose_name=_("协议"))
    checks = models.ManyToManyField(Check, related_name="breaches", verbose_name=_("核查"))
    remedy = models.CharField(
        _("处理"),
        max_length=10,
        blank=True,
        choices=[("rectified", _("整改合格")), ("penalty", _("收取违约金")), ("recovery", _("收回土地"))],
    )
    penalty_cny = models.DecimalField(_("违约金（元）"), max_digits=16, decimal_places=2, null=True, blank=True)

    objects = OfAgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("违约")
        verbose_name_plural = _("违约")
        constraints = [
            models.CheckConstraint(
                name="agreements_penalty_named",
                condition=(Q(remedy="penalty") & Q(penalty_cny__gt=0))
                | (~Q(remedy="penalty") & Q(penalty_cny__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.case_id}"
