"""App registration of core.casework."""

import datetime as dt

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
        from core.casework.services import alerting
        from core.jobs import schedule

        calendar.register()
        schedule.register("casework.watch", at=dt.time(6), run=lambda day: alerting.watch_deadlines(on=day))
