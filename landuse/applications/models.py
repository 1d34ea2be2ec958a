"""容积率调整: what an enterprise asks for a plot, and the floor area by function that goes with it."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.casework.models import Case
from core.history import tracked
from core.mapedit.models import Publication
from core.policy.models import Parameter
from landuse.applications.figures import DENSITY, FLOOR, GREEN, HEIGHT, RATIO, Range
from landuse.applications.functions import Function
from landuse.plots.models import Plot, PlotVersion, UseCode
from parks.programmes.models import Membership


def _figure(allowed: Range, digits: int) -> models.DecimalField:
    return models.DecimalField(allowed.label, max_digits=digits, decimal_places=allowed.places)


def _within(name: str, allowed: Range) -> Q:
    lower = {f"{name}__gt" if allowed.above else f"{name}__gte": allowed.least}
    return Q(**lower, **{f"{name}__lte": allowed.most})


class PremiumRoute(models.TextChoices):
    """How the land premium of the added floor area is settled."""

    NONE = "none", _("不加收土地出让金")
    PRICING = "pricing", _("按一般程序核定土地价款")


@tracked()
class PlotRatioApplication(models.Model):
    """容积率调整申请: the planning conditions asked for a plot, recorded when its case is submitted.

    What holds before is ``base_version``, the version in force when it was submitted;
    published versions never change. ``premium_route`` is judged at the submission and
    again at the approval; no premium always names the parameter it rests on.
    ``publication`` is the act that put the conditions into force, and closes the record.
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="plot_ratio", verbose_name=_("办件"))
    plot = models.ForeignKey(Plot, models.PROTECT, related_name="plot_ratio_applications", verbose_name=_("宗地"))
    base_version = models.ForeignKey(PlotVersion, models.PROTECT, related_name="+", verbose_name=_("调整前版本"))
    membership = models.ForeignKey(
        Membership, models.PROTECT, related_name="plot_ratio_applications", verbose_name=_("所依据的成员资格")
    )
    plot_ratio = _figure(RATIO, 6)
    density = _figure(DENSITY, 5)
    green_ratio = _figure(GREEN, 5)
    height_limit_m = _figure(HEIGHT, 6)
    use_after = models.CharField(_("调整后土地用途"), max_length=6, choices=UseCode)
    reason = models.TextField(_("项目说明"))
    premium_route = models.CharField(_("土地价款"), max_length=8, choices=PremiumRoute)
    premium_parameter = models.ForeignKey(
        Parameter, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("土地价款依据")
    )
    publication = models.OneToOneField(
        Publication,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="plot_ratio_application",
        verbose_name=_("发布"),
    )
    recorded_at = models.DateTimeField(_("记录时间"), auto_now=True)

    class Meta:
        verbose_name = _("容积率调整申请")
        verbose_name_plural = _("容积率调整申请")
        constraints = [
            models.CheckConstraint(
                name="applications_plot_ratio_sane",
                condition=_within("plot_ratio", RATIO),
                violation_error_message=_("容积率须大于 0 且不超过 20。"),
            ),
            models.CheckConstraint(
                name="applications_limits_sane",
                condition=_within("density", DENSITY)
                & _within("green_ratio", GREEN)
                & _within("height_limit_m", HEIGHT),
                violation_error_message=_("建筑密度、绿地率或建筑限高超出合理范围。"),
            ),
            models.CheckConstraint(name="applications_use_known", condition=Q(use_after__in=UseCode.values)),
            models.CheckConstraint(
                name="applications_premium_known",
                condition=Q(premium_route=PremiumRoute.PRICING)
                | Q(premium_route=PremiumRoute.NONE, premium_parameter__isnull=False),
                violation_error_message=_("不加收土地出让金须写明所依据的参数。"),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="base_is_of_the_plot",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NOT EXISTS (
                        SELECT FROM plots_plotversion v WHERE v.id = NEW.base_version_id AND v.plot_id = NEW.plot_id
                    ) THEN
                        RAISE EXCEPTION '版本 % 不属于宗地 %', NEW.base_version_id, NEW.plot_id
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'applications_base_of_plot';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="published_stands",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__publication__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.plot_id}"

    @property
    def changes_use(self) -> bool:
        """Whether the land is to be used otherwise than before."""
        return self.use_after != self.base_version.use_code


@tracked()
class FloorArea(models.Model):
    """分功能建筑面积: the floor area of one function before and after, m²."""

    application = models.ForeignKey(
        PlotRatioApplication, models.CASCADE, related_name="floor_areas", verbose_name=_("申请")
    )
    function = models.CharField(_("功能"), max_length=12, choices=Function)
    before_m2 = models.DecimalField(_("调整前（m²）"), max_digits=12, decimal_places=2)
    after_m2 = models.DecimalField(_("调整后（m²）"), max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("分功能建筑面积")
        verbose_name_plural = _("分功能建筑面积")
        constraints = [
            models.UniqueConstraint(fields=["application", "function"], name="applications_function_once"),
            models.CheckConstraint(name="applications_function_known", condition=Q(function__in=Function.values)),
            models.CheckConstraint(
                name="applications_floor_area_sane",
                condition=_within("before_m2", FLOOR) & _within("after_m2", FLOOR),
                violation_error_message=_("建筑面积不得为负，也不得超过 1,000 万 m²。"),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="published_stands",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF EXISTS (
                        SELECT FROM applications_plotratioapplication a
                        WHERE a.publication_id IS NOT NULL
                            AND a.id IN (
                                CASE WHEN TG_OP <> 'INSERT' THEN OLD.application_id END,
                                CASE WHEN TG_OP <> 'DELETE' THEN NEW.application_id END
                            )
                    ) THEN
                        RAISE EXCEPTION '申请已生效，分功能建筑面积不可再改'
                            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'applications_floors_stand';
                    END IF;
                    RETURN coalesce(NEW, OLD);
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.function}"
