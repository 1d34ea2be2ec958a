"""Places, the documents that bind them, and the figures those documents set."""

import datetime
from typing import ClassVar

from django.contrib.gis.db import models
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db.models import F, Func, Q, Value
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.policy.queries import JurisdictionQuerySet, ParameterQuerySet

CITY_CODE = "440600"
# The document that stands for the product's own defaults.
DEFAULTS = "MC-DEFAULT"


class DateRange(Func):
    """``daterange(from, to, '[)')``: the half-open validity of a row, open-ended where ``to`` is null."""

    function = "daterange"
    output_field = DateRangeField()


@tracked()
class Jurisdiction(models.Model):
    """行政区划: the city, its districts, and their towns and streets.

    ``code`` is the administrative code (six digits; nine for towns). ``geom`` is MultiPolygon in SRID 4490,
    null where no boundary is at hand (towns).
    """

    class Level(models.TextChoices):
        CITY = "city", _("市")
        DISTRICT = "district", _("区")
        TOWN = "town", _("镇街")

    code = models.CharField(_("行政区划代码"), max_length=9, primary_key=True)
    level = models.CharField(_("层级"), max_length=8, choices=Level.choices)
    name = models.CharField(_("名称"), max_length=60)
    short_name = models.CharField(_("简称"), max_length=20)
    slug = models.SlugField(_("网址名"), max_length=40, unique=True, help_text=_("用于网址，例如 nanhai。"))
    parent = models.ForeignKey(
        "self",
        verbose_name=_("上级"),
        on_delete=models.PROTECT,
        related_name="children",
        null=True,
        blank=True,
    )
    geom = models.MultiPolygonField(
        _("界线"), srid=4490, null=True, blank=True, help_text=_("CGCS2000 经纬度。不作法律依据。")
    )

    objects = JurisdictionQuerySet.as_manager()

    class Meta:
        verbose_name = _("行政区划")
        verbose_name_plural = _("行政区划")
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="jurisdiction_level_matches_code",
                condition=(
                    Q(level="city", code__regex=r"^\d{4}00$")
                    | Q(level="district", code__regex=r"^\d{6}$")
                    | Q(level="town", code__regex=r"^\d{9}$")
                ),
                violation_error_message=_("行政区划代码与层级不符：市、区六位，镇街九位。"),
            ),
            models.CheckConstraint(
                name="jurisdiction_only_the_city_has_no_parent",
                condition=(Q(level="city", parent__isnull=True) | (~Q(level="city") & Q(parent__isnull=False))),
                violation_error_message=_("区和镇街必须有上级，市没有上级。"),
            ),
            models.CheckConstraint(
                name="jurisdiction_geom_valid",
                condition=Q(geom__isnull=True) | Q(geom__isvalid=True, geom__isempty=False),
                violation_error_message=_("界线为空或无效。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class Document(models.Model):
    """政策文件: what a parameter is quoted from. ``MC-DEFAULT`` stands for the product's own defaults."""

    code = models.CharField(_("文件代号"), max_length=20, primary_key=True)
    title = models.CharField(_("标题"), max_length=200)
    number = models.CharField(_("文号"), max_length=60, blank=True, db_default="")
    issued_on = models.DateField(_("发文日期"))
    issuing_body = models.CharField(_("发文机关"), max_length=100)
    url = models.URLField(_("网址"), blank=True, db_default="")

    class Meta:
        verbose_name = _("政策文件")
        verbose_name_plural = _("政策文件")
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.title


@tracked()
class Parameter(models.Model):
    """政策参数: one figure or one word a document sets for a place, from a date.

    In force from ``valid_from`` up to but not including ``valid_to``. A *reference* comes from a peer city and
    has no effect until somebody adopts it, which writes a second row of status *adopted*.
    """

    class Status(models.TextChoices):
        BINDING = "binding", _("有约束力")
        REFERENCE = "reference", _("参照未启用")
        ADOPTED = "adopted", _("已采用")

    class Comparison(models.TextChoices):
        # The documents tell 超 (more than) from 不少于 (no less than); a verdict must not blur them.
        MORE = ">", _("大于（不含本数）")
        AT_LEAST = ">=", _("不少于（含本数）")
        EQUAL = "=", _("等于")
        AT_MOST = "<=", _("不超过（含本数）")
        ABOUT = "~", _("约")

    jurisdiction = models.ForeignKey(
        Jurisdiction,
        verbose_name=_("适用地区"),
        on_delete=models.PROTECT,
        related_name="parameters",
    )
    key = models.CharField(_("参数键"), max_length=80)
    value = models.DecimalField(_("数值"), max_digits=20, decimal_places=6, null=True, blank=True)
    text_value = models.CharField(_("文字值"), max_length=300, blank=True, db_default="")
    comparison = models.CharField(_("比较方式"), max_length=2, choices=Comparison.choices, blank=True, db_default="")
    unit = models.CharField(_("单位"), max_length=20, blank=True, db_default="")
    name = models.CharField(_("名称"), max_length=120)
    document = models.ForeignKey(
        Document, verbose_name=_("来源文件"), on_delete=models.PROTECT, related_name="parameters"
    )
    article = models.CharField(_("条款"), max_length=80)
    clause_id = models.CharField(_("规则编号"), max_length=12)
    valid_from = models.DateField(_("生效日"))
    valid_to = models.DateField(_("失效日"), null=True, blank=True, help_text=_("当日起不再有效；空白为未定。"))
    status = models.CharField(_("效力"), max_length=10, choices=Status.choices)
    note = models.CharField(_("说明"), max_length=300, blank=True, db_default="")

    objects = ParameterQuerySet.as_manager()

    class Meta:
        verbose_name = _("政策参数")
        verbose_name_plural = _("政策参数")
        ordering: ClassVar = ["document", "clause_id", "key", "jurisdiction", "valid_from"]
        indexes: ClassVar = [
            models.Index(fields=["key", "jurisdiction"], name="parameter_key_place"),
        ]
        constraints: ClassVar = [
            # One figure at most is in force for a key, a place and a day, whoever writes it. References are
            # left out because an adopted row stands beside the reference it was adopted from.
            ExclusionConstraint(
                name="parameter_in_force_never_overlaps",
                expressions=[
                    ("jurisdiction", RangeOperators.EQUAL),
                    ("key", RangeOperators.EQUAL),
                    (
                        DateRange(F("valid_from"), F("valid_to"), Value("[)")),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=~Q(status="reference"),
                violation_error_message=_("同一地区的同一参数在这段日期已有取值。"),
            ),
            # Two peer cities may set the same key for the same years; one document may not do so twice.
            ExclusionConstraint(
                name="parameter_reference_never_overlaps",
                expressions=[
                    ("jurisdiction", RangeOperators.EQUAL),
                    ("key", RangeOperators.EQUAL),
                    ("document", RangeOperators.EQUAL),
                    (
                        DateRange(F("valid_from"), F("valid_to"), Value("[)")),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(status="reference"),
                violation_error_message=_("同一文件的同一参照参数在这段日期已有取值。"),
            ),
            models.CheckConstraint(
                name="parameter_ends_after_it_begins",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                violation_error_message=_("失效日必须晚于生效日。"),
            ),
            models.CheckConstraint(
                name="parameter_has_a_value",
                condition=(Q(value__isnull=False, text_value="") | (Q(value__isnull=True) & ~Q(text_value=""))),
                violation_error_message=_("数值和文字值必须且只能填一个。"),
            ),
            models.CheckConstraint(
                name="parameter_key_well_formed",
                condition=Q(key__regex=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$"),
                violation_error_message=_("参数键由小写字母、数字、下划线和点组成。"),
            ),
            models.CheckConstraint(
                name="parameter_status_known",
                condition=Q(status__in=["binding", "reference", "adopted"]),
                violation_error_message=_("效力只能是有约束力、参照未启用或已采用。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.shown_value}"

    @property
    def shown_value(self) -> str:
        """The value as a reader sees it: ``> 10,000``, without unit or trailing zeros."""
        if self.value is None:
            return self.text_value
        # A calendar year is no quantity: 2026, not 2,026.
        figure = f"{self.value:f}" if self.unit == "年" else f"{self.value:,f}"
        if "." in figure:
            figure = figure.rstrip("0").rstrip(".")
        sign = {">=": "≥", "<=": "≤", "~": "约", "=": ""}.get(self.comparison, self.comparison)
        return f"{sign} {figure}".strip()

    @property
    def last_day(self) -> datetime.date | None:
        """The last day in force, as a reader says it; none where the end is open."""
        return self.valid_to - datetime.timedelta(days=1) if self.valid_to else None

    def stands_on(self, day: datetime.date) -> bool:
        """Whether the validity holds the day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def state_on(self, day: datetime.date) -> str:
        """``coming``, ``current`` or ``past``."""
        if day < self.valid_from:
            return "coming"
        return "current" if self.stands_on(day) else "past"

    def get_absolute_url(self) -> str:
        return reverse("policy:parameter", args=[self.pk])
