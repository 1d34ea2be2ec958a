"""A plot against the lines of the territorial plan, the red line and the zones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from core.policy.models import CITY_CODE
from landuse.controls.models import ControlKind
from landuse.plots.models import PlotVersion
from parks.zones.models import ZoneVersion

# Overlap counts where it counts between features of a layer: larger than the tolerance and wider than a sliver.
_CLASHES = """
    WITH plot AS MATERIALIZED (
        SELECT geom FROM plots_plotversion WHERE id = %(plot)s
    ), kind AS (
        SELECT k.kind, EXISTS (
            SELECT FROM controls_controlversion v
            WHERE v.kind = k.kind AND v.valid_from <= %(on)s AND (v.valid_to IS NULL OR v.valid_to > %(on)s)
        ) AS drawn, area.geom AS area
        FROM unnest(%(kinds)s) AS k (kind)
        LEFT JOIN LATERAL (
            SELECT ST_Union(v.geom) AS geom
            FROM controls_controlversion v JOIN plot ON v.geom && plot.geom AND ST_Intersects(v.geom, plot.geom)
            WHERE v.kind = k.kind AND v.valid_from <= %(on)s AND (v.valid_to IS NULL OR v.valid_to > %(on)s)
        ) area ON true
    ), clash AS (
        SELECT k.kind, k.drawn, CASE
            WHEN NOT k.drawn THEN NULL
            WHEN k.kind <> %(urban)s THEN ST_CollectionExtract(ST_Intersection(p.geom, k.area), 3)
            WHEN k.area IS NULL THEN p.geom
            ELSE ST_CollectionExtract(ST_Difference(p.geom, k.area), 3) END AS geom
        FROM kind k CROSS JOIN plot p
    )
    SELECT c.kind, c.drawn, CASE
        WHEN m.area_m2 > coalesce(policy_number('geometry.overlap_tolerance_m2', %(city)s, %(on)s), 0)
            AND 2 * m.area_m2 / m.perimeter_m
                > coalesce(policy_number('geometry.sliver_width_m', %(city)s, %(on)s), 0)
        THEN m.area_m2 ELSE 0 END
    FROM clash c
    CROSS JOIN LATERAL (
        SELECT ST_Area(c.geom::geography) AS area_m2, nullif(ST_Perimeter(c.geom::geography), 0) AS perimeter_m
    ) m
"""

_INSIDE = """
    SELECT ST_Area(ST_Intersection(p.geom, ST_Union(v.geom))::geography)
    FROM plots_plotversion p
    JOIN redline_tractversion v ON v.geom && p.geom AND ST_Intersects(v.geom, p.geom)
        AND v.valid_from <= %(on)s AND (v.valid_to IS NULL OR v.valid_to > %(on)s)
    WHERE p.id = %(plot)s GROUP BY p.id
"""


@dataclass(frozen=True)
class Clash:
    """How a plot stands to one kind of control line: whether any is drawn, and the area in conflict, m²."""

    drawn: bool
    area_m2: Decimal


def clashes(plot: PlotVersion, on: dt.date) -> Mapping[str, Clash]:
    """By kind: farmland and ecology the plot takes up, and land of it outside the 城镇开发边界; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CLASHES,
            {
                "plot": plot.pk,
                "on": on,
                "kinds": list(ControlKind.values),
                "urban": ControlKind.URBAN.value,
                "city": CITY_CODE,
            },
        )
        return {kind: Clash(drawn, Decimal(str(area_m2 or 0))) for kind, drawn, area_m2 in cursor.fetchall()}


def inside_red_line(plot: PlotVersion, on: dt.date) -> Decimal:
    """Area of a plot inside the red line in force on a day, ellipsoidal m²."""
    with connection.cursor() as cursor:
        cursor.execute(_INSIDE, {"plot": plot.pk, "on": on})
        row = cursor.fetchone()
    return Decimal(str(row[0])) if row else Decimal(0)


def zone_name(plot: PlotVersion, on: dt.date) -> str:
    """The zone that covers the plot's inner point on a day; empty for none."""
    zones = ZoneVersion.objects.in_force_on(on).filter(geom__covers=plot.geom.point_on_surface)
    return str(zones.order_by("zone_id").values_list("name", flat=True).first() or "")
