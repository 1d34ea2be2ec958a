"""App registration of parks.programmes."""

from django.apps import AppConfig


class ProgrammesConfig(AppConfig):
    name = "parks.programmes"
    label = "programmes"
    verbose_name = "企业培育计划"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from parks.programmes import fixtures, panels

        fixtures.register()
        panels.register()
