"""App registration of landuse.plots."""

from django.apps import AppConfig


class PlotsConfig(AppConfig):
    name = "landuse.plots"
    label = "plots"
    verbose_name = "宗地"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from landuse.plots import checks, editing, layer, panels, search

        checks.register()
        editing.register()
        layer.register()
        panels.register()
        search.register()
