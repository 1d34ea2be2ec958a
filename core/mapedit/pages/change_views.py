"""``/changes/``: every change set the reader may see, and the one page on which each is decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.accounts.models import User
from core.accounts.scope import reader
from core.mapedit import diff, layers, perms
from core.mapedit.findings import as_json
from core.mapedit.models import ChangeSet
from core.mapedit.pages import change_list, change_page
from core.mapedit.services import drafting, papers, publishing, workflow
from core.mapedit.states import State
from core.policy.models import Jurisdiction
from core.refusals import NotAllowed, Refused, Stale


def readers_only(request: HttpRequest) -> User:
    """The account behind the request; PermissionDenied with a sentence for roles that read no change sets."""
    user = reader(request)
    if not user.reads_land:
        raise PermissionDenied(_("变更由自然资源、园区、监测、审计和区领导账号查看；本账号的角色不查看。"))
    return user


def _found(request: HttpRequest, number: int) -> ChangeSet:
    rows = ChangeSet.objects.visible_to(readers_only(request)).select_related(
        "author", "submitted_by", "approved_by", "publication__published_by", "document", "reverts"
    )
    change_set: ChangeSet | None = rows.filter(pk=number).first()
    if change_set is None:
        raise Http404(_("没有变更 #%(number)s，或不在本账号的辖区内。") % {"number": number})
    return change_set


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def changes(request: HttpRequest) -> HttpResponse:
    """The list; POST begins a new draft and opens its editor."""
    user = readers_only(request)
    refusal = ""
    if request.method == "POST":
        try:
            change_set = drafting.create_change_set(
                layer=request.POST.get("layer", ""),
                title=request.POST.get("title", ""),
                reason=request.POST.get("reason", ""),
                author=user,
            )
            return redirect("mapedit:editor", layer=change_set.layer_id, number=change_set.pk)
        except layers.LayerUnknown:
            refusal = _("请选择要变更的图层。")
        except Refused as refused:
            refusal = refused.sentence
    asked = change_list.Asked.of(request.GET)
    page = change_list.page(user, asked)
    names = dict(Jurisdiction.objects.filter(level="district").values_list("code", "name"))
    titles = {layer.name: layer.title for layer in layers.all_layers()}
    return render(
        request,
        "mapedit/changes.html",
        {
            "asked": asked,
            "tabs": [
                {"key": key, "label": label, "count": page.counts[key], "current": key == asked.tab}
                for key, label in change_list.TABS.items()
            ],
            "rows": [
                {
                    "change_set": row,
                    "layer": titles.get(row.layer_id, row.layer_id),
                    "places": _("、").join(names.get(code, code) for code in row.place_codes),
                }
                for row in page.rows
            ],
            "after": page.after,
            "layers": layers.all_layers(),
            "districts": names.items(),
            "states": State.choices,
            "sorts": change_list.SORTS.items(),
            "authors": User.objects.filter(change_sets__in=ChangeSet.objects.visible_to(user)).distinct(),
            "may_draft": perms.drafts(user),
            "refusal": refusal,
            "given": {name: request.POST.get(name, "") for name in ("layer", "title", "reason")},
        },
        status=422 if refusal else 200,
    )


@require_safe
@login_required
def change_set(request: HttpRequest, number: int) -> HttpResponse:
    """One change set: what it changes, what follows from it, who said what, and the reader's next act."""
    return _page(request, _found(request, number))


def _page(request: HttpRequest, found: ChangeSet, refusal: Refused | None = None) -> HttpResponse:
    context = change_page.context(
        found,
        reader(request),
        after=request.GET.get("after", "")[:20].replace("\0", ""),
        recheck="recheck" in request.GET,
    )
    if refusal is None:
        return render(request, "mapedit/change_set.html", context)
    status = 409 if isinstance(refusal, Stale) else 403 if isinstance(refusal, NotAllowed) else 422
    refused = {"sentence": refusal.sentence, "findings": [as_json(finding) for finding in refusal.findings[:20]]}
    return render(request, "mapedit/change_set.html", context | {"refusal": refused}, status=status)


@require_safe
@login_required
def change_shapes(request: HttpRequest, number: int) -> HttpResponse:
    """Both sides as GeoJSON for the page's map."""
    response = JsonResponse(diff.shapes(diff.of_change_set(_found(request, number))))
    response["Cache-Control"] = "private, no-store"
    return response


