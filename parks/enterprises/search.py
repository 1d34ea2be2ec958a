"""Enterprises found by name or code, and the card the map shows of one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.web import registry
from core.web.map_links import feature_url
from parks.enterprises.models import Enterprise


def find(user: Any, query: str, limit: int) -> list[registry.Hit]:
    """Enterprises the user may read whose name holds ``query`` or whose code begins with it."""
    found = Enterprise.objects.visible_to(user).matching(query).order_by("name", "pk")[:limit]
    return [
        registry.Hit(
            label=enterprise.name,
            sub=enterprise.uscc,
            url=feature_url("enterprises", enterprise.uscc),
            layer="enterprises",
            code=enterprise.uscc,
        )
        for enterprise in found
    ]


def enterprise_card(request: HttpRequest, code: str, on: dt.date) -> dict[str, Any] | None:
    """An enterprise's facts; its plots are a section of the packages above."""
    enterprise = (
        Enterprise.objects.visible_to(request.user)
        .select_related("industry", "district", "town")
        .filter(uscc=code.upper())
        .first()
    )
    if enterprise is None:
        return None
    return {"feature": enterprise, "title": enterprise.name, "code": enterprise.uscc}


def register() -> None:
    """Register the search source and the card."""
    registry.register_search(registry.SearchSource("enterprises", _("企业"), find, order=30))
    registry.register_layer(
        registry.MapLayer(
            name="enterprises",
            title=_("企业"),
            order=80,
            queryset=lambda user, on: Enterprise.objects.visible_to(user),
            code="uscc",
            label="name",
            place="district__name",
            drawn=False,
            roles=("planner", "reviewer", "monitor", "head", "parks", "auditor", "enterprise"),
            card_template="enterprises/map/card.html",
            card=enterprise_card,
        )
    )
