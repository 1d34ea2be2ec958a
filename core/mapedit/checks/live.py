"""The check of one feature that has just been edited, quick enough to run while it is drawn.

One statement reads everything the feature is judged by; what it has in common with its neighbours
is then found in memory, on the stored coordinates, where the guard of the database finds it, too.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import shapely
from django.db import connection

from core.geodata.topology.neighbours import gaps, overlaps
from core.geodata.topology.shape import Limits, shape_faults
from core.mapedit import layers
from core.mapedit.checks import thresholds as keys
from core.mapedit.checks import wording
from core.mapedit.checks.attributes import attribute_findings
from core.mapedit.checks.declared import as_declared, declared_area_findings
from core.mapedit.checks.nearness import near_but_apart
from core.mapedit.checks.others import rival_finding, stale_finding
from core.mapedit.checks.outside import outside_sql
from core.mapedit.checks.surroundings import Surroundings, as_hex
from core.mapedit.checks.thresholds import Thresholds
from core.mapedit.findings import Finding, in_order
from core.mapedit.models import Action, Change

CITY_MARGIN_DEG = 0.05
"""Beyond the city's bounding box by more than this, coordinates are wrong and not just a boundary."""


def check_change(change: Change, *, on: dt.date) -> list[Finding]:
    """Findings about one feature as its change set would have it in force on ``on``.

    Looks at the feature itself, its neighbours (those in force less what the set replaces, and what
    the set puts in their place), its districts, other open change sets, and the rules of its domain.
    Never raises on bad geometry.
    """
    layer = layers.editable(change.change_set.layer_id)
    around = Surroundings(layer, change, on)
    found = _about_others(around)
    if change.action != Action.REMOVE:
        found += attribute_findings(layer, change.feature, change.attributes, around.places)
        found += _about_shape(around)
    for check in around.concerned:
        found += check.find_one(change, on) if check.find_one else check.find(change.change_set, on, [change.feature])
    return in_order(found)


def city_limits(thresholds: Thresholds, box: list[float] | None) -> Limits:
    """Limits of the shape checks under ``thresholds``; ``box`` is west, south, east, north of the city."""
    margin = np.array([-1, -1, 1, 1]) * CITY_MARGIN_DEG
    return Limits(
        acute_deg=thresholds.limit(keys.ACUTE_DEG),
        close_m=thresholds.limit(keys.CLOSE_M),
        sliver_m=thresholds.limit(keys.SLIVER_M),
        bounds=tuple(np.add(box, margin)) if box else None,
    )


def _about_others(around: Surroundings) -> list[Finding]:
    """Versions and change sets that came in between."""
    found = [rival_finding(around.change.feature, *rival) for rival in around.rivals]
    stale = stale_finding(around.layer, around.change, around.open_version)
    return [*found, stale] if stale else found


def _about_shape(around: Surroundings) -> list[Finding]:
    """The shape by itself, beside its neighbours, and in its districts."""
    faults = shape_faults(around.geometry, city_limits(around.thresholds, around.city_box))
    found = wording.shape_findings(around.change.feature, faults, around.thresholds)
    if around.placed:
        found += _overlaps(around)
    if around.valid:
        found += _gaps(around)
        found += _declared(around)
        if around.layer.place and not around.inside and around.place_codes:
            found += _outside(around)
    return found


def _declared(around: Surroundings) -> list[Finding]:
    declared = as_declared(around.change.attributes.get(around.layer.declared_area))
    geometry = np.array([around.geometry], dtype=object)
    found = declared_area_findings(
        [around.change.feature], geometry, np.array([declared]), np.array([True]), around.thresholds
    )
    return [finding for __, finding in found]


def _overlaps(around: Surroundings) -> list[Finding]:
    return [
        wording.overlap_finding(
            around.layer,
            around.change.feature,
            _other(around, fault.other),
            area_m2=fault.measured or 0.0,
            width_m=fault.width_m or 0.0,
            lon=fault.lon or 0.0,
            lat=fault.lat or 0.0,
            geometry=wording.outline(fault.geometry),
            thresholds=around.thresholds,
        )
        for fault in overlaps(around.geometry, around.shapes)
    ]


def _gaps(around: Surroundings) -> list[Finding]:
    width = around.thresholds.limit(keys.GAP_M)
    if width is None or not near_but_apart(around.geometry, around.shapes, 2 * width):
        return []
    return [
        wording.gap_finding(around.layer, around.change.feature, _other(around, fault.other), fault, around.thresholds)
        for fault in gaps(around.geometry, around.shapes, width)
    ]


def _outside(around: Surroundings) -> list[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            outside_sql("SELECT %(feature)s::text AS code, %(geom)s::geometry AS geom, %(places)s::text[] AS places"),
            {
                "feature": around.change.feature,
                "geom": as_hex(around.geometry),
                "places": around.place_codes,
                "tolerance": around.thresholds.tolerance(keys.OUTSIDE_M2),
            },
        )
        rows = cursor.fetchall()
    return [
        wording.outside_finding(
            code,
            around.places.names(places),
            area_m2=area,
            lon=lon,
            lat=lat,
            geometry=wording.outline(shapely.from_wkb(bytes(shape))) if shape is not None else None,
            thresholds=around.thresholds,
        )
        for code, places, area, lon, lat, shape in rows
    ]


def _other(around: Surroundings, row: int | None) -> tuple[str, str | None]:
    return around.codes[row or 0], around.labels[row or 0]
