"""Exchange files of plots for tests, written as bytes an office might send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.places import CORNER, NANHAI

PLOT = {"SZQ": NANHAI, "TDYT": "100102", "GYFS": "出让", "ZL": "示例路一号"}


def code(number: int, *, district: str = NANHAI) -> str:
    """A 宗地代码, as tests.places.plot gives it."""
    return f"{district}001001GB{number:05d}"


def ring(number: int = 1, size: float = 0.002, *, dx: float = 0.0) -> list[list[float]]:
    """The closed square of plot ``number`` of tests.places, lon/lat, moved east by ``dx`` degrees."""
    lon, lat = CORNER[NANHAI]
    west, south = lon + 0.003 * (number % 10) + dx, lat + 0.003 * (number // 10)
    return [
        [west, south],
        [west + size, south],
        [west + size, south + size],
        [west, south + size],
        [west, south],
    ]


def feature(number: int, geometry: Any = "square", **facts: Any) -> dict[str, Any]:
    """A GeoJSON feature of plot ``number``."""
    shape = {"type": "Polygon", "coordinates": [ring(number)]} if geometry == "square" else geometry
    return {"type": "Feature", "properties": {"ZDDM": code(number), **PLOT, **facts}, "geometry": shape}


def polygon(*rings: list[list[float]]) -> dict[str, Any]:
    """A GeoJSON polygon."""
    return {"type": "Polygon", "coordinates": list(rings)}


def geojson(path: Path, *features: dict[str, Any]) -> Path:
    """Write a GeoJSON file."""
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
    return path
