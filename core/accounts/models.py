"""Who uses Muchan: one role each, and the places that role reaches."""

from __future__ import annotations

import pgtrigger
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from core.history import tracked

CITY_CODE = "440600"
"""Administrative code of Foshan; a scope holding it reaches every district."""


class Role(models.TextChoices):
    """What a person does all day; decides pages and actions, not places."""

    PLANNER = "planner", _("自然资源编制人员")
    REVIEWER = "reviewer", _("自然资源审核人员")
    MONITOR = "monitor", _("亩均效益监测人员")
    HEAD = "head", _("区领导")
    PARKS = "parks", _("工信园区人员")
    ENTERPRISE = "enterprise", _("企业")
    AUDITOR = "auditor", _("审计人员")
    SYSADMIN = "sysadmin", _("系统管理员")


LAND_ROLES = frozenset({Role.PLANNER, Role.REVIEWER, Role.MONITOR, Role.HEAD, Role.PARKS, Role.AUDITOR})
"""Roles that read land and enterprise records within their places.

System administrators are left out on purpose: who manages accounts does not read
the business (separation of duties, rules §2.8).
"""


@tracked(exclude=["password", "last_login"])
class User(AbstractUser):
    """An account: a role, and the places (or, for an enterprise, the firm) it reaches."""

    display_name = models.CharField(_("显示名称"), max_length=60)
    role = models.CharField(_("角色"), max_length=12, choices=Role)
    place_codes = ArrayField(
        models.CharField(max_length=6),
        verbose_name=_("管辖范围"),
        default=list,
        blank=True,
        help_text=_("行政区划代码；440600 表示全市。企业账号留空。"),
    )
    mobile = models.CharField(_("手机号"), max_length=11, blank=True, help_text=_("接收短信通知；留空不发。"))

    REQUIRED_FIELDS = ["display_name", "role"]

    class Meta:
        verbose_name = _("账号")
        verbose_name_plural = _("账号")
        constraints = [
            models.CheckConstraint(
                name="accounts_role_known",
                condition=Q(role__in=[role.value for role in Role]),
            ),
            models.CheckConstraint(
                name="accounts_places_by_role",
                condition=Q(role=Role.ENTERPRISE, place_codes=[]) | (~Q(role=Role.ENTERPRISE) & ~Q(place_codes=[])),
                violation_error_message=_("企业账号不设管辖范围；其他账号至少有一个管辖范围。"),
            ),
            models.CheckConstraint(
                name="accounts_mobile_form",
                condition=Q(mobile="") | Q(mobile__regex=r"^1[3-9][0-9]{9}$"),
                violation_error_message=_("手机号为 11 位，以 1 开头。"),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="places_exist",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("place_codes"),
                func="""
                    IF EXISTS (
                        SELECT 1 FROM unnest(NEW.place_codes) AS place(code)
                        WHERE NOT EXISTS (
                            SELECT 1 FROM policy_jurisdiction j
                            WHERE j.code = place.code AND j.level IN ('city', 'district')
                        )
                    ) THEN
                        RAISE EXCEPTION '管辖范围含未知区划代码：%', NEW.place_codes
                            USING ERRCODE = 'foreign_key_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def sees_city(self) -> bool:
        """Whether the scope is the whole city."""
        return CITY_CODE in self.place_codes

    @property
    def reads_land(self) -> bool:
        """Whether the role reads land and enterprise records at all."""
        return self.is_active and self.role in LAND_ROLES

    @cached_property
    def district_codes(self) -> list[str]:
        """District codes in scope, in code order; all districts for the city scope."""
        if not self.sees_city:
            return sorted(self.place_codes)
        from core.policy.models import Jurisdiction

        districts = Jurisdiction.objects.filter(level="district").order_by("code")
        return list(districts.values_list("code", flat=True))
