"""GCJ-02, the offset system of public Chinese maps: recognised and warned about, never stored (rules §2.6).

At Foshan it lies some 606-629 m to the south-east of CGCS2000, so drawings traced from such a map look right and are
wrong by a street block.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from core.geodata.exchange.formats import WARNING, Remark

# Krasovsky 1940, on which GCJ-02 computes its offset.
SEMI_MAJOR_M = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323
ITERATIONS = 12

AGREEMENT = 0.1
"""Largest rest, as a share of the offset, that still looks like GCJ-02 and not like another shift."""
FEWEST_PAIRS = 3


def offset(lon: Any, lat: Any) -> tuple[Any, Any]:
    """Degrees (east, north) that GCJ-02 adds at WGS84 positions, arrays or numbers, by the public formula."""
    x, y = lon - 105.0, lat - 35.0

    def waves(value: Any, *terms: tuple[float, float]) -> Any:
        return sum(weight * np.sin(value * rate * np.pi) for weight, rate in terms) * 2 / 3

    ripple = waves(x, (20, 6), (20, 2))
    root = np.sqrt(np.abs(x))
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north_m = north_m + waves(y, (20, 1), (40, 1 / 3)) + waves(y, (160, 1 / 12), (320, 1 / 30))
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east_m = east_m + waves(x, (20, 1), (40, 1 / 3)) + waves(x, (150, 1 / 12), (300, 1 / 30))
    east_radius_m, north_radius_m = _radii_m(lat)
    return np.degrees(east_m / east_radius_m), np.degrees(north_m / north_radius_m)


def _radii_m(lat: Any) -> tuple[Any, Any]:
    """Metres a radian eastwards and northwards at `lat`, on the ellipsoid of the formula."""
    latitude = np.radians(lat)
    magic = 1 - ECCENTRICITY_SQUARED * np.sin(latitude) ** 2
    east = SEMI_MAJOR_M / np.sqrt(magic) * np.cos(latitude)
    return east, SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / (magic * np.sqrt(magic))


def to_gcj02(lon: Any, lat: Any) -> tuple[Any, Any]:
    """GCJ-02 image of WGS84/CGCS2000 positions in degrees."""
    east, north = offset(lon, lat)
    return lon + east, lat + north


def from_gcj02(lon: Any, lat: Any) -> tuple[Any, Any]:
    """WGS84/CGCS2000 positions whose GCJ-02 image is (lon, lat) in degrees, by fixed-point iteration."""
    east, north = np.zeros_like(lon, dtype=float), np.zeros_like(lat, dtype=float)
    for _step in range(ITERATIONS):
        east, north = offset(lon - east, lat - north)
    return lon - east, lat - north


def gcj02_likeness(geometry: Any, reference: Any) -> Remark | None:
    """A warning when features lie off their known places just as GCJ-02 would put them, or the other way round.

    `geometry` and `reference` are object arrays (n,) of the same features, in the file and as known, EPSG:4490;
    pairs with a None are left out. None when fewer than `FEWEST_PAIRS` remain or the shift is another one.
    """
    file, known = (shapely.get_coordinates(shapely.centroid(each)) for each in _pairs(geometry, reference))
    if len(file) < FEWEST_PAIRS:
        return None
    shift_m = _metres(file - known, known[:, 1])
    expected_m = _metres(np.column_stack(offset(known[:, 0], known[:, 1])), known[:, 1])
    size_m = float(np.median(np.hypot(*expected_m.T)))
    for sign, message in (
        (1, _("图形整体偏移约 %(shift).0f m，方向与互联网地图的偏移（GCJ-02）一致：请换用 CGCS2000 的数据。")),
        (-1, _("图形整体偏移约 %(shift).0f m，与互联网地图的纠偏方向一致，可能被多纠偏了一次：请核对数据来源。")),
    ):
        rest_m = float(np.median(np.hypot(*(shift_m - sign * expected_m).T)))
        if rest_m <= AGREEMENT * size_m:
            shift = float(np.median(np.hypot(*shift_m.T)))
            lon, lat = np.median(file, axis=0)
            return Remark(
                "gcj02", message % {"shift": shift}, WARNING, lon=float(lon), lat=float(lat), measured=shift, required=0
            )
    return None


def _pairs(geometry: Any, reference: Any) -> tuple[Any, Any]:
    usable = ~(shapely.is_missing(geometry) | shapely.is_missing(reference))
    usable &= ~(shapely.is_empty(geometry) | shapely.is_empty(reference))
    return geometry[usable], reference[usable]


def _metres(degrees: Any, lat: Any) -> Any:
    """Differences (n, 2) in degrees at latitudes `lat`, in metres."""
    east, north = _radii_m(lat)
    return np.radians(degrees) * np.column_stack((east, north))
