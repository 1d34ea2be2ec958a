"""An outline as a small drawing: no map, no tiles, so that it prints and goes into a PDF."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

from django.contrib.gis.geos import MultiPolygon, Polygon

WIDTH, HEIGHT, MARGIN = 220.0, 160.0, 4.0


@dataclass(frozen=True)
class Outline:
    """A path for ``viewBox="0 0 220 160"``, north up, and the width of the drawing on the ground in metres."""

    path: str
    metres: int


def outline_of(geom: MultiPolygon) -> Outline:
    """The outline of a geometry in EPSG:4490, drawn as large as it fits."""
    west, south, east, north = geom.extent
    # A degree of longitude is shorter than one of latitude by the cosine of the latitude.
    narrow = math.cos(math.radians((south + north) / 2))
    wide, high = max((east - west) * narrow, 1e-9), max(north - south, 1e-9)
    scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high)
    left, top = (WIDTH - wide * scale) / 2, (HEIGHT - high * scale) / 2
    parts = []
    for polygon in geom:
        for ring in cast(Polygon, polygon):
            points = [
                f"{left + (x - west) * narrow * scale:.1f} {top + (north - y) * scale:.1f}" for x, y, *_ in ring.coords
            ]
            parts.append(f"M{' L'.join(points)}Z")
    return Outline(path=" ".join(parts), metres=round(wide * 111_320))
