"""用地指标: annual plans by place and category, their pools, the ledger, and what cases ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Case as Choose
from django.db.models import F, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.casework.models import Case
from core.history import tracked
from core.policy.models import Jurisdiction
from landuse.quotas.amounts import LEAST_MU, MOST_MU
from landuse.quotas.guards import ENTRIES_HOLD, REQUEST_STANDS_WHILE_HELD
from landuse.quotas.queries import QuotaEntryQuerySet, QuotaPlanQuerySet, QuotaPoolQuerySet, QuotaRequestQuerySet
from parks.programmes.models import Programme

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_MU_DIGITS: dict[str, Any] = {"max_digits": 12, "decimal_places": 4}


class Category(models.TextChoices):
    """Where quota comes from, or what it is kept for (rules QT-3, QT-4, QT-5)."""

    INDUSTRIAL = "industrial", _("工业优先")
    CONVERSION = "conversion", _("集转国优先")
    COLLECTIVE_NEW = "collective_new", _("集体新增")
    ADVANCED = "advanced", _("省级先进制造业")
    LINKED = "linked", _("增减挂钩")
    RECLAIMED = "reclaimed", _("拆旧复垦")
    CITY = "city", _("市级统筹")
    VOCATIONAL = "vocational", _("技工院校")


@tracked()
class QuotaPlan(models.Model):
    """年度指标计划: the quota of one place, year and category. Its amount is not stored: it is what was granted."""

    year = models.PositiveSmallIntegerField(_("年度"))
    place = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("适用地区"))
    category = models.CharField(_("类别"), max_length=16, choices=Category)
    document = models.CharField(_("下达文件"), max_length=120)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人"))
    created_at = models.DateTimeField(_("登记时间"), auto_now_add=True)
    is_demo = models.BooleanField(_("示例"), default=False)

    objects = QuotaPlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("年度指标计划")
        verbose_name_plural = _("年度指标计划")
        ordering = ["-year", "place", "category"]
        constraints = [
            models.UniqueConstraint(
                fields=["year", "place", "category"],
                name="quotas_plan_once",
                violation_error_message=_("该地区该年度的这一类别已有计划。"),
            ),
            models.CheckConstraint(
                name="quotas_plan_category_known",
                condition=Q(category__in=Category.values),
            ),
            models.CheckConstraint(
                name="quotas_plan_year_sane",
                condition=Q(year__range=(2000, 2100)),
                violation_error_message=_("年度应在 2000 至 2100 之间。"),
            ),
            models.CheckConstraint(
                name="quotas_plan_names_document",
                condition=~Q(document=""),
                violation_error_message=_("须写明下达文件。"),
            ),
        ]
        triggers = [pgtrigger.ReadOnly(name="plan_stands", fields=["year", "place", "category"])]

    def __str__(self) -> str:
        return f"{self.year} {self.place_id} {self.get_category_display()}"


@tracked()
class QuotaPool(models.Model):
    """指标池: a part of a plan, for everybody or kept for the members of a programme.

    What it holds is the sum of its entries. How large the share of programme pools may be
    is no column either: it is the parameter in force on the day of booking (rules QT-2).
    """

    plan = models.ForeignKey(QuotaPlan, models.PROTECT, related_name="pools", verbose_name=_("年度计划"))
    programme = models.ForeignKey(
        Programme, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("面向的计划成员")
    )
    name = models.CharField(_("名称"), max_length=60)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人"))
    created_at = models.DateTimeField(_("登记时间"), auto_now_add=True)

    objects = QuotaPoolQuerySet.as_manager()

    class Meta:
        verbose_name = _("指标池")
        verbose_name_plural = _("指标池")
        ordering = ["plan", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "name"],
                name="quotas_pool_name_once",
                violation_error_message=_("该计划已有同名的指标池。"),
            ),
            models.CheckConstraint(name="quotas_pool_named", condition=~Q(name="")),
        ]
        # Another programme, or none, would take the pool out of the cap's sight.
        triggers = [pgtrigger.ReadOnly(name="pool_stands", fields=["plan", "programme"])]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The pool's page."""
        return reverse("quotas:pool", args=[self.pk])


def _delta(name: StrOrPromise, plus: Q, minus: Q) -> models.GeneratedField:
    """By how much an entry changes one of the pool's sums: the only place where kinds become signs."""
    return models.GeneratedField(
        expression=Choose(
            When(plus, then=F("amount_mu")),
            When(minus, then=-F("amount_mu")),
            default=Value(0),
            output_field=models.DecimalField(**_MU_DIGITS),
        ),
        output_field=models.DecimalField(**_MU_DIGITS),
        db_persist=True,
        verbose_name=name,
    )


