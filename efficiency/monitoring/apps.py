"""App registration of efficiency.monitoring."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "efficiency.monitoring"
    label = "monitoring"
    verbose_name = "监测"
    default_auto_field = "django.db.models.BigAutoField"
