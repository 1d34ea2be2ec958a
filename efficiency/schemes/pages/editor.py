"""The editor of a draft: the page, and the request that keeps what was typed."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.accounts.scope import reader
from core.refusals import Refused
from efficiency.returns.figures import FIGURES
from efficiency.returns.models.land import LandBasis
from efficiency.schemes import checks, perms
from efficiency.schemes.models import BaseKind, Denominator, Direction, Missing, SchemeVersion
from efficiency.schemes.pages.acts import status_of
from efficiency.schemes.pages.scheme_pages import version_or_404
from efficiency.schemes.reading import RANKED, Fault
from efficiency.schemes.rules import rules_of
from efficiency.schemes.services import drafting
from parks.enterprises.models import EnterpriseSize, Industry

LONGEST_BODY = 200_000


@require_safe
@login_required
def edit(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """The editor; whoever may not write the version now is shown its page."""
    user = reader(request)
    found = version_or_404(user, code, number)
    if not perms.drafts(user):
        raise PermissionDenied(_("评价办法由市级的亩均效益监测人员或工信园区人员编制。"))
    if not perms.edits(user, found):
        return redirect(found.get_absolute_url())
    return render(
        request,
        "schemes/editor.html",
        {
            "version": found,
            "config": {
                "data": data_of(found),
                "revision": found.revision,
                "save": reverse("schemes:save", args=[code, number]),
                "preview": reverse("evaluation:preview"),
                "version": found.pk,
                # What a quotient of two figures is usually shown in, so that nobody has to work out a factor.
                "figures": {figure.key: {"unit": str(figure.shown_unit), "scale": figure.scale} for figure in FIGURES},
                "unfinished": told(checks.faults(rules_of(found))),
            },
            "figures": FIGURES,
            "denominators": Denominator.choices,
            "directions": Direction.choices,
            "base_kinds": BaseKind.choices,
            "missing": Missing.choices,
            "sizes": EnterpriseSize.choices,
            "bases": LandBasis.choices,
            "grades": RANKED,
            "industries": Industry.objects.filter(parent__parent=None).order_by("code"),
        },
    )


@require_POST
@login_required
def save(request: HttpRequest, code: str, number: int) -> JsonResponse:
    """Keep a draft as the editor has it: ``{"revision", "data"}`` in JSON; answers revision and what is unfinished."""
    user = reader(request)
    found = version_or_404(user, code, number)
    body: Any = None
    if len(request.body) <= LONGEST_BODY:
        try:
            body = json.loads(request.body)
        except (json.JSONDecodeError, UnicodeDecodeError):
            body = None
    if not isinstance(body, dict) or not isinstance(body.get("revision"), int):
        return JsonResponse({"sentence": _("内容不完整，请刷新页面后重试。"), "faults": []}, status=422)
    try:
        saved = drafting.save(by=user, version_id=found.pk, revision=body["revision"], data=body.get("data"))
    except Refused as refused:
        answer = {"sentence": refused.sentence, "faults": told(refused.findings)}
        return JsonResponse(answer, status=status_of(refused))
    return JsonResponse(
        {
            "revision": saved.version.revision,
            "at": timezone.localtime(saved.version.changed_at).strftime("%H:%M:%S"),
            "unfinished": told(saved.unfinished),
        }
    )


def data_of(version: SchemeVersion) -> dict[str, Any]:
    """What the editor holds of a version: its frame and its rules."""
    frame = {name: getattr(version, name) for name in ("title", "year_from", "year_to", "objection_days")}
    return frame | rules_of(version).as_data()


def told(faults: list[Fault]) -> list[dict[str, str]]:
    """Faults as JSON."""
    return [{"path": fault.path, "sentence": fault.sentence} for fault in faults]
