"""App registration of core.geodata."""

from django.apps import AppConfig


class GeodataConfig(AppConfig):
    name = "core.geodata"
    label = "geodata"
    verbose_name = "空间数据"
    default_auto_field = "django.db.models.BigAutoField"
