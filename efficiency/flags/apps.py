"""App registration of efficiency.flags."""

import datetime as dt

from django.apps import AppConfig


class FlagsConfig(AppConfig):
    name = "efficiency.flags"
    label = "flags"
    verbose_name = "低效预警"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: they read models, which exist only once all apps are loaded.
        from core.jobs import schedule
        from efficiency.flags import kind, panels
        from efficiency.flags.services import raising

        kind.register()
        panels.register()
        # After the night's checks of agreements, on which broken promises rest.
        schedule.register("flags.raise", at=dt.time(5, 30), run=raising.raise_nightly)
