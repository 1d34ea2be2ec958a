"""App registration of landuse.applications."""

from django.apps import AppConfig


class ApplicationsConfig(AppConfig):
    name = "landuse.applications"
    label = "applications"
    verbose_name = "容积率调整"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from landuse.applications import checks, kind

        checks.register()
        kind.register()
