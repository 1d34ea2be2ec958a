"""What a version holds: cohorts, their indicators and their class cuts."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.moves import stands_with
from efficiency.returns.figures import KEYS
from efficiency.returns.models.land import LandBasis
from efficiency.schemes.models.schemes import EDITABLE, SchemeVersion
from parks.enterprises.models import EnterpriseSize


class Grade(models.TextChoices):
    """Classes an enterprise can be put in, best first; N is not ranked and managed as B (rules §2.2)."""

    A = "A", _("A 类")
    B = "B", _("B 类")
    C = "C", _("C 类")
    D = "D", _("D 类")
    UNRATED = "N", _("不定等级")


def _stands_with_its_version(version: str) -> pgtrigger.Trigger:
    """Parts of a version change only while the version may; ``version`` is the SQL of its id."""
    return stands_with(
        state_of=f"SELECT v.state FROM schemes_schemeversion v WHERE v.id = {version}",  # noqa: S608
        while_in=EDITABLE,
        sentence="办法已提交或批准，内容不可修改",
        constraint="schemes_version_stands",
    )


_OF_COHORT = "(SELECT c.version_id FROM schemes_cohort c WHERE c.id = {row}.cohort_id)"


@tracked()
class Cohort(models.Model):
    """评价组: enterprises that are scored by the same indicators and ranked among themselves (规上, 规下).

    An enterprise belongs to the first cohort, by ``order``, whose scope it meets. Empty or None means "any".
    ``industries`` and ``not_industries`` are codes of GB/T 4754 whose descendants count as well.
    """

    version = models.ForeignKey(SchemeVersion, models.CASCADE, related_name="cohorts", verbose_name=_("版本"))
    order = models.PositiveSmallIntegerField(_("次序"), default=1)
    name = models.CharField(_("名称"), max_length=40)
    above_scale = models.BooleanField(_("规模以上"), null=True, blank=True)
    sizes = ArrayField(
        models.CharField(max_length=6, choices=EnterpriseSize), verbose_name=_("规模"), default=list, blank=True
    )
    industries = ArrayField(models.CharField(max_length=5), verbose_name=_("行业"), default=list, blank=True)
    not_industries = ArrayField(models.CharField(max_length=5), verbose_name=_("除外行业"), default=list, blank=True)
    least_land_mu = models.DecimalField(_("用地不少于（亩）"), max_digits=8, decimal_places=2, null=True, blank=True)
    least_age_years = models.PositiveSmallIntegerField(
        _("成立满（年）"), null=True, blank=True, help_text=_("至评价年度末；未满的不定等级。")
    )
    land_basis = models.CharField(_("用地口径"), max_length=10, choices=LandBasis, default=LandBasis.ACTUAL)

    class Meta:
        verbose_name = _("评价组")
        verbose_name_plural = _("评价组")
        ordering = ["version", "order"]
        constraints = [
            models.UniqueConstraint(fields=["version", "order"], name="schemes_cohort_order_once"),
            models.CheckConstraint(name="schemes_cohort_basis_known", condition=Q(land_basis__in=LandBasis.values)),
        ]
        triggers = [_stands_with_its_version("{row}.version_id")]

    def __str__(self) -> str:
        return self.name


class Denominator(models.TextChoices):
    """What an indicator divides by: the land of the cohort's basis, or another figure."""

    LAND = "land_mu", _("用地面积（亩）")
    ENERGY = "energy_tce", _("综合能源消费量")
    EMISSION = "emission_kg", _("主要污染物排放当量")
    STAFF = "staff", _("年平均从业人数")
    REVENUE = "revenue_cny", _("营业收入")
    ELECTRICITY = "electricity_kwh", _("用电量")
    WATER = "water_m3", _("用水量")


class Missing(models.TextChoices):
    """What becomes of an indicator that cannot be computed: its figure is not known, or it would divide by zero."""

    ZERO = "zero", _("计 0 分")
    AVERAGE = "average", _("按本组平均得分")
    SPREAD = "spread", _("权重摊入其他指标")
    UNRATED = "unrated", _("不定等级")


class BaseKind(models.TextChoices):
    """Where the base value comes from: the scheme, or the cohort's (or the industry's in it) total over total."""

    FIXED = "fixed", _("固定值")
    COHORT = "cohort", _("本组平均")
    INDUSTRY = "industry", _("同行业平均")


