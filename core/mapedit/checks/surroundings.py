"""What one feature is judged by, read in one statement: the features around it, its districts, the thresholds."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import shapely

from core.geodata.crs import CGCS2000
from core.geodata.topology.faults import Geometry
from core.mapedit import layers
from core.mapedit.checks import registry
from core.mapedit.checks import thresholds as keys
from core.mapedit.checks.attributes import Places
from core.mapedit.checks.prepared import Prepared
from core.mapedit.checks.thresholds import THRESHOLDS_SQL, Thresholds, from_jsonb
from core.mapedit.layers import EditableLayer
from core.mapedit.models import Change
from core.mapedit.states import ENDED

GEOD_REACH_M = 90_000
"""Fewer metres than a degree has anywhere near Foshan, so that a box in degrees is never too small."""

MOST_DEGREES = 360.0


def as_shapely(change: Change) -> Geometry:
    """The drawn geometry (EPSG:4490), None where there is none."""
    return None if change.geom is None else shapely.from_wkb(bytes(change.geom.wkb))


def as_hex(geometry: Geometry) -> str:
    """A geometry (EPSG:4490) as PostGIS reads it from text."""
    hexed: str = shapely.to_wkb(shapely.set_srid(geometry, CGCS2000), hex=True, include_srid=True)
    return hexed


@cache
def _statement(layer_name: str) -> Prepared:
    layer = layers.editable(layer_name)
    code, label = layer.feature_column, layer.label
    in_force = "(t.valid_to IS NULL OR t.valid_to > %(on)s)" if layer.versioned else layer.open_sql("t")
    conditions = ", ".join(check.only_if or "true" for check in registry.checks_of(layer_name))
    sql = f"""
        WITH threshold AS MATERIALIZED (
            SELECT ({THRESHOLDS_SQL}) AS rows
        ), box AS MATERIALIZED (
            -- Gaps and borders to snap to are looked for a little beyond the feature.
            SELECT ST_Expand(ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4490),
                coalesce((SELECT 2 * (r->>1)::float8 / {GEOD_REACH_M} FROM threshold, jsonb_array_elements(rows) r
                          WHERE r->>0 = %(reach)s), 0)) AS geom
        ), neighbour AS MATERIALIZED (
            SELECT t.{code} AS code, t.{label} AS label, t.geom
            FROM box JOIN {layer.table} t ON t.geom && box.geom
            WHERE {in_force} AND t.{code} <> %(feature)s AND NOT EXISTS (
                -- OFFSET 0: look each one up; joined, every change of a large set would be read.
                SELECT FROM mapedit_change c WHERE c.change_set_id = %(set)s AND c.feature = t.{code} OFFSET 0
            )
            UNION ALL
            SELECT c.feature, c.attributes->>'{label}', c.geom
            FROM box CROSS JOIN LATERAL (SELECT * FROM mapedit_change WHERE geom && box.geom OFFSET 0) c
            WHERE c.change_set_id = %(set)s AND c.feature <> %(feature)s
        )
        SELECT
            (SELECT rows FROM threshold),
            (SELECT array_agg(code) FROM neighbour),
            (SELECT array_agg(label) FROM neighbour),
            (SELECT array_agg(ST_AsBinary(geom)) FROM neighbour),
            (SELECT jsonb_object_agg(code, name) FROM policy_jurisdiction WHERE level = 'district'),
            (SELECT parent_id FROM policy_jurisdiction WHERE code = %(town)s AND level = 'town'),
            (SELECT jsonb_build_array(ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b))
             FROM (SELECT ST_Extent(geom) AS b FROM policy_jurisdiction WHERE level = 'district') e),
            (SELECT {layer.version_id_sql("t")} FROM {layer.table} t
             WHERE t.{code} = %(feature)s AND {layer.open_sql("t")}),
            EXISTS (SELECT FROM policy_jurisdiction d WHERE d.code = ANY (%(places)s) AND d.level = 'district'
                    AND ST_Covers(d.geom, %(geom)s::geometry)),
            (SELECT jsonb_agg(jsonb_build_array(s.id, s.title, u.display_name) ORDER BY s.id)
             FROM mapedit_changeset s JOIN accounts_user u ON u.id = s.author_id
             WHERE s.layer_id = %(layer)s AND s.id <> %(set)s AND NOT s.state = ANY (%(ended)s)
                AND EXISTS (SELECT FROM mapedit_change c
                            WHERE c.change_set_id = s.id AND c.feature = %(feature)s OFFSET 0)),
            ARRAY [{conditions}]::boolean[]
    """
    return Prepared(
        sql,
        {
            "set": "bigint",
            "layer": "text",
            "feature": "text",
            "on": "date",
            "west": "float8",
            "south": "float8",
            "east": "float8",
            "north": "float8",
            "geom": "geometry",
            "places": "text[]",
            "town": "text",
            "reach": "text",
            "ended": "text[]",
        },
    )


class Surroundings:
    """What one change is judged by.

    ``codes``, ``labels`` and ``shapes`` are the features around it as they would be beside it: those in
    force less what the set replaces, and the set's other changes. ``reach`` names the threshold, in
    metres, whose double says how far around to look. ``open_version`` is the version in force of the
    feature, ``rivals`` the open change sets (number, title, author) that change it, too. ``placed``
    says whether it has finite coordinates, ``valid`` whether it can be overlaid, ``inside`` whether
    one of its districts covers it, ``concerned`` lists the rules of its domain that apply at all.
    """

    def __init__(self, layer: EditableLayer, change: Change, on: dt.date, *, reach: str = keys.GAP_M) -> None:
        geometry = as_shapely(change)
        self.layer, self.change, self.geometry, self.on = layer, change, geometry, on
        self.placed = _on_earth(geometry)
        box = [float(side) for side in shapely.bounds(geometry)] if self.placed else [0.0] * 4
        self.valid = self.placed and bool(shapely.is_valid(geometry))
        town = next((str(change.attributes.get(a.name) or "") for a in layer.attributes if a.kind == "town"), "")
        self.place_codes = [str(code) for code in layer.places_of(change.attributes)]
        west, south, east, north = box
        (row,) = _statement(layer.name).rows(
            {
                "set": change.change_set_id,
                "layer": layer.name,
                "feature": change.feature,
                "on": on,
                "west": west,
                "south": south,
                "east": east,
                "north": north,
                "geom": as_hex(geometry) if self.valid else None,
                "places": self.place_codes,
                "town": town,
                "reach": reach,
                "ended": [state.value for state in ENDED],
            }
        )
        rows, codes, labels, shapes, districts, town_in, box, self.open_version, self.inside, rivals, wanted = row
        self.concerned = [c for c, held in zip(registry.checks_of(layer.name), wanted, strict=True) if held]
        self.city_box: list[float] | None = from_jsonb(box)
        self.rivals: list[tuple[int, str, str]] = from_jsonb(rivals) or []
        self.thresholds = Thresholds.read(on, from_jsonb(rows))
        self.codes: list[str] = codes or []
        self.labels: list[str | None] = labels or []
        self.shapes = shapely.from_wkb(np.array([bytes(shape) for shape in shapes or []], dtype=object))
        self._leave_out_unusable()
        self.places = Places(from_jsonb(districts) or {}, {town: town_in} if town_in else {})

    def _leave_out_unusable(self) -> None:
        """Other drafts of the set may be broken beyond overlay; they have findings of their own."""
        if all(map(_on_earth, self.shapes)):
            return
        kept = [row for row, shape in enumerate(self.shapes) if _on_earth(shape)]
        self.codes, self.labels = [self.codes[row] for row in kept], [self.labels[row] for row in kept]
        self.shapes = self.shapes[kept]


def _on_earth(geometry: Geometry) -> bool:
    """Whether there are coordinates, and all could be degrees; others cannot be overlaid."""
    xy = shapely.get_coordinates(geometry)
    return bool(len(xy)) and bool((np.abs(xy) <= MOST_DEGREES).all())
