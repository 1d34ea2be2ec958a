"""One-click repairs of what a check found: what the feature would become, and in words what that changed.

Nothing here writes: the service saves what a person has looked at, as a revision of its own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.db import connection
from django.utils.translation import gettext as _

from core.geodata.crs import CGCS2000
from core.geodata.topology import repairs as topology
from core.geodata.topology.measure import area_m2
from core.geodata.topology.operations import Refused as NotPossible
from core.mapedit import layers
from core.mapedit.checks import thresholds as keys
from core.mapedit.checks.surroundings import Surroundings
from core.mapedit.checks.wording import m2
from core.mapedit.models import Change
from core.refusals import Refused

Point = tuple[float, float]


class RepairUnknown(LookupError):
    """No repair has this name."""


@dataclass(frozen=True)
class Repaired:
    """A feature mended: ``geom`` (MultiPolygon, EPSG:4490) and what that changed.

    Areas are ellipsoidal m²; ``moved`` are the new places (lon, lat) of vertices moved or added,
    ``removed`` the old places of those that went. ``summary`` says it in a sentence.
    """

    geom: MultiPolygon
    summary: str
    before_area_m2: float
    after_area_m2: float
    moved: tuple[Point, ...]
    removed: tuple[Point, ...]


def offer(name: str) -> str:
    """What the button of a repair says. Raises :class:`RepairUnknown`."""
    labels = {
        "snap_to_neighbour": _("吸附到邻界"),
        "remove_overlap": _("移除重叠"),
        "clip_to_district": _("按区界裁切"),
        "drop_sliver": _("移除碎屑"),
        "remove_spike": _("移除尖刺"),
        "remove_close_vertices": _("合并过近的点"),
        "make_valid": _("修复图形"),
    }
    if name not in labels:
        raise RepairUnknown(name)
    return labels[name]


def apply(change: Change, repair: str, *, on: dt.date, other: str = "") -> Repaired:
    """Mend ``change`` by ``repair``; ``other`` limits it to one neighbour. Nothing is saved.

    Distances are the thresholds in force on ``on``. Raises :class:`RepairUnknown`, and Refused with a
    sentence when the repair is not possible, would leave nothing, or changes nothing.
    """
    label = offer(repair)
    around = Surroundings(layers.editable(change.change_set.layer_id), change, on, reach=keys.SNAP_M)
    try:
        mended = _mended(repair, around, other)
    except NotPossible as error:
        raise Refused(_("“%(repair)s”在这里做不到，请手工修改。") % {"repair": label}) from error
    if not mended.changes:
        raise Refused(_("“%(repair)s”没有可改之处，图形未变。") % {"repair": label})
    before, after = area_m2(mended.before), area_m2(mended.geometry)
    geom = GEOSGeometry(memoryview(shapely.to_wkb(mended.geometry)), srid=CGCS2000)
    return Repaired(
        geom=geom if isinstance(geom, MultiPolygon) else MultiPolygon(geom, srid=CGCS2000),
        summary=_summary(label, mended, before, after),
        before_area_m2=before,
        after_area_m2=after,
        moved=(*(now for __, now in mended.moved), *mended.added),
        removed=mended.removed,
    )


def _mended(repair: str, around: Surroundings, other: str) -> topology.Repair:
    geometry, thresholds = around.geometry, around.thresholds
    beside = [shape for code, shape in zip(around.codes, around.shapes, strict=True) if other in ("", code)]
    match repair:
        case "snap_to_neighbour":
            return topology.snap_to_neighbours(geometry, beside, thresholds.tolerance(keys.SNAP_M))
        case "remove_overlap":
            return topology.remove_overlap(geometry, beside)
        case "clip_to_district":
            return topology.clip_to(geometry, _districts(around.place_codes))
        case "drop_sliver":
            return topology.drop_slivers(geometry, thresholds.tolerance(keys.SLIVER_M))
        case "remove_spike":
            return topology.remove_spikes(geometry)
        case "remove_close_vertices":
            return topology.remove_close_vertices(geometry, thresholds.tolerance(keys.CLOSE_M))
        case _:
            return topology.make_valid(geometry)


def _districts(codes: list[str]) -> topology.Geometry:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT ST_AsBinary(ST_Union(geom)) FROM policy_jurisdiction
            WHERE code = ANY (%s) AND level = 'district' AND geom IS NOT NULL
            """,
            [codes],
        )
        (shape,) = cursor.fetchone()
    if shape is None:
        raise NotPossible("invalid_input")
    return shapely.from_wkb(bytes(shape))


def _summary(label: str, mended: topology.Repair, before_m2: float, after_m2: float) -> str:
    difference = after_m2 - before_m2
    signed = ("+" if difference > 0 else "\N{MINUS SIGN}" if difference < 0 else "") + m2(abs(difference))
    counts = [
        (len(mended.moved), _("移动 %(count)s 点")),
        (len(mended.removed), _("移除 %(count)s 点")),
        (len(mended.added), _("新增 %(count)s 点")),
    ]
    vertices = "，".join(text % {"count": count} for count, text in counts if count)
    return _("%(label)s：%(vertices)s；面积 %(before)s → %(after)s（%(difference)s）。") % {
        "label": label,
        "vertices": vertices,
        "before": m2(before_m2),
        "after": m2(after_m2),
        "difference": signed,
    }
