"""What a change set or a publication changes: feature by feature, by district, and on the map.

Set-based: a page of features is one query, the sums are another, however large the set. Areas are
ellipsoidal m², unrounded; broken outlines of drafts count with the area of their repaired selves.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from core.mapedit import layers
from core.mapedit.checks.effects import overlayable_sql
from core.mapedit.layers import Attribute, EditableLayer
from core.mapedit.models import ChangeSet, Publication
from core.policy.models import Jurisdiction

PAGE = 50
MEASURED_AT_ONCE = 5_000
"""A page does not measure larger sets while somebody waits; their sums were frozen on submission."""
MOST_SHAPES = 400
MOST_VERTICES = 40_000
COARSE_DEGREES = 0.00003


@dataclass(frozen=True)
class AttributeChange:
    """One attribute that differs, in words for people."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class FeatureChange:
    """What happens to one feature. Areas in m²; None on the side where it does not exist."""

    code: str
    name: str
    action: str
    operation: str
    before_m2: float | None
    after_m2: float | None
    origins: tuple[str, ...]
    attributes: tuple[AttributeChange, ...]
    places: str

    @property
    def difference_m2(self) -> float:
        """By how much its area changes."""
        return (self.after_m2 or 0.0) - (self.before_m2 or 0.0)


@dataclass(frozen=True)
class PlaceChange:
    """One district's part: the changed features' area before and after, and what goes out (调出) and comes in (调入).

    A feature counts with its net change in the district; one that moves between districts goes out of
    the one and into the other. ``place`` is a code, or several joined by "," for features across districts.
    """

    place: str
    name: str
    before_m2: float
    after_m2: float
    out_m2: float
    in_m2: float

    @property
    def difference_m2(self) -> float:
        """What comes in less what goes out."""
        return self.after_m2 - self.before_m2


@dataclass(frozen=True)
class Source:
    """Where two sides of a comparison are read from: SQL for rows of one layer, and its values."""

    layer: EditableLayer
    sql: str
    values: dict[str, Any]


def of_change_set(change_set: ChangeSet) -> Source:
    """The changes of a set against the versions they were made from."""
    layer = layers.editable(change_set.layer_id)
    base = "v.id = c.base_version AND " if layer.versioned else ""
    sql = f"""
        SELECT c.feature AS code, c.action, c.operation, c.origins, c.attributes AS after_facts,
               CASE WHEN v.{layer.feature_column} IS NOT NULL THEN {layer.attributes_sql("v")} END AS before_facts,
               CASE WHEN c.action <> 'add' THEN v.geom END AS before_geom,
               {overlayable_sql("c.geom")} AS after_geom
        FROM mapedit_change c
        LEFT JOIN {layer.table} v ON {base} v.{layer.feature_column} = c.feature AND c.action <> 'add'
        WHERE c.change_set_id = %(owner)s
    """
    return Source(layer, sql, {"owner": change_set.pk})


def of_publication(publication: Publication) -> Source:
    """What a publication put in force against what held before; by its change set where it came from one."""
    change_set = ChangeSet.objects.filter(publication=publication).first()
    if change_set is not None:
        return of_change_set(change_set)
    layer = layers.editable(publication.layer_id)
    if not layer.versioned:
        return Source(
            layer,
            """
            SELECT NULL::text AS code, NULL::text AS action, NULL::text AS operation, '{}'::text[] AS origins,
                   NULL::jsonb AS after_facts, NULL::jsonb AS before_facts,
                   NULL::geometry AS before_geom, NULL::geometry AS after_geom
            WHERE %(owner)s IS NULL
            """,
            {"owner": publication.pk},
        )
    sql = f"""
        SELECT v.{layer.feature_column} AS code, CASE WHEN o.id IS NULL THEN 'add' ELSE 'modify' END AS action,
               'import' AS operation, '{{}}'::text[] AS origins, {layer.attributes_sql("v")} AS after_facts,
               CASE WHEN o.id IS NOT NULL THEN {layer.attributes_sql("o")} END AS before_facts,
               o.geom AS before_geom, v.geom AS after_geom
        FROM {layer.table} v
        LEFT JOIN LATERAL (
            SELECT * FROM {layer.table} p
            WHERE p.{layer.feature_column} = v.{layer.feature_column} AND p.valid_to <= v.valid_from AND p.id <> v.id
            ORDER BY p.valid_to DESC, p.id DESC LIMIT 1
        ) o ON true
        WHERE v.publication_id = %(owner)s
    """
    return Source(layer, sql, {"owner": publication.pk})


