"""App registration of efficiency.evaluation."""

from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "efficiency.evaluation"
    label = "evaluation"
    verbose_name = "亩均评价"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from efficiency.evaluation import panels
        from efficiency.evaluation.services import starting

        starting.register()
        panels.register()
