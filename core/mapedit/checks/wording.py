"""Faults of geometry in words: one finding each, with its place, its measure, its source and the way out."""

from __future__ import annotations

import json
from collections.abc import Iterable

import shapely
from django.utils.translation import gettext as _

from core.geodata.topology.faults import Fault, Geometry, Kind
from core.mapedit.checks import thresholds as keys
from core.mapedit.checks.thresholds import Thresholds, own_rule
from core.mapedit.findings import ERROR, WARNING, Finding
from core.mapedit.layers import EditableLayer

THIN = "\u2009"
MOST_OUTLINE_VERTICES = 2_000
"""An outline of a fault with more vertices than this is drawn simplified: it only has to be seen."""

# Kinds that leave nothing to measure or to publish.
_BROKEN = {
    Kind.NULL,
    Kind.EMPTY,
    Kind.NOT_POLYGONAL,
    Kind.NOT_FINITE,
    Kind.SWAPPED_AXES,
    Kind.MISSING_ZONE,
    Kind.PLANE_COORDINATES,
    Kind.OUT_OF_BOUNDS,
    Kind.SELF_INTERSECTION,
    Kind.RING_SELF_INTERSECTION,
    Kind.HOLE_OUTSIDE,
    Kind.NESTED_HOLES,
    Kind.NESTED_PARTS,
    Kind.INTERIOR_DISCONNECTED,
    Kind.DUPLICATE_RINGS,
    Kind.TOO_FEW_POINTS,
    Kind.INVALID,
}
_MADE_VALID = _BROKEN - {
    Kind.NULL,
    Kind.EMPTY,
    Kind.NOT_POLYGONAL,
    Kind.NOT_FINITE,
    Kind.SWAPPED_AXES,
    Kind.MISSING_ZONE,
    Kind.PLANE_COORDINATES,
    Kind.OUT_OF_BOUNDS,
}
_REPAIRS = {
    Kind.SPIKE: ("remove_spike",),
    Kind.CLOSE_VERTICES: ("remove_close_vertices",),
    Kind.SLIVER: ("drop_sliver",),
    **dict.fromkeys(_MADE_VALID, ("make_valid",)),
}
_UNITS = {Kind.SPIKE: "°", Kind.ACUTE_ANGLE: "°", Kind.CLOSE_VERTICES: "m", Kind.SLIVER: "m"}
_PARAMETERS = {Kind.ACUTE_ANGLE: keys.ACUTE_DEG, Kind.CLOSE_VERTICES: keys.CLOSE_M, Kind.SLIVER: keys.SLIVER_M}


def is_broken(kind: Kind) -> bool:
    """Whether a fault of this kind leaves nothing to measure or to publish."""
    return kind in _BROKEN


def figure(value: float, digits: int = 2) -> str:
    """A number with thousands separated, and as many digits as it takes for a small one not to read as zero."""
    for places in range(digits, 7):
        if round(value, places) != 0:
            return f"{value:,.{places}f}"
    return f"{value:,.{digits}f}"


def m2(value: float) -> str:
    """1,284.60 m²."""
    return f"{figure(value)}{THIN}m²"


def metres(value: float) -> str:
    """0.42 m."""
    return f"{figure(value)}{THIN}m"


def place_text(lon: float | None, lat: float | None) -> str:
    """113.123456, 23.123456, or an empty string."""
    return "" if lon is None or lat is None else f"{lon:.6f}, {lat:.6f}"


def called(layer: EditableLayer, code: str, label: str | None) -> str:
    """A feature in quotation marks: by its name where names tell features apart, else by its code."""
    distinct = layer.attribute(layer.label).required
    return f"“{label}”" if label and distinct else f"“{code}”" if not label else f"“{code}”（{label}）"


def shape_findings(feature: str, faults: Iterable[Fault], thresholds: Thresholds) -> list[Finding]:
    """Findings about the shape of one feature by itself."""
    return [_shape_finding(feature, fault, thresholds) for fault in faults]


