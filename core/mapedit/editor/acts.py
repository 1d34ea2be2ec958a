"""The editor's acts: each reads strictly, calls one service, and answers what changed and what that means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import shapely
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.scope import reader
from core.mapedit import checks, findings, perms
from core.mapedit.editor import received, shown
from core.mapedit.editor.api import answers, change_of
from core.mapedit.layers import EditableLayer
from core.mapedit.models import ChangeSet
from core.mapedit.models.changes import Operation
from core.mapedit.services import drafting, operations, presence, workflow
from core.mapedit.services.operations import Done
from core.refusals import Refused

LIVE_CHECKED = 12
"""Features of one act that are checked at once; the complete check sees all."""


# Writing ------------------------------------------------------------------------------------------------------------


@require_http_methods(["PUT"])
@answers
def save(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer, code: str) -> dict[str, Any]:
    """Keep a feature: ``geometry`` and ``attributes``, each optional; ``snapped`` vertices lie on a neighbour."""
    sent = received.body(request)
    geom = received.polygons(sent["geometry"]) if sent.get("geometry") is not None else None
    given = received.attributes(layer, sent["attributes"]) if sent.get("attributes") is not None else None
    snaps: list[tuple[float, float]] = []
    if geom is not None and sent.get("snapped"):
        points = received.coordinates(sent["snapped"], least=1, most=1000)
        geom, snaps = operations.resolve_snaps(change_set, feature=code, geom=geom, points=points)
    change = drafting.save_change(
        change_set_id=change_set.pk,
        feature=code,
        by=reader(request),
        revision=received.revision(sent),
        geom=geom,
        attributes=given,
        operation=Operation.RESHAPE if geom is not None else Operation.ATTRIBUTES,
    )
    return _written(change_set, layer, [Done(code, None, change)], whole=bool(snaps), snapped=snaps)


@require_POST
@answers
def add(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """A new feature from ``geometry``; its district is the one that holds most of it."""
    sent = received.body(request)
    geom = received.polygons(sent.get("geometry"))
    given = received.attributes(layer, sent.get("attributes", {}))
    if layer.place and not given.get(layer.place):
        district = shown.district_at(geom)
        given[layer.place] = [district] if layer.attribute(layer.place).kind == "places" else district
    if not all(layer.places_of(given)):
        raise Refused(_("所画图形不在佛山五区之内。"))
    change = drafting.add_feature(
        change_set_id=change_set.pk,
        geom=geom,
        attributes=given,
        by=reader(request),
        code=received.text(sent, "code", most=20),
    )
    return _written(change_set, layer, [Done(change.feature, None, change)])


@require_POST
@answers
def split(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Divide ``feature`` along ``line``."""
    sent = received.body(request)
    done = operations.split(
        change_set_id=change_set.pk,
        feature=received.text(sent, "feature", most=20),
        line=received.line(sent.get("line")),
        by=reader(request),
        revision=received.revision(sent),
    )
    parts = [item for item in done if item.after is not None and item.after.geom is not None]
    return _written(change_set, layer, done, sentence=_("已切割为 %(count)s 个部分。") % {"count": len(parts)})


