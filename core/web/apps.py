"""Registers the shell and what it offers by itself."""

from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _

from core.web import registry


class WebConfig(AppConfig):
    name = "core.web"
    label = "web"
    verbose_name = _("界面")

    def ready(self) -> None:
        # Imported here: its panels read models, which exist only once all apps are loaded.
        from core.accounts.models import Role
        from core.web import applicant_panels, case_panels, change_panels, home, map_places, sources
        from core.web.checks import rail_addresses_exist

        checks.register(rail_addresses_exist, checks.Tags.urls)

        registry.register_nav(registry.NavItem(key="home", label=_("首页"), icon="home", url_name="web:home", order=0))
        # core.policy lies below this package and cannot register its page itself. The account menu leads there too,
        # for roles whose rail holds seven jobs without it.
        registry.register_nav(
            registry.NavItem(
                key="rules",
                label=_("规则"),
                icon="book-2",
                url_name="policy:parameters",
                roles=tuple(role.value for role in Role if role not in (Role.PARKS, Role.AUDITOR)),
                order=90,
                hint=_("各项指标的出处、条款和现行取值"),
            )
        )
        home.register()
        sources.register()
        map_places.register()
        change_panels.register()
        case_panels.register()
        applicant_panels.register()
