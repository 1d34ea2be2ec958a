"""One enterprise's result with its working: for staff of the place, and for the enterprise itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.accounts.models import Role, User
from core.accounts.scope import reader
from core.refusals import Refused
from efficiency.evaluation import perms
from efficiency.evaluation.models import GroupKind, Objection, ObjectionState, Run, Score
from efficiency.evaluation.pages import standing
from efficiency.evaluation.pages.run_pages import PER_PAGE, run_of, staff
from efficiency.evaluation.services import showing
from efficiency.evaluation.working import working_of
from efficiency.returns.models import LandOfYear, YearlyReturn
from efficiency.schemes.models import ClassMeasure
from landuse.plots.models import Occupation


@never_cache
@require_safe
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """The enterprise's own result of the latest year that is shown, or of the year asked for."""
    user = reader(request)
    if user.role != Role.ENTERPRISE:
        return redirect("evaluation:runs")
    scores = Score.objects.visible_to(user).select_related("run", "enterprise").order_by("-run__year", "-run__number")
    year = request.GET.get("year", "")
    score = scores.filter(run__year=int(year)).first() if year.isascii() and year.isdigit() and len(year) == 4 else None
    score = score or scores.first()
    if score is None:
        return render(request, "evaluation/mine_empty.html")
    return _result(request, user, run_of(user, score.run_id), score)


@never_cache
@require_safe
@login_required
def result(request: HttpRequest, pk: int, uscc: str) -> HttpResponse:
    """The result of an enterprise in a run."""
    user = reader(request)
    run = run_of(user, pk)
    return _result(request, user, run, _score(user, run, uscc))


def _score(user: User, run: Run, uscc: str) -> Score:
    found: Score | None = (
        Score.objects.visible_to(user).filter(run=run, enterprise__uscc=uscc).select_related("enterprise").first()
    )
    if found is None:
        raise Http404(_("这次评价中没有这家企业，或不在本账号的管辖范围内。"))
    return found


def _result(
    request: HttpRequest, user: User, run: Run, score: Score, status: int = 200, text: str = ""
) -> HttpResponse:
    firm = score.enterprise
    own = user.role == Role.ENTERPRISE
    believed = (
        YearlyReturn.objects.visible_to(user).believed_at(run.as_of).filter(enterprise=firm, year=run.year).first()
    )
    newer = (
        YearlyReturn.objects.visible_to(user)
        .filter(enterprise=firm, year=run.year, valid_from__gt=run.as_of)
        .order_by("-valid_from")
        .first()
    )
    working = working_of(run, score, believed)
    occupied = (
        Occupation.objects.visible_to(user)
        .in_force_on(dt.date(run.year, 12, 31))
        .filter(enterprise=firm)
        .select_related("plot")
        .order_by("-share", "plot_id")
    )
    return render(
        request,
        "evaluation/result.html",
        {
            "run": run,
            "score": score,
            "firm": firm,
            "own": own,
            "sentence": _sentence(run, score),
            "detail": standing.standing_of(run),
            "tone": standing.tone(run.state),
            "working": working,
            "believed": believed,
            "newer": newer,
            "industry": standing.names(GroupKind.INDUSTRY, [score.industry_code]).get(score.industry_code, ""),
            "place": standing.names("town", [score.town_code]).get(score.town_code, ""),
            "land": LandOfYear.objects.visible_to(user).filter(enterprise=firm, year=run.year).first(),
            "occupied": occupied,
            "trend": _trend(user, score),
            "measures": ClassMeasure.objects.filter(grade=score.grade) if score.grade else [],
            "objections": Objection.objects.visible_to(user).filter(run=run, enterprise=firm).select_related("by"),
            "may_object": perms.objects(user, run, firm),
            "may_answer": perms.answers(user, firm),
            "text": text,
        },
        status=status,
    )


