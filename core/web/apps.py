from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.web import registry


class WebConfig(AppConfig):
    name = "core.web"
    label = "web"
    verbose_name = _("界面")

    def ready(self) -> None:
        registry.register_nav(
            registry.NavItem(
                key="home", label=_("首页"), icon="home", url_name="web:home", order=0
            )
        )
