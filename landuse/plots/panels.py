"""An enterprise's own plots on its home page: where they lie, how large they are, what may be built."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Role
from core.accounts.scope import reader
from core.web import registry
from core.web.map_links import feature_url
from landuse.plots.models import Occupation, PlotVersion

MOST_SHOWN = 30


def my_plots(request: HttpRequest) -> dict[str, Any]:
    """The plots the reader's enterprise occupies today, largest first, with their shapes for the map beside them."""
    user, today = reader(request), timezone.localdate()
    held = {row.plot_id: row for row in Occupation.objects.visible_to(user).in_force_on(today)}
    versions = list(
        PlotVersion.objects.visible_to(user)
        .in_force_on(today)
        .filter(plot_id__in=held)
        .order_by("-area_m2", "plot_id")[: MOST_SHOWN + 1]
    )
    rows = [
        {
            "plot": plot,
            "url": feature_url("plots", plot.plot_id),
            "kind": held[plot.plot_id].get_kind_display(),
            "used_m2": plot.area_m2 * float(held[plot.plot_id].share),
        }
        for plot in versions[:MOST_SHOWN]
    ]
    return {
        "rows": rows,
        "more": len(versions) > MOST_SHOWN,
        "map_config": {
            "plots": [
                {
                    "code": row["plot"].plot_id,
                    "label": row["plot"].location or row["plot"].plot_id,
                    "url": row["url"],
                    "geometry": json.loads(row["plot"].geom.geojson),
                }
                for row in rows
            ],
            "texts": {"zoomIn": _("放大"), "zoomOut": _("缩小")},
        },
    }


def register() -> None:
    """The home panel of enterprises."""
    registry.register_home_panel(
        registry.HomePanel(
            key="plots",
            title=gettext_lazy("占用的宗地"),
            roles=(Role.ENTERPRISE.value,),
            template="plots/home_my_plots.html",
            context=my_plots,
            order=20,
            span=8,
        )
    )
