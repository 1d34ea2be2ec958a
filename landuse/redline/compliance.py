"""Whether the red line keeps its floors, on any date, in one query.

Each tract counts with its ellipsoidal area clipped to its district. The five floors
sum to exactly 450 km², the city's own floor, so no district has slack (S002 专项行动六
二(一)2). A verdict compares unrounded m²; rounding is for display only.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from core.geodata.area import M2_PER_KM2, m2_from_mu

CITY = "440600"

OWN_FLOOR_KM2 = """(
    SELECT p.value FROM policy_parameter p
    WHERE p.id = policy_parameter_id('redline.floor_km2', d.code, {on}) AND p.jurisdiction_id = d.code
)"""
"""SQL: the floor set for district ``d`` itself. Parameters are inherited, but a district without a
floor of its own must not be held to the city's 450 km²: it has none, and that is said."""

COMPLIANCE_SQL = """
WITH tract AS MATERIALIZED (
    SELECT t.id, t.district_id, clipped.area_m2
    FROM (
        SELECT v.id, v.district_id, v.geom, v.area_m2, d.geom AS district_geom
        FROM redline_tractversion v
        JOIN policy_jurisdiction d ON d.code = v.district_id
        WHERE v.valid_from <= %(on)s AND (v.valid_to IS NULL OR v.valid_to > %(on)s)
        ORDER BY v.district_id
    ) t
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN ST_Covers(t.district_geom, t.geom) THEN t.area_m2
            ELSE ST_Area(ST_Intersection(t.district_geom, t.geom)::geography)
        END AS area_m2
    ) clipped
), zone AS MATERIALIZED (
    SELECT id, zone_id, name, zone_class, district_codes, area_m2
    FROM zones_zoneversion
    WHERE valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)
), shared AS MATERIALIZED (
    -- The outlines come from their tables, so that the spatial index finds the pairs.
    SELECT t.district_id, zone.zone_id, CASE
        WHEN ST_Covers(z.geom, v.geom) THEN t.area_m2
        ELSE ST_Area(ST_Intersection(z.geom, v.geom)::geography)
    END AS area_m2
    FROM zone
    JOIN zones_zoneversion z ON z.id = zone.id
    JOIN redline_tractversion v ON z.geom && v.geom AND ST_Intersects(z.geom, v.geom)
    JOIN tract t ON t.id = v.id
), district AS (
    SELECT d.code, d.name, d.slug,
           coalesce(tract.area_m2, 0) AS area_m2, coalesce(tract.tracts, 0) AS tracts,
           coalesce(shared.area_m2, 0) AS in_zones_m2,
           {own_floor} AS floor_km2
    FROM policy_jurisdiction d
    LEFT JOIN (
        SELECT district_id, sum(area_m2) AS area_m2, count(*) AS tracts
        FROM tract GROUP BY district_id
    ) tract ON tract.district_id = d.code
    LEFT JOIN (
        SELECT district_id, sum(area_m2) AS area_m2 FROM shared GROUP BY district_id
    ) shared ON shared.district_id = d.code
    WHERE d.level = 'district'
)
SELECT jsonb_build_object(
    'city_floor_km2', policy_number('redline.floor_km2', %(city)s, %(on)s),
    'zones_required', policy_number('zone.count', %(city)s, %(on)s),
    'zone_min_mu', policy_number('zone.min_area_mu', %(city)s, %(on)s),
    'zone_basis', (
        SELECT p.text_value FROM policy_parameter p
        WHERE p.id = policy_parameter_id('zone.area_basis', %(city)s, %(on)s)
    ),
    'districts', (SELECT jsonb_agg(to_jsonb(district) ORDER BY code) FROM district),
    'zones', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'code', z.zone_id, 'name', z.name, 'zone_class', z.zone_class,
            'district_codes', z.district_codes, 'area_m2', z.area_m2,
            'redline_m2', coalesce(s.area_m2, 0)) ORDER BY z.zone_id), '[]')
        FROM zone z
        LEFT JOIN (
            SELECT zone_id, sum(area_m2) AS area_m2 FROM shared GROUP BY zone_id
        ) s USING (zone_id)
    )
)::text
""".replace("{own_floor}", OWN_FLOOR_KM2.format(on="%(on)s"))


class FloorMissing(LookupError):
    """No floor is in force on the date asked for: there is nothing to comply with."""


