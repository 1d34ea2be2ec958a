"""Enterprises, and which account speaks for which enterprise."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.policy.models import Jurisdiction
from parks.enterprises.queries import EnterpriseQuerySet


@tracked()
class Industry(models.Model):
    """A class of the national industry tree, GB/T 4754-2017."""

    code = models.CharField(_("行业代码"), max_length=5, primary_key=True)
    name = models.CharField(_("行业名称"), max_length=60)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, verbose_name=_("上级行业"))

    class Meta:
        verbose_name = _("国民经济行业")
        verbose_name_plural = _("国民经济行业")
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class UsccIsValid(Func):
    """SQL: whether a 统一社会信用代码 has the right form and check digit (GB 32100-2015)."""

    function = "uscc_is_valid"
    output_field = models.BooleanField()
    conditional = True


class EnterpriseSize(models.TextChoices):
    """统计上大中小微型企业划分."""

    LARGE = "large", _("大型")
    MEDIUM = "medium", _("中型")
    SMALL = "small", _("小型")
    MICRO = "micro", _("微型")


@tracked()
class Enterprise(models.Model):
    """A legal person that uses industrial land."""

    uscc = models.CharField(_("统一社会信用代码"), max_length=18, unique=True)
    name = models.CharField(_("企业名称"), max_length=100)
    short_name = models.CharField(_("简称"), max_length=40, blank=True)
    industry = models.ForeignKey(Industry, models.PROTECT, verbose_name=_("行业"))
    district = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("所在区"))
    town = models.ForeignKey(
        Jurisdiction,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("所在镇街"),
    )
    size = models.CharField(_("规模"), max_length=6, choices=EnterpriseSize)
    above_scale = models.BooleanField(_("规模以上"), default=False)
    established_on = models.DateField(_("成立日期"), null=True, blank=True)
    legal_representative = models.CharField(_("法定代表人"), max_length=40, blank=True)
    is_demo = models.BooleanField(_("示例"), default=False)

    objects = EnterpriseQuerySet.as_manager()

    class Meta:
        verbose_name = _("企业")
        verbose_name_plural = _("企业")
        constraints = [
            models.CheckConstraint(
                name="enterprises_uscc_valid",
                condition=Q(UsccIsValid(F("uscc"))),
                violation_error_message=_("统一社会信用代码的格式或校验位不对。"),
            ),
            models.CheckConstraint(
                name="enterprises_size_known",
                condition=Q(size__in=EnterpriseSize.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class EnterpriseMember(models.Model):
    """An account that acts for an enterprise. An account acts for one enterprise only."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="membership",
        verbose_name=_("账号"),
    )
    enterprise = models.ForeignKey(Enterprise, models.CASCADE, related_name="members", verbose_name=_("企业"))

    class Meta:
        verbose_name = _("企业经办人")
        verbose_name_plural = _("企业经办人")

    def __str__(self) -> str:
        return f"{self.user} — {self.enterprise}"
