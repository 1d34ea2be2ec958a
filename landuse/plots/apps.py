"""App registration of landuse.plots."""

from django.apps import AppConfig


class PlotsConfig(AppConfig):
    name = "landuse.plots"
    label = "plots"
    verbose_name = "宗地"
    default_auto_field = "django.db.models.BigAutoField"