def _shape_finding(feature: str, fault: Fault, thresholds: Thresholds) -> Finding:
    parameter = _PARAMETERS.get(fault.kind, "")
    return Finding(
        feature=feature,
        rule=f"geometry.{fault.kind.value}",
        severity=ERROR if fault.kind in _BROKEN else WARNING,
        message=_sentence(fault, thresholds),
        lon=_in_degrees(fault.lon, 180),
        lat=_in_degrees(fault.lat, 90),
        measured=fault.measured,
        required=thresholds.limit(parameter) if parameter else None,
        unit=_UNITS.get(fault.kind, ""),
        source=thresholds.source(parameter) if parameter else own_rule(_("图形须有效")),
        geometry=outline(fault.geometry),
        repairs=_REPAIRS.get(fault.kind, ()),
    )


def _in_degrees(value: float | None, most: float) -> float | None:
    """A coordinate a map can go to; numbers that are no longitude or latitude have no place on it."""
    return value if value is not None and abs(value) <= most else None


def _sentence(fault: Fault, thresholds: Thresholds) -> str:
    at = place_text(fault.lon, fault.lat)
    measured = figure(fault.measured) if fault.measured is not None else ""
    sentences = {
        Kind.NULL: _("没有图形。请绘制，或把此要素移除。"),
        Kind.EMPTY: _("图形为空。请绘制，或把此要素移除。"),
        Kind.NOT_POLYGONAL: _("图形不是面。本图层只收面和多面。"),
        Kind.NOT_FINITE: _("坐标中有非数值（NaN 或无穷大）。请改正坐标后重新导入。"),
        Kind.SWAPPED_AXES: _("坐标顺序颠倒：经度与纬度互换。请对调后再提交。"),
        Kind.MISSING_ZONE: _("横坐标没有带号，无法确定位置。请补带号，或注明坐标系后重新导入。"),
        Kind.PLANE_COORDINATES: _("坐标是平面坐标（米），不是经纬度。请注明坐标系后重新导入。"),
        Kind.OUT_OF_BOUNDS: _("图形不全在佛山市范围内（中心 %(at)s）。请核对坐标系和坐标。"),
        Kind.SELF_INTERSECTION: _("边界在 %(at)s 处自相交。可修复为有效图形，或移动该处界址点。"),
        Kind.RING_SELF_INTERSECTION: _("边界在 %(at)s 处与自身相接。可修复为有效图形，或移动该处界址点。"),
        Kind.HOLE_OUTSIDE: _("%(at)s 处的内环在外环之外。可修复为有效图形。"),
        Kind.NESTED_HOLES: _("%(at)s 处内环套内环。可修复为有效图形。"),
        Kind.NESTED_PARTS: _("%(at)s 处一个部分在另一个部分之内。可修复为有效图形。"),
        Kind.INTERIOR_DISCONNECTED: _("%(at)s 处内环把图形隔断。可修复为有效图形。"),
        Kind.DUPLICATE_RINGS: _("%(at)s 处有重复的环。可修复为有效图形。"),
        Kind.TOO_FEW_POINTS: _("%(at)s 处的环不足三个不同的界址点。可修复为有效图形。"),
        Kind.INVALID: _("图形在 %(at)s 处无效。可修复为有效图形，或重新绘制该处。"),
        Kind.SPIKE: _("%(at)s 处有尖刺，夹角 %(measured)s°。多为误点，可移除尖刺。"),
        Kind.ACUTE_ANGLE: _("%(at)s 处夹角 %(measured)s°，小于 %(limit)s°。请核对是否误点。"),
        Kind.CLOSE_VERTICES: _("%(at)s 处相邻界址点仅距 %(measured)s m，小于 %(limit)s m。多为误点，可合并。"),
        Kind.SLIVER: _("%(at)s 处有碎屑，平均宽 %(measured)s m，小于 %(limit)s m。可移除碎屑。"),
    }
    limit = thresholds.limit(_PARAMETERS.get(fault.kind, ""))
    return sentences.get(fault.kind, sentences[Kind.INVALID]) % {
        "at": at or _("某处"),
        "measured": measured,
        "limit": f"{limit:g}" if limit is not None else "",
    }


