"""The measuring tool: lengths and areas on the ellipsoid, computed by the database."""

import json
import math
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.geodata.crs import CGCS2000
from core.web import figures
from core.web.map_request import MapRequestError, answers_the_map

MOST_POINTS = 1000
MOST_BYTES = 200_000

_LENGTH = "SELECT true, ST_Length(line::geography), NULL FROM (SELECT ST_GeomFromText(%s, %s) AS line) asked"
_AREA = """
SELECT ST_IsValid(ring), ST_Perimeter(ring::geography),
       CASE WHEN ST_IsValid(ring) THEN ST_Area(ring::geography) END
FROM (SELECT ST_GeomFromText(%s, %s) AS ring) asked
"""


def _points(body: bytes) -> tuple[str, list[tuple[float, float]]]:
    if len(body) > MOST_BYTES:
        raise MapRequestError(400, _("一次量算最多 %(most)s 个点。") % {"most": MOST_POINTS})
    try:
        asked = json.loads(body)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise MapRequestError(400, _("量算请求不是有效的 JSON。")) from error
    if not isinstance(asked, dict) or asked.get("kind") not in {"length", "area"}:
        raise MapRequestError(400, _("量算方式应为 length（长度）或 area（面积）。"))
    given = asked.get("points")
    if not isinstance(given, list) or len(given) > MOST_POINTS:
        raise MapRequestError(400, _("一次量算最多 %(most)s 个点。") % {"most": MOST_POINTS})
    points = [_point(item) for item in given]
    least = 2 if asked["kind"] == "length" else 3
    if len(set(points)) < least:
        raise MapRequestError(
            400,
            _("量长度至少需要两个不同的点。") if least == 2 else _("量面积至少需要三个不同的点。"),
        )
    return asked["kind"], points


def _point(item: Any) -> tuple[float, float]:
    if not (isinstance(item, list) and len(item) == 2 and all(type(part) in (int, float) for part in item)):
        raise MapRequestError(400, _("每个点应为 [经度, 纬度] 两个数。"))
    lon, lat = item
    # An integer can be too large for a float; comparing it first is safe.
    if not (-180 <= lon <= 180 and -90 <= lat <= 90) or not (math.isfinite(lon) and math.isfinite(lat)):
        raise MapRequestError(400, _("点的坐标超出经纬度界限。"))
    return float(lon), float(lat)


def _wkt(points: list[tuple[float, float]]) -> str:
    return ", ".join(f"{lon!r} {lat!r}" for lon, lat in points)


@require_POST
@answers_the_map
def measure(request: HttpRequest) -> HttpResponse:
    """``{"kind": "length" | "area", "points": [[lon, lat]…]}`` → metres and m², with their texts.

    The area is geodesic on the CGCS2000 ellipsoid, the same measure as the area of record.
    """
    kind, points = _points(request.body)
    if kind == "length":
        statement, shape = _LENGTH, f"LINESTRING({_wkt(points)})"
    else:
        statement, shape = _AREA, f"POLYGON(({_wkt([*points, points[0]])}))"
    with connection.cursor() as cursor:
        cursor.execute(statement, (shape, CGCS2000))
        valid, length_m, area_m2 = cursor.fetchone()
    if not valid:
        raise MapRequestError(400, _("所画的边线自相交，面积无法确定；请撤销最后一点，按顺序沿边界点选。"))
    answer: dict[str, Any] = {"kind": kind, "length_m": length_m, "length": _length_text(length_m)}
    if kind == "area":
        text = figures.area_text(area_m2)
        answer |= {"area_m2": area_m2, "m2": text.m2, "mu": text.mu, "km2": text.km2}
    response = JsonResponse(answer)
    response["Cache-Control"] = "private, no-store"
    return response


def _length_text(metres: float) -> str:
    return f"{metres:,.1f} m" if metres < 10_000 else f"{metres / 1000:,.3f} km"
