"""How the red-line area of each district has moved, publication by publication."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db import connection

from core.geodata.area import M2_PER_KM2
from landuse.redline.compliance import CITY, OWN_FLOOR_KM2

# Clipped like the verdict's own query, so that the last step and the verdict are one figure.
# Dates on which only a floor changed are steps too: the dashed line moves there.
HISTORY_SQL = """
WITH tract AS MATERIALIZED (
    SELECT t.district_id, t.valid_from, t.valid_to, CASE
        WHEN ST_Covers(t.district_geom, t.geom) THEN t.area_m2
        ELSE ST_Area(ST_Intersection(t.district_geom, t.geom)::geography)
    END AS area_m2
    FROM (
        SELECT v.district_id, v.valid_from, v.valid_to, v.geom, v.area_m2,
               d.geom AS district_geom
        FROM redline_tractversion v
        JOIN policy_jurisdiction d ON d.code = v.district_id
        WHERE v.valid_from <= %(on)s AND v.valid_to IS DISTINCT FROM v.valid_from
        ORDER BY v.district_id
    ) t
), moment AS (
    SELECT valid_from AS at FROM tract
    UNION
    SELECT valid_to FROM tract WHERE valid_to <= %(on)s
    UNION
    SELECT valid_from FROM policy_parameter
    WHERE key = 'redline.floor_km2' AND status <> 'reference' AND valid_from <= %(on)s
)
SELECT m.at, d.code, coalesce(sum(t.area_m2), 0) AS area_m2,
       {own_floor} AS floor_km2,
       policy_number('redline.floor_km2', %(city)s, m.at) AS city_floor_km2
FROM moment m
CROSS JOIN (SELECT code FROM policy_jurisdiction WHERE level = 'district') d
LEFT JOIN tract t ON t.district_id = d.code AND t.valid_from <= m.at
    AND (t.valid_to IS NULL OR t.valid_to > m.at)
GROUP BY m.at, d.code
ORDER BY m.at, d.code
""".replace("{own_floor}", OWN_FLOOR_KM2.format(on="m.at"))


@dataclass(frozen=True)
class Step:
    """Red-line area and floor (m²) from ``at`` until the next step; no floor, no verdict."""

    at: dt.date
    area_m2: float
    floor_m2: float | None

    @property
    def met(self) -> bool | None:
        """Whether the floor of that day was kept; None when none was in force."""
        return None if self.floor_m2 is None else self.area_m2 >= self.floor_m2

    @property
    def surplus_m2(self) -> float | None:
        """Area above the floor of that day."""
        return None if self.floor_m2 is None else self.area_m2 - self.floor_m2


def area_history(*, on: dt.date) -> dict[str, list[Step]]:
    """Steps of every district and of the city (440600) up to ``on``, oldest first, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(HISTORY_SQL, {"on": on, "city": CITY})
        rows = cursor.fetchall()
    history: dict[str, list[Step]] = defaultdict(list)
    city: dict[dt.date, list[float]] = {}
    floors: dict[dt.date, float | None] = {}
    for at, code, area_m2, floor_km2, city_floor_km2 in rows:
        history[code].append(Step(at, area_m2, _m2(floor_km2)))
        city.setdefault(at, []).append(area_m2)
        floors[at] = _m2(city_floor_km2)
    history[CITY] = [Step(at, sum(areas), floors[at]) for at, areas in city.items()]
    return dict(history)


def _m2(floor_km2: float | None) -> float | None:
    return None if floor_km2 is None else float(floor_km2) * M2_PER_KM2
