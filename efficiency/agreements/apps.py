"""App registration of efficiency.agreements."""

from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "efficiency.agreements"
    label = "agreements"
    verbose_name = "监管协议"
    default_auto_field = "django.db.models.BigAutoField"
