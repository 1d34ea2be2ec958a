"""差别化政策: what follows from a class."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.history import tracked
from core.policy.models import Jurisdiction
from efficiency.schemes.models.parts import Grade
from efficiency.schemes.queries import MeasureQuerySet


@tracked()
class ClassMeasure(models.Model):
    """差别化政策: what a class gets or loses in one field (land, power, water, finance …), with its source."""

    place = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+", verbose_name=_("适用范围"))
    grade = models.CharField(_("类别"), max_length=1, choices=Grade)
    field = models.CharField(_("领域"), max_length=20)
    text = models.CharField(_("措施"), max_length=200)
    source = models.CharField(_("出处"), max_length=200)
    status = models.CharField(
        _("效力"),
        max_length=10,
        choices=[("binding", _("有效")), ("reference", _("参照")), ("sample", _("样例"))],
        default="sample",
    )
    order = models.PositiveSmallIntegerField(_("次序"), default=1)
    revision = models.PositiveIntegerField(_("修订号"), default=0)

    objects = MeasureQuerySet.as_manager()

    class Meta:
        verbose_name = _("差别化政策")
        verbose_name_plural = _("差别化政策")
        ordering = ["grade", "order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["place", "grade", "field", "text"], name="schemes_measure_once"),
            models.CheckConstraint(name="schemes_measure_grade_known", condition=Q(grade__in=Grade.values)),
            models.CheckConstraint(
                name="schemes_measure_status_known", condition=Q(status__in=["binding", "reference", "sample"])
            ),
            models.CheckConstraint(
                name="schemes_measure_says_what_and_where",
                condition=~Q(text="") & ~Q(source="") & ~Q(field=""),
                violation_error_message=_("差别化政策须写明领域、措施和出处。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grade} {self.field}"
