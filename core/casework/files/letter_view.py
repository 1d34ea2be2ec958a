"""The letter that tells the applicant how the case stands, as PDF."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.accounts.scope import reader
from core.casework import letters
from core.casework.models import Case


@never_cache
@require_safe
@login_required
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter of a case that has been decided, returned or sent back to be corrected; 404 for any other."""
    rows = Case.objects.visible_to(reader(request)).select_related("district", "decided_by")
    case: Case | None = rows.filter(pk=pk).first()
    if case is None:
        raise Http404(_("没有这件办件，或本账号无权查看。"))
    title = letters.title_of(case)
    if not title:
        raise Http404(_("这件办件现在没有文书：决定、退回、要求补正之后才有。"))
    response = HttpResponse(letters.decision_letter(case), content_type="application/pdf")
    name = f"{case.number} {title}.pdf"
    response.headers["Content-Disposition"] = content_disposition_header("download" in request.GET, name) or ""
    return response
