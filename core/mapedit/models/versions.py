"""Versioned map layers: every row is one version of a feature, in force for a while.

A layer's table holds all versions, past and present. Nobody edits a published
geometry: a publication closes the version in force (`valid_to`) and opens the next.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Self

from django.conf import settings
from django.contrib.gis.db.models import MultiPolygonField
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.geodata.area import EllipsoidalArea, InWebMercator, IsEmpty, mu_from_m2
from core.geodata.crs import CGCS2000, WEB_MERCATOR
from core.history import tracked
from core.policy.models import DateRange, Document


class Layer(models.Model):
    """A map layer and how often it has been written.

    `revision` rises with every writing statement on the layer's table (by trigger).
    Its row lock is also what makes two writers of one layer wait for each other, so
    that topology checks always see the other's rows. Not tracked in history: the
    writes it counts are.
    """

    name = models.CharField(_("图层"), max_length=20, primary_key=True)
    revision = models.BigIntegerField(_("修订号"), default=0)
    changed_at = models.DateTimeField(_("最近变更"), auto_now=True)

    class Meta:
        verbose_name = _("图层")
        verbose_name_plural = _("图层")

    def __str__(self) -> str:
        return self.name


@tracked()
class Publication(models.Model):
    """One act of putting changes of a layer into force: who, when, why, by which paper."""

    layer = models.ForeignKey(Layer, models.PROTECT, verbose_name=_("图层"))
    number = models.PositiveIntegerField(_("发布序号"))
    title = models.CharField(_("标题"), max_length=120)
    reason = models.TextField(_("事由"), blank=True)
    document = models.ForeignKey(Document, models.PROTECT, null=True, blank=True, verbose_name=_("依据文件"))
    document_number = models.CharField(_("批准文号"), max_length=60, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("发布人"),
    )
    published_at = models.DateTimeField(_("发布时间"))
    effective_on = models.DateField(_("生效日期"))
    is_demo = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = _("发布")
        verbose_name_plural = _("发布")
        ordering = ["-effective_on", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["layer", "number"], name="mapedit_publication_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.title}（第 {self.number} 次）"


class InForceMixin:
    """For QuerySets of rows that hold on [valid_from, valid_to): which hold on a date."""

    def in_force_on(self, date: dt.date | None = None) -> Self:
        """Rows in force on ``date``; today in Foshan when not given."""
        date = date or timezone.localdate()
        queryset: Any = self
        held: Self = queryset.filter(valid_from__lte=date).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=date))
        return held


class LayerVersion(models.Model):
    """One version of a feature, in force on [valid_from, valid_to)."""

    geom = MultiPolygonField(_("图形"), srid=CGCS2000, spatial_index=False)
    geom_3857 = models.GeneratedField(
        expression=InWebMercator(F("geom")),
        output_field=MultiPolygonField(srid=WEB_MERCATOR, spatial_index=False),
        db_persist=True,
        verbose_name=_("显示图形"),
    )
    area_m2 = models.GeneratedField(
        expression=EllipsoidalArea(F("geom")),
        output_field=models.FloatField(),
        db_persist=True,
        verbose_name=_("椭球面积（m²）"),
    )
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    publication = models.ForeignKey(Publication, models.PROTECT, related_name="+", verbose_name=_("所属发布"))

    class Meta:
        abstract = True
        indexes = [
            GistIndex(fields=["geom"], name="%(class)s_geom"),
            GistIndex(fields=["geom_3857"], name="%(class)s_geom_3857"),
        ]
        constraints = [
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_geom_valid",
                condition=Q(geom__isvalid=True),
                violation_error_message=_("图形无效（自相交、环未闭合等）。"),
            ),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_geom_not_empty",
                condition=~Q(IsEmpty(F("geom"))),
                violation_error_message=_("图形为空。"),
            ),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_validity_ordered",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                violation_error_message=_("失效日期不得早于生效日期。"),
            ),
        ]

    @property
    def area_mu(self) -> Any:
        """Ellipsoidal area in 亩, unrounded."""
        return mu_from_m2(self.area_m2)


TRACK_WITHOUT_GENERATED = ["geom_3857", "area_m2"]
"""Columns history need not keep: PostgreSQL computes them from `geom` again."""


def version_constraints(feature: str) -> list[models.BaseConstraint]:
    """Constraints that ``feature`` has one version in force at a time.

    Closed versions exclude each other by range; the open one is unique. That the open
    one does not begin before a closed one ends is checked by the layer's trigger: it
    keeps the large, open part of the table out of a slow exclusion index.
    """
    return [
        *LayerVersion.Meta.constraints,
        models.UniqueConstraint(
            fields=[feature],
            condition=Q(valid_to__isnull=True),
            name="%(app_label)s_%(class)s_one_open_version",
            violation_error_message=_("同一要素已有现行版本。"),
        ),
        ExclusionConstraint(
            name="%(app_label)s_%(class)s_versions_apart",
            expressions=[
                (feature, RangeOperators.EQUAL),
                (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
            ],
            condition=Q(valid_to__isnull=False),
            violation_error_message=_("同一要素的两个版本有效期重叠。"),
        ),
    ]