@require_POST
@answers
def merge(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Join ``features`` into ``into``; ``revisions`` by code."""
    sent = received.body(request)
    read = sent.get("revisions")
    if not isinstance(read, dict):
        raise Refused(_("请求缺少各要素的修订号。"))
    done = operations.merge(
        change_set_id=change_set.pk,
        features=received.texts(sent, "features", most=50),
        into=received.text(sent, "into", most=20),
        by=reader(request),
        revisions={code: received.revision(read, code) for code in read},
    )
    return _written(change_set, layer, done, sentence=_("已合并为“%(code)s”。") % {"code": done[0].feature})


@require_POST
@answers
def cut(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Take the polygon ``hole`` out of ``feature``."""
    sent = received.body(request)
    done = operations.cut_hole(
        change_set_id=change_set.pk,
        feature=received.text(sent, "feature", most=20),
        hole=shapely.from_wkb(bytes(received.polygons(sent.get("hole")).wkb)),
        by=reader(request),
        revision=received.revision(sent),
    )
    return _written(change_set, layer, done, sentence=_("已挖洞。"))


@require_POST
@answers
def reshape(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Redraw the boundary of ``feature`` along ``line``."""
    sent = received.body(request)
    done = operations.reshape(
        change_set_id=change_set.pk,
        feature=received.text(sent, "feature", most=20),
        line=received.line(sent.get("line")),
        by=reader(request),
        revision=received.revision(sent),
    )
    return _written(change_set, layer, done, sentence=_("边界已按所画的线改绘。"))


@require_POST
@answers
def snap(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Draw ``feature`` onto its neighbours within the policy distance."""
    sent = received.body(request)
    done, sentence = operations.snap(
        change_set_id=change_set.pk,
        feature=received.text(sent, "feature", most=20),
        by=reader(request),
        revision=received.revision(sent),
    )
    return _written(change_set, layer, done, sentence=sentence)


@require_POST
@answers
def remove(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """End ``feature``; one this set had added disappears."""
    sent = received.body(request)
    code = received.text(sent, "feature", most=20)
    before = change_of(change_set, code)
    after = drafting.remove_feature(
        change_set_id=change_set.pk, feature=code, by=reader(request), revision=received.revision(sent)
    )
    return _written(change_set, layer, [Done(code, before, after)])


@require_POST
@answers
def discard(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Give up what the set does to ``feature``."""
    sent = received.body(request)
    code = received.text(sent, "feature", most=20)
    before = change_of(change_set, code)
    drafting.discard_change(
        change_set_id=change_set.pk, feature=code, by=reader(request), revision=received.revision(sent)
    )
    return _written(change_set, layer, [Done(code, before, None)])


@require_POST
@answers
def code(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Give the added ``feature`` another ``code``."""
    sent = received.body(request)
    old = received.text(sent, "feature", most=20)
    before = change_of(change_set, old)
    after = drafting.rename_feature(
        change_set_id=change_set.pk,
        feature=old,
        code=received.text(sent, "code", most=40).strip(),
        by=reader(request),
        revision=received.revision(sent) or 0,
    )
    return _written(change_set, layer, [Done(old, before, None), Done(after.feature, None, after)])


@require_POST
@answers
def restore(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Put changes back as they stood (undo, redo): ``items`` of ``{feature, revision, state}``, state null for none."""
    sent = received.body(request)
    items = sent.get("items")
    if not isinstance(items, list) or not 0 < len(items) <= 200 or not all(isinstance(item, dict) for item in items):
        raise Refused(_("请求缺少要恢复的内容。"))
    kept = [_kept(layer, item) for item in items]
    results = drafting.restore(change_set_id=change_set.pk, kept=kept, by=reader(request))
    done = [Done(item.feature, None, after) for item, after in zip(kept, results, strict=True)]
    return _written(change_set, layer, done)


def _kept(layer: EditableLayer, item: Mapping[str, Any]) -> drafting.Kept:
    feature, read = received.text(item, "feature", most=20), received.revision(item)
    held = item.get("state")
    if held is None:
        return drafting.Kept(feature, read)
    if not isinstance(held, dict) or held.get("action") not in ("add", "modify", "remove"):
        raise Refused(_("请求缺少要恢复的内容。"))
    if held.get("operation") not in Operation.values:
        raise Refused(_("请求缺少要恢复的内容。"))
    return drafting.Kept(
        feature,
        read,
        action=held["action"],
        operation=held["operation"],
        geom=None if held["action"] == "remove" else received.polygons(held.get("geometry")),
        attributes=received.attributes(layer, held.get("attributes", {})),
        base_version=received.revision(held, "baseVersion"),
        origins=received.texts(held, "origins"),
    )


@require_POST
@answers
def rebase(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Set the change of ``feature`` upon the version now in force, with the ``geometry`` and ``attributes`` chosen."""
    sent = received.body(request)
    code = received.text(sent, "feature", most=20)
    before = change_of(change_set, code)
    after = drafting.rebase_change(
        change_set_id=change_set.pk,
        feature=code,
        by=reader(request),
        revision=received.revision(sent) or 0,
        geom=received.polygons(sent["geometry"]) if sent.get("geometry") is not None else None,
        attributes=received.attributes(layer, sent.get("attributes", {})),
    )
    return _written(change_set, layer, [Done(code, before, after)], sentence=_("已合并到现行版本之上。"))


@require_POST
@answers
def repair(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Mend ``feature`` by ``repair``, beside neighbour ``other`` or all; says what it changed."""
    sent = received.body(request)
    done, sentence = operations.repair(
        change_set_id=change_set.pk,
        feature=received.text(sent, "feature", most=20),
        repair=received.text(sent, "repair", most=40),
        other=received.text(sent, "other", most=20),
        by=reader(request),
        revision=received.revision(sent),
    )
    return _written(change_set, layer, done, sentence=sentence)


def _written(
    change_set: ChangeSet,
    layer: EditableLayer,
    done: Iterable[Done],
    *,
    sentence: str = "",
    whole: bool = True,
    snapped: Iterable[tuple[float, float]] = (),
) -> dict[str, Any]:
    """What an act changed and what that means. Without ``whole`` the browser has the shape already."""
    change_set.refresh_from_db()
    done = list(done)
    after = [item.after for item in done if item.after is not None]
    changed = []
    for item in done:
        kept = shown.change_json(item.after, layer)
        if kept is not None and not whole:
            del kept["geometry"]
        changed.append({"feature": item.feature, "before": shown.change_json(item.before, layer), "after": kept})
    return {
        "set": shown.set_json(change_set),
        "count": change_set.changes.count(),
        "changed": changed,
        "findings": shown.checked(change_set, after[:LIVE_CHECKED]),
        "consequences": shown.consequences_json(change_set),
        "sentence": sentence,
        "snapped": [list(point) for point in snapped],
    }


# The set ------------------------------------------------------------------------------------------------------------


@require_POST
@answers
def details(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Write title and reason; what is not sent stays."""
    sent = received.body(request)
    saved = drafting.update_details(
        change_set_id=change_set.pk,
        by=reader(request),
        title=received.text(sent, "title", most=400) if "title" in sent else change_set.title,
        reason=received.text(sent, "reason", most=8000) if "reason" in sent else change_set.reason,
        document=change_set.document,
        document_number=change_set.document_number,
        effective_on=change_set.effective_on,
    )
    return {"set": shown.set_json(saved)}


@require_POST
@answers
def check(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """The complete checks of the whole set."""
    on = shown.checking_date(change_set)
    found_faults = checks.check_change_set(change_set, on=on)
    return {
        "set": shown.set_json(change_set),
        "findings": [findings.as_json(item) for item in found_faults],
        "consequences": shown.consequences_json(change_set),
        "checkedAt": shown.clock(timezone.now()),
    }


@require_POST
@answers
def submit(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Hand the set in for review; answers with the ``url`` of its page."""
    workflow.submit(change_set_id=change_set.pk, by=reader(request))
    return {"url": reverse("mapedit:change_set", args=[change_set.pk])}


@require_POST
@answers
def be_present(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Say which feature is open here, and hear who else is at work. ``{"leave": true}`` on closing."""
    sent = received.body(request)
    by = reader(request)
    if sent.get("leave"):
        presence.leave(change_set=change_set, by=by)
        return {}
    feature = received.text(sent, "feature", most=20)
    if perms.edits(by, change_set):
        presence.beat(change_set=change_set, by=by, feature=feature)
    people = presence.others(change_set=change_set, by=by, feature=feature)
    return {
        "revision": change_set.revision,
        "people": [
            {"name": person.name, "changeSet": person.change_set, "feature": person.feature, "here": person.here}
            for person in people
        ],
    }