@tracked(exclude=["granted_mu", "transferred_mu", "reserved_mu", "committed_mu"])
class QuotaEntry(models.Model):
    """台账: one booking in a pool, in 亩, since plans are issued in 亩. Never changed, never deleted.

    Quota is granted, moved between pools in pairs (``transfer`` names the pair), reserved
    for a case when it is approved, committed when the decision takes effect, and released
    when the approval is taken back. *return* of a case gives committed quota back to the
    pool; without a case it gives the pool's own quota back to who issued it.

    The four generated columns say what the entry does to the pool; a balance is their sum.
    """

    class Kind(models.TextChoices):
        GRANT = "grant", _("下达")
        TRANSFER_IN = "transfer_in", _("调入")
        TRANSFER_OUT = "transfer_out", _("调出")
        RESERVE = "reserve", _("预留")
        COMMIT = "commit", _("使用")
        RELEASE = "release", _("释放")
        RETURN = "return", _("退回")

    pool = models.ForeignKey(QuotaPool, models.PROTECT, related_name="entries", verbose_name=_("指标池"))
    kind = models.CharField(_("类型"), max_length=12, choices=Kind)
    amount_mu = models.DecimalField(_("面积（亩）"), **_MU_DIGITS)
    case = models.ForeignKey(
        Case, models.PROTECT, null=True, blank=True, related_name="quota_entries", verbose_name=_("办件")
    )
    transfer = models.UUIDField(_("调剂"), null=True, blank=True, help_text=_("同一次调剂的两笔相同。"))
    document_number = models.CharField(_("文号"), max_length=80, blank=True, db_default="")
    text = models.CharField(_("说明"), max_length=300, blank=True, db_default="")
    booked_on = models.DateField(_("记账日期"))
    at = models.DateTimeField(_("记账时间"), auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("记账人"))

    granted_mu = _delta(_("下达增减（亩）"), Q(kind="grant"), Q(kind="return", case__isnull=True))
    transferred_mu = _delta(_("调剂增减（亩）"), Q(kind="transfer_in"), Q(kind="transfer_out"))
    reserved_mu = _delta(_("预留增减（亩）"), Q(kind="reserve"), Q(kind__in=["commit", "release"]))
    committed_mu = _delta(_("使用增减（亩）"), Q(kind="commit"), Q(kind="return", case__isnull=False))

    objects = QuotaEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("指标台账")
        verbose_name_plural = _("指标台账")
        ordering = ["pk"]
        indexes = [models.Index(fields=["pool", "id"], name="quota_entry_order")]
        constraints = [
            models.CheckConstraint(
                name="quotas_entry_kind_known",
                condition=Q(
                    kind__in=["grant", "transfer_in", "transfer_out", "reserve", "commit", "release", "return"]
                ),
            ),
            models.CheckConstraint(
                name="quotas_entry_amount_sane",
                condition=Q(amount_mu__gte=LEAST_MU, amount_mu__lte=MOST_MU),
                violation_error_message=_("面积须大于 0，且不超过全市工业用地红线规模 675,000 亩。"),
            ),
            models.CheckConstraint(
                name="quotas_entry_case_by_kind",
                condition=Q(kind__in=["reserve", "commit", "release"], case__isnull=False)
                | Q(kind__in=["grant", "transfer_in", "transfer_out"], case__isnull=True)
                | Q(kind="return"),
                violation_error_message=_("预留、使用和释放须对应办件；下达和调剂不对应办件。"),
            ),
            models.CheckConstraint(
                name="quotas_entry_transfer_by_kind",
                condition=Q(kind__in=["transfer_in", "transfer_out"], transfer__isnull=False)
                | (~Q(kind__in=["transfer_in", "transfer_out"]) & Q(transfer__isnull=True)),
                violation_error_message=_("调入和调出须成对记账。"),
            ),
            models.CheckConstraint(
                name="quotas_entry_grant_documented",
                condition=~Q(kind="grant") | ~Q(document_number=""),
                violation_error_message=_("下达指标须写明文号。"),
            ),
            models.CheckConstraint(
                name="quotas_entry_return_says_why",
                condition=~Q(kind="return") | ~Q(text=""),
                violation_error_message=_("退回指标须写明原因。"),
            ),
            models.UniqueConstraint(
                fields=["transfer", "kind"],
                name="quotas_entry_transfer_once",
                violation_error_message=_("这次调剂已经记账。"),
            ),
        ]
        triggers = [
            ENTRIES_HOLD,
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.pool_id} {self.kind} {self.amount_mu}"

    @property
    def title(self) -> StrOrPromise:
        """What was booked, in words: a return is one of two things."""
        if self.kind == self.Kind.RETURN:
            return _("收回") if self.case_id else _("交回")
        return self.get_kind_display()


