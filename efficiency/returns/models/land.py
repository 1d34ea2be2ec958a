"""The land a year's figures are divided by: registered, actual, or converted from leased floors (rules §3.1 A16)."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.moves import only_these_change
from efficiency.returns.queries import LandOfYearQuerySet
from landuse.plots.models import Plot
from parks.enterprises.models import Enterprise


class LandBasis(models.TextChoices):
    """Which land a scheme divides by; no document says (rules §3.1 A16), so a scheme chooses."""

    REGISTERED = "registered", _("登记面积")
    ACTUAL = "actual", _("实际用地")
    CONVERTED = "converted", _("租用折算")


@tracked()
class LandOfYear(models.Model):
    """用地面积: an enterprise's land on 31 December of a year, in m², on each basis.

    ``registered_m2``: the registered area (else the ellipsoidal one) of plots it occupies as owner, split
    among several owners of a plot by their shares; a tenant has none. ``actual_m2``: share × ellipsoidal
    area of every plot it uses. ``converted_m2``: as owner share × registered area; as tenant the leased floor
    area ÷ the plot's built plot ratio, or share × area where no floor area is known. A correction in force
    takes the place of a computed figure. ``principal_plot`` is the plot it uses most of, ties by code, and
    ``zone_code`` the zone that covers an inner point of that plot, "" for none. Derived by ``refresh_land``; rows
    that would not change are not written.
    """

    enterprise = models.ForeignKey(
        Enterprise, models.CASCADE, related_name="land", verbose_name=_("企业"), db_index=False
    )
    year = models.PositiveSmallIntegerField(_("年度"))
    registered_m2 = models.FloatField(_("登记面积（m²）"))
    actual_m2 = models.FloatField(_("实际用地（m²）"))
    converted_m2 = models.FloatField(_("租用折算（m²）"))
    plots = models.PositiveIntegerField(_("宗地数"))
    principal_plot = models.ForeignKey(
        Plot, models.CASCADE, null=True, related_name="+", verbose_name=_("主要宗地"), db_index=False
    )
    zone_code = models.CharField(_("所在集聚区"), max_length=20, blank=True)

    objects = LandOfYearQuerySet.as_manager()

    class Meta:
        verbose_name = _("企业年度用地")
        verbose_name_plural = _("企业年度用地")
        constraints = [
            models.UniqueConstraint(fields=["year", "enterprise"], name="returns_land_once_a_year"),
            models.CheckConstraint(
                name="returns_land_not_negative",
                condition=Q(registered_m2__gte=0, actual_m2__gte=0, converted_m2__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.year}"


@tracked()
class LandCorrection(models.Model):
    """用地面积更正: an office states another area of a year and basis, with its reason; withdrawn, never deleted."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="land_corrections", verbose_name=_("企业"))
    year = models.PositiveSmallIntegerField(_("年度"))
    basis = models.CharField(_("口径"), max_length=10, choices=LandBasis)
    area_m2 = models.DecimalField(_("面积（m²）"), max_digits=14, decimal_places=2)
    reason = models.TextField(_("理由"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("更正人"))
    at = models.DateTimeField(_("更正时间"), auto_now_add=True)
    withdrawn_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("撤销人")
    )

    objects = LandOfYearQuerySet.as_manager()

    class Meta:
        verbose_name = _("用地面积更正")
        verbose_name_plural = _("用地面积更正")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise", "year", "basis"],
                condition=Q(withdrawn_at__isnull=True),
                name="returns_one_correction_in_force",
            ),
            models.CheckConstraint(name="returns_correction_basis_known", condition=Q(basis__in=LandBasis.values)),
            models.CheckConstraint(name="returns_correction_not_negative", condition=Q(area_m2__gte=0)),
            models.CheckConstraint(
                name="returns_correction_has_reason",
                condition=~Q(reason=""),
                violation_error_message=_("更正须写明理由。"),
            ),
            models.CheckConstraint(
                name="returns_correction_withdrawn_by_somebody",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
        ]
        triggers = [
            only_these_change(
                when=pgtrigger.Q(old__withdrawn_at__isnull=True),
                free=["withdrawn_at", "withdrawn_by_id"],
                sentence="用地面积更正不可改写",
                hint="撤销后另作更正。",
                constraint="returns_correction_stands",
            ),
            pgtrigger.Protect(
                name="withdrawn_stands",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__withdrawn_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.year} {self.basis}"
