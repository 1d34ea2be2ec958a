"""Registers what belongs to the whole rather than to one package."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConfigConfig(AppConfig):
    name = "config"
    label = "config"
    verbose_name = _("系统配置")

    def ready(self) -> None:
        # Importing registers the system check of the database server.
        import core.geodata.server  # noqa: F401
