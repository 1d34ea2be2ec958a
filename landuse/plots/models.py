"""宗地: land parcels, their versions in time, and who occupies them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Left, Substr
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.mapedit.guards import layer_guards
from core.mapedit.models import (
    TRACK_WITHOUT_GENERATED,
    LayerVersion,
    version_constraints,
)
from core.policy.models import Jurisdiction
from landuse.plots.queries import OccupationQuerySet, PlotVersionQuerySet
from parks.enterprises.models import Enterprise

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PLOT_CODE = r"^[0-9]{12}[GJZ][ABCDEFGHSWXY][0-9]{5}$"
"""宗地代码: 6 county + 3 cadastral area + 3 sub-area + 2 feature + 5 sequence (rules §2.6)."""


@tracked(exclude=["district_code"])
class Plot(models.Model):
    """A parcel as a lasting thing, named by its 19-character 宗地代码."""

    code = models.CharField(_("宗地代码"), max_length=19, primary_key=True)
    district_code = models.GeneratedField(
        expression=Left(F("code"), 6),
        output_field=models.CharField(max_length=6),
        db_persist=True,
        verbose_name=_("所在区代码"),
    )

    class Meta:
        verbose_name = _("宗地")
        verbose_name_plural = _("宗地")
        constraints = [
            models.CheckConstraint(
                name="plots_plot_code_form",
                condition=Q(code__regex=PLOT_CODE),
                violation_error_message=_(
                    "宗地代码应为 19 位：6 位区划、3 位地籍区、3 位地籍子区、2 位特征码、5 位顺序号。"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Ownership(models.TextChoices):
    """The first feature character of the 宗地代码."""

    STATE = "G", _("国有")
    COLLECTIVE = "J", _("集体")
    UNDETERMINED = "Z", _("未确权")


class UseCode(models.TextChoices):
    """Industrial and storage classes of the national land-use code (rules §2.6)."""

    INDUSTRIAL_1 = "100101", _("一类工业用地")
    INDUSTRIAL_2 = "100102", _("二类工业用地")
    INDUSTRIAL_3 = "100103", _("三类工业用地")
    LOGISTICS_1 = "110101", _("一类物流仓储用地")
    LOGISTICS_2 = "110102", _("二类物流仓储用地")
    LOGISTICS_3 = "110103", _("三类物流仓储用地")
    RESERVE_STORE = "1102", _("储备库用地")


class SupplyMode(models.TextChoices):
    """How the land was supplied (LT-3)."""

    GRANT = "grant", _("出让")
    ELASTIC = "elastic", _("弹性年期出让")
    LEASE = "lease", _("长期租赁")
    LEASE_THEN_SELL = "lease_then_sell", _("先租后让")
    AGREEMENT = "agreement", _("协议出让")
    CONTRIBUTION = "contribution", _("作价出资")
    ALLOCATION = "allocation", _("划拨")
    COLLECTIVE = "collective", _("集体建设用地使用")


def _percent(name: StrOrPromise) -> models.DecimalField:
    return models.DecimalField(
        name,
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )


def _ratio(name: StrOrPromise) -> models.DecimalField:
    return models.DecimalField(name, max_digits=6, decimal_places=3, null=True, blank=True)


@tracked(exclude=[*TRACK_WITHOUT_GENERATED, "ownership"])
class PlotVersion(LayerVersion):
    """A parcel's outline and planning facts while in force.

    The zone it lies in is not stored: it follows from location on any date
    (``.with_zone(on)``).
    """

    plot = models.ForeignKey(Plot, models.PROTECT, related_name="versions", verbose_name=_("宗地"))
    district = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("所在区"))
    town = models.ForeignKey(
        Jurisdiction,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("所在镇街"),
    )
    ownership = models.GeneratedField(
        expression=Substr(F("plot_id"), 13, 1),
        output_field=models.CharField(max_length=1, choices=Ownership),
        db_persist=True,
        verbose_name=_("土地权属"),
    )
    location = models.CharField(_("坐落"), max_length=120, blank=True)
    use_code = models.CharField(_("土地用途"), max_length=6, choices=UseCode)
    is_m0 = models.BooleanField(
        _("M0 新型产业用地"),
        default=False,
        help_text=_("M0 无国家代码，按工业用地登记并加此标记。"),
    )
    plot_ratio_planned = _ratio(_("规划容积率"))
    plot_ratio_built = _ratio(_("现状容积率"))
    density_planned = _percent(_("规划建筑密度（%）"))
    green_ratio_planned = _percent(_("规划绿地率（%）"))
    height_limit_m = models.DecimalField(_("建筑限高（m）"), max_digits=6, decimal_places=2, null=True, blank=True)
    supply_mode = models.CharField(_("供应方式"), max_length=16, choices=SupplyMode)
    term_years = models.PositiveSmallIntegerField(_("使用年限"), null=True, blank=True)
    term_from = models.DateField(_("使用期起"), null=True, blank=True)
    term_to = models.DateField(_("使用期止"), null=True, blank=True)
    registered_area_m2 = models.DecimalField(
        _("登记面积（m²）"), max_digits=14, decimal_places=2, null=True, blank=True
    )

    objects = PlotVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("宗地版本")
        verbose_name_plural = _("宗地版本")
        indexes = LayerVersion.Meta.indexes
        constraints = [
            *version_constraints("plot"),
            models.CheckConstraint(
                name="plots_plotversion_district_by_code",
                condition=Q(district=Left("plot_id", 6)),
                violation_error_message=_("宗地代码前 6 位与所在区不符。"),
            ),
            models.CheckConstraint(
                name="plots_plotversion_town_by_district",
                condition=Q(town__isnull=True) | Q(district=Left("town_id", 6)),
                violation_error_message=_("所在镇街不属于所在区。"),
            ),
            models.CheckConstraint(
                name="plots_plotversion_use_known",
                condition=Q(use_code__in=UseCode.values),
            ),
            models.CheckConstraint(
                name="plots_plotversion_supply_known",
                condition=Q(supply_mode__in=SupplyMode.values),
            ),
            models.CheckConstraint(
                name="plots_plotversion_figures_sane",
                condition=Q(
                    Q(plot_ratio_planned__gte=0) | Q(plot_ratio_planned__isnull=True),
                    Q(plot_ratio_built__gte=0) | Q(plot_ratio_built__isnull=True),
                    Q(density_planned__range=(0, 100)) | Q(density_planned__isnull=True),
                    Q(green_ratio_planned__range=(0, 100)) | Q(green_ratio_planned__isnull=True),
                    Q(height_limit_m__gt=0) | Q(height_limit_m__isnull=True),
                    Q(registered_area_m2__gt=0) | Q(registered_area_m2__isnull=True),
                ),
                violation_error_message=_("容积率、密度、绿地率、限高或登记面积超出合理范围。"),
            ),
            models.CheckConstraint(
                name="plots_plotversion_term_ordered",
                condition=Q(term_to__isnull=True) | Q(term_from__isnull=True) | Q(term_to__gt=F("term_from")),
                violation_error_message=_("使用期止须晚于使用期起。"),
            ),
        ]
        triggers = layer_guards(layer="plots", feature="plot_id", container="ARRAY[n.district_id]")

    def __str__(self) -> str:
        return self.plot_id


class OccupationKind(models.TextChoices):
    """As what an enterprise uses the land."""

    OWNER = "owner", _("自有")
    TENANT = "tenant", _("租用")


_SHARES_FIT = """
    PERFORM 1 FROM plots_plot p
        WHERE p.code IN (SELECT plot_id FROM new_rows) ORDER BY p.code FOR UPDATE;
    EXECUTE $query$
        SELECT o.plot_id AS code, starts.on_date, sum(o.share) AS total
        FROM (SELECT DISTINCT plot_id FROM new_rows) touched
        JOIN plots_occupation s ON s.plot_id = touched.plot_id
        CROSS JOIN LATERAL (SELECT s.valid_from AS on_date) starts
        JOIN plots_occupation o ON o.plot_id = s.plot_id
            AND o.valid_from <= starts.on_date
            AND (o.valid_to IS NULL OR o.valid_to > starts.on_date)
        GROUP BY o.plot_id, s.id, starts.on_date
        HAVING sum(o.share) > 1
        LIMIT 1
    $query$ INTO fault;
    IF fault.code IS NOT NULL THEN
        RAISE EXCEPTION '宗地 % 在 % 的占用份额合计为 %，超过 1',
                fault.code, fault.on_date, fault.total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plots_occupation_shares_fit',
                TABLE = TG_TABLE_NAME, HINT = '先终止或减少其他企业的份额。';
    END IF;
    RETURN NULL;
