"""Which coordinate system a file is in, and whether its features lie in the city.

A file's own definition is matched by its parameters, never by its name: ESRI, PROJ and EPSG write the same system
in a dozen ways. Systems whose transformation to CGCS2000 is pure mathematics, or within centimetres (WGS84), are
accepted; 1980 西安 and 1954 北京 need the city's own parameters and are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from core.geodata.crs import CGCS2000, WEB_MERCATOR
from core.geodata.exchange.formats import Unreadable

WGS84 = 4326
UTM_49N = 32649

CGCS2000_FAMILY = range(4490, 4555)
"""Geographic 4490; 6° zones 4491-4501 and by meridian 4502-4512; 3° zones 4513-4533 and by meridian 4534-4554."""

ACCEPTED = frozenset({*CGCS2000_FAMILY, WGS84, WEB_MERCATOR, UTM_49N})

NEEDS_PARAMETERS = re.compile(
    r"xian.?(19)?80|1980.?xian|西安.?80|80.?西安|beijing.?(19)?54|1954.?beijing|北京.?54", re.IGNORECASE
)

EXTENT = (112.33, 22.59, 113.45, 23.63)
"""Foshan and some 5 km around it: west, south, east, north in EPSG:4490."""


@dataclass(frozen=True)
class Identified:
    """The coordinate system a file names: `srid` when it is an accepted one, else None and `name` says which it is."""

    srid: int | None
    name: str


@dataclass(frozen=True)
class Guess:
    """What coordinates alone say. `swapped`: the two columns stand in the wrong order for `srid`."""

    srid: int | None
    swapped: bool
    inside: bool


def identify(definition: str | None) -> Identified | None:
    """The system of `definition`: "EPSG:n" or WKT as GDAL hands it over; None when the file names none.

    Only numbers and WKT reach PROJ: any other text could make it read files.
    """
    if not definition:
        return None
    code = re.fullmatch(r"EPSG:(\d{4,6})", definition)
    try:
        crs = CRS.from_epsg(int(code[1])) if code else CRS.from_wkt(definition)
    except CRSError:
        return None
    if crs.is_engineering or (crs.is_compound and not crs.sub_crs_list):
        return None
    horizontal = crs.sub_crs_list[0] if crs.is_compound else crs
    return Identified(_accepted(horizontal), horizontal.name)


def _accepted(crs: CRS) -> int | None:
    """EPSG number of `crs` among ACCEPTED, by its datum and projection parameters."""
    cgcs2000, wgs84 = _datum(crs)
    if not (cgcs2000 or wgs84):
        return None
    if crs.is_geographic:
        return CGCS2000 if cgcs2000 else WGS84
    operation = crs.coordinate_operation
    if operation is None or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info[:2]):
        return None
    method = operation.method_name.lower().replace("_", " ")
    if "pseudo mercator" in method.replace("-", " ") or "auxiliary sphere" in method:
        return WEB_MERCATOR
    values: dict[str, Any] = {
        parameter.name.lower().replace("_", " "): parameter.value for parameter in operation.params
    }
    if method not in {"transverse mercator", "gauss kruger"}:
        return None
    return _transverse_mercator(
        meridian=_first(values, "longitude of natural origin", "central meridian"),
        scale=_first(values, "scale factor at natural origin", "scale factor", default=1),
        false_easting=_first(values, "false easting"),
        at_equator=not _first(values, "latitude of natural origin", "latitude of origin")
        and not _first(values, "false northing"),
    )


def _datum(crs: CRS) -> tuple[bool, bool]:
    """(is CGCS2000, is WGS84), by the datum's name."""
    base = crs.geodetic_crs
    name = re.sub(r"[\W_]+", " ", base.datum.name.lower()) if base and base.datum else ""
    if base and base.ellipsoid and base.ellipsoid.name.upper() == "CGCS2000":
        return True, False
    return ("china 2000" in name or "cgcs2000" in name, "wgs 84" in name or "wgs 1984" in name or "system 1984" in name)


def _first(values: dict[str, Any], *names: str, default: float = 0) -> float:
    return next((values[name] for name in names if name in values), default)


