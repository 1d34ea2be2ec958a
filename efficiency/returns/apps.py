"""App registration of efficiency.returns."""

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    name = "efficiency.returns"
    label = "returns"
    verbose_name = "企业年报"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from core.jobs import kinds
        from efficiency.returns import home, layer
        from efficiency.returns.services import following, importing, reminding

        kinds.register(importing.READ, importing.run_read)
        kinds.register(importing.APPLY, importing.run_apply)
        layer.register()
        home.register()
        reminding.register()
        following.register()