"""


@tracked()
class Occupation(models.Model):
    """An enterprise using a share of a plot's land, as owner or tenant, for a while.

    ``share`` is the part of the plot the enterprise itself uses, so an owner who lets
    two fifths of the plot occupies 0.6. Shares of a plot never sum to more than 1 on
    any date: checked by trigger at each beginning, under the plot's row lock. A tenant
    of floors rather than land may have ``leased_floor_m2``, from which its land is converted.
    """

    plot = models.ForeignKey(Plot, models.PROTECT, related_name="occupations", verbose_name=_("宗地"))
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="occupations", verbose_name=_("企业"))
    kind = models.CharField(_("占用方式"), max_length=6, choices=OccupationKind)
    share = models.DecimalField(_("面积份额"), max_digits=7, decimal_places=6)
    leased_floor_m2 = models.DecimalField(
        _("租用建筑面积（m²）"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    valid_from = models.DateField(_("起始日期"))
    valid_to = models.DateField(_("终止日期"), null=True, blank=True)

    objects = OccupationQuerySet.as_manager()

    class Meta:
        verbose_name = _("宗地占用")
        verbose_name_plural = _("宗地占用")
        constraints = [
            models.CheckConstraint(
                name="plots_occupation_share_range",
                condition=Q(share__gt=0, share__lte=1),
                violation_error_message=_("面积份额须大于 0 且不超过 1。"),
            ),
            models.CheckConstraint(
                name="plots_occupation_kind_known",
                condition=Q(kind__in=OccupationKind.values),
            ),
            models.CheckConstraint(
                name="plots_occupation_validity_ordered",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                violation_error_message=_("终止日期须晚于起始日期。"),
            ),
            models.CheckConstraint(
                name="plots_occupation_floor_of_tenant",
                condition=Q(leased_floor_m2__isnull=True) | Q(kind=OccupationKind.TENANT.value, leased_floor_m2__gt=0),
                violation_error_message=_("只有租用才填租用建筑面积，且须大于 0。"),
            ),
            models.UniqueConstraint(
                fields=["plot", "enterprise"],
                condition=Q(valid_to__isnull=True),
                name="plots_occupation_once_at_a_time",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name=f"shares_fit_{suffix}",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=operation,
                referencing=pgtrigger.Referencing(new="new_rows"),
                declare=[("fault", "record")],
                func=_SHARES_FIT,
            )
            for suffix, operation in (
                ("insert", pgtrigger.Insert),
                ("update", pgtrigger.Update),
            )
        ]

    def __str__(self) -> str:
        return f"{self.plot_id} × {self.enterprise_id}"
