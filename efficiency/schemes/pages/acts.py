"""What people do with a version: begin one, hand it in, decide on it, end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.models import User
from core.accounts.scope import reader
from core.policy.models import Document
from core.refusals import NotAllowed, Refused, Stale
from efficiency.schemes import perms
from efficiency.schemes.models import SchemeVersion
from efficiency.schemes.pages.scheme_pages import version_or_404, version_page
from efficiency.schemes.services import approving, drafting


def _submit(by: User, pk: int, sent: Any) -> str:
    revision = sent.get("revision", "")
    approving.submit(by=by, version_id=pk, revision=int(revision) if revision.isdigit() else None)
    return _("已提交，待市级工信园区人员批准。")


def _take_back(by: User, pk: int, sent: Any) -> str:
    approving.take_back(by=by, version_id=pk)
    return _("已撤回为草稿。")


def _approve(by: User, pk: int, sent: Any) -> str:
    approving.approve(by=by, version_id=pk, approval=sent.get("approval", ""), remark=sent.get("remark", ""))
    return _("已批准，可用于评价。")


def _send_back(by: User, pk: int, sent: Any) -> str:
    approving.send_back(by=by, version_id=pk, remark=sent.get("remark", ""))
    return _("已退回修改。")


def _retire(by: User, pk: int, sent: Any) -> str:
    approving.retire(by=by, version_id=pk)
    return _("已停用；用它作过的评价不受影响。")


ACTS: dict[str, Callable[[User, int, Any], str]] = {
    "submit": _submit,
    "take-back": _take_back,
    "approve": _approve,
    "send-back": _send_back,
    "retire": _retire,
}


@require_POST
@login_required
def act(request: HttpRequest, code: str, number: int, act: str) -> HttpResponse:
    """Take one of the moves of a version; what is refused is said on its page."""
    user = reader(request)
    found = version_or_404(user, code, number)
    try:
        if act == "discard":
            scheme = drafting.discard(by=user, version_id=found.pk)
            messages.success(request, _("已删除“%(name)s”第 %(n)s 版草稿。") % {"name": scheme.name, "n": number})
            return redirect("schemes:schemes")
        if act not in ACTS:
            raise Http404(_("没有这一操作。"))
        messages.success(request, ACTS[act](user, found.pk, request.POST))
    except Refused as refused:
        return version_page(request, version_or_404(user, code, number), refused.sentence, status_of(refused))
    return redirect(found.get_absolute_url())


@require_POST
@login_required
def new_version(request: HttpRequest, code: str) -> HttpResponse:
    """Begin the next version of a scheme as a copy of the version ``copy_of`` and open its editor."""
    user = reader(request)
    model = _model(user, request.POST.get("copy_of", ""))
    try:
        made = drafting.new_version(by=user, scheme=code, copy_of=model.pk)
    except Refused as refused:
        return version_page(
            request, version_or_404(user, model.scheme.code, model.number), refused.sentence, status_of(refused)
        )
    return redirect("schemes:edit", code=code, number=made.number)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_scheme(request: HttpRequest) -> HttpResponse:
    """Begin a scheme of the city from a version there is."""
    user = reader(request)
    if not perms.drafts(user):
        raise PermissionDenied(_("评价办法由市级的亩均效益监测人员或工信园区人员编制。"))
    refusal, status = "", 200
    if request.method == "POST":
        sent = request.POST
        try:
            made = drafting.new_scheme(
                by=user,
                name=sent.get("name", ""),
                source=sent.get("source", ""),
                document=sent.get("document", ""),
                copy_of=_model(user, sent.get("copy_of", "")).pk,
            )
            return redirect("schemes:edit", code=made.scheme.code, number=made.number)
        except Refused as refused:
            refusal, status = refused.sentence, status_of(refused)
    return render(
        request,
        "schemes/new.html",
        {
            "models": SchemeVersion.objects.visible_to(user)
            .select_related("scheme")
            .order_by("scheme__name", "-number"),
            "documents": Document.objects.order_by("code"),
            "sent": {name: request.POST.get(name, "") for name in ("name", "source", "document", "copy_of")},
            "refusal": refusal,
        },
        status=status,
    )


def status_of(refused: Refused) -> int:
    """How a refusal is answered over HTTP."""
    if isinstance(refused, NotAllowed):
        return 403
    return 409 if isinstance(refused, Stale) else 422


def _model(user: User, asked: str) -> SchemeVersion:
    """The version a copy is made of; raises Http404."""
    rows = SchemeVersion.objects.visible_to(user).select_related("scheme")
    found: SchemeVersion | None = (
        rows.filter(pk=int(asked)).first() if asked.isascii() and asked.isdigit() and len(asked) < 10 else None
    )
    if found is None:
        raise Http404(_("没有要复制的版本，或尚未批准。"))
    return found
