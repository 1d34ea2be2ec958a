"""App registration of landuse.controls."""

from django.apps import AppConfig


class ControlsConfig(AppConfig):
    name = "landuse.controls"
    label = "controls"
    verbose_name = "国土空间控制线"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from landuse.controls import checks, editing, layer

        checks.register()
        editing.register()
        layer.register()
