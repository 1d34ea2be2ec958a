"""The plot of a flag and its neighbours as SVG paths, drawn in EPSG:3857 for the eye only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

# The newest version shows where to go even when the plot is no longer in force.
_SQL = """
WITH plot AS (
    SELECT geom_3857 AS geom FROM plots_plotversion WHERE plot_id = %(plot)s ORDER BY valid_from DESC LIMIT 1
), here AS (
    SELECT coalesce((SELECT geom FROM plot),
                    ST_Transform(ST_SetSRID(ST_GeomFromEWKB(%(point)s), 4490), 3857)) AS geom
), frame AS (
    SELECT ST_Expand(geom, greatest(60, 0.5 * greatest(ST_XMax(geom) - ST_XMin(geom), ST_YMax(geom) - ST_YMin(geom))))
        AS box
    FROM here
)
SELECT jsonb_build_object(
    'frame', (SELECT jsonb_build_array(ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)) FROM frame),
    'plot', (SELECT ST_AsSVG(geom, 1, 1) FROM plot),
    'point', (
        SELECT jsonb_build_array(ST_X(p), -ST_Y(p))
        FROM (SELECT ST_Transform(ST_SetSRID(ST_GeomFromEWKB(%(point)s), 4490), 3857) AS p) at WHERE p IS NOT NULL
    ),
    'around', (
        SELECT coalesce(jsonb_agg(ST_AsSVG(v.geom_3857, 1, 1)), '[]')
        FROM plots_plotversion v, frame
        WHERE %(neighbours)s AND v.geom_3857 && frame.box AND v.valid_to IS NULL
            AND v.plot_id IS DISTINCT FROM %(plot)s
    )
)::text
"""


@dataclass(frozen=True)
class Drawing:
    """Paths in SVG coordinates (metres, y downwards), the part in view, and a point or None."""

    view_box: str
    plot: str
    around: list[str]
    point: tuple[float, float] | None
    dot: float


def drawing(plot: str | None, point: Any, *, neighbours: bool) -> Drawing | None:
    """What the page of a flag draws; None where it has neither plot nor point. ``point`` is EPSG:4490. One query.

    ``neighbours`` draws the plots around it, which enterprises do not read.
    """
    if plot is None and point is None:
        return None
    with connection.cursor() as cursor:
        ewkb = bytes(point.ewkb) if point is not None else None
        cursor.execute(_SQL, {"plot": plot, "point": ewkb, "neighbours": neighbours})
        (document,) = cursor.fetchone()
    drawn = json.loads(document)
    west, south, east, north = drawn["frame"]
    if west is None:
        return None
    width, height = east - west, north - south
    side = max(width, height * 1.5)
    middle = (west + east) / 2
    return Drawing(
        view_box=f"{middle - side / 2:.1f} {-north:.1f} {side:.1f} {max(height, side / 1.5):.1f}",
        plot=drawn["plot"] or "",
        around=drawn["around"],
        point=tuple(drawn["point"]) if drawn["point"] else None,
        dot=side / 60,
    )
