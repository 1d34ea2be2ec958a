"""What the editor shows of a change set, as JSON: its changes, its shapes on the map, single features, figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import shapely
from django.db import connection
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from core.accounts.models import User
from core.accounts.scope import Viewer
from core.geodata.topology.measure import area_m2
from core.mapedit import bases, checks, findings, neighbours
from core.mapedit.bases import Base
from core.mapedit.layers import EditableLayer
from core.mapedit.models import Change, ChangeSet
from core.policy.models import Jurisdiction

PAGE = 200
"""Changes in one page of the list."""

MAP_SHAPES = 600
MAP_VERTICES = 80_000
"""What the map draws of a set at once; more is told, and the list has it."""

SNAP_VERTICES = 20_000
"""Neighbours' vertices a browser searches while a vertex is dragged."""


def geometry_json(geom: Any) -> dict[str, Any] | None:
    """GeoJSON at full precision: what goes back unchanged is bit for bit what came."""
    if geom is None:
        return None
    shape: dict[str, Any] = shapely.from_wkb(bytes(geom.wkb)).__geo_interface__
    return shape


def _area_m2(geom: Any) -> float | None:
    return None if geom is None else area_m2(shapely.from_wkb(bytes(geom.wkb)))


def change_json(change: Change | None, layer: EditableLayer) -> dict[str, Any] | None:
    """One change, whole: enough to show it, and to put it back later."""
    if change is None:
        return None
    return {
        "feature": change.feature,
        "name": layer.name_of(change.feature, change.attributes),
        "action": change.action,
        "operation": change.operation,
        "geometry": geometry_json(change.geom),
        "areaM2": _area_m2(change.geom),
        "attributes": change.attributes,
        "baseVersion": change.base_version,
        "origins": change.origins,
        "revision": change.revision,
        "changedBy": str(change.changed_by) if change.changed_by else "",
        "changedAt": clock(change.changed_at),
    }


def base_json(base: Base | None, layer: EditableLayer) -> dict[str, Any] | None:
    """The version a change starts from."""
    if base is None:
        return None
    return {
        "feature": base.feature,
        "name": layer.name_of(base.feature, base.attributes),
        "version": base.version,
        "geometry": geometry_json(base.geom),
        "attributes": base.attributes,
        "areaM2": base.area_m2,
    }


def clock(moment: Any) -> str:
    """Time of day in Foshan, with the date when it was not today."""
    local = timezone.localtime(moment)
    return local.strftime("%H:%M" if local.date() == timezone.localdate() else "%Y-%m-%d %H:%M")


def set_json(change_set: ChangeSet) -> dict[str, Any]:
    """What the head of the panel says."""
    return {
        "id": change_set.pk,
        "title": change_set.title,
        "state": change_set.state,
        "stateLabel": change_set.get_state_display(),
        "revision": change_set.revision,
        "savedAt": clock(change_set.changed_at),
    }


