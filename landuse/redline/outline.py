"""The compliance map: districts, tracts and zones as SVG paths, simplified for the eye only."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

from landuse.redline.compliance import CITY

# Drawn in EPSG:3857 metres, rounded to the metre; measured nowhere. Tracts of the place in
# view are single paths that can be pointed at, the rest of the city is one path a district.
OUTLINE_SQL = """
WITH district AS (
    SELECT code, name, slug, ST_Transform(geom, 3857) AS geom
    FROM policy_jurisdiction WHERE level = 'district'
), tract AS (
    SELECT tract_id, district_id, area_m2, control_level,
           ST_SimplifyPreserveTopology(geom_3857, %(detail)s) AS geom
    FROM redline_tractversion
    WHERE valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)
)
SELECT jsonb_build_object(
    'frame', (
        SELECT json_build_array(ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box))
        FROM (SELECT ST_Extent(geom)::box3d AS box FROM district
              WHERE code = %(place)s OR %(place)s = %(city)s) f
    ),
    'districts', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'code', code, 'name', name, 'slug', slug,
            'x', round(ST_X(label)::numeric), 'y', round(-ST_Y(label)::numeric),
            'd', ST_AsSVG(ST_SimplifyPreserveTopology(geom, %(coarse)s), 1, 0)) ORDER BY code), '[]')
        FROM district CROSS JOIN LATERAL (
            SELECT (ST_MaximumInscribedCircle(ST_Simplify(geom, 500))).center AS label) l
    ),
    'pale', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('d', d)), '[]') FROM (
            SELECT ST_AsSVG(ST_Collect(geom), 1, 0) AS d FROM tract
            WHERE district_id <> %(place)s AND %(place)s <> %(city)s GROUP BY district_id) p
    ),
    'tracts', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'code', tract_id, 'area_m2', area_m2, 'd', ST_AsSVG(geom, 1, 0)) ORDER BY tract_id), '[]')
        FROM tract WHERE district_id = %(place)s OR %(place)s = %(city)s
    ),
    'zones', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'code', zone_id, 'name', name, 'area_m2', area_m2,
            'own', %(place)s = %(city)s OR %(place)s = ANY (district_codes),
            'd', ST_AsSVG(ST_SimplifyPreserveTopology(geom_3857, %(detail)s), 1, 0))
            ORDER BY zone_id), '[]')
        FROM zones_zoneversion
        WHERE valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)
    )
)::text
"""

#: Room around the place in view, as a share of its larger side.
MARGIN = 0.035


@dataclass(frozen=True)
class Outline:
    """Paths in SVG coordinates (3857 metres, y downwards) and the part of them in view."""

    view_box: str
    #: Size of a label in the same metres: about 13 px where the map is some 800 px wide.
    label: float
    districts: list[dict[str, Any]]
    pale: list[dict[str, Any]]
    tracts: list[dict[str, Any]]
    zones: list[dict[str, Any]]


def outline(*, on: dt.date, place: str) -> Outline:
    """What the compliance map of ``place`` (district code or 440600) draws on ``on``, in one query."""
    whole = place == CITY
    with connection.cursor() as cursor:
        cursor.execute(
            OUTLINE_SQL,
            {"on": on, "place": place, "city": CITY, "detail": 25 if whole else 8, "coarse": 120 if whole else 40},
        )
        (document,) = cursor.fetchone()
    drawn = json.loads(document)
    west, south, east, north = drawn.pop("frame")
    margin = MARGIN * max(east - west, north - south)
    width, height = east - west + 2 * margin, north - south + 2 * margin
    return Outline(
        view_box=f"{west - margin:.0f} {-north - margin:.0f} {width:.0f} {height:.0f}",
        label=round(13 * max(width / 820, height / 720)),
        **drawn,
    )
