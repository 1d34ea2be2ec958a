"""``/cases/``: every case the reader may see, what waits for them first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import sheets
from core.accounts.models import Role, User
from core.accounts.scope import reader
from core.casework import kinds, perms
from core.casework.models import Case, SavedFilter
from core.casework.pages import asking, bulk, standing
from core.casework.services import filters
from core.casework.states import State, states_of
from core.policy.models import Jurisdiction
from core.refusals import Refused

OUTCOMES = "casework_bulk"
"""Where what became of a bulk act waits for the page that tells of it."""


def readers_only(request: HttpRequest) -> User:
    """The account behind the request; PermissionDenied with a sentence for roles that read no cases."""
    user = reader(request)
    if user.role != Role.ENTERPRISE and not user.reads_land:
        raise PermissionDenied(_("办件由申请企业和办理部门查看；本账号的角色不查看。"))
    return user


def usual_tab(user: User) -> str:
    """The tab a reader begins with: what waits for them; for those who only watch, or wait, what is under way."""
    if user.role in (Role.AUDITOR, Role.HEAD):
        return "others"
    return "others" if user.role == Role.ENTERPRISE and not asking.mine(user).exists() else "mine"


def asked_by(request: HttpRequest, user: User) -> asking.Asked:
    """What the address asks for; without a tab, the reader's usual one."""
    query = request.GET.copy()
    if query.get("tab") not in asking.TABS:
        query["tab"] = usual_tab(user)
    return asking.Asked.of(query)


@never_cache
@require_safe
@login_required
def cases(request: HttpRequest) -> HttpResponse:
    """The list under its tabs; for an enterprise its own cases, each with what to do next."""
    user = readers_only(request)
    asked = asked_by(request, user)
    page = asking.page(user, asked)
    soon = standing.due_soon_days()
    own = user.role == Role.ENTERPRISE
    return render(
        request,
        "casework/list.html",
        {
            "asked": asked,
            "own": own,
            "heading": heading(user, page.counts),
            "tabs": tabs(user, asked, page.counts),
            "rows": [{"case": row, "standing": standing.standing(row, user, soon)} for row in page.rows],
            "after": page.after,
            "kinds": kinds.all_kinds(),
            "opens": [kind for kind in kinds.all_kinds() if perms.opens(user, kind)],
            "districts": [] if own else list(_districts(user)),
            "states": _states(own),
            "sorts": asking.SORTS.items(),
            "assignees": [] if own else _assignees(user),
            "filters": SavedFilter.objects.filter(user=user),
            "acts": [{"key": act, "label": bulk.ACTS[act]} for act in bulk.offered(user) if act != "assign"],
            "colleagues": bulk.colleagues(user) if "assign" in bulk.offered(user) else [],
            "outcomes": request.session.pop(OUTCOMES, None),
            "most": bulk.MOST,
        },
    )


def heading(user: User, counts: dict[str, int]) -> str:
    """The answer of the list: what waits for the reader, and how much of it is late."""
    if user.role in (Role.AUDITOR, Role.HEAD) and not counts["mine"]:
        if not counts["others"]:
            return _("没有办理中的办件")
        if counts["late"]:
            return _("%(open)s 件办理中，%(late)s 件已逾期") % {"open": counts["others"], "late": counts["late"]}
        return _("%(open)s 件办理中，没有逾期") % {"open": counts["others"]}
    if counts["mine"] and counts["mine_late"]:
        return _("%(mine)s 件待我办理，%(late)s 件已逾期") % {"mine": counts["mine"], "late": counts["mine_late"]}
    if counts["mine"]:
        return _("%(mine)s 件待我办理") % {"mine": counts["mine"]}
    if user.role == Role.ENTERPRISE and counts["others"]:
        return _("%(open)s 件办理中，暂无需要本企业办理的") % {"open": counts["others"]}
    return _("没有待我办理的办件")


def tabs(user: User, asked: asking.Asked, counts: dict[str, int]) -> list[dict[str, Any]]:
    """The tabs that mean something to the reader."""
    left_out = {"mine"} if user.role == Role.AUDITOR else set()
    labels: dict[str, Any] = dict(asking.TABS)
    if user.role in (Role.AUDITOR, Role.ENTERPRISE, Role.HEAD):
        labels["others"] = _("办理中")
    return [
        {"key": key, "label": label, "count": counts[key], "current": key == asked.tab}
        for key, label in labels.items()
        if key not in left_out
    ]


