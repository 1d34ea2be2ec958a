"""工业用地红线 on the map: tracts, and what of them lies in a zone or a district."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.gis.db.models.functions import Intersection
from django.db.models import Case, Count, F, Sum, When
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core import policy
from core.geodata.area import EllipsoidalArea
from core.web import registry
from core.web.map_links import feature_url
from landuse.redline.compliance import FloorMissing, assess
from landuse.redline.models import TractVersion
from parks.zones.models import ZoneVersion


def tracts(user: Any, on: dt.date) -> Any:
    """Tract versions in force on ``on``."""
    return TractVersion.objects.visible_to(user).in_force_on(on)


def tract_card(request: HttpRequest, code: str, on: dt.date) -> dict[str, Any] | None:
    """A tract's facts and the zones it touches."""
    tract = tracts(request.user, on).select_related("district", "publication__document").filter(tract_id=code).first()
    if tract is None:
        return None
    zones = (
        ZoneVersion.objects.visible_to(request.user)
        .in_force_on(on)
        .filter(geom__intersects=tract.geom)
        .annotate(shared_m2=EllipsoidalArea(Intersection("geom", tract.geom)))
        .filter(shared_m2__gt=1)
        .order_by("-shared_m2")
    )
    return {
        "feature": tract,
        "title": tract.name or tract.tract_id,
        "code": tract.tract_id,
        "district_url": feature_url("districts", tract.district_id),
        "zones": [
            {"name": zone.name, "url": feature_url("zones", zone.zone_id), "shared_m2": zone.shared_m2}
            for zone in zones
        ],
    }


def in_zone(request: HttpRequest, zone: Any, on: dt.date) -> dict[str, Any] | None:
    """Red-line area inside the zone (m², ellipsoidal), and in how many tracts."""
    inside = (
        tracts(request.user, on)
        .filter(geom__intersects=zone.geom)
        .annotate(
            # Most tracts lie wholly inside; only those on the edge pay for an intersection.
            inside_m2=Case(
                When(geom__coveredby=zone.geom, then=F("area_m2")),
                default=EllipsoidalArea(Intersection("geom", zone.geom)),
            )
        )
        .aggregate(count=Count("pk"), area_m2=Sum("inside_m2"))
    )
    area = inside["area_m2"] or 0.0
    return {**inside, "area_m2": area, "percent": 100 * area / zone.area_m2}


def in_district(request: HttpRequest, district: Any, on: dt.date) -> dict[str, Any] | None:
    """The district's red line against its floor, as the compliance page answers it."""
    try:
        standing = assess(on=on).district(district.code)
        floor = policy.value("redline.floor_km2", district.code, on)
    except (FloorMissing, KeyError, policy.ParameterMissing):
        # Before the floors were set there is nothing to stand against.
        return None
    return {"standing": standing, "floor": floor}


def register() -> None:
    """Register layer and card sections."""
    registry.register_layer(
        registry.MapLayer(
            name="redline",
            title=_("工业用地红线"),
            order=30,
            queryset=tracts,
            code="tract_id",
            label="tract_id",
            place="district__name",
            measure_word=_("块"),
            card_template="redline/map/card.html",
            card=tract_card,
        )
    )
    registry.register_card_section(
        registry.CardSection("redline", "zones", "redline/map/in_zone.html", in_zone, order=20)
    )
    registry.register_card_section(
        registry.CardSection("redline", "districts", "redline/map/in_district.html", in_district, order=10)
    )
