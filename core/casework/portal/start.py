"""``/cases/new/<kind>/``: what is asked for here, who decides, how long it takes, and what to have at hand."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.accounts.models import CITY_CODE, Role, User
from core.accounts.scope import reader
from core.casework import applicants, kinds, offices, perms
from core.casework.applicants import Applicant
from core.casework.kinds import CaseKind
from core.casework.models import Case
from core.casework.portal.clocks import clocks
from core.casework.services import filing
from core.casework.states import EDITABLE
from core.refusals import NotAllowed, Refused, Stale

FOUND = 12
LONGEST_QUERY = 60


@dataclass(frozen=True)
class Stage:
    """A stage as the page explains it: who acts, how long at most (with its source), and what it is for."""

    title: str
    who: str
    length: str
    value: Any
    text: str


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Explain a kind of case; POST opens a draft, once for each form handed out, and goes to it."""
    user = reader(request)
    found = _kind(kind)
    applicant = _applicant(user, found)
    refusal = None
    if request.method == "POST":
        try:
            case = filing.open_case(
                kind=found.name,
                by=user,
                applicant_code=None if user.role == Role.ENTERPRISE else request.POST.get("applicant", "")[:18],
                token=_token(request.POST.get("token", "")),
            )
        except Refused as refused:
            refusal = refused
        else:
            return redirect("casework:edit", pk=case.pk)
    return _page(request, found, applicant, refusal)


def _kind(name: str) -> CaseKind:
    try:
        found = kinds.kind(name)
    except kinds.KindUnknown:
        raise Http404(_("没有这种办件事项：%(name)s。") % {"name": name}) from None
    if found.is_supervision:
        raise Http404(_("“%(kind)s”由办理部门发出，不需要申请。") % {"kind": found.title})
    return found


def _applicant(user: User, kind: CaseKind) -> Applicant | None:
    """The enterprise the account acts for; None for staff, who choose one. Raises PermissionDenied for the others."""
    if user.role == Role.ENTERPRISE:
        own = applicants.directory().of_user(user)
        if own is None:
            raise PermissionDenied(_("本账号没有关联企业，不能提出申请；由系统管理员关联后再申请。"))
        return own
    if not perms.files_on_behalf(user, kind):
        raise PermissionDenied(
            _("申请由企业账号提出；%(officer)s和工信园区人员可以代企业填报。") % {"officer": Role(kind.officer).label}
        )
    return None


def _token(given: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(given)
    except ValueError:
        # Not a form of ours; the case is opened without protection against a second click.
        return None


def _page(request: HttpRequest, kind: CaseKind, applicant: Applicant | None, refusal: Refused | None) -> HttpResponse:
    user = reader(request)
    place = applicant.district if applicant else next(iter(user.place_codes), CITY_CODE)
    lengths = clocks(kind.name, place)
    query = request.GET.get("q", "").strip()[:LONGEST_QUERY].replace("\0", "")
    drafts = Case.objects.visible_to(user).filter(kind=kind.name, state__in=EDITABLE).order_by("-changed_at")
    if applicant is None:
        drafts = drafts.filter(filed_by=user)
    status = 200
    if refusal is not None:
        status = 409 if isinstance(refusal, Stale) else 403 if isinstance(refusal, NotAllowed) else 422
    return render(
        request,
        "casework/start.html",
        {
            "kind": kind,
            "applicant": applicant,
            "stages": stages(kind, lengths),
            "decision": lengths["decision"],
            "drafts": drafts[:5],
            # A form handed out again would open the same case twice, so a refused one keeps its token.
            "token": _token(request.POST.get("token", "")) or uuid.uuid4(),
            "q": query,
            "found": applicants.directory().find(user, query, FOUND) if applicant is None and query else [],
            "chosen": request.POST.get("applicant", ""),
            "refusal": refusal.sentence if refusal else "",
        },
        status=status,
    )


def stages(kind: CaseKind, lengths: dict[str, Any]) -> list[Stage]:
    """The way of a case of ``kind`` in words, each stage with the office that acts and how long it may take."""

    def days(stage: str, words: str) -> str:
        value = lengths[stage]
        return words % {"days": int(value.value)} if value and value.value is not None else _("未设期限")

    officer, decider = offices.title(kind.officer), offices.title(kind.decider)
    notice = lengths["notice"]
    without_notice = notice is not None and notice.value == 0
    return [
        Stage(_("填报"), offices.title(Role.ENTERPRISE), _("不限时"), None, _("边填边存，随时可以离开，回来继续。")),
        Stage(
            _("受理"),
            officer,
            days("accept", _("%(days)s 个工作日内")),
            lengths["accept"],
            _("材料齐全、属于本机关职权的受理；不齐的一次告知补正，办理计时暂停。"),
        ),
        Stage(
            _("会审"),
            offices.titles(kind.offices),
            days("review", _("%(days)s 个工作日内")),
            lengths["review"],
            _("各部门同时审查，各自出具意见。"),
        ),
        Stage(
            _("决定"),
            decider,
            days("decision", _("受理后 %(days)s 个工作日内")),
            lengths["decision"],
            _("批准、不予批准或退回，均写明理由；不服的可以申请复核。"),
        ),
        Stage(
            _("公示"),
            decider,
            _("不设公示期") if without_notice else days("notice", _("%(days)s 天")),
            notice,
            _("公示期满无异议后生效。"),
        ),
        Stage(_("生效"), decider, "", None, _("结果写入宗地或指标台账，可下载决定书。")),
    ]
