"""工业用地红线: the tracts that together must keep 450 km² (S002 专项行动六 二(一)2)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.mapedit.guards import layer_guards
from core.mapedit.models import (
    TRACK_WITHOUT_GENERATED,
    LayerVersion,
    version_constraints,
)
from core.policy.models import Jurisdiction
from landuse.redline import guards
from landuse.redline.queries import TractVersionQuerySet


@tracked()
class Tract(models.Model):
    """One polygon of the red line as a lasting thing; its shape is in its versions."""

    code = models.CharField(_("图斑编号"), max_length=20, primary_key=True)

    class Meta:
        verbose_name = _("红线图斑")
        verbose_name_plural = _("红线图斑")
        constraints = [
            models.CheckConstraint(
                name="redline_tract_code_form",
                condition=Q(code__regex=r"^[A-Z0-9]+(-[A-Z0-9]+)*$"),
                violation_error_message=_("编号只用大写字母、数字和连字符。"),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ControlLevel(models.TextChoices):
    """Whether Foshan grades its line is not public (rules §2.1), so ungraded is the default."""

    UNGRADED = "ungraded", _("未分级")
    ONE = "one", _("一级")
    TWO = "two", _("二级")


@tracked(exclude=TRACK_WITHOUT_GENERATED)
class TractVersion(LayerVersion):
    """A tract's outline while in force. A tract lies in one district."""

    tract = models.ForeignKey(Tract, models.PROTECT, related_name="versions", verbose_name=_("图斑"))
    district = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("所在区"))
    control_level = models.CharField(_("管控级别"), max_length=8, choices=ControlLevel, default=ControlLevel.UNGRADED)
    name = models.CharField(_("名称"), max_length=60, blank=True)

    objects = TractVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("红线图斑版本")
        verbose_name_plural = _("红线图斑版本")
        indexes = LayerVersion.Meta.indexes
        constraints = [
            *version_constraints("tract"),
            models.CheckConstraint(
                name="redline_tractversion_level_known",
                condition=Q(control_level__in=ControlLevel.values),
            ),
        ]
        triggers = [
            *layer_guards(layer="redline", feature="tract_id", container="ARRAY[n.district_id]"),
            *guards.tract_guards(),
        ]

    def __str__(self) -> str:
        return self.name or self.tract_id


class DistrictBoundary(Jurisdiction):
    """A district as what cuts its tracts: carries this app's triggers on the table of places.

    A proxy, so that places need not know of the red line and the triggers are migrated here.
    """

    class Meta:
        proxy = True
        verbose_name = _("区界")
        verbose_name_plural = _("区界")
        triggers = guards.boundary_guards()


class AreaChange(models.Model):
    """By how much a transaction under way moves a district's area in force, from a day on.

    Rows live until the transaction commits: judging the floors removes them. Not tracked
    in history: the writes they reckon are.
    """

    transaction = models.BigIntegerField(_("事务编号"), db_index=True)
    district = models.ForeignKey(
        Jurisdiction,
        models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("所在区"),
    )
    since = models.DateField(_("起始日期"))
    delta_m2 = models.DecimalField(_("面积变动（m²）"), max_digits=24, decimal_places=12)

    class Meta:
        verbose_name = _("红线面积变动")
        verbose_name_plural = _("红线面积变动")
        triggers = guards.change_guards()

    def __str__(self) -> str:
        return f"{self.district_id} {self.since} {self.delta_m2}"
