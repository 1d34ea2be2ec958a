"""App registration of efficiency.returns."""

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    name = "efficiency.returns"
    label = "returns"
    verbose_name = "企业年报"
    default_auto_field = "django.db.models.BigAutoField"
