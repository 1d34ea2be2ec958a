"""``/cases/<id>/edit/``: the form, what still stands in the way, the papers, and the last look before submitting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.models import User
from core.accounts.scope import reader
from core.casework import perms, plans
from core.casework.findings import as_json
from core.casework.models import Case, CasePaper
from core.casework.portal import drafts
from core.casework.portal.readiness import readiness
from core.casework.services import assessing, filing, rectifying
from core.casework.states import State
from core.refusals import NotAllowed, Refused, Stale

PARTS = {"head": "casework/parts/form_head.html", "findings": "casework/parts/findings.html"}
"""What is drawn anew while somebody types, by the name of its place in the page."""


def _found(request: HttpRequest, pk: int) -> Case:
    case: Case | None = Case.objects.visible_to(reader(request)).select_related("district").filter(pk=pk).first()
    if case is None:
        raise Http404(_("没有这件办件，或本账号看不到它。"))
    return case


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form; POST saves it (``act=save``), saves and shows the summary (``check``), or submits (``submit``)."""
    case, user = _found(request, pk), reader(request)
    if not case.is_editable:
        return _moved_on(request, case)
    if not perms.files_for(user, case):
        raise PermissionDenied(_("申请内容由申请人填写；代为填报的，由填报人填写。"))
    if request.method != "POST":
        return _page(request, case, summary=request.GET.get("step") == "check")
    act = request.POST.get("act", "save")
    mine = drafts.raw_values(case, case.kind_of, request.POST) if act != "submit" else case.data
    try:
        if act == "submit":
            return _submitted(request, case, user)
        filing.save_draft(case_id=case.pk, by=user, revision=_revision(request), data=mine)
    except Stale as stale:
        return _page(request, _found(request, pk), typed=mine, refusal=stale)
    except Refused as refused:
        now = _found(request, pk)
        if act == "submit" and not now.is_editable:
            return _moved_on(request, now)
        return _page(request, now, typed=mine, summary=act == "submit", refusal=refused)
    if act == "check":
        return redirect(f"{reverse('casework:edit', args=[pk])}?step=check")
    messages.success(request, _("已保存。"))
    return redirect("casework:edit", pk=pk)


def _submitted(request: HttpRequest, case: Case, user: User) -> HttpResponse:
    if case.state == State.CORRECTION:
        case = filing.correct(case_id=case.pk, by=user)
        sentence = _("补正已提交，办理继续计时。")
    elif case.state == State.ISSUED:
        case = rectifying.file_plan(case_id=case.pk, by=user)
        sentence = _("整改方案已报送。")
    else:
        case = filing.submit(case_id=case.pk, by=user)
        sentence = _("已提交，编号 %(number)s。") % {"number": case.number}
    if case.due_on:
        sentence += _("本环节截止 %(day)s。") % {"day": case.due_on.isoformat()}
    messages.success(request, sentence)
    return redirect(case)


def _moved_on(request: HttpRequest, case: Case) -> HttpResponse:
    """To the page of a case that is no longer written: after the back button, a link of yesterday, a second click."""
    words = {"state": case.get_state_display()}
    if request.method == "POST" and request.POST.get("act") == "submit":
        messages.info(request, _("本件现为“%(state)s”，没有重复提交。") % words)
    elif request.method == "POST":
        messages.warning(request, _("本件现为“%(state)s”，内容不可再改；刚才的改动没有保存。") % words)
    return redirect(case)


def _revision(request: HttpRequest) -> int:
    given = request.POST.get("revision", "")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Refused(_("页面不完整：缺少修订号。请刷新后重新填写。"))
    return int(given)


