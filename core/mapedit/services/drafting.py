"""Writing change sets: the only way a draft comes about or changes, feature by feature."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.gis.geos import MultiPolygon
from django.db import transaction
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.mapedit import bases, layers, perms
from core.mapedit.layers import EditableLayer
from core.mapedit.models import Action, Change, ChangeSet, Layer
from core.mapedit.models.changes import Operation
from core.mapedit.services import writing
from core.policy.models import Document
from core.refusals import NotAllowed, Refused


@dataclass(frozen=True)
class Kept:
    """One change as it once stood, to be put back: undo, redo. ``revision`` is that of the change now, None for none.

    ``action`` None means that there was no change and the feature was as in force.
    """

    feature: str
    revision: int | None
    action: str | None = None
    operation: str = Operation.RESHAPE
    geom: MultiPolygon | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    base_version: int | None = None
    origins: Sequence[str] = ()


@transaction.atomic
def create_change_set(
    *,
    layer: str,
    title: str,
    author: User,
    reason: str = "",
    document: Document | None = None,
    document_number: str = "",
    effective_on: dt.date | None = None,
) -> ChangeSet:
    """A new, empty draft. Raises NotAllowed unless ``author`` drafts, LayerUnknown for an unknown layer."""
    if not perms.drafts(author):
        raise NotAllowed(_("变更由自然资源编制人员拟定。"))
    layers.editable(layer)
    return ChangeSet.objects.create(
        layer=Layer.objects.get_or_create(name=layer)[0],
        title=_titled(title),
        reason=reason.strip(),
        document=document,
        document_number=document_number.strip(),
        effective_on=effective_on,
        author=author,
    )


@transaction.atomic
def update_details(
    *,
    change_set_id: int,
    by: User,
    title: str,
    reason: str,
    document: Document | None,
    document_number: str,
    effective_on: dt.date | None,
) -> ChangeSet:
    """Write what a change set says about itself. Raises NotAllowed, and Refused without a title."""
    draft = writing.take(change_set_id=change_set_id, by=by)
    change_set = draft.change_set
    change_set.title = _titled(title)
    change_set.reason = reason.strip()
    change_set.document = document
    change_set.document_number = document_number.strip()
    change_set.effective_on = effective_on
    return writing.finish(draft)


def _titled(title: str) -> str:
    title = title.strip()
    if not title:
        raise Refused(_("请填写标题，说明改什么，例如“狮山集聚区三东侧扩展”。"))
    if len(title) > 120:
        raise Refused(_("标题不超过 120 字。"))
    return title


@transaction.atomic
def save_change(
    *,
    change_set_id: int,
    feature: str,
    by: User,
    revision: int | None,
    geom: MultiPolygon | None = None,
    attributes: Mapping[str, Any] | None = None,
    operation: str = Operation.RESHAPE,
) -> Change | None:
    """Keep one feature as it shall be; None when it is again as in force, so that there is no change any more.

    ``geom`` (EPSG:4490) and ``attributes`` left out stay as they are. ``revision`` is that of the change the writer
    read, None when there was none. A feature touched for the first time starts from its version in force; a code
    that is not in force becomes a new feature, which needs ``geom``. Raises NotAllowed, Refused, ChangeMoved.
    """
    draft = writing.take(change_set_id=change_set_id, by=by)
    change = writing.write(draft, feature, revision=revision, geom=geom, attributes=attributes, operation=operation)
    writing.finish(draft)
    return change


@transaction.atomic
def add_feature(
    *, change_set_id: int, geom: MultiPolygon, attributes: Mapping[str, Any], by: User, code: str = ""
) -> Change:
    """A new feature, with the next free code unless ``code`` names one. Raises NotAllowed, Refused."""
    draft = writing.take(change_set_id=change_set_id, by=by)
    held = {**writing.defaults(draft.layer), **attributes}
    code = code or writing.new_code(draft, held)
    if bases.in_force(draft.layer, [code]):
        raise Refused(_("“%(code)s”是现行要素的编号，请另取编号。") % {"code": code})
    change = writing.write(draft, code, revision=None, geom=geom, attributes=held, operation=Operation.DRAW)
    writing.finish(draft)
    if change is None:
        raise AssertionError("a new feature has no version it could equal")
    return change


@transaction.atomic
def remove_feature(*, change_set_id: int, feature: str, by: User, revision: int | None) -> Change | None:
    """End a feature; a feature that this set had added just disappears from it (None). Raises as save_change."""
    draft = writing.take(change_set_id=change_set_id, by=by)
    change = writing.end(draft, feature, revision=revision)
    writing.finish(draft)
    return change


@transaction.atomic
def discard_change(*, change_set_id: int, feature: str, by: User, revision: int | None) -> None:
    """Give up what this set would do to a feature. Raises NotAllowed, ChangeMoved."""
    draft = writing.take(change_set_id=change_set_id, by=by)
    change = writing.read(draft, feature, revision)
    if change is not None:
        change.delete()
    writing.finish(draft)


@transaction.atomic
def rename_feature(*, change_set_id: int, feature: str, code: str, by: User, revision: int) -> Change:
    """Give a feature that this set adds another code. Raises NotAllowed, Refused, ChangeMoved."""
    draft = writing.take(change_set_id=change_set_id, by=by)
    change = writing.read(draft, feature, revision)
    if change is None or change.action != Action.ADD:
        raise Refused(_("只有本次变更新增的要素可以改编号；现行要素的编号不变。"))
    writing.refuse_code(draft.layer, code)
    if code != feature:
        taken = draft.change_set.changes.filter(feature=code).exists() or bases.in_force(draft.layer, [code])
        if taken:
            raise Refused(_("“%(code)s”已有要素使用，请另取编号。") % {"code": code})
    change.feature = code
    writing.store(draft, change)
    writing.finish(draft)
    return change


@transaction.atomic
def restore(*, change_set_id: int, kept: Sequence[Kept], by: User) -> list[Change | None]:
    """Put changes back as they once stood, all or none; the result is in the order of ``kept``.

    Raises NotAllowed, Refused, ChangeMoved.
    """
    draft = writing.take(change_set_id=change_set_id, by=by)
    existing = [writing.read(draft, item.feature, item.revision) for item in kept]
    results: list[Change | None] = []
    for item, change in zip(kept, existing, strict=True):
        if item.action is None:
            if change is not None:
                change.delete()
            results.append(None)
            continue
        writing.refuse_code(draft.layer, item.feature)
        change = change or Change(change_set=draft.change_set, feature=item.feature, revision=0)
        change.action = item.action
        change.operation = item.operation
        change.geom = None if item.action == Action.REMOVE else item.geom
        change.attributes = dict(item.attributes)
        change.origins = list(item.origins)
        change.base_version = _base_for(draft.layer, item)
        results.append(writing.store(draft, change))
    writing.finish(draft)
    return results


def _base_for(layer: EditableLayer, item: Kept) -> int | None:
    if item.action == Action.ADD:
        return None
    if not layer.versioned:
        return 0
    base = bases.version(layer, item.feature, item.base_version)
    if base is None:
        raise Refused(_("“%(code)s”没有编号为 %(number)s 的版本，无法恢复。") % _version_named(item))
    return base.version


def _version_named(item: Kept) -> dict[str, Any]:
    return {"code": item.feature, "number": item.base_version}


@transaction.atomic
def rebase_change(
    *,
    change_set_id: int,
    feature: str,
    by: User,
    revision: int,
    geom: MultiPolygon | None,
    attributes: Mapping[str, Any],
) -> Change | None:
    """Set a change upon the version now in force, as merged by the reader; None when nothing of it is left.

    Where the feature has ended meanwhile the change becomes an addition under the same code; where it has come into
    force meanwhile, an addition becomes a modification. Raises NotAllowed, Refused, ChangeMoved.
    """
    draft = writing.take(change_set_id=change_set_id, by=by)
    change = writing.read(draft, feature, revision)
    if change is None:
        raise Refused(_("这个要素没有变更，无需合并。"))
    base = bases.in_force(draft.layer, [feature]).get(feature)
    if change.action == Action.REMOVE:
        if base is None:
            change.delete()
            writing.finish(draft)
            return None
        change.base_version, change.attributes = base.version, base.attributes
    else:
        change.action = Action.MODIFY if base else Action.ADD
        change.base_version = base.version if base else None
        change.geom = geom or change.geom
        change.attributes = {**change.attributes, **attributes}
    stored = writing.store(draft, change)
    writing.finish(draft)
    return stored
