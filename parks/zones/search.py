"""Zones found by name or code."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.web import registry
from core.web.map_links import feature_url
from parks.zones.models import ZoneVersion


def find(user: Any, query: str, limit: int) -> list[registry.Hit]:
    """Zones in force today whose name holds ``query`` or whose code begins with it."""
    found = (
        ZoneVersion.objects.visible_to(user)
        .in_force_on()
        .filter(Q(name__contains=query) | Q(zone__code__istartswith=query))
        .order_by("zone_id")
        .only("name", "zone_id")[:limit]
    )
    return [
        registry.Hit(
            label=zone.name,
            sub=zone.zone_id,
            url=feature_url("zones", zone.zone_id),
            layer="zones",
            code=zone.zone_id,
        )
        for zone in found
    ]


def register() -> None:
    """Register the search source."""
    registry.register_search(registry.SearchSource("zones", _("工业集聚区"), find, order=40))
