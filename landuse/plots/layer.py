"""宗地 on the map: tiles, ways to colour them, the card, and counts by zone, district, town, enterprise."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from django.contrib.gis.db.models import Collect, Extent
from django.contrib.gis.db.models.functions import PointOnSurface
from django.db.models import Count, F, FloatField, Sum
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.accounts.scope import reader
from core.web import figures, registry
from core.web.map_links import feature_url
from landuse.plots.models import Occupation, Ownership, PlotVersion, SupplyMode, UseCode
from parks.enterprises.models import EnterpriseMember

READERS = ("planner", "reviewer", "monitor", "head", "parks", "auditor", "enterprise")
MOST_LISTED = 50

# Okabe-Ito: eight colours told apart by every kind of colour vision.
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#3B3B3B"


def plots(user: Any, on: dt.date) -> Any:
    """Plot versions in force on ``on`` that ``user`` may read."""
    return PlotVersion.objects.visible_to(user).in_force_on(on)


def plot_card(request: HttpRequest, code: str, on: dt.date) -> dict[str, Any] | None:
    """A plot's facts, its zone by location, and who occupies it as far as the reader may know."""
    plot = (
        plots(request.user, on)
        .select_related("district", "town", "publication__document")
        .with_zone(on)
        .filter(plot_id=code.upper())
        .first()
    )
    if plot is None:
        return None
    difference = None
    if plot.registered_area_m2:
        registered = float(plot.registered_area_m2)
        difference = {
            "m2": plot.area_m2 - registered,
            "percent": figures.grouped(
                figures.round_honestly(Decimal(str(100 * (plot.area_m2 - registered) / registered))), signed=True
            ),
        }
    occupants = (
        Occupation.objects.visible_to(request.user)
        .in_force_on(on)
        .filter(plot_id=plot.plot_id)
        .select_related("enterprise__industry")
        .order_by("-share", "enterprise__name")
    )
    return {
        "feature": plot,
        "title": plot.location or plot.plot_id,
        "code": plot.plot_id,
        "difference": difference,
        # Django gives generated columns no get_…_display.
        "ownership": Ownership(plot.ownership).label,
        "district_url": feature_url("districts", plot.district_id),
        "town_url": feature_url("towns", plot.town_id) if plot.town_id else "",
        "zone_url": feature_url("zones", plot.zone_code) if plot.zone_code else "",
        "occupants": [
            {
                "name": held.enterprise.name,
                "url": feature_url("enterprises", held.enterprise.uscc),
                "industry": held.enterprise.industry.name,
                "kind": held.get_kind_display(),
                "percent": 100 * held.share,
            }
            for held in occupants[:MOST_LISTED]
        ],
    }


def in_zone(request: HttpRequest, zone: Any, on: dt.date) -> dict[str, Any] | None:
    """Plots whose inner point the zone covers: how many, how large."""
    return (
        plots(request.user, on)
        .filter(geom__bboverlaps=zone.geom)
        .annotate(inner=PointOnSurface("geom"))
        .filter(inner__coveredby=zone.geom)
        .aggregate(count=Count("pk"), area_m2=Sum("area_m2"))
    )


def in_district(request: HttpRequest, district: Any, on: dt.date) -> dict[str, Any] | None:
    """Plots of the district, or nothing where the reader does not read that district's plots."""
    user = reader(request)
    if user.role != "enterprise" and not (user.sees_city or district.code in user.place_codes):
        return {"closed": True}
    return plots(user, on).filter(district=district.code).aggregate(count=Count("pk"), area_m2=Sum("area_m2"))


def in_town(request: HttpRequest, town: Any, on: dt.date) -> dict[str, Any] | None:
    """Plots of the town as far as the reader may read them, and the box they span."""
    found = (
        plots(request.user, on)
        .filter(town=town.code)
        .aggregate(count=Count("pk"), area_m2=Sum("area_m2"), box=Extent("geom"))
    )
    return {**found, "extent": found["box"]}


def of_enterprise(request: HttpRequest, enterprise: Any, on: dt.date) -> dict[str, Any] | None:
    """The plots an enterprise occupies, largest part first, and their shapes together."""
    held = {
        occupation.plot_id: occupation
        for occupation in Occupation.objects.visible_to(request.user).in_force_on(on).filter(enterprise=enterprise)
    }
    versions = plots(request.user, on).filter(plot_id__in=held)
    rows = [
        {
            "code": plot.plot_id,
            "location": plot.location,
            "url": feature_url("plots", plot.plot_id),
            "kind": held[plot.plot_id].get_kind_display(),
            "used_m2": plot.area_m2 * float(held[plot.plot_id].share),
        }
        for plot in versions.order_by("-area_m2")[:MOST_LISTED]
    ]
    together = versions.aggregate(geom=Collect("geom"))["geom"]
    return {"plots": rows, "geometry": json.loads(together.json) if together else None}


def _by(column: str) -> Any:
    return lambda rows, year: rows.annotate(theme=F(column))


def _number(column: str) -> Any:
    # A tile would carry PostgreSQL's numeric as text.
    return lambda rows, year: rows.annotate(theme=Cast(F(column), FloatField()))


def _categories(choices: Any, colours: list[str]) -> list[registry.Category]:
    return [
        registry.Category(value, label, colour) for (value, label), colour in zip(choices.choices, colours, strict=True)
    ]


def register() -> None:
    """Register the layer, its themes and its card sections."""
    registry.register_layer(
        registry.MapLayer(
            name="plots",
            title=_("宗地"),
            order=40,
            queryset=plots,
            code="plot_id",
            label="location",
            place="district__name",
            grid_below=12,
            measure_word=_("宗"),
            roles=READERS,
            # What an enterprise sees follows from its occupations, not from the layer alone.
            watched=lambda user: (Occupation, EnterpriseMember) if user.role == "enterprise" else (),
            card_template="plots/map/card.html",
            card=plot_card,
        )
    )
    themes = [
        registry.Theme(
            "plot_ratio", _("现状容积率"), _number("plot_ratio_built"), digits=2, group=_("宗地属性"), order=40
        ),
        registry.Theme(
            "ownership",
            _("土地权属"),
            _by("ownership"),
            kind="class",
            categories=_categories(Ownership, [BLUE, ORANGE, BLACK]),
            group=_("宗地属性"),
            order=50,
        ),
        registry.Theme(
            "use",
            _("土地用途"),
            _by("use_code"),
            kind="class",
            categories=_categories(UseCode, [SKY, BLUE, PURPLE, YELLOW, ORANGE, VERMILION, GREEN]),
            group=_("宗地属性"),
            order=60,
        ),
        registry.Theme(
            "supply",
            _("供应方式"),
            _by("supply_mode"),
            kind="class",
            categories=_categories(SupplyMode, [BLUE, SKY, GREEN, YELLOW, ORANGE, PURPLE, BLACK, VERMILION]),
            group=_("宗地属性"),
            order=70,
        ),
    ]
    for theme in themes:
        registry.register_theme("plots", theme)
    for layer, context in (
        ("zones", in_zone),
        ("districts", in_district),
        ("towns", in_town),
    ):
        registry.register_card_section(
            registry.CardSection("plots", layer, "plots/map/count.html", context, order=30, roles=READERS)
        )
    registry.register_card_section(
        registry.CardSection(
            "plots", "enterprises", "plots/map/of_enterprise.html", of_enterprise, order=20, roles=READERS
        )
    )
