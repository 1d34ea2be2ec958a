"""``/returns/reports/``: reports of enterprises, to be confirmed or sent back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.accounts.models import Role, User
from core.accounts.scope import reader
from core.refusals import NotAllowed, Refused
from efficiency.returns import due, perms, plausible
from efficiency.returns.figures import BY_KEY, KEYS
from efficiency.returns.models import ReportState, SelfReport, YearlyReturn
from efficiency.returns.pages.asking import PER_PAGE, Asked, choices, staff
from efficiency.returns.pages.mine import TONES
from efficiency.returns.services import confirming
from efficiency.returns.services.confirming import compare

SHOWN = {
    ReportState.SUBMITTED.value: gettext_lazy("待确认"),
    ReportState.CONFIRMED.value: gettext_lazy("已确认"),
    ReportState.RETURNED.value: gettext_lazy("已退回"),
    "all": gettext_lazy("全部"),
}

SORTS = {
    "oldest": (gettext_lazy("提交先后"), ("submitted_at", "pk")),
    "newest": (gettext_lazy("最近提交"), ("-submitted_at", "-pk")),
    "name": (gettext_lazy("企业名称"), ("enterprise__name", "-year")),
}


@never_cache
@require_safe
@login_required
def reports(request: HttpRequest) -> HttpResponse:
    """The reports handed in, those that wait first."""
    user = staff(request)
    asked = Asked.of(request.GET, year=0, shown=SHOWN, sorts=SORTS)
    visible = SelfReport.objects.visible_to(user)
    waiting = visible.filter(state=ReportState.SUBMITTED).count()
    rows = asked.of_firms(visible, "enterprise__").select_related("enterprise", "enterprise__district")
    if asked.shown != "all":
        rows = rows.filter(state=asked.shown)
    if asked.year:
        rows = rows.filter(year=asked.year)
    page = Paginator(rows.defer("enterprise__district__geom").order_by(*SORTS[asked.sort][1]), PER_PAGE).get_page(
        request.GET.get("page")
    )
    believed = {
        (row.enterprise_id, row.year): row
        for row in YearlyReturn.objects.visible_to(user)
        .current()
        .filter(enterprise__in={row.enterprise_id for row in page}, year__in={row.year for row in page})
    }
    return render(
        request,
        "returns/reports.html",
        {
            "sentence": _("%(count)s 份企业自报待确认") % {"count": waiting} if waiting else _("没有待确认的企业自报"),
            "asked": asked,
            "page": page,
            "rows": [
                {
                    "report": row,
                    "tone": TONES[ReportState(row.state)],
                    "against": sum(each.kept for each in compare(row, believed.get((row.enterprise_id, row.year))))
                    if row.state == ReportState.SUBMITTED
                    else None,
                }
                for row in page
            ],
            "shown": SHOWN.items(),
            "sorts": [(key, label) for key, (label, _order) in SORTS.items()],
            "years": sorted(set(visible.values_list("year", flat=True).distinct()), reverse=True),
            "may_confirm": user.role == Role.MONITOR,
            "most": PER_PAGE,
            **choices(user, asked),
        },
    )


@require_POST
@login_required
def bulk(request: HttpRequest) -> HttpResponse:
    """Confirm the reports chosen, offices' own figures left as they are; tells of each that was not."""
    user = staff(request)
    if user.role != Role.MONITOR:
        raise PermissionDenied(_("企业自报由所在区的亩均效益监测人员确认或退回。"))
    ids = [int(text) for text in request.POST.getlist("report") if text.isascii() and text.isdigit() and len(text) < 18]
    done, refused = 0, []
    for row in SelfReport.objects.visible_to(user).filter(pk__in=ids[:PER_PAGE]).select_related("enterprise"):
        try:
            confirming.confirm(report=row.pk, revision=row.revision, by=user)
            done += 1
        except Refused as refusal:
            refused.append(f"{row.enterprise.name}：{refusal.sentence}")
    if done:
        messages.success(request, _("已确认 %(count)s 份自报；部门已有的数据未改动。") % {"count": done})
    for sentence in refused:
        messages.error(request, sentence)
    if not ids:
        messages.error(request, _("请先勾选要确认的自报。"))
    return redirect("returns:reports")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """One report beside what is believed; POST confirms it (``act=confirm``) or sends it back (``send_back``)."""
    user = reader(request)
    found: SelfReport | None = (
        SelfReport.objects.visible_to(user)
        .select_related("enterprise__district", "enterprise__industry", "reported_by", "decided_by")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404(_("没有这份自报，或不在本账号的管辖范围内。"))
    if user.role == Role.ENTERPRISE:
        return redirect("returns:mine", year=found.year)
    refusal, status = "", 200
    if request.method == "POST":
        try:
            return _decide(request, user, found)
        except Refused as refused:
            refusal, status = refused.sentence, 403 if isinstance(refused, NotAllowed) else 422
            found.refresh_from_db()
    return render(request, "returns/report.html", _context(user, found, refusal, request.POST), status=status)


def _decide(request: HttpRequest, user: User, found: SelfReport) -> HttpResponse:
    revision = request.POST.get("revision", "")
    drawn_with = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else -1
    if request.POST.get("act") == "send_back":
        confirming.send_back(report=found.pk, revision=drawn_with, by=user, reason=request.POST.get("reason", ""))
        messages.success(request, _("已退回，企业已收到通知。"))
    else:
        confirming.confirm(
            report=found.pk,
            revision=drawn_with,
            by=user,
            overwrite=[key for key in request.POST.getlist("overwrite") if key in BY_KEY],
            answer=request.POST.get("answer", ""),
        )
        messages.success(request, _("已确认，年报另立新版本。"))
    return redirect("returns:report", pk=found.pk)


def _context(user: User, found: SelfReport, refusal: str, posted: Any) -> dict[str, Any]:
    returns = YearlyReturn.objects.visible_to(user).filter(enterprise=found.enterprise_id)
    believed = returns.current().filter(year=found.year).first()
    before = returns.current().filter(year=found.year - 1).first()
    waits = found.state == ReportState.SUBMITTED
    reported = {key: getattr(found, key) for key in KEYS}
    return {
        "report": found,
        "firm": found.enterprise,
        "sentence": _("%(name)s %(year)s 年度自报：%(state)s")
        % {
            "name": found.enterprise.short_name or found.enterprise.name,
            "year": found.year,
            "state": found.get_state_display(),
        },
        "tone": TONES[ReportState(found.state)],
        "rows": [
            {"compared": each, "before": getattr(before, each.figure.key) if before else None}
            for each in compare(found, believed)
        ],
        "believed": believed,
        "hints": plausible.hints(
            reported,
            before={key: getattr(before, key) if before else None for key in KEYS},
            place=found.enterprise.district_id,
        ),
        "until": due.due_on(found.year, place=found.enterprise.district_id),
        "waits": waits,
        "decides": waits and perms.confirms(user, found.enterprise),
        "refusal": refusal,
        "overwrite": posted.getlist("overwrite") if posted else [],
        "answer": posted.get("answer", "") if posted else "",
        "reason": posted.get("reason", "") if posted else "",
        "versions": reverse("returns:versions", args=[found.year, found.enterprise.uscc]),
    }