def _page(
    request: HttpRequest,
    case: Case,
    *,
    typed: Mapping[str, Any] | None = None,
    summary: bool = False,
    refusal: Refused | None = None,
) -> HttpResponse:
    """The page of the form, or of its summary. ``typed`` is shown instead of what is saved, so nothing is lost."""
    context = _context(request, case, typed)
    stale = isinstance(refusal, Stale)
    if summary:
        context["facts"], context["plan"] = case.kind_of.facts(case), plans.lines(case)
    if refusal is not None:
        context["refusal"] = refusal.sentence
    if stale and typed is not None:
        context["differences"] = drafts.differences(context["form"], typed, case.data)
    status = 200
    if refusal is not None:
        status = 409 if stale else 403 if isinstance(refusal, NotAllowed) else 422
    return render(request, "casework/submit.html" if summary else "casework/form.html", context, status=status)


def _context(request: HttpRequest, case: Case, typed: Mapping[str, Any] | None = None) -> dict[str, Any]:
    user, kind = reader(request), case.kind_of
    form = drafts.form_of(case, kind, typed)
    papers = list(CasePaper.objects.visible_to(user).filter(case=case).counting().select_related("added_by"))
    # What a notice rests on was found by the office; nothing the enterprise writes changes it.
    findings = [] if kind.is_supervision else assessing.assess(case)
    slots = [slot for slot in kind.papers if slot.asked_in(case.state)]
    ready = readiness(slots, form, findings, papers)
    drafts.hide_unreached(form)
    return {
        "case": case,
        "kind": kind,
        "form": form,
        "slots": slots,
        "papers": papers,
        "may_attach": perms.attaches(user, case),
        "may_remark": perms.remarks(user, case),
        "findings": (case.evidence or {}).get("findings", []) if kind.is_supervision else as_json(findings),
        "readiness": ready,
        "refusal": "",
        "differences": [],
        "config": {
            "draft": reverse("casework:draft", args=[case.pk]),
            "key": f"case.{case.pk}.{user.pk}",
            "texts": texts(),
        },
    }


def texts() -> dict[str, str]:
    """Words of the form's script."""
    return {
        "saving": _("正在保存"),
        "saved": _("已保存 {time}"),
        "offline": _("没有连接。填写内容已留在本机，恢复后自动保存"),
        "signedOut": _("登录已过期。填写内容已留在本机，重新登录后继续"),
        "refused": _("未保存"),
        "restored": _("已恢复本机上没有保存的内容"),
        "mine": _("我填写的"),
        "theirs": _("已保存的"),
        "keepMine": _("保留我填写的"),
        "takeTheirs": _("采用已保存的"),
        "field": _("填写项"),
    }


@never_cache
@require_POST
@login_required
def draft(request: HttpRequest, pk: int) -> JsonResponse:
    """Save what is typed so far and answer how the case stands with it.

    409 when somebody else saved in between, with both versions; 403 when the case has moved
    on; 422 when it cannot be kept. The browser keeps what was typed until it is saved.
    """
    case, user = _found(request, pk), reader(request)
    mine = drafts.raw_values(case, case.kind_of, request.POST)
    try:
        case = filing.save_draft(case_id=case.pk, by=user, revision=_revision(request), data=mine)
    except Stale as stale:
        return _conflict(_found(request, pk), mine, stale)
    except NotAllowed as refused:
        return JsonResponse({"sentence": refused.sentence, "page": case.get_absolute_url()}, status=403)
    except Refused as refused:
        return JsonResponse({"sentence": refused.sentence}, status=422)
    context = _context(request, case)
    return JsonResponse(
        {
            "revision": case.revision,
            "saved_at": date_format(timezone.localtime(), "H:i:s"),
            "title": case.title,
            "errors": drafts.errors(context["form"]),
            "fields_html": render_to_string(case.kind_of.form_template, context, request),
            **{f"{name}_html": render_to_string(template, context, request) for name, template in PARTS.items()},
        }
    )


def _conflict(case: Case, mine: dict[str, Any], stale: Stale) -> JsonResponse:
    form = drafts.form_of(case, case.kind_of)
    return JsonResponse(
        {
            "sentence": stale.sentence,
            "revision": case.revision,
            "theirs": case.data,
            "differences": [asdict(row) for row in drafts.differences(form, mine, case.data)],
        },
        status=409,
    )
