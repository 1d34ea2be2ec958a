"""Single features of the map: the card of one, the list of those in view, what lies at a point."""

import datetime as dt
import json
from typing import Any

from django.contrib.gis.db.models.functions import PointOnSurface
from django.contrib.gis.geos import Point, Polygon
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.accounts.scope import reader
from core.geodata.crs import CGCS2000
from core.web import registry
from core.web.map_request import (
    MapRequestError,
    answers_the_map,
    asked_bbox,
    asked_date,
    asked_drawn_layer,
    asked_layer,
    asked_point,
)

PER_PAGE = 50
MOST_PER_PAGE = 200
#: Degrees; a district's outline is drawn as a halo, not measured.
SIMPLIFY_ABOVE_POINTS = 2_000
SIMPLIFY_DEGREES = 0.0001


def _sections(request: HttpRequest, layer: registry.MapLayer, feature: Any, on: dt.date) -> list[dict[str, Any]]:
    drawn = []
    for section in registry.card_sections_for(layer.name, reader(request).role):
        context = section.context(request, feature, on)
        if context is not None:
            drawn.append({"key": section.key, "template": section.template, "context": context})
    return drawn


def _shape(feature: Any, sections: list[dict[str, Any]]) -> dict[str, Any] | None:
    """GeoJSON of the selection: the feature's own, else what a section gives for it."""
    geom = getattr(feature, "geom", None)
    if geom is not None:
        if geom.num_coords > SIMPLIFY_ABOVE_POINTS:
            geom = geom.simplify(SIMPLIFY_DEGREES, preserve_topology=True)
        return json.loads(geom.json)
    for section in sections:
        if section["context"].get("geometry"):
            return section["context"]["geometry"]
    return None


@require_safe
@answers_the_map
def card(request: HttpRequest, layer: str, code: str) -> HttpResponse:
    """``/map/card/<layer>/<code>/``: a fragment with the feature's facts, sources, links and outline."""
    asked = asked_layer(request.user, layer)
    on = asked_date(request)
    # PostgreSQL text holds no NUL; no code is that long either.
    facts = asked.card(request, code, on) if len(code) <= 40 and "\0" not in code else None
    if facts is None:
        raise MapRequestError(
            404,
            _("%(on)s 没有编号为“%(code)s”的%(title)s，或它不在本账号的范围内。")
            % {"on": on.isoformat(), "code": code[:40], "title": asked.title},
        )
    sections = _sections(request, asked, facts["feature"], on)
    response = render(
        request,
        "web/map/card.html",
        {
            **facts,
            "layer": asked,
            "on": on,
            "sections": sections,
            "shape": _shape(facts["feature"], sections),
            "extent": next((s["context"]["extent"] for s in sections if s["context"].get("extent")), None),
        },
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _within(request: HttpRequest, rows: Any, on: dt.date) -> Any:
    """``?within=districts:440605``: only features whose inner point lies in that feature."""
    text = request.GET.get("within", "")
    if not text:
        return rows
    name, _colon, code = text.partition(":")
    holder = asked_drawn_layer(request.user, name)
    place = holder.queryset(request.user, on).filter(**{holder.code: code}).first() if "\0" not in code else None
    if place is None or place.geom is None:
        raise MapRequestError(404, _("没有编号为“%(code)s”的筛选范围。") % {"code": code[:40]})
    return (
        rows.filter(geom__bboverlaps=place.geom).alias(inner=PointOnSurface("geom")).filter(inner__coveredby=place.geom)
    )


@require_safe
@answers_the_map
def features(request: HttpRequest, layer: str) -> HttpResponse:
    """``/map/features/<layer>/?bbox=&after=&within=&limit=``: rows of the list twin, paged by code."""
    asked = asked_drawn_layer(request.user, layer)
    on = asked_date(request)
    limit_text = request.GET.get("limit", str(PER_PAGE))
    if not (limit_text.isascii() and limit_text.isdigit() and 1 <= int(limit_text[:6]) <= MOST_PER_PAGE):
        raise MapRequestError(400, _("每页条数应在 1 到 %(most)s 之间。") % {"most": MOST_PER_PAGE})
    limit = int(limit_text)
    box = asked_bbox(request.GET.get("bbox", ""))
    after = request.GET.get("after", "").replace("\0", "")

    rows = _within(request, asked.queryset(request.user, on), on)
    if box:
        frame = Polygon.from_bbox(box)
        frame.srid = CGCS2000
        rows = rows.filter(geom__bboverlaps=frame)
    if after:
        rows = rows.filter(**{f"{asked.code}__gt": after})
    label = F(str(asked.label))
    place = F(asked.place) if isinstance(asked.place, str) else asked.place
    found = list(
        rows.order_by(asked.code).values(t_code=F(asked.code), t_label=label, t_place=place, t_area=F("area_m2"))[
            : limit + 1
        ]
    )
    page = found[:limit]
    response = render(
        request,
        "web/map/rows.html",
        {
            "layer": asked,
            "rows": page,
            "more_after": page[-1]["t_code"] if len(found) > limit else "",
            "first": not after,
        },
    )
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
@answers_the_map
def at(request: HttpRequest) -> HttpResponse:
    """``/map/at/?lon=&lat=&layers=a,b``: the topmost feature there; ``{"layer": null}`` when there is none."""
    lon, lat = asked_point(request)
    on = asked_date(request)
    names = [name for name in request.GET.get("layers", "").split(",")[:10] if name]
    asked = sorted((asked_drawn_layer(request.user, name) for name in names), key=lambda layer: -layer.order)
    point = Point(lon, lat, srid=CGCS2000)
    answer: dict[str, Any] = {"layer": None}
    for layer in asked:
        code = (
            layer.queryset(request.user, on)
            .filter(geom__intersects=point)
            .values_list(layer.code, flat=True)
            .order_by(layer.code)
            .first()
        )
        if code is not None:
            answer = {"layer": layer.name, "code": code}
            break
    response = JsonResponse(answer)
    response["Cache-Control"] = "private, no-store"
    return response
