"""What a browser or a program sends to the editor, read strictly: geometry, lines, attributes.

A draft may be faulty as a shape (a bow-tie is reported by the checks and mended there); it may not be
something else than a polygon, nor lie elsewhere. Whatever is refused is refused with one sentence.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import shapely
from django.conf import settings
from django.contrib.gis.geos import MultiPolygon
from django.http import HttpRequest
from django.utils.translation import gettext as _

from core.mapedit import bases
from core.mapedit.layers import Attribute, EditableLayer
from core.policy.models import Jurisdiction
from core.refusals import Refused

MAX_VERTICES = 1_000_000
MAX_BYTES = 64 * 1024 * 1024
MARGIN_DEGREES = 0.25
"""How far outside the city's box a draft may reach: neighbours' land, never another city."""


class TooLarge(Refused):
    """More than one request may carry."""


class InvalidAttributes(Refused):
    """Attributes that cannot be kept; ``errors`` holds a sentence for each by name."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("".join(errors.values()))
        self.errors = dict(errors)


def body(request: HttpRequest) -> dict[str, Any]:
    """The JSON object a request carries. Raises Refused, TooLarge."""
    raw = request.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise TooLarge(_("一次保存的内容不超过 64 MB；更大的图形请用文件导入。"))
    try:
        found = json.loads(raw or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(_("请求内容不是可识别的 JSON，或含有非有限的数。")) from error
    if not isinstance(found, dict):
        raise Refused(_("请求内容应为一个 JSON 对象。"))
    return found


def _refuse_constant(text: str) -> float:
    raise ValueError(text)


def text(sent: Mapping[str, Any], key: str, *, most: int = 2000) -> str:
    """The text under ``key``, "" when absent."""
    value = sent.get(key, "")
    if not isinstance(value, str) or len(value) > most or "\x00" in value:
        raise Refused(_("“%(key)s”应为不超过 %(most)s 字的文字。") % {"key": key, "most": most})
    return value


def revision(sent: Mapping[str, Any], key: str = "revision") -> int | None:
    """The revision the sender read, None for none."""
    value = sent.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise Refused(_("修订号应为非负整数，没有则为 null。"))
    return value


def texts(sent: Mapping[str, Any], key: str, *, most: int = 200) -> list[str]:
    """The list of texts under ``key``."""
    value = sent.get(key, [])
    if not isinstance(value, list) or len(value) > most or not all(isinstance(item, str) for item in value):
        raise Refused(_("“%(key)s”应为不超过 %(most)s 项的文字列表。") % {"key": key, "most": most})
    return value


def polygons(geojson: Any) -> MultiPolygon:
    """A GeoJSON Polygon or MultiPolygon in degrees (EPSG:4490) as MultiPolygon; its topology is not judged.

    Raises Refused for another type, numbers that are not finite, unclosed rings, places outside Foshan and its
    margin, or more than a million vertices.
    """
    if not isinstance(geojson, dict) or geojson.get("type") not in ("Polygon", "MultiPolygon"):
        raise Refused(_("图形应为 GeoJSON 的 Polygon 或 MultiPolygon。"))
    parts = geojson.get("coordinates")
    if geojson["type"] == "Polygon":
        parts = [parts]
    if not isinstance(parts, list) or not parts:
        raise Refused(_("图形没有坐标。"))
    left = MAX_VERTICES
    built = []
    for part in parts:
        if not isinstance(part, list) or not part:
            raise Refused(_("图形的每个部分至少要有一个环。"))
        rings = []
        for ring in part:
            points = coordinates(ring, least=4, most=left)
            if not np.array_equal(points[0], points[-1]):
                raise Refused(_("环没有闭合：首尾两点应相同。"))
            left -= len(points)
            rings.append(points)
        built.append(shapely.Polygon(rings[0], rings[1:]))
    return bases.geometry(shapely.to_wkb(shapely.multipolygons(built)))


def line(geojson: Any) -> shapely.LineString:
    """A GeoJSON LineString in degrees (EPSG:4490). Raises Refused."""
    if not isinstance(geojson, dict) or geojson.get("type") != "LineString":
        raise Refused(_("线应为 GeoJSON 的 LineString。"))
    return shapely.LineString(coordinates(geojson.get("coordinates"), least=2, most=10_000))


def coordinates(points: Any, *, least: int, most: int = MAX_VERTICES) -> np.ndarray:
    """A list of [lon, lat] as an array (n, 2), in and around Foshan. Raises Refused."""
    if not isinstance(points, list) or len(points) < least:
        raise Refused(_("线或环的点太少：至少 %(least)s 个。") % {"least": least})
    if len(points) > most:
        raise Refused(_("一个图形不超过 %(most)s 个界址点。") % {"most": f"{MAX_VERTICES:,}"})
    if not all(isinstance(point, list) and len(point) == 2 and all(map(_is_number, point)) for point in points):
        raise Refused(_("每个点应为经度、纬度两个有限的数。"))
    array = np.array(points, dtype=float)
    city: Any = settings.LEAFLET_CONFIG["SPATIAL_EXTENT"]
    low, high = np.array(city[:2]) - MARGIN_DEGREES, np.array(city[2:]) + MARGIN_DEGREES
    inside = ((array >= low) & (array <= high)).all(axis=1)
    if not inside.all():
        lon, lat = array[~inside][0].tolist()
        raise Refused(
            _("点（%(lon)s，%(lat)s）不在佛山范围内。坐标应为 CGCS2000 经纬度，经度在前。")
            % {"lon": f"{lon:.6f}", "lat": f"{lat:.6f}"}
        )
    return array


def _is_number(value: Any) -> bool:
    # 1e400 is read as inf.
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


# Attributes --------------------------------------------------------------------------------------------------------


def attributes(layer: EditableLayer, sent: Any) -> dict[str, Any]:
    """The attributes a browser sent, typed as the version table holds them; those not sent are left out.

    A required one may still be empty in a draft: the checks say so. Raises InvalidAttributes.
    """
    if not isinstance(sent, dict):
        raise Refused(_("属性应为一个 JSON 对象。"))
    unknown = [name for name in sent if name not in layer.columns()]
    if unknown:
        raise Refused(_("“%(layer)s”没有属性“%(name)s”。") % {"layer": layer.title, "name": unknown[0][:40]})
    typed: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, value in sent.items():
        try:
            typed[name] = _typed(layer.attribute(name), value)
        except Refused as refusal:
            errors[name] = refusal.sentence
    if errors:
        raise InvalidAttributes(errors)
    return typed


def _typed(attribute: Attribute, value: Any) -> Any:
    if attribute.kind in _READERS:
        if value is None or value == "":
            return attribute.default
        return _READERS[attribute.kind](attribute, value)
    return _text(attribute, "" if value is None else value)


def _text(attribute: Attribute, value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise Refused(_("“%(label)s”应为文字。") % {"label": attribute.label})
    value = " ".join(value.split())
    if attribute.max_length and len(value) > attribute.max_length:
        raise Refused(_("“%(label)s”不超过 %(most)s 字。") % {"label": attribute.label, "most": attribute.max_length})
    return value


def _choice(attribute: Attribute, value: Any) -> str:
    if value not in [key for key, _label in attribute.choices]:
        allowed = "、".join(str(label) for _key, label in attribute.choices)
        raise Refused(_("“%(label)s”应为：%(allowed)s。") % {"label": attribute.label, "allowed": allowed})
    return str(value)


def _number(attribute: Attribute, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise Refused(_("“%(label)s”应为数字。") % {"label": attribute.label}) from error
    if isinstance(value, bool) or not math.isfinite(number):
        raise Refused(_("“%(label)s”应为有限的数字。") % {"label": attribute.label})
    return number


def _integer(attribute: Attribute, value: Any) -> int:
    number = _number(attribute, value)
    if not number.is_integer() or abs(number) > 2**31 - 1:
        raise Refused(_("“%(label)s”应为整数。") % {"label": attribute.label})
    return int(number)


def _date(attribute: Attribute, value: Any) -> str:
    try:
        return dt.date.fromisoformat(value).isoformat()
    except (TypeError, ValueError) as error:
        raise Refused(_("“%(label)s”应写作 2026-03-31。") % {"label": attribute.label}) from error


def _bool(attribute: Attribute, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(_("“%(label)s”应为是或否。") % {"label": attribute.label})
    return value


def _place(attribute: Attribute, value: Any) -> str:
    return _places(attribute, [value])[0]


def _places(attribute: Attribute, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
        raise Refused(_("“%(label)s”应为区的代码。") % {"label": attribute.label})
    known = set(Jurisdiction.objects.districts().filter(code__in=value).values_list("code", flat=True))
    if set(value) - known:
        raise Refused(_("“%(label)s”应为佛山五区之一。") % {"label": attribute.label})
    return sorted(known)


def _town(attribute: Attribute, value: Any) -> str:
    if not isinstance(value, str) or not Jurisdiction.objects.towns().filter(code=value).exists():
        raise Refused(_("“%(label)s”应为镇街的代码。") % {"label": attribute.label})
    return value


_READERS: dict[str, Callable[[Attribute, Any], Any]] = {
    "choice": _choice,
    "number": _number,
    "integer": _integer,
    "date": _date,
    "bool": _bool,
    "place": _place,
    "places": _places,
    "town": _town,
}
