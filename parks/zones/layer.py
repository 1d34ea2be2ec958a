"""工业集聚区 on the map: outline, card against the 10,000 亩 threshold, and count by district."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import CharField, Count, F, Func, Q, Sum
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core import policy
from core.geodata.area import m2_from_mu
from core.policy.models import Jurisdiction
from core.web import registry
from core.web.map_links import feature_url
from parks.zones.models import ZoneVersion


class DistrictNames(Func):
    """SQL: the names of the districts whose codes an array column holds, in code order."""

    template = (
        "(SELECT string_agg(place.name, '、' ORDER BY place.code)"
        " FROM policy_jurisdiction place WHERE place.code = ANY (%(expressions)s))"
    )
    output_field = CharField()


def zones(user: Any, on: dt.date) -> Any:
    """Zone versions in force on ``on``."""
    return ZoneVersion.objects.visible_to(user).in_force_on(on)


def district_names(codes: list[str]) -> list[dict[str, str]]:
    """Name and map link of the districts ``codes``, in code order."""
    places = Jurisdiction.objects.filter(code__in=codes).order_by("code")
    return [{"name": place.name, "url": feature_url("districts", place.code)} for place in places]


def zone_card(request: HttpRequest, code: str, on: dt.date) -> dict[str, Any] | None:
    """A zone's facts; the verdict compares unrounded m² and is strict (超万亩, rules RL-2)."""
    zone = zones(request.user, on).select_related("publication__document").filter(zone_id=code).first()
    if zone is None:
        return None
    try:
        threshold = policy.value("zone.min_area_mu", on=on)
    except policy.ParameterMissing:
        # Before the plan came into force there was nothing to be over.
        threshold = None
    minimum_m2 = m2_from_mu(threshold.value) if threshold and threshold.value is not None else None
    return {
        "feature": zone,
        "title": zone.name,
        "code": zone.zone_id,
        "districts": district_names(zone.district_codes),
        "threshold": threshold,
        "minimum_m2": minimum_m2,
        "applies": zone.zone_class == "wanmu" and minimum_m2 is not None,
        "over": minimum_m2 is not None and zone.area_m2 > minimum_m2,
        "margin_m2": zone.area_m2 - float(minimum_m2) if minimum_m2 is not None else None,
    }


def in_district(request: HttpRequest, district: Any, on: dt.date) -> dict[str, Any] | None:
    """How many zones touch the district, and their gross area."""
    return (
        zones(request.user, on)
        .filter(district_codes__contains=[district.code])
        .aggregate(
            count=Count("pk"),
            large=Count("pk", filter=Q(zone_class="wanmu")),
            area_m2=Sum("area_m2"),
        )
    )


def register() -> None:
    """Register layer and card section."""
    registry.register_layer(
        registry.MapLayer(
            name="zones",
            title=_("工业集聚区"),
            order=20,
            queryset=zones,
            code="zone_id",
            label="name",
            place=DistrictNames(F("district_codes")),
            labelled=True,
            measure_word=_("个"),
            card_template="zones/map/card.html",
            card=zone_card,
        )
    )
    registry.register_card_section(
        registry.CardSection("zones", "districts", "zones/map/in_district.html", in_district, order=20)
    )
