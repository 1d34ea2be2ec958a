"""Papers of a case: uploaded, shown or downloaded, taken out."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from core.accounts.models import Role
from core.accounts.scope import reader
from core.casework.models import Case, CasePaper
from core.casework.services import papers
from core.papers import MOST_BYTES
from core.refusals import NotAllowed, Refused
from core.uploads import is_longer, let_pass

logger = logging.getLogger(__name__)

# What a browser shows by itself. The policy keeps a file from running or loading anything as a page of ours; the
# browser's own viewer of PDF refuses to start in a sandbox, so for it the policy alone has to do.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_SHOWN = {
    "application/pdf": f"{_POLICY}; object-src 'self'",
    "image/jpeg": f"{_POLICY}; img-src 'self'; sandbox",
    "image/png": f"{_POLICY}; img-src 'self'; sandbox",
}


# The length is looked at before the form is read, see core.uploads.
@csrf_exempt
@require_POST
@login_required
def attach(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep an uploaded file under a line of the checklist. One that is too long is refused and kept nowhere."""
    if is_longer(request, MOST_BYTES):
        let_pass(request)
        return _answer(request, pk, _("文件超过 50 MB，没有上传。请压缩或拆分后上传。"), status=413, leave_form=True)
    return _attach(request, pk)


@csrf_protect
def _attach(request: HttpRequest, pk: int) -> HttpResponse:
    _found(request, pk)
    file = request.FILES.get("file")
    try:
        if file is None:
            raise Refused(_("请选择要上传的文件。"))
        paper = papers.attach(
            case_id=pk,
            by=reader(request),
            slot=request.POST.get("slot", ""),
            name=file.name or "",
            content=file,
            internal="internal" in request.POST,
        )
    except Refused as refused:
        return _answer(request, pk, refused.sentence, status=403 if isinstance(refused, NotAllowed) else 422)
    return _answer(request, pk, _("已上传“%(name)s”。") % {"name": paper.name})


@never_cache
@require_safe
@login_required
def paper(request: HttpRequest, pk: int, paper_id: int) -> HttpResponse | FileResponse:
    """A paper: PDF and pictures shown in the browser, others and ``?download`` saved. Staff read removed ones too."""
    user = reader(request)
    rows = CasePaper.objects.visible_to(user).filter(case=_found(request, pk))
    if user.role == Role.ENTERPRISE:
        rows = rows.counting()
    held: CasePaper | None = rows.filter(pk=paper_id).first()
    if held is None:
        raise Http404(_("没有这份材料，可能已经移除。"))
    try:
        content = held.file.open("rb")
    except FileNotFoundError:
        logger.exception("the file of paper %s is missing from the storage", held.pk)
        sentence = _("“%(name)s”的文件不在存储中。请联系系统管理员从备份恢复。") % {"name": held.name}
        return _answer(request, pk, sentence, status=404)
    shown = held.content_type in _SHOWN and "download" not in request.GET
    response = FileResponse(content, as_attachment=not shown, filename=held.name, content_type=held.content_type)
    response.headers["Content-Security-Policy"] = _SHOWN.get(held.content_type, f"{_POLICY}; sandbox")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@login_required
def remove_paper(request: HttpRequest, pk: int, paper_id: int) -> HttpResponse:
    """Take a version out of the count."""
    _found(request, pk)
    try:
        removed = papers.remove(case_id=pk, paper_id=paper_id, by=reader(request))
    except Refused as refused:
        return _answer(request, pk, refused.sentence, status=403 if isinstance(refused, NotAllowed) else 422)
    return _answer(request, pk, _("已移除“%(name)s”。") % {"name": removed.name})


def _found(request: HttpRequest, pk: int) -> Case:
    case: Case | None = Case.objects.visible_to(reader(request)).filter(pk=pk).first()
    if case is None:
        raise Http404(_("没有这件办件，或本账号无权查看。"))
    return case


def _answer(
    request: HttpRequest, pk: int, sentence: str, *, status: int = 200, leave_form: bool = False
) -> HttpResponse:
    """The outcome for a script that asked for JSON; else the page it was asked from, with the sentence on top.

    ``leave_form`` says that the form was not read and so does not name that page.
    """
    if "application/json" in request.headers.get("Accept", ""):
        answer: dict[str, Any] = {"sentence": sentence, "ok": status < 400}
        return JsonResponse(answer, status=status)
    (messages.error if status >= 400 else messages.success)(request, sentence)
    form = reverse("casework:edit", args=[pk])
    came_from = request.headers.get("Referer", "") if leave_form else request.POST.get("next", "")
    return redirect(form if came_from.partition("?")[0].endswith(form) else reverse("casework:case", args=[pk]))
