"""The compliance map as one HTML file by folium: Leaflet inside, no address outside, no network needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import folium
from branca.element import Element
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from folium.elements import JSCSSMixin

from core.geodata.area import mu_from_m2
from core.web.figures import area_text
from landuse.redline import wording
from landuse.redline.compliance import CITY, Compliance

#: Simplification in degrees, about 10 m and 25 m; coordinates at 10⁻⁵ degrees, about 1 m.
DETAIL = {"district": 0.0001, "city": 0.00025}

HANDOUT_SQL = """
WITH chosen AS (
    SELECT code, name, geom FROM policy_jurisdiction WHERE level = 'district'
)
SELECT jsonb_build_object(
    'districts', (SELECT jsonb_agg(jsonb_build_object('type', 'Feature',
        'geometry', ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, 0.0005), 5, 0)::jsonb,
        'properties', jsonb_build_object('code', code, 'name', name)) ORDER BY code) FROM chosen),
    'tracts', (SELECT coalesce(jsonb_agg(jsonb_build_object('type', 'Feature',
        'geometry', ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, %(detail)s), 5, 0)::jsonb,
        'properties', jsonb_build_object('code', tract_id, 'area_m2', area_m2)) ORDER BY tract_id), '[]')
        FROM redline_tractversion
        WHERE valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)
            AND (district_id = %(place)s OR %(place)s = %(city)s)),
    'zones', (SELECT coalesce(jsonb_agg(jsonb_build_object('type', 'Feature',
        'geometry', ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, %(detail)s), 5, 0)::jsonb,
        'properties', jsonb_build_object('code', zone_id, 'name', name, 'area_m2', area_m2)) ORDER BY zone_id), '[]')
        FROM zones_zoneversion
        WHERE valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)
            AND (%(place)s = ANY (district_codes) OR %(place)s = %(city)s)),
    'frame', (SELECT json_build_array(
            json_build_array(ST_YMin(box), ST_XMin(box)), json_build_array(ST_YMax(box), ST_XMax(box)))
        FROM (SELECT ST_Extent(geom)::box3d AS box FROM chosen
              WHERE code = %(place)s OR %(place)s = %(city)s) f),
    'demo', EXISTS (SELECT 1 FROM mapedit_publication WHERE layer_id = 'redline' AND is_demo)
)::text
"""

STYLE = """
html,body{margin:0;height:100%;font:14px/20px "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;
color:#17212b;background:#e9edf0}
.leaflet-container{font:inherit;background:#e9edf0!important}
.note{position:absolute;z-index:1000;left:56px;top:12px;max-width:min(30em,calc(100vw - 96px));padding:12px 16px;
background:#fff;border:1px solid #e3e6e9;border-radius:6px}
.note h1{margin:0 0 4px;font-size:16px;line-height:24px}
.note table{border-collapse:collapse;margin:4px 0;font-variant-numeric:tabular-nums}
.note td{padding:2px 12px 2px 0;white-space:nowrap}.note td+td{text-align:right}
.note small{color:#616d7a}.demo{color:#b45309;border:1px solid #efc48d;border-radius:4px;padding:0 6px}
.unmet{color:#b91c1c;font-weight:600}.met{color:#15803d}
@media (max-width:600px){.note{left:0;right:0;top:auto;bottom:0;max-width:none;height:40vh;box-sizing:border-box;
overflow:auto;border-radius:0}.folium-map{height:60vh!important}}
"""


def _subclasses(parent: type) -> Iterator[Any]:
    child: type
    for child in parent.__subclasses__():
        yield child
        yield from _subclasses(child)


# Each of folium's classes lists scripts and style sheets to fetch; none may ever be asked for from a page of ours.
for _element in (JSCSSMixin, *_subclasses(JSCSSMixin)):
    _element.default_js, _element.default_css = [], []


@cache
def _leaflet() -> tuple[str, str]:
    """Leaflet's script and style sheet from node_modules, without the addresses they name."""
    folder = Path(settings.NPM_ROOT) / "leaflet" / "dist"
    script = (folder / "leaflet.js").read_text(encoding="utf-8")
    script = re.sub(r"//# sourceMappingURL=\S+", "", script)
    script = script.replace("https://leafletjs.com", "#")
    script = re.sub(r"^/\*.*?\*/", "", script, count=1, flags=re.S)
    style = (folder / "leaflet.css").read_text(encoding="utf-8")
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.S)
    return script.replace("</script", "<\\/script"), re.sub(r"url\([^)]*\)", "none", style)


def handout(compliance: Compliance, place: str) -> str:
    """The page as text: simplified outlines, areas in words, its answer, and what it is not."""
    with connection.cursor() as cursor:
        detail = DETAIL["city" if place == CITY else "district"]
        cursor.execute(HANDOUT_SQL, {"on": compliance.on, "place": place, "city": CITY, "detail": detail})
        (document,) = cursor.fetchone()
    drawn = json.loads(document)
    (south, west), (north, east) = drawn["frame"]
    page = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=11,
        attributionControl=False,
        zoomSnap=0.25,
    )
    _layer(page, drawn["districts"], place, _("行政区"), "district")
    _layer(page, drawn["zones"], place, _("工业集聚区"), "zone")
    _layer(page, drawn["tracts"], place, _("工业用地红线"), "tract")
    page.fit_bounds(drawn["frame"])
    root: Any = page.get_root()
    script, style = _leaflet()
    root.title = _("工业用地红线 %(on)s") % {"on": compliance.on}
    root.header.add_child(Element(f"<style>{style}</style><script>{script}</script>"), name="leaflet", index=0)
    root.header.add_child(Element(f"<style>{STYLE}</style>"), name="look")
    root.html.add_child(Element(_note(compliance, place, demo=drawn["demo"])), name="note")
    return root.render().replace("<html>", '<html lang="zh-hans">', 1)


STYLES = {
    "district": {"color": "#8b939d", "weight": 1, "fillColor": "#ffffff", "fillOpacity": 1},
    "zone": {"color": "#1d4ed8", "weight": 1.2, "dashArray": "5 3", "fillColor": "#1d4ed8", "fillOpacity": 0.04},
    "tract": {"color": "#c81e1e", "weight": 1.2, "fillColor": "#c81e1e", "fillOpacity": 0.1},
}


def _layer(page: folium.Map, features: list[dict[str, Any]], place: str, title: str, kind: str) -> None:
    """Add one layer whose features say their name and area when pointed at."""
    for feature in features or []:
        facts = feature["properties"]
        words = facts.get("name") or facts["code"]
        if "area_m2" in facts:
            text = area_text(facts["area_m2"])
            words += f" {text.mu}\u2009亩（{text.km2}\u2009km²）"
        feature["properties"] = {"code": facts["code"], "words": words}
    if not features:
        return

    def style(feature: dict[str, Any]) -> dict[str, Any]:
        pale = kind == "district" and place not in (CITY, feature["properties"]["code"])
        return STYLES[kind] | ({"fillColor": "#f4f5f6"} if pale else {})

    folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=title,
        style_function=style,
        tooltip=folium.GeoJsonTooltip(fields=["words"], labels=False, sticky=True),
    ).add_to(page)


def _note(compliance: Compliance, place: str, *, demo: bool) -> str:
    """The answer and its figures as HTML, beside what the file must not be used for."""
    standing = compliance.place(place)
    sentence = wording.city_sentence(compliance) if place == CITY else wording.district_sentence(standing)
    rows = [*compliance.districts, compliance.city] if place == CITY else [standing]
    lines = "".join(
        f"<tr><td>{escape(row.name)}</td><td>{area_text(row.area_m2, floor_m2=row.floor_m2).km2}\u2009km²</td>"
        f'<td class="{"met" if row.met else "unmet"}">{area_text(row.surplus_m2, signed=True).mu}\u2009亩'
        f" {_('达标') if row.met else _('未达标')}</td></tr>"
        for row in rows
    )
    mark = f'<span class="demo">{_("示例数据")}</span> ' if demo else ""
    least = mu_from_m2(compliance.zone_min_m2)
    return (
        f'<section class="note"><h1>{escape(sentence)}</h1>'
        f"<div>{_('截至')} {compliance.on}　{escape(wording.zones_sentence(compliance))}</div>"
        f"<table>{lines}</table><small>{mark}"
        + _("图形经简化，仅供示意，不作法律依据；面积为未简化图形的椭球面积，集聚区下限 %(least)s 亩。")
        % {"least": f"{least:,.0f}"}
        + "</small></section>"
    )