@dataclass(frozen=True)
class Standing:
    """A place's red-line area against its floor, in m², unrounded."""

    code: str
    name: str
    slug: str
    area_m2: float
    floor_m2: float
    in_zones_m2: float
    tracts: int

    @property
    def surplus_m2(self) -> float:
        """Area above the floor; negative when short."""
        return self.area_m2 - self.floor_m2

    @property
    def met(self) -> bool:
        """Whether the unrounded area reaches the floor (不少于: equality complies)."""
        return self.area_m2 >= self.floor_m2

    @property
    def outside_zones_m2(self) -> float:
        """Red-line area that lies in no zone."""
        return self.area_m2 - self.in_zones_m2


@dataclass(frozen=True)
class ZoneStanding:
    """A zone's gross area and the red line inside it: A3 keeps both, ``measured_m2`` is the one that counts."""

    code: str
    name: str
    zone_class: str
    district_codes: tuple[str, ...]
    area_m2: float
    redline_m2: float
    measured_m2: float


@dataclass(frozen=True)
class Compliance:
    """The verdict on one date, with everything it rests on."""

    on: dt.date
    city: Standing
    districts: tuple[Standing, ...]
    zones: tuple[ZoneStanding, ...]
    zones_required: int
    zone_min_m2: float

    @property
    def large_zones(self) -> list[ZoneStanding]:
        """The 万亩 zones, which alone count towards the 54 (A4)."""
        return [zone for zone in self.zones if zone.zone_class == "wanmu"]

    @property
    def zones_not_over(self) -> list[ZoneStanding]:
        """万亩 zones whose measured area is not strictly over the threshold (RL-2, A13)."""
        return [zone for zone in self.large_zones if not zone.measured_m2 > self.zone_min_m2]

    @property
    def zones_met(self) -> bool:
        """Whether the number of 万亩 zones and each one's size hold."""
        return len(self.large_zones) == self.zones_required and not self.zones_not_over

    @property
    def floors_met(self) -> bool:
        """Whether the city and every district keep their floors."""
        return self.city.met and all(d.met for d in self.districts)

    @property
    def met(self) -> bool:
        """Whether the city, every district and the zones hold."""
        return self.floors_met and self.zones_met

    @property
    def weakest(self) -> Standing:
        """The district with the least surplus, or the largest shortfall."""
        return min(self.districts, key=lambda district: district.surplus_m2)

    def place(self, code: str) -> Standing:
        """The standing of the city or of one district by code; ``KeyError`` when unknown."""
        return self.city if code == CITY else self.district(code)

    def district(self, code: str) -> Standing:
        """The standing of one district by code; ``KeyError`` when unknown."""
        for standing in self.districts:
            if standing.code == code:
                return standing
        raise KeyError(code)


def assess(*, on: dt.date | None = None) -> Compliance:
    """Assess the red line on ``on`` (today when not given) in one query.

    Raises :class:`FloorMissing` when a floor or zone parameter is not in force then.
    """
    on = on or timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute(COMPLIANCE_SQL, {"on": on, "city": CITY})
        (document,) = cursor.fetchone()
    return _read(on, json.loads(document))


def _read(on: dt.date, document: dict[str, Any]) -> Compliance:
    districts = tuple(
        Standing(
            code=row["code"],
            name=row["name"],
            slug=row["slug"],
            area_m2=row["area_m2"],
            floor_m2=_in_force(row["floor_km2"], on, row["name"]) * M2_PER_KM2,
            in_zones_m2=row["in_zones_m2"],
            tracts=row["tracts"],
        )
        for row in document["districts"] or []
    )
    city = Standing(
        code=CITY,
        name="佛山市",
        slug="city",
        area_m2=math.fsum(d.area_m2 for d in districts),
        floor_m2=_in_force(document["city_floor_km2"], on, "佛山市") * M2_PER_KM2,
        in_zones_m2=math.fsum(d.in_zones_m2 for d in districts),
        tracts=sum(d.tracts for d in districts),
    )
    return Compliance(
        on=on,
        city=city,
        districts=districts,
        zones=tuple(
            ZoneStanding(
                **{**row, "district_codes": tuple(row["district_codes"])},
                measured_m2=row["redline_m2"] if document["zone_basis"] == "red_line" else row["area_m2"],
            )
            for row in document["zones"]
        ),
        zones_required=int(_in_force(document["zones_required"], on, "佛山市")),
        zone_min_m2=float(m2_from_mu(_in_force(document["zone_min_mu"], on, "佛山市"))),
    )


def _in_force(value: float | None, on: dt.date, place: str) -> float:
    if value is None:
        raise FloorMissing(f"{on:%Y-%m-%d} {place}没有现行的红线下限或集聚区参数。")
    return value
