"""``/cases/<id>/``: one case."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.accounts.scope import reader
from core.casework.models import Case


@require_safe
@login_required
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a case; another enterprise's or another district's answers 404."""
    found = Case.objects.visible_to(reader(request)).filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这件办件，或不在本账号的辖区内。"))
    return render(request, "casework/case.html", {"case": found})
