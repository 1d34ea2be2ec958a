"""What lies around a feature as a change set would have it: versions it does not touch, and its own changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely
from django.db import connection

from core.geodata.crs import CGCS2000
from core.mapedit.layers import EditableLayer
from core.mapedit.models import ChangeSet

DEGREES_PER_METRE = 1 / 90_000
"""Generous at Foshan's latitude, where a degree is 102 km across and 111 km up."""


def as_drafted_sql(layer: EditableLayer) -> str:
    """SQL: rows (code, attributes, geom) of the layer as set ``%(set)s`` would leave it, around box ``%(box)s``."""
    return f"""
        SELECT v.{layer.feature_column} AS code, {layer.attributes_sql("v")} AS attributes, v.geom
        FROM {layer.table} v
        WHERE {layer.open_sql("v")} AND v.geom && %(box)s::geometry
          AND NOT EXISTS (
              SELECT FROM mapedit_change c
              WHERE c.change_set_id = %(set)s AND c.feature = v.{layer.feature_column}
          )
        UNION ALL
        SELECT c.feature, c.attributes, c.geom
        FROM mapedit_change c
        WHERE c.change_set_id = %(set)s AND c.action <> 'remove' AND c.geom && %(box)s::geometry
    """


def box(bounds: Sequence[float], margin_m: float = 0) -> str:
    """EWKT of the box (west, south, east, north) in degrees, ``margin_m`` metres wider on each side."""
    west, south, east, north = bounds
    margin = margin_m * DEGREES_PER_METRE
    return f"SRID={CGCS2000};{shapely.box(west - margin, south - margin, east + margin, north + margin).wkt}"


def around(change_set: ChangeSet, layer: EditableLayer, bounds: Sequence[float], *, but: Sequence[str]) -> list[Any]:
    """Shapes (shapely, EPSG:4490) that meet a box and are none of the features called ``but``."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT ST_AsBinary(n.geom) FROM ({as_drafted_sql(layer)}) n
            WHERE n.code <> ALL (%(but)s) ORDER BY n.code
            """,
            {"set": change_set.pk, "box": box(bounds), "but": list(but)},
        )
        return [shapely.from_wkb(bytes(wkb)) for (wkb,) in cursor.fetchall()]
