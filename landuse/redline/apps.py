"""App registration of landuse.redline."""

from django.apps import AppConfig


class RedlineConfig(AppConfig):
    name = "landuse.redline"
    label = "redline"
    verbose_name = "工业用地红线"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from landuse.redline import checks, editing, layer, panels

        checks.register()
        editing.register()
        layer.register()
        panels.register()
