"""App registration of landuse.quotas."""

from django.apps import AppConfig


class QuotasConfig(AppConfig):
    name = "landuse.quotas"
    label = "quotas"
    verbose_name = "用地指标"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: it reads models, which exist only once all apps are loaded.
        from landuse.quotas import kind, panels

        kind.register()
        panels.register()
