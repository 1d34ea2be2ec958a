"""Industrial plots that lie outside the red line, by district, in one query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import connection

CACHED_SECONDS = 24 * 3600

# The plots' table is named here because red line and plots do not import each other.
# Industrial land is class 1001 of the national code (rules §2.6); M0 is registered under it.
# Each tract is the first argument of ST_Covers: PostGIS prepares it once for all its plots.
OUTSIDE_SQL = """
WITH tract AS MATERIALIZED (
    SELECT geom FROM redline_tractversion
    WHERE valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)
        AND district_id = ANY (%(places)s)
), plot AS MATERIALIZED (
    SELECT id, district_id, area_m2 FROM plots_plotversion
    WHERE valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)
        AND district_id = ANY (%(places)s) AND use_code LIKE '1001%%'
), inside AS (
    SELECT p.id, sum(CASE
        WHEN ST_Covers(t.geom, p.geom) THEN p.area_m2
        ELSE ST_Area(ST_Intersection(t.geom, p.geom)::geography)
    END) AS area_m2
    FROM tract t
    JOIN plots_plotversion p ON p.geom && t.geom
        AND p.valid_from <= %(on)s AND (p.valid_to IS NULL OR p.valid_to > %(on)s)
    WHERE p.district_id = ANY (%(places)s) AND p.use_code LIKE '1001%%'
    GROUP BY p.id
), judged AS (
    SELECT plot.district_id, plot.area_m2, coalesce(inside.area_m2, 0) AS inside_m2,
           (SELECT coalesce(
               policy_number('geometry.outside_tolerance_m2', '440600', %(on)s), 0)) AS tolerance_m2
    FROM plot LEFT JOIN inside USING (id)
)
SELECT district_id, count(*),
       count(*) FILTER (WHERE inside_m2 <= tolerance_m2),
       coalesce(sum(area_m2) FILTER (WHERE inside_m2 <= tolerance_m2), 0),
       count(*) FILTER (WHERE inside_m2 > tolerance_m2 AND area_m2 - inside_m2 > tolerance_m2),
       coalesce(sum(area_m2 - inside_m2)
           FILTER (WHERE inside_m2 > tolerance_m2 AND area_m2 - inside_m2 > tolerance_m2), 0)
FROM judged GROUP BY district_id ORDER BY district_id
"""
REVISIONS_SQL = """
SELECT coalesce(string_agg(revision::text, '.' ORDER BY name), '')
    || '.' || coalesce(policy_number('geometry.outside_tolerance_m2', '440600', %(on)s), 0)
FROM mapedit_layer WHERE name IN ('plots', 'redline')
"""


@dataclass(frozen=True)
class Outside:
    """Industrial plots of some districts against the red line; areas in ellipsoidal m²."""

    plots: int
    wholly: int
    wholly_m2: float
    partly: int
    partly_m2: float


def plots_outside(*, on: dt.date, places: Sequence[str]) -> Outside:
    """Industrial plots wholly and partly outside the red line in the districts ``places``.

    A plot is wholly outside when no more than the tolerance (m²) of it lies in a tract;
    ``partly_m2`` is only the part that lies outside. Kept until plots, red line or
    tolerance change, because a province has a million plots.
    """
    given: dict[str, Any] = {"on": on, "places": list(places)}
    with connection.cursor() as cursor:
        cursor.execute(REVISIONS_SQL, given)
        (state,) = cursor.fetchone()
        key = f"redline.outside.{on:%Y%m%d}.{'-'.join(sorted(places))}.{state}"
        held = cache.get(key)
        if held is None:
            cursor.execute(OUTSIDE_SQL, given)
            rows = cursor.fetchall()
            sums = [sum(column) for column in zip(*(row[1:] for row in rows), strict=True)] or [0] * 5
            held = Outside(*sums)
            cache.set(key, held, CACHED_SECONDS)
    return held