def changes_page(change_set: ChangeSet, layer: EditableLayer, *, after: str = "", q: str = "") -> dict[str, Any]:
    """Up to 200 changes in order of code, from after code ``after``, filtered by code or name; their areas in m².

    ``stale`` tells that another publication changed the feature since the change was made.
    """
    values: dict[str, Any] = {"set": change_set.pk, "after": after, "q": f"%{_literal(q)}%", "limit": PAGE + 1}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT c.feature, c.action, c.operation, c.revision, coalesce(c.attributes ->> '{layer.label}', ''),
                   ST_Area(c.geom::geography),
                   ST_Area(v.geom::geography),
                   {layer.version_id_sql("v")} IS DISTINCT FROM c.base_version AS stale,
                   ARRAY[ST_XMin(box.geom), ST_YMin(box.geom), ST_XMax(box.geom), ST_YMax(box.geom)]
            FROM mapedit_change c
            LEFT JOIN {layer.table} v ON v.{layer.feature_column} = c.feature AND {layer.open_sql("v")}
            CROSS JOIN LATERAL (SELECT ST_Envelope(coalesce(c.geom, v.geom)) AS geom) box
            WHERE c.change_set_id = %(set)s AND c.feature > %(after)s
              AND (c.feature ILIKE %(q)s OR c.attributes ->> '{layer.label}' ILIKE %(q)s)
            ORDER BY c.feature LIMIT %(limit)s
            """,
            values,
        )
        rows = cursor.fetchall()
    return {
        "more": len(rows) > PAGE,
        "changes": [
            {
                "feature": code,
                "name": name or code,
                "action": action,
                "operation": operation,
                "revision": revision,
                "areaM2": area,
                "baseAreaM2": base_area,
                "stale": stale,
                "box": box if box[0] is not None else None,
            }
            for code, action, operation, revision, name, area, base_area, stale, box in rows[:PAGE]
        ],
    }


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def shapes(change_set: ChangeSet, layer: EditableLayer, *, bounds: Sequence[float], pixel_m: float) -> dict[str, Any]:
    """The set's features in a box (degrees) as they shall be and as they are, simplified to ``pixel_m`` metres.

    For drawing only; the selected feature is fetched whole. ``more`` tells that not all were drawn.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH here AS (
                SELECT c.feature, c.action, c.geom, v.geom AS base
                FROM mapedit_change c
                LEFT JOIN {layer.table} v ON v.{layer.feature_column} = c.feature AND {layer.open_sql("v")}
                WHERE c.change_set_id = %(set)s
                  AND (c.geom && %(box)s::geometry OR v.geom && %(box)s::geometry)
                ORDER BY c.feature LIMIT %(limit)s
            ), drawn AS (
                SELECT feature, action, ST_SimplifyPreserveTopology(geom, %(tolerance)s) AS geom,
                       ST_SimplifyPreserveTopology(base, %(tolerance)s) AS base
                FROM here
            ), counted AS (
                SELECT *, sum(coalesce(ST_NPoints(geom), 0) + coalesce(ST_NPoints(base), 0))
                          OVER (ORDER BY feature) AS vertices
                FROM drawn
            )
            SELECT feature, action, ST_AsGeoJSON(geom, 7), ST_AsGeoJSON(base, 7), vertices > %(vertices)s
            FROM counted ORDER BY feature
            """,
            {
                "set": change_set.pk,
                "box": neighbours.box(bounds),
                "limit": MAP_SHAPES + 1,
                "vertices": MAP_VERTICES,
                "tolerance": pixel_m * neighbours.DEGREES_PER_METRE,
            },
        )
        rows = cursor.fetchall()
    kept = [row for row in rows[:MAP_SHAPES] if not row[4]]
    return {
        "more": len(kept) < len(rows),
        "features": [
            {
                "feature": code,
                "action": action,
                "geometry": json.loads(geom) if geom else None,
                "base": json.loads(base) if base else None,
            }
            for code, action, geom, base, _over in kept
        ],
    }


def boundaries(
    change_set: ChangeSet, layer: EditableLayer, *, bounds: Sequence[float], but: str, user: Viewer
) -> dict[str, Any]:
    """Boundaries of neighbours inside a box, as lines with every vertex, for snapping while a vertex is dragged.

    Only what ``user`` may read. ``more`` tells that there were too many to search; the server still snaps.
    """
    column = layer.feature_column
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH line AS (
                SELECT n.code, ST_CollectionExtract(ST_Intersection(ST_Boundary(n.geom), %(box)s::geometry), 2) AS geom
                FROM ({neighbours.as_drafted_sql(layer)}) n
                WHERE n.code <> %(but)s
            ), counted AS (
                SELECT code, geom, sum(ST_NPoints(geom)) OVER (ORDER BY code) AS vertices
                FROM line WHERE NOT ST_IsEmpty(geom)
            )
            SELECT code, ST_AsBinary(geom), vertices > %(most)s FROM counted ORDER BY code
            """,
            {"set": change_set.pk, "box": neighbours.box(bounds), "but": but, "most": SNAP_VERTICES},
        )
        rows = cursor.fetchall()
    codes = [code for code, _line, _over in rows]
    allowed = set(bases.readable(layer, user).filter(**{f"{column}__in": codes}).values_list(column, flat=True))
    allowed |= set(change_set.changes.filter(feature__in=codes).values_list("feature", flat=True))
    return {
        "more": any(over for _code, _line, over in rows),
        "lines": [
            shapely.from_wkb(bytes(line)).__geo_interface__ for code, line, over in rows if code in allowed and not over
        ],
    }


