"""Zones, red line and plots against the three lines of the territorial plan.

Industry stays out of 永久基本农田 and 生态保护红线. It lies inside the 城镇开发边界 wherever the city has
imported one; that parks must do so is written down by a peer city (RL-12) and binds once adopted.
An area that is not imported is not judged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import shapely
from django.utils.translation import gettext as _

from core import policy
from core.mapedit.checks import registry
from core.mapedit.checks.effects import overlayable_sql
from core.mapedit.checks.prepared import Prepared
from core.mapedit.checks.thresholds import own_rule, source_of
from core.mapedit.checks.wording import m2, outline
from core.mapedit.findings import ERROR, WARNING, Finding, Source
from core.mapedit.models import ChangeSet
from core.policy.models import CITY_CODE
from landuse.controls.models import ControlKind

JUDGED = ("zones", "redline", "plots")
INSIDE_BOUNDARY = "park.inside_development_boundary"

_IN_FORCE = "v.valid_from <= %(on)s AND (v.valid_to IS NULL OR v.valid_to > %(on)s)"

# Overlap counts where it counts between features of a layer: larger than the tolerance and wider than a sliver.
_CONFLICTS = Prepared(
    f"""
    WITH urban AS MATERIALIZED (
        SELECT EXISTS (SELECT FROM controls_controlversion v WHERE v.kind = '{ControlKind.URBAN.value}' AND {_IN_FORCE})
            AS drawn
    ), any_drawn AS MATERIALIZED (
        SELECT EXISTS (SELECT FROM controls_controlversion v WHERE {_IN_FORCE}) AS drawn
    ), touched AS MATERIALIZED (
        SELECT c.feature, {overlayable_sql("c.geom")} AS geom
        FROM mapedit_change c
        WHERE (SELECT drawn FROM any_drawn) AND c.change_set_id = %(set)s AND c.action <> 'remove'
            AND (%(all)s OR c.feature = ANY (%(features)s))
    ), clash AS MATERIALIZED (
        SELECT t.feature, v.kind, v.control_id AS control, v.name,
            ST_CollectionExtract(ST_Intersection(t.geom, v.geom), 3) AS geom
        FROM touched t
        CROSS JOIN LATERAL (
            SELECT * FROM controls_controlversion v WHERE v.geom && t.geom AND {_IN_FORCE} OFFSET 0
        ) v
        WHERE v.kind <> '{ControlKind.URBAN.value}' AND ST_Relate(t.geom, v.geom, '2********')
        UNION ALL
        SELECT t.feature, '{ControlKind.URBAN.value}', '', '',
            CASE WHEN area.geom IS NULL THEN t.geom
                ELSE ST_CollectionExtract(ST_Difference(t.geom, area.geom), 3) END
        FROM touched t
        CROSS JOIN LATERAL (
            SELECT ST_Union(v.geom) AS geom FROM controls_controlversion v
            WHERE v.geom && t.geom AND v.kind = '{ControlKind.URBAN.value}' AND {_IN_FORCE}
                AND ST_Intersects(v.geom, t.geom)
        ) area
        WHERE (SELECT drawn FROM urban) AND t.geom IS NOT NULL
    )
    SELECT c.feature, c.kind, c.control, c.name, m.area_m2, ST_X(m.point), ST_Y(m.point), ST_AsBinary(c.geom),
        m.tolerance_m2
    FROM clash c
    CROSS JOIN LATERAL (
        SELECT ST_Area(c.geom::geography) AS area_m2, ST_Perimeter(c.geom::geography) AS perimeter_m,
            (SELECT ST_PointOnSurface(part.geom) FROM ST_Dump(c.geom) part ORDER BY ST_Area(part.geom) DESC LIMIT 1)
                AS point,
            coalesce(policy_number('geometry.overlap_tolerance_m2', '{CITY_CODE}', %(on)s), 0)::float8 AS tolerance_m2
    ) m
    WHERE m.area_m2 > m.tolerance_m2
        AND 2 * m.area_m2 / m.perimeter_m > coalesce(policy_number('geometry.sliver_width_m', '{CITY_CODE}', %(on)s), 0)
    ORDER BY c.feature, c.kind, c.control
    """,
    {"set": "bigint", "on": "date", "all": "boolean", "features": "text[]"},
)


def find(change_set: ChangeSet, on: dt.date, features: Sequence[str] | None) -> list[Finding]:
    """Where the changed features conflict with control areas in force on ``on``; one query when they do not."""
    values = {"set": change_set.pk, "on": on, "all": features is None, "features": list(features or [])}
    rows = _CONFLICTS.rows(values)
    boundary = _boundary_rule(on) if any(kind == ControlKind.URBAN for __, kind, *__ in rows) else None
    return [_finding(row, boundary) for row in rows]


def _boundary_rule(on: dt.date) -> tuple[str, Source]:
    """Severity and source of lying outside the 城镇开发边界: binding once the peer city's rule is adopted."""
    try:
        return ERROR, source_of(policy.value(INSIDE_BOUNDARY, on=on), INSIDE_BOUNDARY, on=on)
    except policy.ParameterMissing:
        return WARNING, own_rule(_("国土空间规划控制线"), INSIDE_BOUNDARY)


def _finding(row: tuple, boundary: tuple[str, Source] | None) -> Finding:
    feature, kind, control, name, area_m2, lon, lat, shape, tolerance = row
    label = ControlKind(kind).label
    if boundary is not None and kind == ControlKind.URBAN:
        severity, source = boundary
        message = _("超出%(kind)s %(area)s。请收回到边界以内，或先调整国土空间规划。") % {
            "kind": label,
            "area": m2(area_m2),
        }
    else:
        severity, source = ERROR, own_rule(_("国土空间规划控制线"))
        message = _("占用%(kind)s“%(name)s” %(area)s。请移除占用部分。") % {
            "kind": label,
            "name": name or control,
            "area": m2(area_m2),
        }
    return Finding(
        feature=feature,
        rule=f"controls.{kind}",
        severity=severity,
        message=message,
        lon=lon,
        lat=lat,
        measured=area_m2,
        required=tolerance,
        unit="m²",
        source=source,
        other=control,
        geometry=outline(shapely.from_wkb(bytes(shape))),
    )


def register() -> None:
    """Make the rules known to map editing."""
    drawn = f"EXISTS (SELECT FROM controls_controlversion v WHERE {_IN_FORCE})"
    registry.register_check(registry.DomainCheck("controls", JUDGED, find, order=20, only_if=drawn))
