"""What floor area is for, as a floor schedule tells it apart; which of it is ancillary (rules PR-5)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Function(models.TextChoices):
    """The use of a floor area."""

    PRODUCTION = "production", _("生产")
    STORAGE = "storage", _("仓储")
    RESEARCH = "research", _("研发")
    SERVICE = "service", _("生产服务")
    OFFICE = "office", _("行政办公")
    LIVING = "living", _("生活服务")
    SCIENCE = "science", _("科教兼容设施")
    OTHER = "other", _("其他兼容")


ANCILLARY = (Function.SERVICE, Function.OFFICE, Function.LIVING)
"""What counts as ancillary: 生产服务、行政办公、生活服务设施."""

SCIENCE_COMPATIBLE = (Function.SCIENCE,)
"""Compatible facilities on land for science and education."""
