"""Yearly returns of enterprises, and what they come to per 亩 of a plot (PM-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.scope import SignedInQuerySet
from core.history import tracked
from core.references import points_to
from efficiency.returns.figures import FIGURES
from efficiency.returns.queries import PlotFigureQuerySet, YearlyReturnQuerySet
from landuse.plots.models import Plot
from parks.enterprises.models import Enterprise

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def amount(name: StrOrPromise, decimal_places: int = 2) -> models.DecimalField:
    """A figure that may be missing."""
    return models.DecimalField(name, max_digits=18, decimal_places=decimal_places, null=True, blank=True)


class Figures(models.Model):
    """The figures of one enterprise and year, in the units of :mod:`efficiency.returns.figures`; None is not known."""

    tax_cny = amount(_("实缴税收（元）"))
    output_cny = amount(_("工业总产值（元）"))
    fixed_asset_investment_cny = amount(_("累计固定资产投资（元）"))
    revenue_cny = amount(_("营业收入（元）"))
    added_value_cny = amount(_("工业增加值（元）"))
    rd_cny = amount(_("研发费用（元）"))
    energy_tce = amount(_("综合能源消费量（吨标准煤）"), 4)
    electricity_kwh = amount(_("用电量（kWh）"))
    water_m3 = amount(_("用水量（m³）"))
    emission_kg = amount(_("主要污染物排放当量（kg）"), 4)
    staff = models.PositiveIntegerField(_("年平均从业人数"), null=True, blank=True)

    class Meta:
        abstract = True


def not_negative() -> Q:
    """No figure below zero but those that may be."""
    return Q(
        *(
            Q(**{f"{figure.key}__gte": 0}) | Q(**{f"{figure.key}__isnull": True})
            for figure in FIGURES
            if not figure.signed
        )
    )


class ReturnStatus(models.TextChoices):
    """How final the figures of a version are."""

    PROVISIONAL = "provisional", _("快报数")
    FINAL = "final", _("核定数")


def _of_somebody_and_some_year() -> list[pgtrigger.Trigger]:
    """A return is about an enterprise, a file and a report that are there, and about them it stays."""
    table = "returns_yearlyreturn"
    check = points_to(
        table=table,
        subjects={
            "enterprise_id": ("enterprises_enterprise", "id"),
            "batch_id": ("returns_returnbatch", "id"),
            "self_report_id": ("returns_selfreport", "id"),
        },
        lock="returns point to",
        sentence="年报所指的企业、导入批次或企业自报不存在",
    )
    return [
        pgtrigger.Trigger(
            name="points_to_something",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            referencing=pgtrigger.Referencing(new="new_rows"),
            func=f"{check} RETURN NULL;",
        ),
        pgtrigger.Trigger(
            name="stays_about_it",
            when=pgtrigger.Before,
            operation=pgtrigger.UpdateOf("enterprise_id", "year", "batch_id", "self_report_id"),
            condition=pgtrigger.Condition(
                "((OLD.enterprise_id, OLD.year, OLD.batch_id, OLD.self_report_id)"
                " IS DISTINCT FROM (NEW.enterprise_id, NEW.year, NEW.batch_id, NEW.self_report_id))"
            ),
            func=f"""
                RAISE EXCEPTION '年报的企业、年度和来源不可改'
                    USING ERRCODE = 'restrict_violation', CONSTRAINT = '{table}_stays_about_it',
                        HINT = '结束这一版，另立一版。';
            """,
        ),
    ]


@tracked(inserts=False)
class YearlyReturn(Figures):
    """An enterprise's figures of one year, as the offices believe them. A correction is a new version.

    Tax may be negative (a refund). ``valid_from``/``valid_to`` say since and until when
    this version was the one believed; exactly one version of a year is open. ``sources``
    names the office behind each figure (``{"tax_cny": "tax"}``); ``batch`` the import it
    came with, ``self_report`` the enterprise's own report an office confirmed.

    A version is written once and later only closed, so history follows a row from its first change on. What it
    points to is checked a statement at a time, and kept by triggers on those tables (migration 0005).
    """

    enterprise = models.ForeignKey(
        Enterprise,
        models.PROTECT,
        related_name="returns",
        verbose_name=_("企业"),
        db_index=False,
        db_constraint=False,
    )
    year = models.PositiveSmallIntegerField(_("年度"))
    status = models.CharField(
        _("数据状态"), max_length=12, choices=ReturnStatus, default=ReturnStatus.FINAL, db_default=ReturnStatus.FINAL
    )
    source = models.CharField(_("数据来源"), max_length=40, blank=True)
    sources = models.JSONField(_("各项来源"), default=dict, db_default={}, blank=True)
    batch = models.ForeignKey(
        "returns.ReturnBatch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="returns",
        verbose_name=_("导入批次"),
        db_index=False,
        db_constraint=False,
    )
    self_report = models.ForeignKey(
        "returns.SelfReport",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="returns",
        verbose_name=_("企业自报"),
        db_index=False,
        db_constraint=False,
    )
    valid_from = models.DateTimeField(_("采信起"), default=timezone.now)
    valid_to = models.DateTimeField(_("采信止"), null=True, blank=True)

    objects = YearlyReturnQuerySet.as_manager()

    class Meta:
        verbose_name = _("企业年报")
        verbose_name_plural = _("企业年报")
        indexes = [
            # The rows of a year, and of a file, lie side by side.
            BrinIndex(fields=["year", "batch"], autosummarize=True, name="returns_lie_by_year"),
            models.Index(fields=["self_report"], condition=Q(self_report__isnull=False), name="returns_by_self_report"),
        ]
        constraints = [
            # The one index that finds returns by enterprise, closed versions too.
            models.UniqueConstraint(
                fields=["enterprise", "year", "valid_to"],
                nulls_distinct=False,
                name="returns_one_open_version",
                violation_error_message=_("该企业本年度已有现行年报。"),
            ),
            models.CheckConstraint(name="returns_year_range", condition=Q(year__gte=2000, year__lte=2100)),
            models.CheckConstraint(
                name="returns_status_known",
                condition=Q(status__in=ReturnStatus.values),
            ),
            models.CheckConstraint(
                name="returns_validity_ordered",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
            models.CheckConstraint(
                name="returns_not_negative",
                condition=not_negative(),
                violation_error_message=_("除税收和增加值外，各项数据不得为负。"),
            ),
        ]
        triggers = _of_somebody_and_some_year()

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.year}"


@tracked()
class PlotFigure(models.Model):
    """What the occupants of a plot yielded and used in a year, derived from returns and shares.

    An enterprise's figure is split over the land it occupied at the end of the year, by
    area; None where no occupant's figure is known. ``refresh_plot_figures`` rewrites the
    rows of a year that changed.
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
    revenue_cny = models.DecimalField(_("营业收入（元）"), max_digits=20, decimal_places=2, null=True)
    added_value_cny = models.DecimalField(_("工业增加值（元）"), max_digits=20, decimal_places=2, null=True)
    rd_cny = models.DecimalField(_("研发费用（元）"), max_digits=20, decimal_places=2, null=True)
    energy_tce = models.DecimalField(_("综合能源消费量（吨标准煤）"), max_digits=20, decimal_places=4, null=True)
    electricity_kwh = models.DecimalField(_("用电量（kWh）"), max_digits=20, decimal_places=2, null=True)
    water_m3 = models.DecimalField(_("用水量（m³）"), max_digits=20, decimal_places=2, null=True)
    emission_kg = models.DecimalField(_("主要污染物排放当量（kg）"), max_digits=20, decimal_places=4, null=True)
    staff = models.DecimalField(_("年平均从业人数"), max_digits=14, decimal_places=4, null=True)
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


@tracked()
class FiguresDue(models.Model):
    """A year whose plot figures do not yet show all of its returns: many were written, the worker follows."""

    year = models.PositiveSmallIntegerField(_("年度"), primary_key=True)
    since = models.DateTimeField(_("待更新起"), default=timezone.now)

    objects = SignedInQuerySet.as_manager()

    class Meta:
        verbose_name = _("待更新的宗地年度指标")
        verbose_name_plural = _("待更新的宗地年度指标")

    def __str__(self) -> str:
        return f"{self.year}"
