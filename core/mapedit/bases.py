"""The versions a draft starts from: read by code, with attributes in the form a change holds them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.db import connection, models

from core.accounts.scope import Viewer
from core.geodata.crs import CGCS2000
from core.mapedit.layers import EditableLayer


@dataclass(frozen=True)
class Base:
    """One version: ``geom`` is a MultiPolygon in EPSG:4490, ``area_m2`` ellipsoidal; all editable attributes."""

    feature: str
    version: int
    geom: MultiPolygon
    attributes: dict[str, Any]
    area_m2: float


def in_force(layer: EditableLayer, codes: Sequence[str]) -> dict[str, Base]:
    """The open versions of the features called ``codes``, by code; one query."""
    return _read(layer, f"v.{layer.feature_column} = ANY (%s) AND {layer.open_sql('v')}", [list(codes)])


def version(layer: EditableLayer, feature: str, number: int | None) -> Base | None:
    """Version ``number`` of ``feature``, in force or not; None when there is none or the layer keeps no versions."""
    if number is None or not layer.versioned:
        return None
    found = _read(layer, f"v.{layer.feature_column} = %s AND v.id = %s", [feature, number])
    return found.get(feature)


def _read(layer: EditableLayer, where: str, values: list[Any]) -> dict[str, Base]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT v.{layer.feature_column}, {layer.version_id_sql("v")}, ST_AsBinary(v.geom),
                   {layer.attributes_sql("v")}::text, ST_Area(v.geom::geography)
            FROM {layer.table} v
            WHERE v.geom IS NOT NULL AND {where}
            """,
            values,
        )
        return {
            code: Base(code, number, geometry(wkb), json.loads(attributes), area)
            for code, number, wkb, attributes, area in cursor.fetchall()
        }


def geometry(wkb: bytes | memoryview) -> MultiPolygon:
    """WKB of longitudes and latitudes as a geometry of EPSG:4490."""
    geom: Any = GEOSGeometry(memoryview(bytes(wkb)), srid=CGCS2000)
    return geom


def readable(layer: EditableLayer, user: Viewer) -> models.QuerySet[Any]:
    """Open versions of the layer that ``user`` may read."""
    manager: Any = layer.version._default_manager
    if not layer.versioned:
        # Places are read by every signed-in account.
        rows: models.QuerySet[Any] = manager.districts()
        return rows if user.is_authenticated and user.is_active else rows.none()
    held: models.QuerySet[Any] = manager.visible_to(user).filter(valid_to__isnull=True)
    return held
