"""``assess()`` against the aggregate it rests on, in seconds."""

from __future__ import annotations

import statistics
from typing import Any

import psycopg2

from bench.rounds import interleaved, median_ratio, seconds_of

ROUNDS = 11
MOST_RATIO = 1.5

# The areas alone: tracts clipped to their district, and the red line inside each zone. No floors, no names,
# no zones' facts, no document: what any program that wants the verdict has to add up.
BARE_SQL = """
SELECT 'district' AS kind, t.district_id AS code, sum(CASE
    WHEN ST_Covers(t.district_geom, t.geom) THEN t.area_m2
    ELSE ST_Area(ST_Intersection(t.district_geom, t.geom)::geography) END) AS area_m2
FROM (
    SELECT v.district_id, v.geom, v.area_m2, d.geom AS district_geom
    FROM redline_tractversion v JOIN policy_jurisdiction d ON d.code = v.district_id
    WHERE v.valid_from <= %(on)s AND (v.valid_to IS NULL OR v.valid_to > %(on)s)
    ORDER BY v.district_id
) t GROUP BY t.district_id
UNION ALL
SELECT 'zone', z.zone_id, sum(CASE
    WHEN ST_Covers(z.geom, t.geom) THEN t.area_m2
    ELSE ST_Area(ST_Intersection(z.geom, t.geom)::geography) END)
FROM zones_zoneversion z
JOIN redline_tractversion t ON z.geom && t.geom AND ST_Intersects(z.geom, t.geom)
WHERE z.valid_from <= %(on)s AND (z.valid_to IS NULL OR z.valid_to > %(on)s)
    AND t.valid_from <= %(on)s AND (t.valid_to IS NULL OR t.valid_to > %(on)s)
GROUP BY z.zone_id
"""


def row(url: str) -> dict[str, Any]:
    """The row of the table; both run on an open connection."""
    from django.utils import timezone

    from landuse.redline.compliance import assess

    on = timezone.localdate()
    connection = psycopg2.connect(url)
    connection.autocommit = True

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute(BARE_SQL, {"on": on})
            cursor.fetchall()

    try:
        ours, aggregate = interleaved(lambda: seconds_of(lambda: assess(on=on)), lambda: seconds_of(bare), ROUNDS)
    finally:
        connection.close()
    ratio = median_ratio(ours, aggregate)
    return {
        "what": "compliance, seconds",
        "ours": f"{statistics.median(ours):.3f}",
        "bare": f"{statistics.median(aggregate):.3f}",
        "ratio": ratio,
        "target": f"<= {MOST_RATIO}",
        "met": ratio <= MOST_RATIO,
        "raw": {"ours": ours, "bare": aggregate},
    }
