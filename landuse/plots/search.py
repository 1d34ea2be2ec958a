"""Plots found by the beginning of their 宗地代码."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.web import registry
from core.web.map_links import feature_url
from landuse.plots.models import PlotVersion

#: A beginning of a 宗地代码 long enough to mean one: the six digits of its district.
_BEGINNING = re.compile(r"44[0-9]{4}[0-9A-Z]{0,13}", re.ASCII)


def find(user: Any, query: str, limit: int) -> list[registry.Hit]:
    """Plots in force today that the user may read and whose code begins with ``query``."""
    wanted = query.upper().replace(" ", "")
    if not _BEGINNING.fullmatch(wanted):
        return []
    found = (
        PlotVersion.objects.visible_to(user)
        .in_force_on()
        .filter(plot__code__startswith=wanted)
        .order_by("plot_id")
        .values_list("plot_id", "location")[:limit]
    )
    return [
        registry.Hit(label=code, sub=location, url=feature_url("plots", code), layer="plots", code=code)
        for code, location in found
    ]


def register() -> None:
    """Register the search source."""
    registry.register_search(registry.SearchSource("plots", _("宗地"), find, order=20))
