"""``/cases/``: every case the reader may see."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.accounts.scope import reader
from core.casework.models import Case


@require_safe
@login_required
def cases(request: HttpRequest) -> HttpResponse:
    """The list, newest change first."""
    rows = Case.objects.visible_to(reader(request)).defer("data", "evidence", "decision_evidence")[:50]
    return render(request, "casework/list.html", {"rows": rows})
