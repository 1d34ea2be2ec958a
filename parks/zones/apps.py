"""App registration of parks.zones."""

from django.apps import AppConfig


class ZonesConfig(AppConfig):
    name = "parks.zones"
    label = "zones"
    verbose_name = "工业集聚区"
    default_auto_field = "django.db.models.BigAutoField"
