"""App registration of efficiency.agreements."""

from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "efficiency.agreements"
    label = "agreements"
    verbose_name = "监管协议"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from efficiency.agreements import kind, panels, standing
        from efficiency.agreements.services import reminding

        kind.register()
        panels.register()
        standing.register()
        reminding.register()
