"""Which days count: public holidays, make-up working days, and people's absences."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.history import tracked


@tracked()
class Holiday(models.Model):
    """A day that is not what its weekday says: a public holiday, or a weekend day worked for it.

    From the yearly arrangement of the State Council's General Office; days without a row
    are working days from Monday to Friday.
    """

    day = models.DateField(_("日期"), primary_key=True)
    is_working = models.BooleanField(_("上班"))
    name = models.CharField(_("节日"), max_length=20)
    source = models.CharField(_("依据"), max_length=60)

    class Meta:
        verbose_name = _("节假日安排")
        verbose_name_plural = _("节假日安排")
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


@tracked()
class Absence(models.Model):
    """外出: from a day to a day somebody's cases go to a deputy of the same role."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="absences", verbose_name=_("人员"))
    deputy = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("代办人"))
    since = models.DateField(_("起"))
    until = models.DateField(_("止"), help_text=_("含当日。"))

    class Meta:
        verbose_name = _("外出")
        verbose_name_plural = _("外出")
        ordering = ["since"]
        constraints = [
            models.CheckConstraint(
                name="casework_absence_ordered",
                condition=Q(until__gte=F("since")),
                violation_error_message=_("外出结束不得早于开始。"),
            ),
            models.CheckConstraint(
                name="casework_absence_deputy_is_another",
                condition=~Q(deputy=F("user")),
                violation_error_message=_("代办人不能是本人。"),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="deputy_of_the_same_role",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF (SELECT role FROM accounts_user WHERE id = NEW.user_id)
                        IS DISTINCT FROM (SELECT role FROM accounts_user WHERE id = NEW.deputy_id) THEN
                        RAISE EXCEPTION '代办人须与本人同一角色'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'casework_absence_same_role';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.since}–{self.until}"
