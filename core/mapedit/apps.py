"""App registration of core.mapedit."""

from django.apps import AppConfig


class MapeditConfig(AppConfig):
    name = "core.mapedit"
    label = "mapedit"
    verbose_name = "图层编辑"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here: it reads models, which exist only once all apps are loaded.
        from core.jobs import kinds
        from core.mapedit import districts
        from core.mapedit.services import uploads

        districts.register()
        kinds.register(uploads.EXAMINE, uploads.run_examine)
        kinds.register(uploads.WRITE, uploads.run_write)