def overlap_finding(
    layer: EditableLayer,
    feature: str,
    other: tuple[str, str | None],
    *,
    area_m2: float,
    width_m: float,
    lon: float,
    lat: float,
    geometry: dict[str, object] | None,
    thresholds: Thresholds,
) -> Finding:
    """An overlap with ``other`` (code, label): an error where the guard of the database refuses it, else a remark."""
    required, sliver = thresholds.tolerance(keys.OVERLAP_M2), thresholds.tolerance(keys.SLIVER_M)
    values = {"other": called(layer, *other), "area": m2(area_m2), "width": metres(width_m)}
    if area_m2 > required and width_m > sliver:
        rule, severity = "geometry.overlap", ERROR
        message = _("与%(other)s重叠 %(area)s。同层要素不得重叠。可吸附到邻界，或移除重叠部分。") % values
    else:
        rule, severity = "geometry.sliver_overlap", WARNING
        message = _("与%(other)s有碎屑重叠 %(area)s，平均宽 %(width)s，在容差之内。可吸附到邻界。") % values
    return Finding(
        feature=feature,
        rule=rule,
        severity=severity,
        message=message,
        lon=lon,
        lat=lat,
        measured=area_m2,
        required=required,
        unit="m²",
        source=thresholds.source(keys.OVERLAP_M2),
        other=other[0],
        geometry=geometry,
        repairs=("snap_to_neighbour", "remove_overlap"),
    )


def gap_finding(
    layer: EditableLayer, feature: str, other: tuple[str, str | None], fault: Fault, thresholds: Thresholds
) -> Finding:
    """A gap towards ``other`` (code, label): a remark, since two features need not meet."""
    values = {
        "other": called(layer, *other),
        "area": m2(fault.measured or 0.0),
        "width": metres(fault.width_m or 0.0),
    }
    return Finding(
        feature=feature,
        rule="geometry.gap",
        severity=WARNING,
        message=_("与%(other)s之间有缝隙 %(area)s，平均宽 %(width)s。若应相接，可吸附到邻界。") % values,
        lon=fault.lon,
        lat=fault.lat,
        measured=fault.width_m,
        required=thresholds.limit(keys.GAP_M),
        unit="m",
        source=thresholds.source(keys.GAP_M),
        other=other[0],
        geometry=outline(fault.geometry),
        repairs=("snap_to_neighbour",),
    )


def outside_finding(
    feature: str,
    places: str,
    *,
    area_m2: float | None,
    lon: float | None,
    lat: float | None,
    geometry: dict[str, object] | None,
    thresholds: Thresholds,
) -> Finding:
    """What of a feature lies outside its districts, named ``places``; no area when they have no boundary at all."""
    if area_m2 is None:
        message = _("所在区（%(places)s）没有界线，无法核对。请改正所在区。") % {"places": places}
    else:
        message = _("超出%(places)s界线 %(area)s。可按区界裁切，或改正所在区。") % {
            "places": places,
            "area": m2(area_m2),
        }
    return Finding(
        feature=feature,
        rule="geometry.outside_district",
        severity=ERROR,
        message=message,
        lon=lon,
        lat=lat,
        measured=area_m2,
        required=thresholds.tolerance(keys.OUTSIDE_M2),
        unit="m²",
        source=thresholds.source(keys.OUTSIDE_M2),
        geometry=geometry,
        repairs=("clip_to_district",) if area_m2 is not None else (),
    )


def outline(geometry: Geometry) -> dict[str, object] | None:
    """A geometry (EPSG:4490) as GeoJSON to draw, simplified when it is heavy; None for nothing."""
    if geometry is None or geometry.is_empty:
        return None
    if shapely.get_num_coordinates(geometry) > MOST_OUTLINE_VERTICES:
        west, south, east, north = shapely.bounds(geometry)
        geometry = shapely.simplify(geometry, max(east - west, north - south) / MOST_OUTLINE_VERTICES)
    drawn: dict[str, object] = json.loads(shapely.to_geojson(geometry))
    return drawn