def _transverse_mercator(*, meridian: float, scale: float, false_easting: float, at_equator: bool) -> int | None:
    if not at_equator:
        return None
    if (meridian, round(scale, 6), false_easting) == (111, 0.9996, 500_000):
        return UTM_49N
    if scale != 1 or meridian % 3 or not 75 <= meridian <= 135:
        return None
    number = int(meridian) // 3
    if false_easting == 500_000:
        return 4534 + number - 25
    if false_easting == number * 1_000_000 + 500_000:
        return 4488 + number
    six_degree = (meridian + 3) / 6
    if false_easting == six_degree * 1_000_000 + 500_000 and 13 <= six_degree <= 23:
        return 4478 + int(six_degree)
    return None


def require_accepted(srid: int) -> int:
    """`srid` when a file may be read in it; raises Unreadable otherwise."""
    if srid not in ACCEPTED:
        raise Unreadable(
            _("不支持按 EPSG:%(srid)s 读取：请先转换为 CGCS2000（EPSG:4490、4526、4525、4547、4546 等）再导入。")
            % {"srid": srid}
        )
    return srid


def refusal(name: str) -> str:
    """The sentence for a file whose coordinate system `name` is not accepted."""
    if NEEDS_PARAMETERS.search(name):
        return _(
            "坐标系是 %(name)s，与 CGCS2000 之间须用本市的转换参数换算，系统不代为换算：请先转换为 CGCS2000 再导入。"
        ) % {"name": name}
    return _("坐标系 %(name)s 不能直接使用：请先转换为 CGCS2000（EPSG:4490 或 4526、4547 等）再导入。") % {"name": name}


@lru_cache
def _to_lonlat(srid: int) -> Transformer:
    # WGS84 and CGCS2000 agree within centimetres; what is projected from WGS84 is read as CGCS2000 once unprojected.
    target = CGCS2000 if srid in CGCS2000_FAMILY else WGS84
    return Transformer.from_crs(srid, target, always_xy=True)


def to_lonlat(coordinates: Any, srid: int) -> Any:
    """Coordinates (n, 2), easting/longitude first in `srid`, as EPSG:4490 lon/lat; inf where none exists."""
    if srid in {CGCS2000, WGS84}:
        return coordinates
    lon, lat = _to_lonlat(srid).transform(coordinates[:, 0], coordinates[:, 1])
    return np.column_stack((lon, lat))


def inside(lonlat: Any, extent: tuple[float, float, float, float] = EXTENT) -> Any:
    """Whether each of (n, 2) lon/lat positions lies in `extent`: bool (n,); NaN and inf do not."""
    west, south, east, north = extent
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def guess(coordinates: Any, extent: tuple[float, float, float, float] = EXTENT) -> Guess:
    """The system of coordinates (n, 2) as they stand in a file without one, by their size and where they land.

    A zone prefix (38…) and degrees speak for themselves. A 6-digit easting may be of either central meridian: the
    one that puts most points into `extent` is taken, and none when neither does.
    """
    coordinates = coordinates[np.isfinite(coordinates).all(axis=1)]
    if not len(coordinates):
        return Guess(None, False, False)
    orders = ((coordinates, False), (coordinates[:, ::-1], True))
    possible = [(points, swapped, _candidates(*np.median(points, axis=0))) for points, swapped in orders]
    for points, swapped, srids in possible:
        for srid in srids:
            if inside(to_lonlat(points, srid), extent).mean() >= 0.5:
                return Guess(srid, swapped, True)
    for _points, swapped, srids in possible:
        if len(srids) == 1:
            return Guess(srids[0], swapped, False)
    return Guess(None, False, False)


def _candidates(x: float, y: float) -> list[int]:
    """Systems in which (x, y) could be easting and northing, or longitude and latitude."""
    if abs(x) <= 180 and abs(y) <= 90:
        return [CGCS2000]
    zone = int(x // 1_000_000)
    if 25 <= zone <= 45 and 1_000_000 < y < 6_500_000:
        return [4488 + zone]
    if 13 <= zone <= 23 and 1_000_000 < y < 6_500_000:
        return [4478 + zone]
    if zone == 12 and 1_000_000 < y < 6_500_000:
        return [WEB_MERCATOR]
    if 100_000 <= x < 1_000_000 and 1_000_000 < y < 6_500_000:
        return [4547, 4546]
    return []