class Direction(models.TextChoices):
    """Whether more is better: value ÷ base; or less: base ÷ value."""

    MORE = "more", _("越高越好")
    LESS = "less", _("越低越好")


@tracked()
class Indicator(models.Model):
    """指标: numerator ÷ denominator in a unit; it earns value ÷ base × weight, between 0 and ``cap`` × weight.

    ``scale`` is how many (unit of the numerator's column per unit of the denominator's column) make one unit shown:
    10,000 for 元/亩 shown as 万元/亩.
    """

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="indicators", verbose_name=_("评价组"))
    order = models.PositiveSmallIntegerField(_("次序"), default=1)
    name = models.CharField(_("名称"), max_length=40)
    numerator = models.CharField(_("分子"), max_length=30)
    denominator = models.CharField(_("分母"), max_length=20, choices=Denominator)
    scale = models.DecimalField(_("单位换算"), max_digits=16, decimal_places=6, default=1)
    unit = models.CharField(_("单位"), max_length=20)
    direction = models.CharField(_("方向"), max_length=4, choices=Direction, default=Direction.MORE)
    weight = models.DecimalField(_("权重"), max_digits=6, decimal_places=2)
    base_kind = models.CharField(_("基准来源"), max_length=8, choices=BaseKind, default=BaseKind.FIXED)
    base = models.DecimalField(_("基准值"), max_digits=16, decimal_places=6, null=True, blank=True)
    cap = models.DecimalField(
        _("得分上限（权重的倍数）"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("留空不设上限。"),
    )
    missing = models.CharField(_("数据缺失时"), max_length=8, choices=Missing, default=Missing.ZERO)

    class Meta:
        verbose_name = _("评价指标")
        verbose_name_plural = _("评价指标")
        ordering = ["cohort", "order"]
        constraints = [
            models.UniqueConstraint(fields=["cohort", "order"], name="schemes_indicator_order_once"),
            models.CheckConstraint(name="schemes_indicator_numerator_known", condition=Q(numerator__in=KEYS)),
            models.CheckConstraint(
                name="schemes_indicator_denominator_known", condition=Q(denominator__in=Denominator.values)
            ),
            models.CheckConstraint(
                name="schemes_indicator_kinds_known",
                condition=Q(direction__in=Direction.values, base_kind__in=BaseKind.values, missing__in=Missing.values),
            ),
            models.CheckConstraint(
                name="schemes_indicator_weight_range",
                condition=Q(weight__gt=0, weight__lte=100),
                violation_error_message=_("权重须大于 0 且不超过 100。"),
            ),
            models.CheckConstraint(name="schemes_indicator_scale_positive", condition=Q(scale__gt=0)),
            models.CheckConstraint(
                name="schemes_indicator_fixed_base_given",
                condition=Q(base_kind=BaseKind.FIXED, base__gt=0)
                | (~Q(base_kind=BaseKind.FIXED) & Q(base__isnull=True)),
                violation_error_message=_("固定基准须填大于 0 的基准值；其他来源不填。"),
            ),
            models.CheckConstraint(name="schemes_indicator_cap_range", condition=Q(cap__isnull=True) | Q(cap__gte=1)),
        ]
        triggers = [_stands_with_its_version(_OF_COHORT)]

    def __str__(self) -> str:
        return self.name


@tracked()
class ClassCut(models.Model):
    """分档: the class of those ranked within ``up_to_percent`` of their cohort, from the best; the last one is 100."""

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="cuts", verbose_name=_("评价组"))
    grade = models.CharField(_("类别"), max_length=1, choices=Grade)
    up_to_percent = models.DecimalField(_("累计名次至（%）"), max_digits=5, decimal_places=2)

    class Meta:
        verbose_name = _("分档")
        verbose_name_plural = _("分档")
        ordering = ["cohort", "up_to_percent"]
        constraints = [
            models.UniqueConstraint(fields=["cohort", "grade"], name="schemes_cut_grade_once"),
            models.UniqueConstraint(fields=["cohort", "up_to_percent"], name="schemes_cut_percent_once"),
            models.CheckConstraint(name="schemes_cut_grade_known", condition=Q(grade__in=["A", "B", "C", "D"])),
            models.CheckConstraint(
                name="schemes_cut_percent_range", condition=Q(up_to_percent__gt=0, up_to_percent__lte=100)
            ),
        ]
        triggers = [_stands_with_its_version(_OF_COHORT)]

    def __str__(self) -> str:
        return f"{self.grade} ≤ {self.up_to_percent} %"
