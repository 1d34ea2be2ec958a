"""App registration of core.history."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    name = "core.history"
    label = "history"
    verbose_name = "变更留痕"
    default_auto_field = "django.db.models.BigAutoField"
