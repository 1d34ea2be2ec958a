"""Districts and towns on the map: the base layer, their cards, and how they are found."""

import datetime as dt
from typing import Any

from django.db.models import BigIntegerField, F, Q
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.geodata.area import EllipsoidalArea, InWebMercator
from core.policy.models import Jurisdiction
from core.web import registry
from core.web.map_links import feature_url


def districts(user: Any, on: dt.date) -> Any:
    """Districts with boundary, area and tile geometry; every signed-in account may read them."""
    return Jurisdiction.objects.districts().annotate(
        geom_3857=InWebMercator(F("geom")), area_m2=EllipsoidalArea(F("geom"))
    )


def district_card(request: HttpRequest, code: str, on: dt.date) -> dict[str, Any] | None:
    """The card of a district, by code or address name."""
    place = districts(request.user, on).filter(Q(code=code) | Q(slug=code)).first()
    return {"feature": place, "title": place.name, "code": place.code} if place else None


def town_card(request: HttpRequest, code: str, on: dt.date) -> dict[str, Any] | None:
    """The card of a town or street; no boundary of it is at hand."""
    place = Jurisdiction.objects.towns().select_related("parent").filter(code=code).first()
    if place is None:
        return None
    return {
        "feature": place,
        "title": place.name,
        "code": place.code,
        "district_url": feature_url("districts", place.parent_id or ""),
    }


def find_places(user: Any, query: str, limit: int) -> list[registry.Hit]:
    """Districts and towns by name or code."""
    found = (
        Jurisdiction.objects.exclude(level="city")
        .filter(Q(name__contains=query) | Q(code__startswith=query))
        .select_related("parent")
        .order_by("level", "code")[:limit]
    )
    hits = []
    for place in found:
        layer = "towns" if place.level == "town" else "districts"
        hits.append(
            registry.Hit(
                label=place.name,
                sub=place.parent.name if place.parent else "",
                url=feature_url(layer, place.code),
                layer=layer,
                code=place.code,
            )
        )
    return hits


def register() -> None:
    """Register the layer of districts, the cards of towns and the search over both."""
    registry.register_nav(
        registry.NavItem(
            key="map",
            label=_("地图"),
            icon="map-2",
            url_name="web:map",
            order=10,
            hint=_("集聚区、红线和宗地在哪里、是什么、产出多少"),
        )
    )
    registry.register_layer(
        registry.MapLayer(
            name="districts",
            title=_("行政区"),
            order=10,
            queryset=districts,
            code="code",
            label="name",
            place="parent__name",
            # Tile features carry integer ids; the administrative code is one.
            feature_id=Cast("code", BigIntegerField()),
            watched=lambda user: (Jurisdiction,),
            labelled=True,
            measure_word=_("个"),
            card_template="web/map/cards/district.html",
            card=district_card,
        )
    )
    registry.register_layer(
        registry.MapLayer(
            name="towns",
            title=_("镇街"),
            order=90,
            queryset=lambda user, on: Jurisdiction.objects.towns(),
            code="code",
            label="name",
            place="parent__name",
            drawn=False,
            card_template="web/map/cards/town.html",
            card=town_card,
        )
    )
    registry.register_search(registry.SearchSource("places", _("行政区、镇街"), find_places, order=50))
