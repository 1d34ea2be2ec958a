"""``/changes/history/…`` and ``/changes/publications/…``: how features and layers came to be as they are."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.accounts.models import User
from core.accounts.scope import reader
from core.mapedit import diff, history, layers, perms
from core.mapedit.layers import EditableLayer
from core.mapedit.models import ChangeSet, Publication
from core.mapedit.pages import change_page
from core.mapedit.pages.change_views import readers_only
from core.mapedit.services import reverting
from core.refusals import Refused, Stale

PER_PAGE = 50


def _layer(name: str) -> EditableLayer:
    try:
        return layers.editable(name)
    except layers.LayerUnknown as error:
        raise Http404(_("没有名为“%(name)s”的图层。") % {"name": name[:40]}) from error


@require_safe
@login_required
def feature(request: HttpRequest, layer: str, code: str) -> HttpResponse:
    """The time line of one feature; its kin may be features of another district, whose own page decides again."""
    user, described = readers_only(request), _layer(layer)
    if not described.versioned:
        raise Http404(_("“%(layer)s”不保留历史版本。") % {"layer": described.title})
    manager: Any = described.version._default_manager
    if not manager.visible_to(user).filter(**{described.feature_column: code}).exists():
        raise Http404(_("没有编号为“%(code)s”的要素，或不在本账号的辖区内。") % {"code": code[:40]})
    life = history.life_of(described, code)
    return render(
        request,
        "mapedit/feature_history.html",
        {"layer": described, "code": code, "life": life, "latest": life.versions[0], "may_draft": perms.drafts(user)},
    )


@require_safe
@login_required
def publications(request: HttpRequest) -> HttpResponse:
    """Every publication of a layer, newest first, each with its way onto the map of that day."""
    readers_only(request)
    asked = request.GET.get("layer", "")
    rows = Publication.objects.select_related("published_by", "document", "change_set")
    if asked:
        rows = rows.filter(layer=_layer(asked).name)
    page = Paginator(rows.order_by("-published_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    titles = {layer.name: layer.title for layer in layers.all_layers()}
    return render(
        request,
        "mapedit/publications.html",
        {
            "page": page,
            "rows": [{"publication": row, "layer": titles.get(row.layer_id, row.layer_id)} for row in page],
            "layers": layers.all_layers(),
            "asked": asked,
        },
    )


def _found(number: int) -> Publication:
    rows = Publication.objects.select_related("published_by", "document", "change_set")
    found: Publication | None = rows.filter(pk=number).first()
    if found is None:
        raise Http404(_("没有这次发布。"))
    return found


def _reads_details(user: User, publication: Publication) -> bool:
    """What was changed is read by whoever reads its change set; without one, by who reaches all its places."""
    if hasattr(publication, "change_set"):
        return ChangeSet.objects.visible_to(user).filter(publication=publication).exists()
    layer = _layer(publication.layer_id)
    if user.sees_city or not layer.versioned:
        return user.sees_city
    manager: Any = layer.version._default_manager
    held = manager.filter(publication=publication).values_list(layer.place, flat=True).order_by().distinct()
    places = {place for value in held for place in layer.places_of({layer.place: value})}
    return bool(places) and perms.reaches(user, places)


@require_safe
@login_required
def publication(request: HttpRequest, number: int) -> HttpResponse:
    """One publication: who, when, why, by which paper, and what it changed."""
    readers_only(request)
    return _page(request, _found(number))


def _page(request: HttpRequest, found: Publication, refusal: Refused | None = None) -> HttpResponse:
    user, layer = reader(request), _layer(found.layer_id)
    details = _reads_details(user, found)
    context: dict[str, Any] = {
        "publication": found,
        "layer": layer,
        "details": details,
        "change_set": getattr(found, "change_set", None),
        "may_revert": details and perms.drafts(user) and hasattr(found, "change_set") and layer.versioned,
        "refusal": refusal.sentence if refusal else "",
        "reversals": ChangeSet.objects.visible_to(user).filter(reverts=found),
    }
    if details:
        source = diff.of_publication(found)
        counts = diff.counts(source)
        rows = diff.features(source, after=request.GET.get("after", "")[:20].replace("\0", ""), limit=diff.PAGE + 1)
        evidence = (context["change_set"].evidence if context["change_set"] else None) or {}
        small = counts["all"] <= diff.MEASURED_AT_ONCE
        parts = diff.frozen_places(evidence) or (diff.places(source) if small else [])
        context |= {
            "counts": counts,
            "rows": rows[: diff.PAGE],
            "rows_after": rows[diff.PAGE - 1].code if len(rows) > diff.PAGE else "",
            "places": [{"part": part, "whole": None} for part in parts],
            "moves_area": found.layer_id == "redline",
            "map_config": {
                "shapes": reverse("mapedit:publication_shapes", args=[found.pk]),
                "findings": [],
                "texts": change_page.map_texts(),
            },
        }
    status = 200 if refusal is None else 409 if isinstance(refusal, Stale) else 422
    return render(request, "mapedit/publication.html", context, status=status)


@require_safe
@login_required
def publication_shapes(request: HttpRequest, number: int) -> HttpResponse:
    """Both sides of a publication as GeoJSON."""
    found = _found(number)
    if not _reads_details(readers_only(request), found):
        raise Http404(_("没有这次发布，或不在本账号的辖区内。"))
    response = JsonResponse(diff.shapes(diff.of_publication(found)))
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@login_required
def revert(request: HttpRequest, number: int) -> HttpResponse:
    """Draft the opposite of a publication and open it."""
    user, found = readers_only(request), _found(number)
    try:
        draft = reverting.revert(publication_id=found.pk, by=user)
    except Refused as refused:
        return _page(request, found, refused)
    messages.success(request, _("已生成撤销草稿，核对后提交。"))
    return redirect("mapedit:change_set", number=draft.pk)
