"""App registration of parks.zones."""

from django.apps import AppConfig


class ZonesConfig(AppConfig):
    name = "parks.zones"
    label = "zones"
    verbose_name = "工业集聚区"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from parks.zones import checks, editing, layer, search

        checks.register()
        editing.register()
        layer.register()
        search.register()
