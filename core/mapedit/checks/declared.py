"""Declared area against the area of the drawing (rules §3.5: remark over 0.5 %, error over 1 %)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from django.utils.translation import gettext as _

from core.geodata.topology import measure, plane
from core.mapedit.checks import thresholds as keys
from core.mapedit.checks import wording
from core.mapedit.checks.thresholds import Thresholds
from core.mapedit.findings import ERROR, WARNING, Finding

ROUNDING_M2 = 1.0
"""Hectares are declared with four decimals: a square metre of rounding is no disagreement."""


def declared_area_findings(
    features: Sequence[object],
    geometries: np.ndarray,
    declared_m2: np.ndarray,
    usable: np.ndarray,
    thresholds: Thresholds,
) -> Iterator[tuple[int, Finding]]:
    """Rows whose declared area, NaN for none, is not that of their geometry (n,), EPSG:4490, each with its finding.

    ``features`` (n) name them; ``usable`` (n,) masks valid geometries. Compared with the ellipsoidal area and, because
    survey offices declare it so, with the one in the plane (EPSG:4547); the nearer counts.
    """
    limits = [limit for limit in map(thresholds.limit, (keys.AREA_WARNING_PERCENT, keys.AREA_ERROR_PERCENT)) if limit]
    known = np.flatnonzero(usable & np.isfinite(declared_m2) & (declared_m2 > 0))
    if not limits or not len(known):
        return
    # One feature is measured faster by itself; both agree to 10⁻⁷ of the area.
    geometry = geometries[known]
    measured = measure.areas_m2(geometry) if len(known) > 1 else np.array([measure.area_m2(geometry[0])])
    off = _percent(declared_m2[known], measured) > min(limits)
    known, geometry, measured = known[off], geometry[off], measured[off]
    declared, planar = declared_m2[known], shapely.area(plane.to_plane(geometry))
    nearer = np.where(np.abs(declared - planar) < np.abs(declared - measured), planar, measured)
    percent = _percent(declared, nearer)
    for k in np.flatnonzero(percent > min(limits)):
        row = int(known[k])
        yield (
            row,
            _finding(
                str(features[row]), geometry[k], float(declared[k]), float(nearer[k]), float(percent[k]), thresholds
            ),
        )


def _percent(declared: np.ndarray, measured: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.maximum(np.abs(declared - measured) - ROUNDING_M2, 0) / measured * 100


def _finding(
    feature: str, geometry: object, declared: float, measured: float, percent: float, thresholds: Thresholds
) -> Finding:
    refuse = thresholds.limit(keys.AREA_ERROR_PERCENT)
    beyond = refuse is not None and percent > refuse
    inside = shapely.point_on_surface(geometry)
    return Finding(
        feature=feature,
        rule="geometry.declared_area",
        severity=ERROR if beyond else WARNING,
        message=_("填报面积 %(declared)s，按图形计算 %(measured)s，相差 %(percent)s%%。请核对图形或填报面积。")
        % {
            "declared": wording.m2(declared),
            "measured": wording.m2(measured),
            "percent": wording.figure(percent),
        },
        lon=float(inside.x),
        lat=float(inside.y),
        measured=measured,
        required=declared,
        unit="m²",
        source=thresholds.source(keys.AREA_ERROR_PERCENT if beyond else keys.AREA_WARNING_PERCENT),
    )


def as_declared(value: object) -> float:
    """A declared area in m², NaN for none or for what is no number (which has a finding of its own)."""
    try:
        return float(str(value)) if value not in (None, "") else float("nan")
    except ValueError:
        return float("nan")
