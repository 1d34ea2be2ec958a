"""评价办法: how a year's figures become points and classes, as versioned data."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.moves import declared_moves, only_these_change, stands_with
from core.policy.models import Document, Jurisdiction
from efficiency.returns.figures import KEYS
from efficiency.returns.models.land import LandBasis
from efficiency.schemes.queries import SchemeQuerySet, VersionQuerySet
from parks.enterprises.models import EnterpriseSize


class VersionState(models.TextChoices):
    """Where a version of a scheme stands."""

    DRAFT = "draft", _("草稿")
    SUBMITTED = "submitted", _("待批准")
    APPROVED = "approved", _("已批准")
    RETURNED = "returned", _("退回修改")
    RETIRED = "retired", _("已停用")


VERSION_STEPS = (
    ("draft", "submitted"),
    ("returned", "submitted"),
    ("submitted", "approved"),
    ("submitted", "returned"),
    ("submitted", "draft"),
    ("approved", "retired"),
)
"""Every (from, to) pair a version may take; its author takes it back from submitted to draft."""

EDITABLE = (VersionState.DRAFT, VersionState.RETURNED)


class Grade(models.TextChoices):
    """Classes an enterprise can be put in, best first; N is not ranked and managed as B (rules §2.2)."""

    A = "A", _("A 类")
    B = "B", _("B 类")
    C = "C", _("C 类")
    D = "D", _("D 类")
    UNRATED = "N", _("不定等级")


@tracked()
class Scheme(models.Model):
    """A way to score enterprises; its rules are in its versions. A sample binds nobody until a version is approved."""

    code = models.SlugField(_("代码"), max_length=30, unique=True)
    name = models.CharField(_("名称"), max_length=80)
    place = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("适用范围"))
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("依据文件")
    )
    source = models.TextField(_("来源说明"), blank=True)
    is_sample = models.BooleanField(_("样例"), default=False)

    objects = SchemeQuerySet.as_manager()

    class Meta:
        verbose_name = _("评价办法")
        verbose_name_plural = _("评价办法")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


@tracked()
class SchemeVersion(models.Model):
    """One edition of a scheme. A run that is published used an approved one; approved ones never change.

    ``requires`` is the least that must be known of an enterprise: a list of alternatives, each a list of figures, one
    figure of every list: ``[["tax_cny"], ["fixed_asset_investment_cny", "output_cny"]]`` is "tax and (investment or
    output)" (PM-1, rules §3.1 A5). Who lacks it gets no class (N).
    """

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="versions", verbose_name=_("办法"))
    number = models.PositiveSmallIntegerField(_("版次"))
    state = models.CharField(_("状态"), max_length=10, choices=VersionState, default=VersionState.DRAFT)
    title = models.CharField(_("本版说明"), max_length=120, blank=True)
    year_from = models.PositiveSmallIntegerField(_("适用年度起"), default=2000)
    year_to = models.PositiveSmallIntegerField(_("适用年度止"), null=True, blank=True)
    requires = models.JSONField(_("最低数据要求"), default=list, blank=True)
    merge_tenants = models.BooleanField(
        _("同一宗地的企业合并评价"), default=False, help_text=_("主要宗地相同的企业合并计算，共用结果。")
    )
    objection_days = models.PositiveSmallIntegerField(_("异议期（工作日）"), default=3)
    revision = models.PositiveIntegerField(_("修订号"), default=0)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("编制人")
    )
    changed_at = models.DateTimeField(_("最近修改"), auto_now=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("批准人")
    )
    approved_at = models.DateTimeField(_("批准时间"), null=True, blank=True)
    approval = models.CharField(_("批准文号"), max_length=60, blank=True)
    remark = models.TextField(_("审核意见"), blank=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("评价办法版本")
        verbose_name_plural = _("评价办法版本")
        ordering = ["scheme", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["scheme", "number"], name="schemes_version_number_once"),
            models.UniqueConstraint(
                fields=["scheme"],
                condition=Q(state__in=["draft", "submitted", "returned"]),
                name="schemes_one_version_under_way",
                violation_error_message=_("该办法已有一版在编制或待批准。"),
            ),
            models.CheckConstraint(name="schemes_version_state_known", condition=Q(state__in=VersionState.values)),
            models.CheckConstraint(
                name="schemes_version_years_ordered",
                condition=Q(year_to__isnull=True) | Q(year_to__gte=F("year_from")),
            ),
            models.CheckConstraint(
                name="schemes_version_approved_by_another",
                condition=~Q(state__in=["approved", "retired"])
                | (
                    Q(approved_by__isnull=False, approved_at__isnull=False)
                    & (Q(author__isnull=True) | ~Q(approved_by=F("author")))
                ),
                violation_error_message=_("编制人不得批准自己编制的办法。"),
            ),
        ]
        triggers = [
            declared_moves(noun="评价办法", first="draft", steps=VERSION_STEPS, constraint="schemes_version_moves"),
            # Weights of each cohort come to exactly 100 and its cuts end at 100 before anybody is asked to approve it.
            pgtrigger.Trigger(
                name="is_whole_when_submitted",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("state"),
                declare=[("fault", "record")],
                func="""
                    IF NEW.state IN ('submitted', 'approved') AND NEW.state <> OLD.state THEN
                        IF NOT EXISTS (SELECT FROM schemes_cohort WHERE version_id = NEW.id) THEN
                            RAISE EXCEPTION '评价办法至少要有一个评价组'
                                USING ERRCODE = 'check_violation', CONSTRAINT = 'schemes_version_whole';
                        END IF;
                        SELECT c.name, coalesce(sum(i.weight), 0) AS weight INTO fault
                        FROM schemes_cohort c LEFT JOIN schemes_indicator i ON i.cohort_id = c.id
                        WHERE c.version_id = NEW.id
                        GROUP BY c.id, c.name HAVING coalesce(sum(i.weight), 0) <> 100 ORDER BY c.id LIMIT 1;
                        IF FOUND THEN
                            RAISE EXCEPTION '“%”的权重合计为 %，应为 100', fault.name, fault.weight
                                USING ERRCODE = 'check_violation', CONSTRAINT = 'schemes_weights_sum';
                        END IF;
                        SELECT c.name, max(k.up_to_percent) AS last INTO fault
                        FROM schemes_cohort c LEFT JOIN schemes_classcut k ON k.cohort_id = c.id
                        WHERE c.version_id = NEW.id
                        GROUP BY c.id, c.name HAVING max(k.up_to_percent) IS DISTINCT FROM 100 ORDER BY c.id LIMIT 1;
                        IF FOUND THEN
                            RAISE EXCEPTION '“%”的分档未到 100%%', fault.name
                                USING ERRCODE = 'check_violation', CONSTRAINT = 'schemes_cuts_end';
                        END IF;
                    END IF;
                    RETURN NEW;
                """,
            ),
            only_these_change(
                when=pgtrigger.Q(old__state__in=["approved", "retired"]),
                free=["state", "changed_at"],
                sentence="已批准的评价办法不可修改",
                hint="另编新版。",
                constraint="schemes_version_stands",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} V{self.number}"

    @property
    def is_editable(self) -> bool:
        """Whether its author may change it."""
        return self.state in EDITABLE


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


@tracked()
class ClassMeasure(models.Model):
    """差别化政策: what a class gets or loses in one field (land, power, water, finance …), with its source."""

    place = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("适用范围"))
    grade = models.CharField(_("类别"), max_length=1, choices=Grade)
    field = models.CharField(_("领域"), max_length=20)
    text = models.CharField(_("措施"), max_length=200)
    source = models.CharField(_("出处"), max_length=200)
    status = models.CharField(
        _("效力"),
        max_length=10,
        choices=[("binding", _("有效")), ("reference", _("参照")), ("sample", _("样例"))],
        default="sample",
    )
    order = models.PositiveSmallIntegerField(_("次序"), default=1)

    class Meta:
        verbose_name = _("差别化政策")
        verbose_name_plural = _("差别化政策")
        ordering = ["grade", "order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["place", "grade", "field", "text"], name="schemes_measure_once"),
            models.CheckConstraint(name="schemes_measure_grade_known", condition=Q(grade__in=Grade.values)),
        ]

    def __str__(self) -> str:
        return f"{self.grade} {self.field}"