@never_cache
@require_safe
@login_required
def export(request: HttpRequest) -> FileResponse:
    """What the list shows, all pages of it, as a workbook."""
    user = readers_only(request)
    asked = asked_by(request, user)
    file = sheets.workbook(_("办件"), _columns(user), _lines(user, asked))
    return sheets.response(file, _("办件 %(day)s") % {"day": timezone.localdate().isoformat()})


@require_POST
@login_required
def bulk_act(request: HttpRequest) -> HttpResponse:
    """Do one act on the cases chosen and go back to the list, which tells what became of each."""
    user = readers_only(request)
    act = request.POST.get("act", "")
    if act not in bulk.offered(user):
        raise Http404
    to = bulk.colleagues(user).filter(pk=_number(request.POST.get("to", ""))).first()
    ids = [_number(text) for text in request.POST.getlist("case")]
    back = _list_at(request.POST.get("back", ""), user)
    try:
        outcomes = bulk.run(by=user, act=act, ids=ids, to=to)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect(back)
    request.session[OUTCOMES] = {
        "label": str(bulk.ACTS[act]),
        "done": sum(outcome.done for outcome in outcomes),
        "refused": [asdict(outcome) for outcome in outcomes if not outcome.done],
    }
    return redirect(back)


@require_POST
@login_required
def save_filter(request: HttpRequest) -> HttpResponse:
    """Keep what the list is narrowed to under a name, or forget a filter kept before."""
    user = readers_only(request)
    asked = asking.Asked.of_query(request.POST.get("query", ""))
    try:
        if "remove" in request.POST:
            filters.drop_filter(by=user, filter_id=_number(request.POST["remove"]))
            messages.success(request, _("常用筛选已删除。"))
        else:
            kept = filters.keep_filter(by=user, name=request.POST.get("name", ""), query=asked.query)
            messages.success(request, _("已存为常用筛选“%(name)s”。") % {"name": kept.name})
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect(_address(asked))


def _address(asked: asking.Asked) -> str:
    return f"{reverse('casework:cases')}?{asked.query}"


def _list_at(query: str, user: User) -> str:
    """The list as it was asked for before an act; an address of ours whatever was sent."""
    asked = asking.Asked.of_query(query)
    return _address(replace(asked, tab=asked.tab if query else usual_tab(user)))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _districts(user: User) -> Any:
    return Jurisdiction.objects.filter(code__in=user.district_codes).order_by("code").values_list("code", "name")


def _states(own: bool) -> list[tuple[str, Any]]:
    """The states cases of the kinds there are may stand in; staff see no drafts."""
    used = {state for kind in kinds.all_kinds() for state in states_of(kind.procedure)}
    return [choice for choice in State.choices if choice[0] in used and (own or choice[0] != State.DRAFT)]


def _assignees(user: User) -> Any:
    working = Case.objects.visible_to(user).open().exclude(assignee=None).values("assignee")
    return User.objects.filter(pk__in=working).exclude(pk=user.pk).order_by("display_name")


def _columns(user: User) -> list[tuple[Any, int]]:
    staff = [(_("经办人"), 16)] if perms.reads_internal(user) else []
    return [
        (_("编号"), 18),
        (_("事项"), 22),
        (_("标题"), 40),
        (_("申请人"), 30),
        (_("统一社会信用代码"), 22),
        (_("办理区"), 10),
        (_("状态"), 12),
        (_("等待"), 20),
        (_("本环节截止"), 14),
        (_("剩余工作日"), 12),
        *staff,
        (_("提交时间"), 18),
        (_("受理时间"), 18),
        (_("决定时间"), 18),
        (_("决定文号"), 24),
        (_("办结时间"), 18),
    ]


def _lines(user: User, asked: asking.Asked) -> Iterator[list[Any]]:
    soon = standing.due_soon_days()
    staff = perms.reads_internal(user)
    for case in asking.rows_of(user, asked, asking.soon_day()).iterator(chunk_size=500):
        stands = standing.standing(case, user, soon)
        yield [
            case.number or "",
            str(case.kind_of.title),
            case.title,
            case.applicant_name,
            case.applicant_code,
            case.district.name,
            case.get_state_display(),
            stands.waits_for,
            stands.due_on,
            stands.days,
            *([case.assignee.display_name if case.assignee else ""] if staff else []),
            case.submitted_at,
            case.accepted_at,
            case.decided_at,
            case.decision_number,
            case.closed_at,
        ]
