"""低效预警: plots and enterprises that fall short, why, and what became of it."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.gis.db import models as gis
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.casework.models import Case
from core.geodata.crs import CGCS2000
from core.history import tracked
from core.moves import declared_moves
from efficiency.evaluation.models import Run
from efficiency.flags.queries import FlagQuerySet, OfFlagQuerySet, VisitQuerySet
from landuse.plots.models import Plot
from parks.enterprises.models import Enterprise


class Rule(models.TextChoices):
    """What raises a flag."""

    CLASS_D = "class_d", _("评价为 D 类")
    BELOW_PROMISE = "below_promise", _("低于协议约定")
    BELOW_QUARTILE = "below_quartile", _("亩均税收连续低于行业下四分位")
    IDLE_FALLING = "idle_falling", _("产值下降且土地闲置")
    NO_RETURN = "no_return", _("未报年报")
    BY_HAND = "by_hand", _("人工标记")


OF_A_FIRM = (Rule.CLASS_D, Rule.BELOW_QUARTILE, Rule.NO_RETURN)
"""Rules about an enterprise: its plot is only where to look, and may differ between two looks at the same cause."""


class FlagState(models.TextChoices):
    """What became of a flag."""

    RAISED = "raised", _("待核实")
    CONFIRMED = "confirmed", _("已确认，整改中")
    DISMISSED = "dismissed", _("不成立")
    CLOSED = "closed", _("已整改")
    ESCALATED = "escalated", _("已移送处理")


FLAG_STEPS = (
    ("raised", "confirmed"),
    ("raised", "dismissed"),
    # A dismissal taken back.
    ("dismissed", "raised"),
    # A rectification called off: somebody looks again.
    ("confirmed", "raised"),
    ("confirmed", "closed"),
    ("confirmed", "escalated"),
    # A sanction remitted or overturned: rectifying goes on.
    ("escalated", "confirmed"),
    ("escalated", "closed"),
)

OPEN = (FlagState.RAISED, FlagState.CONFIRMED, FlagState.ESCALATED)

FOLLOWED = (FlagState.CONFIRMED, FlagState.CLOSED, FlagState.ESCALATED)
"""States in which a rectification follows the flag, or did."""


@tracked()
class Flag(models.Model):
    """预警: an enterprise on a plot (or either alone) falls short of something in a year.

    ``year`` is the year of the facts; a rule flags the same cause once a year, and not again while an earlier flag of
    it is open. The cause of a rule ``OF_A_FIRM`` is the enterprise, of fallen output on idle land the plot, of a broken
    promise both. ``evidence`` are the figures it rests on, ``confidence`` from 0 to 1 how sure the facts are
    (:mod:`efficiency.flags.rules`). ``case`` is the rectification (整改) once it is confirmed. ``place`` is a point of
    a flag added by hand, EPSG:4490.
    """

    rule = models.CharField(_("规则"), max_length=16, choices=Rule)
    year = models.PositiveSmallIntegerField(_("年度"))
    plot = models.ForeignKey(Plot, models.PROTECT, null=True, blank=True, related_name="flags", verbose_name=_("宗地"))
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, related_name="flags", verbose_name=_("企业")
    )
    district_code = models.CharField(_("所在区"), max_length=6)
    state = models.CharField(_("状态"), max_length=10, choices=FlagState, default=FlagState.RAISED)
    title = models.CharField(_("摘要"), max_length=160)
    evidence = models.JSONField(_("依据"), default=dict)
    confidence = models.DecimalField(_("把握"), max_digits=3, decimal_places=2)
    run = models.ForeignKey(Run, models.PROTECT, null=True, blank=True, related_name="flags", verbose_name=_("评价"))
    place = gis.PointField(_("位置"), srid=CGCS2000, null=True, blank=True)
    note = models.TextField(_("说明"), blank=True)
    raised_at = models.DateTimeField(_("标记时间"), auto_now_add=True)
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("标记人")
    )
    decided_at = models.DateTimeField(_("核实时间"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("核实人")
    )
    reason = models.TextField(_("核实意见"), blank=True)
    case = models.ForeignKey(
        Case, models.PROTECT, null=True, blank=True, related_name="flags", verbose_name=_("整改办件")
    )
    closed_at = models.DateTimeField(_("了结时间"), null=True, blank=True)
    is_demo = models.BooleanField(_("示例"), default=False)

    objects = FlagQuerySet.as_manager()

    class Meta:
        verbose_name = _("低效预警")
        verbose_name_plural = _("低效预警")
        ordering = ["-raised_at", "-pk"]
        indexes = [
            models.Index(fields=["district_code", "state", "rule"], name="flags_place_state_rule"),
            models.Index(fields=["plot", "-year"], name="flags_of_plot"),
            models.Index(fields=["enterprise", "-year"], name="flags_of_firm"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "year", "plot", "enterprise"],
                condition=~Q(rule=Rule.BY_HAND),
                nulls_distinct=False,
                name="flags_cause_once",
                violation_error_message=_("同一原因已经标记过。"),
            ),
            models.UniqueConstraint(
                fields=["rule", "plot", "enterprise"],
                condition=Q(state__in=OPEN) & ~Q(rule=Rule.BY_HAND),
                nulls_distinct=False,
                name="flags_one_open_per_cause",
                violation_error_message=_("同一原因的预警尚未了结。"),
            ),
            models.UniqueConstraint(
                fields=["rule", "year", "enterprise"],
                condition=Q(rule__in=OF_A_FIRM),
                name="flags_cause_of_firm_once",
                violation_error_message=_("同一原因已经标记过。"),
            ),
            models.UniqueConstraint(
                fields=["rule", "enterprise"],
                condition=Q(rule__in=OF_A_FIRM, state__in=OPEN),
                name="flags_one_open_of_firm",
                violation_error_message=_("同一原因的预警尚未了结。"),
            ),
            models.UniqueConstraint(
                fields=["rule", "year", "plot"],
                condition=Q(rule=Rule.IDLE_FALLING),
                name="flags_cause_of_plot_once",
                violation_error_message=_("同一原因已经标记过。"),
            ),
            models.UniqueConstraint(
                fields=["rule", "plot"],
                condition=Q(rule=Rule.IDLE_FALLING, state__in=OPEN),
                name="flags_one_open_of_plot",
                violation_error_message=_("同一原因的预警尚未了结。"),
            ),
            models.CheckConstraint(name="flags_rule_known", condition=Q(rule__in=Rule.values)),
            models.CheckConstraint(name="flags_state_known", condition=Q(state__in=FlagState.values)),
            models.CheckConstraint(name="flags_confidence_range", condition=Q(confidence__gte=0, confidence__lte=1)),
            models.CheckConstraint(
                name="flags_about_something", condition=Q(plot__isnull=False) | Q(enterprise__isnull=False)
            ),
            models.CheckConstraint(
                name="flags_dismissed_with_reason",
                condition=~Q(state=FlagState.DISMISSED) | ~Q(reason=""),
                violation_error_message=_("不成立须写明理由。"),
            ),
            models.CheckConstraint(
                name="flags_decided_by_somebody",
                condition=Q(state=FlagState.RAISED) | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="flags_confirmed_with_case",
                condition=(Q(state__in=FOLLOWED) & Q(case__isnull=False))
                | (~Q(state__in=FOLLOWED) & Q(case__isnull=True)),
                violation_error_message=_("确认预警须同时立整改办件。"),
            ),
            models.CheckConstraint(
                name="flags_closed_when",
                condition=Q(closed_at__isnull=False, state=FlagState.CLOSED)
                | (Q(closed_at__isnull=True) & ~Q(state=FlagState.CLOSED)),
            ),
        ]
        triggers = [
            declared_moves(noun="预警", first="raised", steps=FLAG_STEPS, constraint="flags_moves"),
            pgtrigger.ReadOnly(
                name="says_the_same", fields=["rule", "year", "plot", "enterprise", "evidence", "raised_by"]
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def about(self) -> str:
        """What people call it in a list: what somebody saw, else the enterprise, else the plot."""
        if self.rule == Rule.BY_HAND:
            return self.title
        return self.enterprise.name if self.enterprise else str(self.plot_id)


@tracked()
class FlagPhoto(models.Model):
    """照片: what somebody saw on the spot."""

    flag = models.ForeignKey(Flag, models.PROTECT, related_name="photos", verbose_name=_("预警"))
    file = models.FileField(_("文件"), upload_to="flags/%Y/%m")
    name = models.CharField(_("文件名"), max_length=200)
    content_type = models.CharField(_("类型"), max_length=100)
    size = models.PositiveBigIntegerField(_("字节数"))
    sha256 = models.CharField(_("摘要"), max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("上传人"))
    at = models.DateTimeField(_("上传时间"), auto_now_add=True)

    objects = OfFlagQuerySet.as_manager()

    class Meta:
        verbose_name = _("预警照片")
        verbose_name_plural = _("预警照片")
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["flag", "sha256"], name="flags_photo_once")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.name


@tracked()
class Visit(models.Model):
    """走访: somebody went there, and what was seen. Written once; what was wrong is put right by another."""

    plot = models.ForeignKey(Plot, models.PROTECT, null=True, blank=True, related_name="visits", verbose_name=_("宗地"))
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, related_name="visits", verbose_name=_("企业")
    )
    district_code = models.CharField(_("所在区"), max_length=6)
    flag = models.ForeignKey(Flag, models.PROTECT, null=True, blank=True, related_name="visits", verbose_name=_("预警"))
    on = models.DateField(_("日期"))
    text = models.TextField(_("情况"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人"))
    at = models.DateTimeField(_("登记时间"), auto_now_add=True)

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("走访")
        verbose_name_plural = _("走访")
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="flags_visit_about_something", condition=Q(plot__isnull=False) | Q(enterprise__isnull=False)
            ),
            models.CheckConstraint(name="flags_visit_says_something", condition=~Q(text="")),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.on} {self.district_code}"

    @property
    def about(self) -> str:
        """Where somebody went: the enterprise, else the plot."""
        return self.enterprise.name if self.enterprise else str(self.plot_id)