def _sentence(run: Run, score: Score) -> str:
    name = score.enterprise.short_name or score.enterprise.name
    if score.total is None or not score.grade or score.rank is None:
        said = score.get_why_display() if score.why else _("未评级")
        return _("%(name)s %(year)s 年度未评级：%(why)s") % {"name": name, "year": run.year, "why": said}
    return _("%(name)s %(year)s 年度得 %(total)s 分，%(grade)s，本组第 %(rank)s 名") % {
        "name": name,
        "year": run.year,
        "total": f"{score.total:,.4f}",
        "grade": score.get_grade_display(),
        "rank": f"{score.rank:,}",
    }


def _trend(user: User, score: Score) -> list[dict[str, Any]]:
    """The enterprise's results in the runs that count for each year, oldest first, with bars in percent of the best."""
    runs = Run.objects.visible_to(user).of_years(score.run.place_id).values()
    rows = Score.objects.visible_to(user).filter(enterprise=score.enterprise_id, run__in=[run.pk for run in runs])
    found = sorted(rows.select_related("run"), key=lambda row: row.run.year)
    top = max((row.total or 0 for row in found), default=0)
    return [{"score": row, "bar": round(100 * max(row.total or 0, 0) / top, 2) if top > 0 else 0} for row in found]


@require_POST
@login_required
def contest(request: HttpRequest, pk: int) -> HttpResponse:
    """Contest one's own result."""
    user = reader(request)
    run = run_of(user, pk)
    score = Score.objects.visible_to(user).filter(run=run).select_related("enterprise").first()
    if score is None or user.role != Role.ENTERPRISE:
        raise PermissionDenied(_("异议由参评企业提出。"))
    text = request.POST.get("text", "").replace("\0", "")[:4000]
    try:
        showing.contest(run=pk, text=text, by=user)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return _result(request, user, run, score, status=422, text=text)
    messages.success(request, _("异议已提出，答复后在本页和通知中可见。"))
    return redirect("evaluation:result", pk=pk, uscc=score.enterprise.uscc)


@never_cache
@require_safe
@login_required
def objections(request: HttpRequest) -> HttpResponse:
    """Objections of all runs within the reader's places, those that wait first."""
    user = staff(request)
    rows = Objection.objects.visible_to(user).select_related("run", "enterprise", "by", "answered_by")
    run = request.GET.get("run", "")
    if run.isascii() and run.isdigit() and len(run) < 12:
        rows = rows.filter(run=int(run))
    state = request.GET.get("state", "open")
    if state in ObjectionState.values:
        rows = rows.filter(state=state)
    waiting = Objection.objects.visible_to(user).filter(state=ObjectionState.OPEN).count()
    page = Paginator(rows.order_by("at", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "evaluation/objections.html",
        {
            "sentence": _("%(count)s 件异议待核") % {"count": waiting} if waiting else _("没有待核的异议"),
            "page": page,
            "rows": [{"objection": row, "may_answer": perms.answers(user, row.enterprise)} for row in page],
            "states": [*ObjectionState.choices, ("all", _("全部"))],
            "state": state if state in ObjectionState.values else "all",
        },
    )


@require_POST
@login_required
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer an objection; the page that comes back tells what is to be done next."""
    user = staff(request)
    if not Objection.objects.visible_to(user).filter(pk=pk).exists():
        raise Http404(_("没有这件异议，或不在本账号的管辖范围内。"))
    accepted = request.POST.get("verdict") == "accepted"
    try:
        row = showing.answer(objection=pk, accepted=accepted, text=request.POST.get("text", "")[:4000], by=user)
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        done = (
            _("已采纳。更正年报或用地面积后，发起重算替代本次评价。")
            if row.state == "accepted"
            else _("已答复，不采纳。")
        )
        messages.success(request, done)
    back = request.POST.get("back", "")
    # An address of ours, whatever was sent.
    return redirect(back if back.startswith("/evaluation/") and "\\" not in back else "evaluation:objections")