def search(change_set: ChangeSet, layer: EditableLayer, user: User, q: str) -> list[dict[str, Any]]:
    """Up to 50 features in force by code or name, the table twin of picking on the map."""
    column = layer.feature_column
    rows = (
        bases.readable(layer, user)
        .annotate(code_text=Cast(column, TextField()))
        .filter(Q(code_text__icontains=q) | Q(**{f"{layer.label}__icontains": q}))
        .order_by("code_text")
        .values_list("code_text", layer.label)[:50]
    )
    found = list(rows)
    changed = dict(
        change_set.changes.filter(feature__in=[code for code, _name in found]).values_list("feature", "action")
    )
    return [{"feature": code, "name": name or code, "action": changed.get(code, "")} for code, name in found]


def feature_at(change_set: ChangeSet, layer: EditableLayer, lon: float, lat: float, user: Viewer) -> str | None:
    """Code of the smallest feature at a point, as the set would have it; None for none that ``user`` may read."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT n.code FROM ({neighbours.as_drafted_sql(layer)}) n
            WHERE ST_Intersects(n.geom, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4490))
            ORDER BY ST_Area(n.geom), n.code LIMIT 20
            """,
            {"set": change_set.pk, "box": neighbours.box((lon, lat, lon, lat)), "lon": lon, "lat": lat},
        )
        codes = [code for (code,) in cursor.fetchall()]
    column = layer.feature_column
    allowed = set(bases.readable(layer, user).filter(**{f"{column}__in": codes}).values_list(column, flat=True))
    allowed |= set(change_set.changes.filter(feature__in=codes).values_list("feature", flat=True))
    return next((code for code in codes if code in allowed), None)


def places() -> list[dict[str, Any]]:
    """Districts with their towns, for the form's choices."""
    towns: dict[str | None, list[list[str]]] = {}
    for code, name, parent in Jurisdiction.objects.towns().order_by("code").values_list("code", "name", "parent_id"):
        towns.setdefault(parent, []).append([code, name])
    districts = Jurisdiction.objects.districts().order_by("code").values_list("code", "name")
    return [{"code": code, "name": name, "towns": towns.get(code, [])} for code, name in districts]


def district_at(geom: Any) -> str:
    """The district that holds most of a geometry; "" when none does."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.code FROM policy_jurisdiction d, (SELECT ST_GeomFromWKB(%s, 4490) AS geom) f
            WHERE d.level = 'district' AND d.geom && f.geom AND ST_Intersects(d.geom, ST_MakeValid(f.geom))
            ORDER BY ST_Area(ST_Intersection(d.geom, ST_MakeValid(f.geom))) DESC, d.code LIMIT 1
            """,
            [bytes(geom.wkb)],
        )
        row = cursor.fetchone()
    return row[0] if row else ""


def checked(change_set: ChangeSet, changes: Sequence[Change]) -> dict[str, Any]:
    """Findings about single changes, quickly, by feature."""
    on = checking_date(change_set)
    return {
        change.feature: [findings.as_json(found) for found in checks.check_change(change, on=on)] for change in changes
    }


def checking_date(change_set: ChangeSet) -> Any:
    """The day a set is judged on: when it shall come into force, today at the earliest."""
    today = timezone.localdate()
    return max(change_set.effective_on or today, today)


def consequences_json(change_set: ChangeSet) -> list[dict[str, Any]]:
    """What the set does to figures with a legal meaning, unrounded."""
    return [
        findings.consequence_as_json(item) for item in checks.consequences(change_set, on=checking_date(change_set))
    ]
