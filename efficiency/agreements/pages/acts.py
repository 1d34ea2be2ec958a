"""What is done on the page of an agreement: in force, a fact, a check, a breach, its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from core.accounts.models import User
from core.papers import MOST_BYTES
from core.refusals import Refused
from core.uploads import is_longer, let_pass
from efficiency.agreements.models import Agreement, Check
from efficiency.agreements.pages import agreement_page
from efficiency.agreements.pages.forms import BindForm, BreachForm, EndForm, FactForm
from efficiency.agreements.pages.reading import agreement_of, readers_only, status_of
from efficiency.agreements.services import binding, breaching, checking, drafting, recording

Done = tuple[str, Any]
"""The sentence for the foot of the page, and where to go next."""


# The length is looked at before the form is read, see core.uploads.
@csrf_exempt
@require_POST
@login_required
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Do one of the acts; refused, the page comes back with the sentence and with what was typed."""
    if is_longer(request, MOST_BYTES):
        let_pass(request)
        user = readers_only(request)
        said = _("文件超过 50 MB，没有上传。请压缩或拆分后上传。")
        return _page(request, user, agreement_of(user, pk), act, None, said, 413)
    return _act(request, pk, act)


@csrf_protect
def _act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    user = readers_only(request)
    found = agreement_of(user, pk)
    if act not in ACTS:
        raise Http404(_("没有这项办理。"))
    form = _form(request, user, found, act)
    if form is not None and not form.is_valid():
        return _page(request, user, found, act, form, "", 422)
    try:
        said, target = ACTS[act](found, user, form)
    except Refused as refused:
        return _page(request, user, agreement_of(user, pk), act, form, refused.sentence, status_of(refused))
    messages.success(request, said)
    return redirect(target)


def _page(
    request: HttpRequest, user: User, found: Agreement, act: str, form: Form | None, refusal: str, status: int
) -> HttpResponse:
    context = agreement_page.context(user, found, act=act, form=form, refusal=refusal)
    return render(request, "agreements/agreement.html", context, status=status)


def _form(request: HttpRequest, user: User, found: Agreement, act: str) -> Form | None:
    if act == "fact":
        return FactForm(request.POST, request.FILES)
    if act == "bind":
        return BindForm(request.POST)
    if act == "end":
        return EndForm(request.POST)
    if act == "breach":
        latest = Check.objects.visible_to(user).filter(agreement=found).latest_of_each()
        return BreachForm(request.POST, broken=[check for check in latest if check.verdict in breaching.BROKEN])
    return None


def _bind(found: Agreement, by: User, form: Any) -> Done:
    binding.bind(agreement_id=found.pk, by=by, revision=form.cleaned_data["revision"])
    return _("协议 %(number)s 已生效。") % {"number": found.number}, found


def _fact(found: Agreement, by: User, form: Any) -> Done:
    data = form.cleaned_data
    recording.record_fact(
        agreement_id=found.pk,
        by=by,
        milestone=data["milestone"],
        on=data["on"],
        evidence=data["evidence"],
        file=data["file"],
    )
    return _("已登记，并重新核查。"), found


def _verify(found: Agreement, by: User, _form: Any) -> Done:
    written = len(checking.verify(agreement_id=found.pk, by=by).checks)
    if not written:
        return _("已核查，与上次核查的结论相同。"), found
    return _("已核查，%(count)s 项有新的结论。") % {"count": written}, found


def _breach(found: Agreement, by: User, form: Any) -> Done:
    breach = breaching.open_breach(
        agreement_id=found.pk,
        by=by,
        check_ids=[int(pk) for pk in form.cleaned_data["checks"]],
        demand=form.cleaned_data["demand"],
    )
    return _("违约整改通知 %(number)s 已发出。") % {"number": breach.case.number}, breach.case


def _end(found: Agreement, by: User, form: Any) -> Done:
    end = binding.fulfil if form.cleaned_data["how"] == "fulfil" else binding.terminate
    ended = end(agreement_id=found.pk, by=by, on=form.day, text=form.cleaned_data["text"])
    return _("协议 %(number)s：%(state)s。") % {"number": ended.number, "state": ended.get_state_display()}, found


def _discard(found: Agreement, by: User, _form: Any) -> Done:
    drafting.discard(agreement_id=found.pk, by=by)
    return _("草稿 %(number)s 已删除。") % {"number": found.number}, "agreements:agreements"


ACTS: dict[str, Callable[[Agreement, User, Any], Done]] = {
    "bind": _bind,
    "fact": _fact,
    "verify": _verify,
    "breach": _breach,
    "end": _end,
    "discard": _discard,
}
"""The last word of ``/agreements/<id>/<act>/``."""
