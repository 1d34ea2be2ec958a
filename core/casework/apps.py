"""App registration of core.casework."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CaseworkConfig(AppConfig):
    name = "core.casework"
    label = "casework"
    verbose_name = _("办件")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: it reads models, which exist only once all apps are loaded.
        from core.casework import calendar

        calendar.register()
