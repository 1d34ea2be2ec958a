"""What leaves the compliance page: the table as CSV, the tracts as GeoJSON, the map as one file."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from core.geodata.area import mu_from_m2
from landuse.redline import views, wording
from landuse.redline.compliance import CITY, Compliance, FloorMissing, Standing, assess

#: The hand-out runs in a sandbox of its own: it can read nothing of this server, and reaches nothing else.
SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
)


@views.compliance_page
def table(request: HttpRequest, district: str = "") -> HttpResponse:
    """Floors and zones as CSV with a byte-order mark, so that Excel reads it as UTF-8."""
    place, name = _place(request, district)
    compliance = _assessed(request)
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(
        [_as_text(cell) for cell in row] for row in csv_rows(compliance, place)
    )
    response = HttpResponse("\ufeff" + written.getvalue(), content_type="text/csv; charset=utf-8")
    return _named(response, name, compliance.on, "csv")


def _as_text(cell: Any) -> Any:
    """A text that a spreadsheet would run as a formula, made text again."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell


def csv_rows(compliance: Compliance, place: str) -> Iterator[list[Any]]:
    """Rows of the CSV: areas in m² with every digit, 亩 and km² derived from them."""
    yield [_("工业用地红线对照"), _("截至 %(on)s") % {"on": compliance.on}]
    yield [
        _("区划代码"), _("范围"), _("红线面积（m²）"), _("红线面积（km²）"), _("下限（km²）"), _("余量（m²）"),
        _("余量（亩）"), _("偏离划定规模（%）"), _("集聚区内（m²）"), _("集聚区外（m²）"), _("图斑数"), _("结论"),
    ]  # fmt: skip
    shown: list[Standing] = [*compliance.districts, compliance.city] if place == CITY else [compliance.place(place)]
    for standing in shown:
        yield [
            standing.code, standing.name, standing.area_m2, standing.area_m2 / 1e6, standing.floor_m2 / 1e6,
            standing.surplus_m2, mu_from_m2(standing.surplus_m2), 100 * standing.surplus_m2 / standing.floor_m2,
            standing.in_zones_m2, standing.outside_zones_m2, standing.tracts,
            _("达标") if standing.met else _("未达标"),
        ]  # fmt: skip
    yield []
    yield [_("工业集聚区"), wording.zones_sentence(compliance)]
    yield [
        _("编号"), _("名称"), _("所在区"), _("面积（m²）"), _("面积（亩）"), _("超出 10,000 亩（亩）"),
        _("红线面积（m²）"), _("结论"),
    ]  # fmt: skip
    for row in views.zone_rows(compliance, place):
        zone = row["zone"]
        yield [
            zone.code, zone.name, row["districts"], zone.area_m2, mu_from_m2(zone.area_m2),
            mu_from_m2(row["surplus_m2"]) if row["large"] else "", zone.redline_m2,
            (_("超过万亩") if row["met"] else _("未超过万亩")) if row["large"] else _("不计"),
        ]  # fmt: skip


TRACTS_SQL = """
SELECT jsonb_build_object('type', 'FeatureCollection', 'features', coalesce(jsonb_agg(
    jsonb_build_object('type', 'Feature', 'id', tract_id,
        'geometry', ST_AsGeoJSON(geom, 8, 0)::jsonb,
        'properties', jsonb_build_object(
            'code', tract_id, 'name', name, 'district', district_id, 'control_level', control_level,
            'area_m2', area_m2, 'valid_from', valid_from)) ORDER BY tract_id), '[]'))::text
FROM redline_tractversion
WHERE valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)
    AND (district_id = %(place)s OR %(place)s = '440600')
"""


@views.compliance_page
def tracts(request: HttpRequest, district: str = "") -> HttpResponse:
    """The tracts in force as GeoJSON: CGCS2000 degrees, longitude first, ellipsoidal m²."""
    place, name = _place(request, district)
    on = views.asked_date(request)
    with connection.cursor() as cursor:
        cursor.execute(TRACTS_SQL, {"on": on, "place": place})
        (document,) = cursor.fetchone()
    return _named(HttpResponse(document, content_type="application/geo+json"), name, on, "geojson")


@views.compliance_page
def offline_map(request: HttpRequest, district: str = "") -> HttpResponse:
    """The map as one file that needs no network; ``?download=1`` saves it."""
    place, name = _place(request, district)
    compliance = _assessed(request)
    # Late: folium and pandas behind it would cost every command nearly two seconds at its start.
    from landuse.redline.handout import handout

    response = HttpResponse(handout(compliance, place), content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = SANDBOX
    if request.GET.get("download"):
        _named(response, name, compliance.on, "html")
    return response


def _place(request: HttpRequest, district: str) -> tuple[str, str]:
    if not district:
        return CITY, _("全市")
    found = views.asked_district(request, district)
    return found.code, found.name


def _assessed(request: HttpRequest) -> Compliance:
    try:
        return assess(on=views.asked_date(request))
    except FloorMissing as missing:
        raise views.Refusal(404, str(missing), _("请选择下限生效之后的日期。")) from missing


def _named(response: HttpResponse, name: str, on: dt.date, ending: str) -> HttpResponse:
    """``response`` saved under a Chinese name, with a plain one for old programs."""
    full = quote(f"{name}工业用地红线_{on}.{ending}")
    response["Content-Disposition"] = f"attachment; filename=\"redline_{on}.{ending}\"; filename*=UTF-8''{full}"
    return response
