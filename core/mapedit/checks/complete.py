"""The check of a whole change set: the same rules as live, set-wise, in a few statements whatever its size.

Rows come in order of their codes and in blocks, so that memory stays flat over a million
changes; only faults become objects.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from django.db import connection
from django.utils.translation import gettext as _

from core.geodata.topology.neighbours import NOISE_M, NOISE_M2, gaps
from core.geodata.topology.shape import Limits, shape_faults
from core.mapedit import layers
from core.mapedit.checks import registry, wording
from core.mapedit.checks import thresholds as keys
from core.mapedit.checks.attributes import Places, attribute_findings, suspects_sql
from core.mapedit.checks.declared import as_declared, declared_area_findings
from core.mapedit.checks.effects import overlayable_sql
from core.mapedit.checks.live import city_limits
from core.mapedit.checks.nearness import near_but_apart
from core.mapedit.checks.others import rival_finding, version_finding
from core.mapedit.checks.outside import outside_sql
from core.mapedit.checks.surroundings import GEOD_REACH_M
from core.mapedit.checks.thresholds import Thresholds, from_jsonb, own_rule
from core.mapedit.findings import WARNING, Finding, in_order
from core.mapedit.layers import EditableLayer
from core.mapedit.models import ChangeSet
from core.mapedit.states import ENDED

BLOCK = 5_000
MOST_GAPS_LOOKED_FOR = 5_000
"""Gaps are remarks that cost a union of neighbours each; a larger set says that they were not looked for."""

_VALID_SQL = """SELECT c.feature AS code, c.attributes, c.geom FROM mapedit_change c
                WHERE c.change_set_id = %(set)s AND c.action <> 'remove' AND ST_IsValid(c.geom)"""
"""SQL: the changes whose geometry can be overlaid; broken ones have findings of their own."""


def check_change_set(change_set: ChangeSet, *, on: dt.date) -> list[Finding]:
    """Findings about everything ``change_set`` would put in force on ``on``, errors first, always in the same order.

    The rules are those of :func:`~core.mapedit.checks.live.check_change`. Never raises on bad geometry.
    """
    layer = layers.editable(change_set.layer_id)
    work = _Complete(layer, change_set, on)
    found = [*work.versions(), *work.rivals(), *work.attributes(), *work.shapes()]
    found += [*work.overlaps(), *work.outside(), *work.gaps()]
    for check in registry.checks_of(layer.name):
        found += check.find(change_set, on, None)
    return in_order(found)


class _Complete:
    """One complete check."""

    def __init__(self, layer: EditableLayer, change_set: ChangeSet, on: dt.date) -> None:
        self.layer, self.change_set, self.on = layer, change_set, on
        self.thresholds = Thresholds.in_force(on)
        self.values: dict[str, Any] = {
            "set": change_set.pk,
            "layer": layer.name,
            "on": on,
            "ended": [state.value for state in ENDED],
            "tolerance": self.thresholds.tolerance(keys.OUTSIDE_M2),
            "reach": 2 * (self.thresholds.limit(keys.GAP_M) or 0.0) / GEOD_REACH_M,
        }
        districts, towns, self.city_box = self._rows(
            """
            SELECT (SELECT jsonb_object_agg(code, name) FROM policy_jurisdiction WHERE level = 'district'),
                   (SELECT jsonb_object_agg(code, parent_id) FROM policy_jurisdiction WHERE level = 'town'),
                   (SELECT jsonb_build_array(ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b))
                    FROM (SELECT ST_Extent(geom) AS b FROM policy_jurisdiction WHERE level = 'district') e)
            """
        )[0]
        self.city_box = from_jsonb(self.city_box)
        self.places = Places(from_jsonb(districts) or {}, from_jsonb(towns) or {})

    def _rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, {**self.values, **values})
            return list(cursor.fetchall())

    def _blocks(self, columns: str) -> Iterator[list[tuple[Any, ...]]]:
        """Changes that keep a feature, in order of their codes, ``BLOCK`` at a time."""
        after = ""
        while True:
            rows = self._rows(
                f"""
                SELECT c.feature, {columns} FROM mapedit_change c
                WHERE c.change_set_id = %(set)s AND c.action <> 'remove' AND c.feature > %(after)s
                ORDER BY c.feature LIMIT {BLOCK}
                """,
                after=after,
            )
            if rows:
                yield rows
            if len(rows) < BLOCK:
                return
            after = rows[-1][0]

    def versions(self) -> Iterator[Finding]:
        """Changes made from a version that is no longer the open one, and new codes that are taken."""
        layer = self.layer
        rows = self._rows(
            f"""
            SELECT c.feature, c.action, c.base_version, {layer.version_id_sql("v")}
            FROM mapedit_change c
            LEFT JOIN {layer.table} v ON v.{layer.feature_column} = c.feature AND {layer.open_sql("v")}
            WHERE c.change_set_id = %(set)s
                AND (CASE WHEN v.{layer.feature_column} IS NULL THEN NULL ELSE {layer.version_id_sql("v")} END)
                    IS DISTINCT FROM c.base_version
            ORDER BY c.feature
            """
        )
        for feature, action, base, held in rows:
            finding = version_finding(layer, feature, action, base, held)
            if finding:
                yield finding

    def rivals(self) -> Iterator[Finding]:
        """Features that another open change set changes as well."""
        rows = self._rows(
            """
            SELECT mine.feature, s.id, s.title, u.display_name
            FROM mapedit_changeset s
            JOIN accounts_user u ON u.id = s.author_id
            JOIN mapedit_change theirs ON theirs.change_set_id = s.id
            JOIN mapedit_change mine ON mine.change_set_id = %(set)s AND mine.feature = theirs.feature
            WHERE s.layer_id = %(layer)s AND s.id <> %(set)s AND NOT s.state = ANY (%(ended)s)
            ORDER BY mine.feature, s.id
            """
        )
        return (rival_finding(*row) for row in rows)

    def attributes(self) -> Iterator[Finding]:
        """Codes and attributes: SQL picks who may be wrong, Python says what is."""
        condition, parameters = suspects_sql(self.layer)
        rows = self._rows(
            f"""
            SELECT c.feature, c.attributes FROM mapedit_change c
            WHERE c.change_set_id = %(set)s AND c.action <> 'remove' AND ({condition}) ORDER BY c.feature
            """,
            **parameters,
            districts=list(self.places.districts),
            districts_json=json.dumps(list(self.places.districts)),
            towns=list(self.places.towns),
        )
        for feature, attributes in rows:
            yield from attribute_findings(self.layer, feature, from_jsonb(attributes), self.places)

    def shapes(self) -> Iterator[Finding]:
        """Each shape by itself, and beside its declared area."""
        limits: Limits = city_limits(self.thresholds, self.city_box)
        declared = f"c.attributes->>'{self.layer.declared_area}'" if self.layer.declared_area else "NULL"
        for rows in self._blocks(f"ST_AsBinary(c.geom), {declared}"):
            geometries = shapely.from_wkb(np.array([bytes(shape) for __, shape, __ in rows], dtype=object))
            areas = np.array([as_declared(area) for *__, area in rows])
            codes, valid = [code for code, *__ in rows], shapely.is_valid(geometries)
            for __, finding in declared_area_findings(codes, geometries, areas, valid, self.thresholds):
                yield finding
            for fault in shape_faults(geometries, limits):
                yield from wording.shape_findings(rows[fault.index][0], [fault], self.thresholds)

    def overlaps(self) -> Iterator[Finding]:
        """Overlaps among the changes and with what stays in force beside them: the guard's own statement."""
        layer = self.layer
        code, label = layer.feature_column, layer.label
        in_force = "(t.valid_to IS NULL OR t.valid_to > %(on)s)" if layer.versioned else layer.open_sql("t")
        rows = self._rows(
            f"""
            WITH drawn AS MATERIALIZED (
                SELECT c.feature AS code, {overlayable_sql("c.geom")} AS geom FROM mapedit_change c
                WHERE c.change_set_id = %(set)s AND c.action <> 'remove'
            ), pair AS (
                SELECT n.code, t.code AS other, t.label, n.geom, t.geom AS other_geom
                FROM drawn n
                CROSS JOIN LATERAL (
                    SELECT {code} AS code, {label} AS label, geom FROM {layer.table} t
                    WHERE t.geom && n.geom AND {in_force} OFFSET 0
                ) t
                WHERE NOT EXISTS (
                    SELECT FROM mapedit_change c WHERE c.change_set_id = %(set)s AND c.feature = t.code
                )
                UNION ALL
                SELECT n.code, t.feature, t.attributes->>'{label}', n.geom, {overlayable_sql("t.geom")}
                FROM drawn n
                CROSS JOIN LATERAL (
                    SELECT feature, attributes, geom, change_set_id FROM mapedit_change
                    WHERE geom && n.geom OFFSET 0
                ) t
                -- A pair of two changes is one finding.
                WHERE t.change_set_id = %(set)s AND t.feature > n.code
            ), common AS MATERIALIZED (
                SELECT code, other, label, ST_CollectionExtract(ST_Intersection(geom, other_geom), 3) AS geom
                FROM pair WHERE ST_Relate(geom, other_geom, '2********')
            )
            SELECT c.code, c.other, c.label, m.area_m2, m.width_m, ST_X(m.point), ST_Y(m.point), ST_AsBinary(c.geom)
            FROM common c
            CROSS JOIN LATERAL (
                SELECT ST_Area(c.geom::geography) AS area_m2,
                    2 * ST_Area(c.geom::geography) / nullif(ST_Perimeter(c.geom::geography), 0) AS width_m,
                    (SELECT ST_PointOnSurface(part.geom) FROM ST_Dump(c.geom) part
                     ORDER BY ST_Area(part.geom) DESC LIMIT 1) AS point
            ) m
            WHERE m.area_m2 >= {NOISE_M2} AND m.width_m >= {NOISE_M}
            ORDER BY c.code, c.other
            """
        )
        for feature, other, name, area, width, lon, lat, shape in rows:
            yield wording.overlap_finding(
                layer,
                feature,
                (other, name),
                area_m2=area,
                width_m=width,
                lon=lon,
                lat=lat,
                geometry=wording.outline(shapely.from_wkb(bytes(shape))),
                thresholds=self.thresholds,
            )

    def outside(self) -> Iterator[Finding]:
        """What lies outside its districts."""
        place = self.layer.place
        if not place:
            return
        rows = self._rows(
            outside_sql(
                f"""
                SELECT v.code, v.geom, CASE jsonb_typeof(v.attributes->'{place}')
                    WHEN 'array' THEN ARRAY (SELECT jsonb_array_elements_text(v.attributes->'{place}'))
                    ELSE ARRAY [v.attributes->>'{place}']
                END AS places
                FROM ({_VALID_SQL}) v WHERE coalesce(v.attributes->>'{place}', '') NOT IN ('', '[]')
                """
            )
        )
        for code, places, area, lon, lat, shape in rows:
            yield wording.outside_finding(
                code,
                self.places.names(places),
                area_m2=area,
                lon=lon,
                lat=lat,
                geometry=None if shape is None else wording.outline(shapely.from_wkb(bytes(shape))),
                thresholds=self.thresholds,
            )

    def gaps(self) -> Iterator[Finding]:
        """Gaps towards the features beside each changed one."""
        width = self.thresholds.limit(keys.GAP_M)
        if width is None:
            return
        (size,) = self._rows("SELECT count(*) FROM mapedit_change WHERE change_set_id = %(set)s AND geom IS NOT NULL")[
            0
        ]
        if size > MOST_GAPS_LOOKED_FOR:
            message = _("变更超过 %(most)s 个要素，未逐一查找与邻接要素的缝隙；其余检查完整。") % {
                "most": f"{MOST_GAPS_LOOKED_FOR:,}"
            }
            yield Finding(
                feature="", rule="geometry.gap", severity=WARNING, message=message, source=own_rule(_("几何检查"))
            )
            return
        layer = self.layer
        code, label = layer.feature_column, layer.label
        in_force = "(t.valid_to IS NULL OR t.valid_to > %(on)s)" if layer.versioned else layer.open_sql("t")
        seen: set[tuple[str, str]] = set()
        for feature, shape, codes, labels, shapes in self._rows(
            f"""
            SELECT n.code, ST_AsBinary(n.geom), array_agg(t.code ORDER BY t.code),
                array_agg(t.label ORDER BY t.code), array_agg(ST_AsBinary(t.geom) ORDER BY t.code)
            FROM ({_VALID_SQL}) n
            CROSS JOIN LATERAL (
                SELECT t.code, t.label, t.geom FROM (
                    SELECT {code} AS code, {label} AS label, geom FROM {layer.table} t
                    WHERE t.geom && ST_Expand(n.geom, %(reach)s) AND {in_force} OFFSET 0
                ) t
                WHERE NOT EXISTS (
                    SELECT FROM mapedit_change c WHERE c.change_set_id = %(set)s AND c.feature = t.code
                )
                UNION ALL
                SELECT t.feature, t.attributes->>'{label}', t.geom FROM (
                    SELECT feature, attributes, geom, change_set_id FROM mapedit_change
                    WHERE geom && ST_Expand(n.geom, %(reach)s) OFFSET 0
                ) t
                WHERE t.change_set_id = %(set)s AND t.feature <> n.code
            ) t
            GROUP BY n.code, n.geom ORDER BY n.code
            """
        ):
            others = shapely.from_wkb(np.array([bytes(other) for other in shapes], dtype=object))
            drawn = shapely.from_wkb(bytes(shape))
            if not near_but_apart(drawn, others, 2 * width):
                continue
            for fault in gaps(drawn, others, width):
                other = (codes[fault.other or 0], labels[fault.other or 0])
                # The same gap, seen from the other side, is one finding.
                if (other[0], feature) not in seen:
                    seen.add((feature, other[0]))
                    yield wording.gap_finding(layer, feature, other, fault, self.thresholds)
