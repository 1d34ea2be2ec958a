"""What red-line compliance says on the home page and in the rail."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import policy
from core.web import registry
from landuse.redline import perms, wording
from landuse.redline.compliance import CITY, Compliance, FloorMissing, assess

LAND_ROLES = ("planner", "reviewer", "monitor", "head", "parks", "auditor")


def _compliance(request: HttpRequest) -> Compliance | None:
    """Today's verdict, once a request; None when no floor is in force or no tract is drawn yet."""
    if not hasattr(request, "redline_compliance"):
        try:
            verdict = assess()
        except FloorMissing:
            verdict = None
        drawn = verdict is not None and verdict.city.tracts > 0
        request.redline_compliance = verdict if drawn else None  # type: ignore[attr-defined]
    return request.redline_compliance  # type: ignore[attr-defined,no-any-return]


def answer(request: HttpRequest) -> registry.Answer | None:
    """The reader's own district when there is one, else the city."""
    compliance = _compliance(request)
    if compliance is None:
        return None
    own = perms.districts_read(request.user)  # type: ignore[arg-type]
    single = len(own) == 1 and not request.user.sees_city  # type: ignore[union-attr]
    place = own[0] if single else CITY
    standing = compliance.place(place)
    met = standing.met if single else compliance.floors_met
    return registry.Answer(
        sentence=wording.district_sentence(standing) if single else wording.city_sentence(compliance),
        state="met" if met else "unmet",
        url=reverse("redline:compliance_district", args=[standing.slug]) if single else reverse("redline:compliance"),
        url_label=_("查看合规详情"),
        detail="" if single else wording.city_detail(compliance),
        source=policy.values_for("redline.floor_km2").get(place),
    )


def standings(request: HttpRequest) -> dict[str, Any] | None:
    """One line a district and one for the city."""
    compliance = _compliance(request)
    if compliance is None:
        return None
    readable = set(perms.districts_read(request.user))  # type: ignore[arg-type]
    return {
        "rows": [{"standing": row, "readable": row.code in readable} for row in compliance.districts],
        "city": compliance.city,
        "zones_sentence": wording.zones_sentence(compliance),
    }


def register() -> None:
    """Rail item, home heading and home panel; and folium told to fetch nothing."""
    registry.register_nav(
        registry.NavItem(
            key="compliance",
            label=gettext_lazy("合规"),
            icon="shield-check",
            url_name="redline:compliance",
            roles=LAND_ROLES,
            order=60,
            also=("redline:compliance_district",),
            hint=gettext_lazy("红线是否守住，余量多少，集聚区是否够大"),
        )
    )
    registry.register_home_answer(registry.HomeAnswer("redline", LAND_ROLES, answer, order=10))
    registry.register_home_panel(
        registry.HomePanel(
            key="redline",
            title=gettext_lazy("红线达标情况"),
            roles=LAND_ROLES,
            template="redline/home_standings.html",
            context=standings,
            order=20,
            span=8,
            replaces=("floors",),
        )
    )
