"""``/map/edit/<layer>/``: where a change begins or is taken up again, and the editor itself."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.gis.db.models import Extent
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from core.accounts.models import User
from core.accounts.scope import reader
from core.mapedit import bases, layers, perms
from core.mapedit.editor import api, shown, texts
from core.mapedit.layers import EditableLayer
from core.mapedit.models import ChangeSet
from core.mapedit.services import drafting, operations
from core.mapedit.states import EDITABLE
from core.policy.models import Jurisdiction
from core.refusals import Refused

DRAFTS_SHOWN = 50

DRAWN_BEHIND = ("districts", "controls", "plots", "redline", "zones")
"""Layers of the map drawn behind the edited features, bottom to top."""


def _layer(name: str) -> EditableLayer:
    try:
        return layers.editable(name)
    except layers.LayerUnknown as error:
        raise Http404(_("没有名为“%(name)s”的可编辑图层。") % {"name": name[:40]}) from error


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def start(request: HttpRequest, layer: str) -> HttpResponse:
    """My open drafts of a layer, and the form that begins another; ``?feature=`` is selected in whichever is opened."""
    described, user = _layer(layer), reader(request)
    if not perms.drafts(user):
        raise PermissionDenied(_("变更由自然资源编制人员拟定。"))
    feature = (request.POST or request.GET).get("feature", "")[:20]
    refusal, title = "", ""
    if request.method == "POST":
        title = request.POST.get("title", "")
        try:
            change_set = drafting.create_change_set(
                layer=layer, title=title, reason=request.POST.get("reason", ""), author=user
            )
            return redirect(_editor_address(change_set, feature))
        except Refused as refused:
            refusal = refused.sentence
    drafts = (
        ChangeSet.objects.visible_to(user)
        .filter(layer_id=layer, state__in=EDITABLE)
        .select_related("author")
        .annotate(change_count=Count("changes"))
        .order_by("-changed_at")[:DRAFTS_SHOWN]
    )
    known = bases.readable(described, user).filter(**{described.feature_column: feature}) if feature else None
    row = known.values_list(described.label, flat=True).first() if known is not None else None
    return render(
        request,
        "mapedit/editor_start.html",
        {
            "layer": described,
            "layers": layers.all_layers(),
            "drafts": [draft for draft in drafts if perms.edits(user, draft)],
            "feature": feature,
            "feature_name": row or feature,
            "suggested": title or (_("%(name)s 变更") % {"name": row} if row else ""),
            "refusal": refusal,
        },
        status=400 if refusal else 200,
    )


def _editor_address(change_set: ChangeSet, feature: str = "") -> str:
    address = reverse("mapedit:editor", args=[change_set.layer_id, change_set.pk])
    return f"{address}?feature={feature}" if feature else address


@require_safe
@login_required
@ensure_csrf_cookie
def editor(request: HttpRequest, layer: str, number: int) -> HttpResponse:
    """The editor of a draft; whoever may only read it, and whoever comes after it was submitted, reads its own page."""
    user, described = reader(request), _layer(layer)
    try:
        change_set, described = api.found(user, layer, number)
    except api.NotFound as missing:
        raise Http404(missing.sentence) from missing
    if not perms.edits(user, change_set):
        return redirect("mapedit:change_set", change_set.pk)
    return render(
        request,
        "mapedit/editor.html",
        {
            "change_set": change_set,
            "layer": described,
            "layers": layers.all_layers(),
            "config": _config(user, change_set, described),
        },
    )


def _config(user: User, change_set: ChangeSet, layer: EditableLayer) -> dict[str, Any]:
    return {
        "set": shown.set_json(change_set),
        "user": user.pk,
        "layer": {
            "name": layer.name,
            "title": str(layer.title),
            "measureWord": str(layer.measure_word),
            "codeLabel": str(layer.code_label),
            "codePattern": layer.code_pattern,
            "codeHint": str(layer.code_hint),
            "place": layer.place,
            "label": layer.label,
            "canAdd": layer.versioned,
            "attributes": [_attribute_json(attribute) for attribute in layer.attributes],
        },
        "layers": [
            {"name": name, "title": "", "visible": True, "themes": [], "tiles": f"/tiles/{name}/"}
            for name in DRAWN_BEHIND
        ],
        "districts": shown.places(),
        "home": _home(user),
        "city": settings.LEAFLET_CONFIG["SPATIAL_EXTENT"],
        "today": timezone.localdate().isoformat(),
        "snapDistanceM": operations.snap_distance_m(),
        "urls": {
            "api": reverse("mapedit:editor", args=[layer.name, change_set.pk]),
            "page": reverse("mapedit:change_set", args=[change_set.pk]),
            "labels": "/map/labels/",
        },
        "texts": texts.texts(),
    }


def _attribute_json(attribute: layers.Attribute) -> dict[str, Any]:
    return {
        "name": attribute.name,
        "label": str(attribute.label),
        "kind": attribute.kind,
        "required": attribute.required,
        "maxLength": attribute.max_length,
        "unit": str(attribute.unit),
        "help": str(attribute.help),
        "choices": [[key, str(label)] for key, label in attribute.choices],
    }


def _home(user: User) -> list[float]:
    """West, south, east, north of the reader's districts."""
    districts = Jurisdiction.objects.districts().order_by()
    if not user.sees_city:
        districts = districts.filter(code__in=user.place_codes)
    box = districts.aggregate(box=Extent("geom"))["box"]
    city: Any = settings.LEAFLET_CONFIG["SPATIAL_EXTENT"]
    return list(box or city)
