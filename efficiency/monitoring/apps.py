"""App registration of efficiency.monitoring."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "efficiency.monitoring"
    label = "monitoring"
    verbose_name = "监测"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from efficiency.monitoring import layer, panels

        layer.register()
        panels.register()