class Purpose(models.TextChoices):
    """What the land is for. Quota for titles of existing buildings has priority after joint review (QT-2)."""

    NEW = "new", _("新建项目")
    EXPANSION = "expansion", _("增资扩产")
    TITLE = "title", _("已建房屋补办手续")
    CONVERSION = "conversion", _("集体建设用地转国有")
    SCHOOL = "school", _("技工院校校园")


@tracked(exclude=["growth_wan_per_mu"])
class QuotaRequest(models.Model):
    """指标申请: what a submitted case asks of a pool, in 亩, and the facts that rank it. Money in 万元, as stated.

    ``growth_wan_per_mu`` is the growth of yearly output over the amount asked for;
    ``joint_review_number`` the minutes of the joint review of title regularisation.
    """

    case = models.OneToOneField(
        Case, models.PROTECT, primary_key=True, related_name="quota_request", verbose_name=_("办件")
    )
    pool = models.ForeignKey(QuotaPool, models.PROTECT, related_name="requests", verbose_name=_("指标池"))
    amount_mu = models.DecimalField(_("申请面积（亩）"), **_MU_DIGITS)
    purpose = models.CharField(_("用途"), max_length=12, choices=Purpose)
    plot_code = models.CharField(_("宗地代码"), max_length=19, blank=True)
    town = models.ForeignKey(
        Jurisdiction, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所在镇街")
    )
    location = models.CharField(_("坐落"), max_length=120, blank=True)
    programme = models.ForeignKey(
        Programme, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("依据的计划成员资格")
    )
    investment_wan = models.DecimalField(_("计划投资（万元）"), max_digits=14, decimal_places=2)
    output_wan = models.DecimalField(_("达产年产值（万元）"), max_digits=14, decimal_places=2)
    tax_wan = models.DecimalField(_("达产年税收（万元）"), max_digits=14, decimal_places=2)
    output_before_wan = models.DecimalField(_("前年产值（万元）"), max_digits=14, decimal_places=2)
    output_last_wan = models.DecimalField(_("上年产值（万元）"), max_digits=14, decimal_places=2)
    growth_wan_per_mu = models.GeneratedField(
        expression=(F("output_last_wan") - F("output_before_wan")) / F("amount_mu"),
        output_field=models.DecimalField(max_digits=20, decimal_places=6),
        db_persist=True,
        verbose_name=_("每亩产值增长（万元/亩）"),
    )
    early_completion = models.BooleanField(_("提前完成目标"), default=False)
    joint_review_number = models.CharField(_("联审文号"), max_length=80, blank=True)
    joint_review_on = models.DateField(_("联审通过日期"), null=True, blank=True)

    objects = QuotaRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("指标申请")
        verbose_name_plural = _("指标申请")
        constraints = [
            models.CheckConstraint(
                name="quotas_request_amount_sane",
                condition=Q(amount_mu__gte=LEAST_MU, amount_mu__lte=MOST_MU),
                violation_error_message=_("申请面积须大于 0，且不超过全市工业用地红线规模 675,000 亩。"),
            ),
            models.CheckConstraint(name="quotas_request_purpose_known", condition=Q(purpose__in=Purpose.values)),
            models.CheckConstraint(
                name="quotas_request_money_sane",
                condition=Q(
                    investment_wan__gte=0,
                    output_wan__gte=0,
                    tax_wan__gte=0,
                    output_before_wan__gte=0,
                    output_last_wan__gte=0,
                ),
                violation_error_message=_("投资、产值和税收不得为负。"),
            ),
            models.CheckConstraint(
                name="quotas_request_lies_somewhere",
                condition=~Q(plot_code="") | (~Q(location="") & Q(town__isnull=False)),
                violation_error_message=_("须指明宗地，或写明镇街和坐落。"),
            ),
            models.CheckConstraint(
                name="quotas_request_joint_review_whole",
                condition=Q(joint_review_number="", joint_review_on__isnull=True)
                | (~Q(joint_review_number="") & Q(joint_review_on__isnull=False)),
                violation_error_message=_("联审文号和通过日期须一并填写。"),
            ),
        ]
        triggers = [REQUEST_STANDS_WHILE_HELD]

    def __str__(self) -> str:
        return f"{self.case_id} {self.amount_mu}"

    @property
    def joint_review_passed(self) -> bool:
        """Whether a joint review of titles is stated, with its minutes."""
        return bool(self.joint_review_number)