def counts(source: Source) -> dict[str, int]:
    """How many features are added, modified and removed: ``{"add": 1, "modify": 3, "remove": 0, "all": 4}``."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT action, count(*) FROM ({source.sql}) s GROUP BY action", source.values)
        found = dict(cursor.fetchall())
    held = {action: found.get(action, 0) for action in ("add", "modify", "remove")}
    return held | {"all": sum(held.values())}


def features(source: Source, *, after: str = "", limit: int = PAGE) -> list[FeatureChange]:
    """At most ``limit`` features in order of their codes, those behind code ``after``; one query, one for places."""
    layer = source.layer
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT code, action, operation, origins, before_facts::text, after_facts::text,
                   ST_Area(before_geom::geography), ST_Area(after_geom::geography)
            FROM ({source.sql}) s
            WHERE code > %(after)s ORDER BY code LIMIT %(limit)s
            """,
            source.values | {"after": after, "limit": limit},
        )
        rows = cursor.fetchall()
    names = _place_names()
    return [
        _feature(layer, names, code, action, operation, origins, _facts(before), _facts(held), before_m2, after_m2)
        for code, action, operation, origins, before, held, before_m2, after_m2 in rows
    ]


def places(source: Source) -> list[PlaceChange]:
    """What changes in each district, in order of their codes; one query over the whole set, one for names."""
    before, held = (_places_sql(source.layer, side) for side in ("before_facts", "after_facts"))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH side AS MATERIALIZED (
                SELECT code, {before} AS place, coalesce(ST_Area(before_geom::geography), 0)::numeric AS before_m2,
                       0::numeric AS after_m2
                FROM ({source.sql}) s WHERE before_geom IS NOT NULL
                UNION ALL
                SELECT code, {held}, 0, coalesce(ST_Area(after_geom::geography), 0)::numeric
                FROM ({source.sql}) s WHERE after_geom IS NOT NULL AND action <> 'remove'
            ), step AS (
                SELECT code, place, sum(before_m2) AS before_m2, sum(after_m2) AS after_m2
                FROM side GROUP BY code, place
            )
            SELECT place, sum(before_m2)::float8, sum(after_m2)::float8,
                   sum(greatest(before_m2 - after_m2, 0))::float8, sum(greatest(after_m2 - before_m2, 0))::float8
            FROM step GROUP BY place ORDER BY place
            """,
            source.values,
        )
        rows = cursor.fetchall()
    names = _place_names()
    return [
        PlaceChange(place or "", _named(place or "", names), before_m2, after_m2, out_m2, in_m2)
        for place, before_m2, after_m2, out_m2, in_m2 in rows
    ]


def frozen(change_set: ChangeSet) -> dict[str, Any]:
    """What a submission keeps of it as JSON: ``counts``, ``places`` and ``areas`` (features, at most a thousand)."""
    source = of_change_set(change_set)
    return {
        "counts": counts(source),
        "places": [
            {
                "place": row.place,
                "name": row.name,
                "before_m2": row.before_m2,
                "after_m2": row.after_m2,
                "out_m2": row.out_m2,
                "in_m2": row.in_m2,
            }
            for row in places(source)
        ],
        "areas": [
            {"code": row.code, "action": row.action, "before_m2": row.before_m2, "after_m2": row.after_m2}
            for row in features(source, limit=1_000)
        ],
    }


def frozen_places(evidence: Mapping[str, Any]) -> list[PlaceChange]:
    """The districts' parts as a submission kept them."""
    return [PlaceChange(**row) for row in evidence.get("places", [])]


