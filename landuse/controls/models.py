"""国土空间控制线: where towns may grow, and the farmland and the ecology that industry must not touch.

Drawn by the territorial plan, not by this system: the layer is empty until a city imports its own.
"""

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
from landuse.controls.queries import ControlVersionQuerySet


@tracked()
class Control(models.Model):
    """One control area as a lasting thing; its outline is in its versions."""

    code = models.CharField(_("控制线编号"), max_length=20, primary_key=True)

    class Meta:
        verbose_name = _("控制线")
        verbose_name_plural = _("控制线")
        constraints = [
            models.CheckConstraint(
                name="controls_control_code_form",
                condition=Q(code__regex=r"^[A-Z0-9]+(-[A-Z0-9]+)*$"),
                violation_error_message=_("编号只用大写字母、数字和连字符。"),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ControlKind(models.TextChoices):
    """The three lines of the territorial plan."""

    URBAN = "urban", _("城镇开发边界")
    FARMLAND = "farmland", _("永久基本农田")
    ECOLOGY = "ecology", _("生态保护红线")


@tracked(exclude=TRACK_WITHOUT_GENERATED)
class ControlVersion(LayerVersion):
    """A control area's outline while in force. An area lies in one district."""

    control = models.ForeignKey(Control, models.PROTECT, related_name="versions", verbose_name=_("控制线"))
    kind = models.CharField(_("类型"), max_length=8, choices=ControlKind)
    name = models.CharField(_("名称"), max_length=60, blank=True)
    district = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("所在区"))

    objects = ControlVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("控制线版本")
        verbose_name_plural = _("控制线版本")
        indexes = LayerVersion.Meta.indexes
        constraints = [
            *version_constraints("control"),
            models.CheckConstraint(
                name="controls_controlversion_kind_known",
                condition=Q(kind__in=ControlKind.values),
            ),
        ]
        triggers = layer_guards(layer="controls", feature="control_id", container="ARRAY[n.district_id]")

    def __str__(self) -> str:
        return self.name or self.control_id
