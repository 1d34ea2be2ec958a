"""Real geometry whose ellipsoidal area is a wanted figure to well under a hundredth of a square metre."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db import connection

from core.policy.models import Parameter

CHANCHENG = "440604"


def measured(geom: Any) -> float:
    """Ellipsoidal area in m², asked of the database that also computes the area of record."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ST_Area(ST_GeomFromEWKB(%s)::geography)", [bytes(geom.ewkb)])
        return cursor.fetchone()[0]


def block(lon: float, lat: float, area_m2: float, *, height: float = 0.02) -> MultiPolygon:
    """A rectangle at (``lon``, ``lat``) of ``area_m2`` to about 10⁻⁶ m²: its east side is solved for."""

    def box(width: float) -> MultiPolygon:
        return MultiPolygon(Polygon.from_bbox((lon, lat, lon + width, lat + height)), srid=4490)

    width = 0.02
    for _step in range(8):
        width *= area_m2 / measured(box(width))
    return box(width)


@pytest.fixture
def set_parameter(db: None) -> Callable[..., None]:
    """``set_parameter("redline.floor_km2", "440605", 1.5)`` replaces a figure in force."""

    def put(key: str, place: str, value: float) -> None:
        rows = Parameter.objects.filter(key=key, jurisdiction_id=place).exclude(status="reference")
        assert rows.update(value=value) == 1

    return put


@pytest.fixture
def small_floors(set_parameter: Callable[..., None]) -> dict[str, float]:
    """Floors small enough to be met by a few blocks: 1 km² a district, 5 for the city; one zone asked for."""
    floors = dict.fromkeys(("440604", "440605", "440606", "440607", "440608"), 1.0) | {"440600": 5.0}
    for code, floor in floors.items():
        set_parameter("redline.floor_km2", code, floor)
    set_parameter("zone.count", "440600", 1)
    return floors


BEFORE_THE_FLOORS = dt.date(2022, 3, 29)
#: Where a block of about 1 km² lies inside each district, away from its border.
GROUND = {
    "440604": (113.03, 22.98),
    "440605": (113.00, 23.10),
    "440606": (113.20, 22.83),
    "440607": (112.90, 23.25),
    "440608": (112.70, 22.85),
}
