"""App registration of core.mapedit."""

from django.apps import AppConfig


class MapeditConfig(AppConfig):
    name = "core.mapedit"
    label = "mapedit"
    verbose_name = "图层版本"
    default_auto_field = "django.db.models.BigAutoField"