def shapes(source: Source) -> dict[str, Any]:
    """Both sides as GeoJSON (EPSG:4490) for the map: at most MOST_SHAPES features, coarser where vertices are many.

    ``{"features": [{"code", "action", "before", "after"}…], "total", "coarse"}``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH side AS MATERIALIZED (
                SELECT code, action, before_geom, after_geom, count(*) OVER () AS total
                FROM ({source.sql}) s ORDER BY code LIMIT %(most)s
            ), weight AS (
                SELECT sum(coalesce(ST_NPoints(before_geom), 0) + coalesce(ST_NPoints(after_geom), 0)) > %(heavy)s
                       AS coarse
                FROM side
            )
            SELECT code, action, total, coarse,
                   ST_AsGeoJSON(CASE WHEN coarse THEN ST_SimplifyPreserveTopology(before_geom, %(step)s)
                                     ELSE before_geom END, 7),
                   ST_AsGeoJSON(CASE WHEN coarse THEN ST_SimplifyPreserveTopology(after_geom, %(step)s)
                                     ELSE after_geom END, 7)
            FROM side CROSS JOIN weight ORDER BY code
            """,
            source.values | {"most": MOST_SHAPES, "heavy": MOST_VERTICES, "step": COARSE_DEGREES},
        )
        rows = cursor.fetchall()
    return {
        "features": [
            {
                "code": code,
                "action": action,
                "before": before and json.loads(before),
                "after": held and json.loads(held),
            }
            for code, action, _total, _coarse, before, held in rows
        ],
        "total": rows[0][2] if rows else 0,
        "coarse": bool(rows and rows[0][3]),
    }


def attribute_changes(
    layer: EditableLayer, before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str]
) -> tuple[AttributeChange, ...]:
    """The attributes in which two sets of facts differ, in the layer's order; ``names`` are of places."""
    return tuple(
        AttributeChange(
            str(attribute.label),
            shown(attribute, before.get(attribute.name), names),
            shown(attribute, after.get(attribute.name), names),
        )
        for attribute in layer.attributes
        if _comparable(attribute, before.get(attribute.name)) != _comparable(attribute, after.get(attribute.name))
    )


def shown(attribute: Attribute, value: Any, names: Mapping[str, str]) -> str:
    """A fact in words: a choice by its label, a place by its name, nothing as a dash."""
    if value is None or value in ("", []):
        return "—"
    if attribute.kind == "bool":
        return _("是") if value else _("否")
    if attribute.kind == "places":
        return _("、").join(names.get(code, code) for code in value)
    if attribute.kind in ("place", "town"):
        return names.get(value, str(value))
    return str(dict(attribute.choices).get(value, value))


def _feature(
    layer: EditableLayer,
    names: Mapping[str, str],
    code: str,
    action: str,
    operation: str,
    origins: list[str],
    before: dict[str, Any],
    after: dict[str, Any],
    before_m2: float | None,
    after_m2: float | None,
) -> FeatureChange:
    held = before if action == "remove" else after
    return FeatureChange(
        code=code,
        name=layer.name_of(code, held),
        action=action,
        operation=operation,
        before_m2=before_m2,
        after_m2=None if action == "remove" else after_m2,
        origins=tuple(origins),
        attributes=attribute_changes(layer, before, after, names) if action == "modify" else (),
        places=_("、").join(names.get(place, place) for place in layer.places_of(held)) if layer.place else "",
    )


def _facts(text: str | None) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(text) if text else {}
    return held


def _comparable(attribute: Attribute, value: Any) -> Any:
    if value is None or value == "":
        return None
    if attribute.kind in ("number", "integer"):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            # A draft may hold words where a number belongs; its check says so.
            return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def _places_sql(layer: EditableLayer, facts: str) -> str:
    if not layer.place:
        return "code"
    held = f"{facts} -> '{layer.place}'"
    return f"""CASE jsonb_typeof({held})
        WHEN 'array' THEN (SELECT string_agg(p, ',' ORDER BY p) FROM jsonb_array_elements_text({held}) p)
        ELSE {facts} ->> '{layer.place}' END"""


def _place_names() -> dict[str, str]:
    return dict(Jurisdiction.objects.values_list("code", "name"))


def _named(place: str, names: Mapping[str, str]) -> str:
    return _("、").join(names.get(code, code) for code in place.split(",")) if place else _("未注明所在区")
