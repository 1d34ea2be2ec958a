"""Dividing, joining and redrawing features of a draft, resolved in metres on the server.

What an operation puts on an existing boundary lies on that boundary's geodesic, so that the
area of record of what nobody touched stays what it was (core.geodata.topology).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import MultiPolygon
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import User
from core.geodata.topology import operations as shapes
from core.geodata.topology.measure import polygons
from core.mapedit import bases, layers, neighbours
from core.mapedit.checks import repairs
from core.mapedit.models import Action, Change, ChangeSet
from core.mapedit.models.changes import Operation
from core.mapedit.services import writing
from core.mapedit.services.writing import Draft
from core.policy.services import value
from core.refusals import Refused

Revisions = Mapping[str, int | None]
"""By feature: the revision of its change the editor read, None for a feature without one."""

_SENTENCES = {
    "invalid_input": gettext_lazy("图形本身有误（如自相交），请先按检查结果修复。"),
    "invalid_result": gettext_lazy("按此操作会得到无效的图形，未执行。"),
    "line_misses": gettext_lazy("线没有穿过这个要素。请从界外画到界外。"),
    "line_ends_inside": gettext_lazy("线的一端停在要素内部。请从界外画到界外。"),
    "line_crosses_itself": gettext_lazy("线与自身相交，请重画。"),
    "several_rings": gettext_lazy("整形线跨过了不止一个环。请一次只改一个环。"),
    "apart": gettext_lazy("所选要素互不相接，不能合并。先吸附到公共边界。"),
    "too_few": gettext_lazy("合并至少需要两个要素。"),
    "hole_misses": gettext_lazy("所画的洞与要素不相交。"),
    "hole_outside": gettext_lazy("所画的洞超出要素范围。洞须完全在要素之内。"),
    "hole_touches_boundary": gettext_lazy("所画的洞碰到要素边界。要改边界请用整形。"),
    "nothing_left": gettext_lazy("按此操作要素将不剩任何面积；要终止它请用移除。"),
}


@dataclass(frozen=True)
class Done:
    """What an operation did to one feature: its change before and after, None where there is none."""

    feature: str
    before: Change | None
    after: Change | None


@dataclass(frozen=True)
class _Shape:
    geom: Any
    attributes: dict[str, Any]
    origins: tuple[str, ...]


@transaction.atomic
def split(*, change_set_id: int, feature: str, line: Any, by: User, revision: int | None) -> list[Done]:
    """Divide a feature along ``line`` (shapely LineString, EPSG:4490), the largest part first.

    Where the layer keeps codes, the largest part keeps the feature's; else the feature ends and every part is new.
    Each part notes where it came from. Declared areas are those of the whole and are emptied.
    Raises NotAllowed, Refused, ChangeMoved.
    """
    draft = writing.take(change_set_id=change_set_id, by=by)
    held = _shape(draft, feature)
    parts = _resolved(shapes.split, held.geom, line)
    attributes = _without_declared(draft, held.attributes)
    done: list[Done] = []
    before = writing.read(draft, feature, revision)
    if draft.layer.keeps_code_on_split:
        after = _write(draft, feature, parts[0], Operation.SPLIT, attributes=attributes)
        done.append(Done(feature, before, after))
        parts = parts[1:]
    else:
        done.append(Done(feature, before, writing.end(draft, feature, revision=None, checked=False)))
    for part in parts:
        code = writing.new_code(draft, attributes, beside=(feature,))
        added = _write(draft, code, part, Operation.SPLIT, attributes=attributes, origins=held.origins)
        done.append(Done(code, None, added))
    writing.finish(draft)
    return done


@transaction.atomic
def merge(*, change_set_id: int, features: Sequence[str], into: str, by: User, revisions: Revisions) -> list[Done]:
    """Join features that touch or overlap; the result has the facts of ``into``.

    It keeps the code of ``into`` where the layer keeps codes, else it is new; the others end and are noted as its
    origins. Raises NotAllowed, Refused, ChangeMoved.
    """
    draft = writing.take(change_set_id=change_set_id, by=by)
    codes = list(dict.fromkeys([into, *features]))
    held = {code: _shape(draft, code) for code in codes}
    joined = _resolved(shapes.merge, [held[code].geom for code in codes])
    origins = sorted({origin for code in codes for origin in held[code].origins})
    attributes = _without_declared(draft, held[into].attributes)
    before = {code: writing.read(draft, code, revisions.get(code)) for code in codes}
    if draft.layer.keeps_code_on_split:
        target = into
    else:
        target = writing.new_code(draft, attributes, beside=codes)
        before[target] = None
    done = [
        Done(code, before[code], writing.end(draft, code, revision=None, checked=False))
        for code in codes
        if code != target
    ]
    after = _write(draft, target, joined, Operation.MERGE, attributes=attributes, origins=origins)
    writing.finish(draft)
    return [Done(target, before[target], after), *done]


@transaction.atomic
def cut_hole(*, change_set_id: int, feature: str, hole: Any, by: User, revision: int | None) -> list[Done]:
    """Take ``hole`` (polygon, EPSG:4490), wholly inside it, out of a feature.

    Raises NotAllowed, Refused, ChangeMoved.
    """
    draft = writing.take(change_set_id=change_set_id, by=by)
    cut = _resolved(shapes.cut_hole, _shape(draft, feature).geom, hole)
    return _replaced(draft, feature, cut, Operation.CUT, revision)


@transaction.atomic
def reshape(*, change_set_id: int, feature: str, line: Any, by: User, revision: int | None) -> list[Done]:
    """Replace the boundary between the first and last crossing of ``line`` by the line.

    Raises NotAllowed, Refused, ChangeMoved.
    """
    draft = writing.take(change_set_id=change_set_id, by=by)
    drawn = _resolved(shapes.reshape, _shape(draft, feature).geom, line)
    return _replaced(draft, feature, drawn, Operation.RESHAPE, revision)


@transaction.atomic
def repair(
    *, change_set_id: int, feature: str, repair: str, by: User, revision: int | None, other: str = ""
) -> tuple[list[Done], str]:
    """Mend a feature by the repair of that name, beside neighbour ``other`` or all; with a sentence on what it changed.

    Raises NotAllowed, Refused, ChangeMoved.
    """
    return _mended(change_set_id, feature, repair, by, revision, Operation.REPAIR, other)


@transaction.atomic
def snap(*, change_set_id: int, feature: str, by: User, revision: int | None) -> tuple[list[Done], str]:
    """Draw a feature onto its neighbours within the policy distance geometry.snap_distance_m; as :func:`repair`."""
    return _mended(change_set_id, feature, "snap_to_neighbour", by, revision, Operation.RESHAPE, "")


def _mended(
    change_set_id: int, feature: str, name: str, by: User, revision: int | None, operation: Operation, other: str
) -> tuple[list[Done], str]:
    draft = writing.take(change_set_id=change_set_id, by=by)
    before = writing.read(draft, feature, revision)
    change = writing.existing(draft, feature) or writing.first_touch(draft, feature, None)
    if change.geom is None:
        raise Refused(_("“%(code)s”已在本次变更中移除。") % {"code": feature})
    try:
        mended = repairs.apply(change, name, on=timezone.localdate(), other=other)
    except repairs.RepairUnknown as error:
        raise Refused(_("没有名为“%(name)s”的修复。") % {"name": name}) from error
    after = _write(draft, feature, shapely.from_wkb(bytes(mended.geom.wkb)), operation)
    writing.finish(draft)
    return [Done(feature, before, after)], mended.summary


def resolve_snaps(
    change_set: ChangeSet, *, feature: str, geom: MultiPolygon, points: np.ndarray
) -> tuple[MultiPolygon, list[tuple[float, float]]]:
    """Put vertices that were dropped beside a neighbour exactly on its boundary; reads only.

    ``points`` (n, 2), EPSG:4490, are the dropped vertices as they stand in ``geom``. Reach is the policy parameter
    geometry.snap_distance_m. Returns the geometry and where the moved vertices now are.
    """
    reach = snap_distance_m()
    west, south = points.min(axis=0) - reach * neighbours.DEGREES_PER_METRE
    east, north = points.max(axis=0) + reach * neighbours.DEGREES_PER_METRE
    candidates = neighbours.around(
        change_set, layers.editable(change_set.layer_id), (west, south, east, north), but=[feature]
    )
    resolved = shapes.snap_points(points, candidates, reach)
    moved = {tuple(old): tuple(new) for old, new in zip(points.tolist(), resolved.tolist(), strict=True) if old != new}
    if not moved:
        return geom, []

    def put(xy: np.ndarray) -> np.ndarray:
        return np.array([moved.get((x, y), (x, y)) for x, y in xy.tolist()])

    shape = shapely.transform(shapely.from_wkb(bytes(geom.wkb)), put)
    return bases.geometry(shapely.to_wkb(shape)), list(moved.values())


def snap_distance_m() -> float:
    """Within how many metres things are drawn onto each other today."""
    found = value("geometry.snap_distance_m", on=timezone.localdate()).value
    return float(found or 0)


# Parts --------------------------------------------------------------------------------------------------------------


def _shape(draft: Draft, feature: str) -> _Shape:
    """A feature as this set has it, else as in force; what it came from is itself once it was published."""
    change = writing.existing(draft, feature)
    if change is not None:
        if change.geom is None:
            raise Refused(_("“%(code)s”已在本次变更中移除。") % {"code": feature})
        origins = tuple(change.origins) if change.action == Action.ADD else (feature,)
        return _Shape(shapely.from_wkb(bytes(change.geom.wkb)), dict(change.attributes), origins)
    base = bases.in_force(draft.layer, [feature]).get(feature)
    if base is None:
        raise Refused(_("没有现行要素“%(code)s”，可能刚由另一次发布终止。") % {"code": feature})
    return _Shape(shapely.from_wkb(bytes(base.geom.wkb)), base.attributes, (feature,))


def _without_declared(draft: Draft, attributes: Mapping[str, Any]) -> dict[str, Any]:
    emptied = {draft.layer.declared_area: None} if draft.layer.declared_area else {}
    return {**attributes, **emptied}


def _replaced(draft: Draft, feature: str, geom: Any, operation: Operation, revision: int | None) -> list[Done]:
    before = writing.read(draft, feature, revision)
    after = _write(draft, feature, geom, operation)
    writing.finish(draft)
    return [Done(feature, before, after)]


def _write(
    draft: Draft,
    feature: str,
    geom: Any,
    operation: Operation,
    *,
    attributes: Mapping[str, Any] | None = None,
    origins: Sequence[str] = (),
) -> Change | None:
    stored = bases.geometry(shapely.to_wkb(shapely.multipolygons(polygons(geom))))
    return writing.write(
        draft,
        feature,
        revision=None,
        checked=False,
        operation=operation,
        geom=stored,
        attributes=attributes,
        origins=origins,
    )


def _resolved(operation: Any, *arguments: Any) -> Any:
    try:
        return operation(*arguments)
    except shapes.Refused as refusal:
        raise Refused(str(_SENTENCES[refusal.code])) from refusal
