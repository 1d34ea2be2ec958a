"""App registration of efficiency.schemes."""

from django.apps import AppConfig


class SchemesConfig(AppConfig):
    name = "efficiency.schemes"
    label = "schemes"
    verbose_name = "评价办法"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from efficiency.schemes import fixtures, panels

        fixtures.register()
        panels.register()