def _check(request: HttpRequest, number: int, user: User) -> str:
    found = workflow.run_checks(change_set_id=number, by=user)
    errors = sum(finding.is_error for finding in found)
    return _("检查发现 %(count)s 处错误。") % {"count": errors} if errors else _("检查通过，可以提交。")


def _submit(request: HttpRequest, number: int, user: User) -> str:
    workflow.submit(change_set_id=number, by=user)
    return _("变更 #%(number)s 已提交。") % {"number": number}


def _ask(request: HttpRequest, number: int, user: User) -> str:
    workflow.ask_opinions(change_set_id=number, by=user)
    return _("已征求部门意见。")


def _opinion(request: HttpRequest, number: int, user: User) -> str:
    verdict, text = request.POST.get("verdict", ""), request.POST.get("text", "")
    workflow.give_opinion(change_set_id=number, by=user, verdict=verdict, text=text)
    return _("意见已记录。")


def _notice(request: HttpRequest, number: int, user: User) -> str:
    workflow.give_notice(change_set_id=number, by=user)
    return _("已进入公示。")


def _approve(request: HttpRequest, number: int, user: User) -> str:
    workflow.approve(change_set_id=number, by=user, document_number=request.POST.get("document_number", ""))
    return _("变更 #%(number)s 已批准，尚未发布。") % {"number": number}


def _publish(request: HttpRequest, number: int, user: User) -> str:
    publication = publishing.publish(change_set_id=number, by=user)
    return _("已发布：第 %(number)s 次，自 %(on)s 起生效。") % {
        "number": publication.number,
        "on": publication.effective_on.isoformat(),
    }


def _return(request: HttpRequest, number: int, user: User) -> str:
    workflow.return_for_revision(change_set_id=number, by=user, reason=request.POST.get("reason", ""))
    return _("变更 #%(number)s 已退回。") % {"number": number}


def _withdraw(request: HttpRequest, number: int, user: User) -> str:
    workflow.withdraw(change_set_id=number, by=user)
    return _("变更 #%(number)s 已撤回。") % {"number": number}


def _attach(request: HttpRequest, number: int, user: User) -> str:
    file = request.FILES.get("file")
    if file is None:
        raise Refused(_("请选择要附上的文件。"))
    paper = papers.attach_paper(change_set_id=number, by=user, name=file.name or "", content=file)
    return _("已附上“%(name)s”。") % {"name": paper.name}


def _detach(request: HttpRequest, number: int, user: User) -> str:
    paper = request.POST.get("paper", "")
    papers.remove_paper(
        change_set_id=number, paper_id=int(paper) if paper.isascii() and paper.isdigit() else 0, by=user
    )
    return _("附件已移除。")


ACTS: dict[str, Callable[[HttpRequest, int, User], str]] = {
    "check": _check,
    "submit": _submit,
    "ask_opinions": _ask,
    "opinion": _opinion,
    "notice": _notice,
    "approve": _approve,
    "publish": _publish,
    "return": _return,
    "withdraw": _withdraw,
    "attach": _attach,
    "detach": _detach,
}
"""What a form of the page asks for, by the last word of its address; each answers with a sentence."""


@require_POST
@login_required
def act(request: HttpRequest, number: int, move: str) -> HttpResponse:
    """Do what a button asks; a refusal shows the page with its sentence and changes nothing."""
    found = _found(request, number)
    if move not in ACTS:
        raise Http404
    try:
        sentence = ACTS[move](request, number, reader(request))
    except Refused as refused:
        return _page(request, _found(request, number), refused)
    messages.success(request, sentence)
    return redirect("mapedit:change_set", number=found.pk)


@require_safe
@login_required
def paper(request: HttpRequest, number: int, paper_id: int) -> FileResponse:
    """A paper, always as a download: what people attach is never shown as a page of ours."""
    held: Any = _found(request, number).papers.filter(pk=paper_id).first()
    if held is None:
        raise Http404(_("没有这份附件，可能已经移除。"))
    return FileResponse(held.file.open("rb"), as_attachment=True, filename=held.name, content_type=held.content_type)
