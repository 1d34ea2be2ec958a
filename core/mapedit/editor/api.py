"""The editor's requests: how they are answered and refused, and those that only read; its acts are in acts.

Under ``/map/edit/<layer>/<id>/``. Answers are JSON; refusals are ``{"sentence", …}`` with 400 (cannot be done),
403 (not allowed), 404, 409 (somebody else was first; ``current`` is what is there now) or 413 (too much).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from core import refusals
from core.accounts.models import User
from core.accounts.scope import reader
from core.mapedit import bases, findings, layers
from core.mapedit.editor import received, shown
from core.mapedit.layers import EditableLayer, LayerUnknown
from core.mapedit.models import Change, ChangeSet
from core.mapedit.services.writing import ChangeMoved
from core.refusals import NotAllowed, Refused, Stale

logger = logging.getLogger(__name__)


class NotFound(Refused):
    """No such layer, change set or feature in the reader's sight."""


def answers(handler: Callable[..., dict[str, Any]]) -> Callable[..., HttpResponse]:
    """View decorator: finds layer and set, and turns refusals into JSON with their status."""

    @wraps(handler)
    def guarded(request: HttpRequest, layer: str, number: int, **rest: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _refusal(401, _("登录已过期，请重新登录。您的修改仍保存在本机。"))
        try:
            change_set, described = found(reader(request), layer, number)
            return JsonResponse(handler(request, change_set, described, **rest))
        except ChangeMoved as moved:
            current = shown.change_json(moved.current, layers.editable(layer))
            return _refusal(409, moved.sentence, current=current)
        except Stale as refused:
            return _refusal(409, refused.sentence)
        except NotFound as refused:
            return _refusal(404, refused.sentence)
        except NotAllowed as refused:
            return _refusal(403, refused.sentence)
        except received.TooLarge as refused:
            return _refusal(413, refused.sentence)
        except received.InvalidAttributes as refused:
            return _refusal(400, refused.sentence, errors=refused.errors)
        except Refused as refused:
            return _refusal(400, refused.sentence, findings=[findings.as_json(item) for item in refused.findings])
        except IntegrityError as error:
            logger.warning("The database refused an act of the editor: %s", error)
            return _refusal(400, refusals.sentence_of(error))

    return never_cache(guarded)


def _refusal(status: int, sentence: str, **more: Any) -> JsonResponse:
    return JsonResponse({"sentence": sentence, **more}, status=status)


def found(user: User, layer: str, number: int) -> tuple[ChangeSet, EditableLayer]:
    """The change set ``number`` of ``layer``, if ``user`` may read it. Raises NotFound."""
    try:
        described = layers.editable(layer)
    except LayerUnknown as error:
        raise NotFound(_("没有名为“%(name)s”的可编辑图层。") % {"name": layer[:40]}) from error
    change_set = ChangeSet.objects.visible_to(user).filter(pk=number, layer_id=layer).first()
    if change_set is None:
        raise NotFound(_("没有变更 #%(number)s，或不在本账号的辖区内。") % {"number": number})
    return change_set, described


# Reading ------------------------------------------------------------------------------------------------------------


@require_GET
@answers
def state(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """The set, a page of its changes (``?after=&q=``) and who else is here."""
    page = shown.changes_page(
        change_set, layer, after=request.GET.get("after", "")[:20], q=request.GET.get("q", "")[:60]
    )
    return {"set": shown.set_json(change_set), "count": change_set.changes.count(), **page}


@require_GET
@answers
def shapes(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Edited features to draw: ``?bbox=west,south,east,north&pixel=metres``."""
    return shown.shapes(
        change_set, layer, bounds=_bounds(request), pixel_m=min(2000.0, max(0.0, _number(request, "pixel")))
    )


@require_GET
@answers
def boundaries(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Neighbours' boundaries to snap to: ``?bbox=&but=code``."""
    return shown.boundaries(
        change_set, layer, bounds=_bounds(request), but=request.GET.get("but", ""), user=reader(request)
    )


@require_GET
@answers
def search(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """Features in force by code or name: ``?q=``."""
    text = request.GET.get("q", "").strip()[:60]
    return {"features": shown.search(change_set, layer, reader(request), text)}


@require_GET
@answers
def at(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    """The feature at ``?lon=&lat=`` as the set would have it; null for none."""
    lon, lat = _number(request, "lon"), _number(request, "lat")
    return {"feature": shown.feature_at(change_set, layer, lon, lat, reader(request))}


@require_GET
@answers
def feature(request: HttpRequest, change_set: ChangeSet, layer: EditableLayer, code: str) -> dict[str, Any]:
    """One feature whole: its change in this set, the version in force, and the version the change was made from."""
    change = change_of(change_set, code)
    readable = bases.readable(layer, reader(request)).filter(**{layer.feature_column: code}).exists()
    base = bases.in_force(layer, [code]).get(code) if readable else None
    if change is None and base is None:
        raise NotFound(_("没有现行要素“%(code)s”，或不在本账号的辖区内。") % {"code": code[:40]})
    origin = None
    if change is not None and change.base_version is not None and (base is None or base.version != change.base_version):
        origin = bases.version(layer, code, change.base_version)
    return {
        "feature": code,
        "change": shown.change_json(change, layer),
        "base": shown.base_json(base, layer),
        "origin": shown.base_json(origin, layer),
    }


def change_of(change_set: ChangeSet, code: str) -> Change | None:
    """What the set does to a feature, if anything."""
    return change_set.changes.select_related("changed_by").filter(feature=code).first()


def _number(request: HttpRequest, key: str) -> float:
    try:
        number = float(request.GET.get(key, ""))
    except ValueError as error:
        raise Refused(_("“%(key)s”应为一个数。") % {"key": key}) from error
    if not math.isfinite(number) or abs(number) > 1e6:
        raise Refused(_("“%(key)s”应为一个有限的数。") % {"key": key})
    return number


def _bounds(request: HttpRequest) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in request.GET.get("bbox", "").split(","))
    except ValueError as error:
        raise Refused(_("范围应为四个数：西、南、东、北，以逗号分隔。")) from error
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Refused(_("范围应满足西小于东、南小于北，且在经纬度界限之内。"))
    return west, south, east, north
