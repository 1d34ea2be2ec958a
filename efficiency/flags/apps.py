"""App registration of efficiency.flags."""

from django.apps import AppConfig


class FlagsConfig(AppConfig):
    name = "efficiency.flags"
    label = "flags"
    verbose_name = "低效预警"
    default_auto_field = "django.db.models.BigAutoField"
