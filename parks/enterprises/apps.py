"""App registration of parks.enterprises."""

from django.apps import AppConfig


class EnterprisesConfig(AppConfig):
    name = "parks.enterprises"
    label = "enterprises"
    verbose_name = "企业"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from parks.enterprises import applicants, search

        applicants.register()
        search.register()
