"""工业集聚区: Foshan draws 54 of them, each over 10,000 亩 (S002 专项行动六 二(一)2)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
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
from parks.zones.queries import ZoneVersionQuerySet


@tracked()
class Zone(models.Model):
    """A zone as a lasting thing; what it looks like is in its versions."""

    code = models.CharField(_("集聚区编号"), max_length=20, primary_key=True)

    class Meta:
        verbose_name = _("工业集聚区")
        verbose_name_plural = _("工业集聚区")
        constraints = [
            models.CheckConstraint(
                name="zones_zone_code_form",
                condition=Q(code__regex=r"^[A-Z0-9]+(-[A-Z0-9]+)*$"),
                violation_error_message=_("编号只用大写字母、数字和连字符。"),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ZoneClass(models.TextChoices):
    """万亩 zones are the 54 of S002; 千亩 zones come from the later territorial plan (A4)."""

    WANMU = "wanmu", _("万亩集聚区")
    QIANMU = "qianmu", _("千亩集聚区")


@tracked(exclude=TRACK_WITHOUT_GENERATED)
class ZoneVersion(LayerVersion):
    """A zone's outline and facts while in force. A zone may span districts."""

    zone = models.ForeignKey(Zone, models.PROTECT, related_name="versions", verbose_name=_("集聚区"))
    name = models.CharField(_("名称"), max_length=60)
    zone_class = models.CharField(_("级别"), max_length=8, choices=ZoneClass)
    district_codes = ArrayField(models.CharField(max_length=6), verbose_name=_("所在区"))
    leading_industry = models.CharField(_("主导产业"), max_length=40, blank=True)
    managing_body = models.CharField(_("管理机构"), max_length=60, blank=True)

    objects = ZoneVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("集聚区版本")
        verbose_name_plural = _("集聚区版本")
        indexes = LayerVersion.Meta.indexes
        constraints = [
            *version_constraints("zone"),
            models.CheckConstraint(
                name="zones_zoneversion_class_known",
                condition=Q(zone_class__in=ZoneClass.values),
            ),
            models.CheckConstraint(
                name="zones_zoneversion_has_district",
                condition=Q(district_codes__len__gt=0),
            ),
        ]
        triggers = layer_guards(layer="zones", feature="zone_id", container="n.district_codes")

    def __str__(self) -> str:
        return self.name
