"""Land quota in the rail and on the home page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from core.accounts.models import Role
from core.web import registry
from core.web.shell import SignedIn
from landuse.quotas.overview import overview

RAIL = (Role.PLANNER.value, Role.REVIEWER.value, Role.MONITOR.value, Role.HEAD.value, Role.AUDITOR.value)
"""Park officers read the ledger too, by way of their cases: their rail has seven items already."""

HOME = (Role.PLANNER.value, Role.REVIEWER.value, Role.HEAD.value)


def standing(request: SignedIn) -> dict[str, Any] | None:
    """This year's quota, a line a plan; None while nothing is registered."""
    found = overview(request.user)
    return {"overview": found} if found.rows else None


def register() -> None:
    """Rail item and home panel."""
    registry.register_nav(
        registry.NavItem(
            key="quotas",
            label=gettext_lazy("指标"),
            icon="ruler-measure",
            url_name="quotas:plan",
            roles=RAIL,
            order=65,
            also=("quotas:pool", "quotas:book"),
            hint=gettext_lazy("年度用地指标下达、预留、使用和可用多少"),
        )
    )
    registry.register_home_panel(
        registry.HomePanel(
            key="quotas",
            title=gettext_lazy("本年度用地指标"),
            roles=HOME,
            template="quotas/home_plans.html",
            context=standing,
            order=40,
            span=8,
        )
    )
