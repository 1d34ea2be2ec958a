"""Yearly returns of enterprises, and what they come to per 亩 of a plot (PM-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from efficiency.returns.queries import PlotFigureQuerySet, YearlyReturnQuerySet
from landuse.plots.models import Plot
from parks.enterprises.models import Enterprise

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def _money(name: StrOrPromise) -> models.DecimalField:
    return models.DecimalField(name, max_digits=18, decimal_places=2, null=True, blank=True)


@tracked()
class YearlyReturn(models.Model):
    """An enterprise's figures of one year, in 元. A correction is a new version.

    Tax may be negative (a refund). ``valid_from``/``valid_to`` say since and until when
    this version was the one believed; exactly one version of a year is open.
    """

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="returns", verbose_name=_("企业"))
    year = models.PositiveSmallIntegerField(_("年度"))
    tax_cny = _money(_("实缴税收（元）"))
    output_cny = _money(_("工业总产值（元）"))
    fixed_asset_investment_cny = _money(_("累计固定资产投资（元）"))
    revenue_cny = _money(_("营业收入（元）"))
    staff = models.PositiveIntegerField(_("从业人数"), null=True, blank=True)
    source = models.CharField(_("数据来源"), max_length=40, blank=True)
    valid_from = models.DateTimeField(_("采信起"), default=timezone.now)
    valid_to = models.DateTimeField(_("采信止"), null=True, blank=True)

    objects = YearlyReturnQuerySet.as_manager()

    class Meta:
        verbose_name = _("企业年报")
        verbose_name_plural = _("企业年报")
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise", "year"],
                condition=Q(valid_to__isnull=True),
                name="returns_one_open_version",
                violation_error_message=_("该企业本年度已有现行年报。"),
            ),
            models.CheckConstraint(name="returns_year_range", condition=Q(year__gte=2000, year__lte=2100)),
            models.CheckConstraint(
                name="returns_validity_ordered",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
            models.CheckConstraint(
                name="returns_not_negative",
                condition=Q(
                    Q(output_cny__gte=0) | Q(output_cny__isnull=True),
                    Q(fixed_asset_investment_cny__gte=0) | Q(fixed_asset_investment_cny__isnull=True),
                    Q(revenue_cny__gte=0) | Q(revenue_cny__isnull=True),
                ),
                violation_error_message=_("产值、投资和营业收入不得为负。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.year}"


@tracked()
class PlotFigure(models.Model):
    """What the occupants of a plot yielded in a year, derived from returns and shares.

    An enterprise's figure is split over the land it occupied at the end of the year, by
    area. ``refresh_plot_figures`` rewrites the rows of a year that changed.
    """

    plot = models.ForeignKey(
        Plot,
        models.CASCADE,
        related_name="figures",
        verbose_name=_("宗地"),
        db_index=False,
    )
    year = models.PositiveSmallIntegerField(_("年度"))
    area_m2 = models.FloatField(_("宗地面积（m²）"))
    tax_cny = models.DecimalField(_("税收（元）"), max_digits=20, decimal_places=2, null=True)
    output_cny = models.DecimalField(_("产值（元）"), max_digits=20, decimal_places=2, null=True)
    investment_cny = models.DecimalField(_("固定资产投资（元）"), max_digits=20, decimal_places=2, null=True)
    tax_cny_per_mu = models.FloatField(_("亩均税收（元/亩）"), null=True)
    output_cny_per_mu = models.FloatField(_("亩均产值（元/亩）"), null=True)
    investment_cny_per_mu = models.FloatField(_("亩均投资（元/亩）"), null=True)

    objects = PlotFigureQuerySet.as_manager()

    class Meta:
        verbose_name = _("宗地年度指标")
        verbose_name_plural = _("宗地年度指标")
        constraints = [
            models.UniqueConstraint(fields=["plot", "year"], name="returns_plot_year_once"),
        ]

    def __str__(self) -> str:
        return f"{self.plot_id} {self.year}"
