"""``/returns/mine/``: an enterprise's own years, and the form of a year's report, saved as it is typed."""

from __future__ import annotations

from collections.abc import Mapping
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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.accounts.models import Role, User
from core.accounts.scope import reader
from core.casework.portal.form_views import texts
from core.refusals import NotAllowed, Refused, Stale
from efficiency.returns import due, entries, plausible
from efficiency.returns.figures import FIGURES, KEYS
from efficiency.returns.models import LandOfYear, ReportState, SelfReport, YearlyReturn
from efficiency.returns.services import reporting
from parks.enterprises.models import Enterprise

SUMMARY = ("tax_cny", "output_cny", "fixed_asset_investment_cny")
"""Figures of the list of years."""

TONES = {
    ReportState.DRAFT: "",
    ReportState.SUBMITTED: "risk",
    ReportState.CONFIRMED: "met",
    ReportState.RETURNED: "unmet",
    ReportState.REPLACED: "",
}


@never_cache
@require_safe
@login_required
def years(request: HttpRequest) -> HttpResponse:
    """Every year of the enterprise: how its report stands, and what is believed."""
    user = reader(request)
    if user.role != Role.ENTERPRISE:
        return redirect("returns:returns")
    firm = _firm(user)
    believed = {row.year: row for row in YearlyReturn.objects.visible_to(user).current()}
    reports = _latest(user)
    land = {row.year: row for row in LandOfYear.objects.visible_to(user)}
    open_years = due.reportable_years(place=firm.district_id)
    rows = [
        {
            "year": year,
            "report": reports.get(year),
            "tone": TONES[ReportState(reports[year].state)] if year in reports else "",
            "believed": believed.get(year),
            "figures": {key: getattr(believed.get(year), key, None) for key in SUMMARY},
            "land": land.get(year),
            "reportable": year in open_years,
        }
        for year in sorted({*open_years, *believed, *reports}, reverse=True)
    ]
    head = _answer(rows[0], due.due_on(rows[0]["year"], place=firm.district_id))
    return render(request, "returns/mine.html", {"firm": firm, "rows": rows, "head": head})


def _latest(user: User) -> dict[int, SelfReport]:
    """The report of each year that counts most: the one under way, else the confirmed one."""
    found: dict[int, SelfReport] = {}
    for row in SelfReport.objects.visible_to(user).exclude(state=ReportState.REPLACED).order_by("pk"):
        held = found.get(row.year)
        if held is None or held.state == ReportState.CONFIRMED:
            found[row.year] = row
    return found


def _answer(row: dict[str, Any], until: Any) -> dict[str, Any]:
    """The sentence on top of the years: how the latest one stands and until when it is due."""
    report, words = row["report"], {"year": row["year"], "until": until.isoformat()}
    late = timezone.localdate() > until
    state = report.state if report else None
    if state == ReportState.SUBMITTED:
        return {"sentence": _("%(year)s 年度自报待部门确认") % words, "state": "none", "label": _("待确认")}
    if state == ReportState.RETURNED:
        return {
            "sentence": _("%(year)s 年度自报被退回，请修改后重新提交") % words,
            "state": "unmet",
            "label": _("退回"),
        }
    if row["believed"]:
        return {"sentence": _("%(year)s 年度年报已采信") % words, "state": "met", "label": _("已采信")}
    if late:
        return {
            "sentence": _("%(year)s 年度年报未报，已过截止日 %(until)s") % words,
            "state": "unmet",
            "label": _("逾期"),
        }
    return {"sentence": _("请在 %(until)s 前填报 %(year)s 年度年报") % words, "state": "risk", "label": _("未报")}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def form(request: HttpRequest, year: int) -> HttpResponse:
    """The report of a year; POST saves it (``act=save``), hands it in (``submit``) or takes it back (``take_back``)."""
    user = reader(request)
    firm = _firm(user)
    _known_year(user, firm, year)
    if request.method != "POST":
        return _page(request, user, firm, year)
    act = request.POST.get("act", "save")
    typed = None if act == "take_back" else entries.kept(request.POST)
    try:
        if act == "take_back":
            reporting.take_back(report=_number(request.POST.get("report", "")), by=user)
            messages.success(request, _("已撤回，可修改后重新提交。"))
            return redirect("returns:mine", year=year)
        saved = reporting.save(year=year, **_posted(request), by=user)
        if act == "submit":
            reporting.submit(report=saved.pk, revision=saved.revision, by=user)
            messages.success(request, _("已提交，等待部门确认。确认前可撤回修改。"))
            return redirect("returns:mine_years")
    except Refused as refused:
        return _page(request, user, firm, year, typed=typed, refusal=refused, complete=act == "submit")
    messages.success(request, _("已保存。"))
    return redirect("returns:mine", year=year)


@never_cache
@require_POST
@login_required
def draft(request: HttpRequest, year: int) -> JsonResponse:
    """Save what is typed so far and answer what there is to remark.

    409 when it was changed elsewhere, with both versions; 403 when it can be changed no more; 422 when it cannot be
    kept. The browser keeps what was typed until it is saved.
    """
    user = reader(request)
    firm = _firm(user)
    _known_year(user, firm, year)
    try:
        saved = reporting.save(year=year, **_posted(request), by=user)
    except Stale as stale:
        theirs = _current(user, year)
        return JsonResponse(
            {
                "sentence": stale.sentence,
                "revision": theirs.revision if theirs else 0,
                "differences": _differences(entries.kept(request.POST), theirs),
            },
            status=409,
        )
    except NotAllowed as refused:
        return JsonResponse({"sentence": refused.sentence}, status=403)
    except Refused as refused:
        return JsonResponse({"sentence": refused.sentence}, status=422)
    context = _context(user, firm, year)
    return JsonResponse(
        {
            "revision": saved.revision,
            "saved_at": date_format(timezone.localtime(), "H:i:s"),
            "errors": {key: [text] for key, text in entries.read_all(saved.typed)[1].items()},
            "fields_html": "",
            "head_html": render_to_string("returns/parts/mine_head.html", context, request),
            "findings_html": render_to_string("returns/parts/hints.html", context, request),
        }
    )


def _posted(request: HttpRequest) -> dict[str, Any]:
    revision = request.POST.get("revision", "")
    if not (revision.isascii() and revision.isdigit() and len(revision) < 10):
        raise Refused(_("页面不完整：缺少修订号。请刷新后重新填写。"))
    return {
        "typed": {key: request.POST.get(key, "") for key in KEYS},
        "note": request.POST.get("note", ""),
        "revision": int(revision),
    }


def _firm(user: User) -> Enterprise:
    if user.role != Role.ENTERPRISE:
        raise PermissionDenied(_("年报由企业经办人填报；工作人员在“企业自报”中确认。"))
    firm: Enterprise | None = Enterprise.objects.visible_to(user).first()
    if firm is None:
        raise PermissionDenied(_("本账号没有绑定企业，请联系系统管理员。"))
    return firm


def _known_year(user: User, firm: Enterprise, year: int) -> None:
    if year in due.reportable_years(place=firm.district_id):
        return
    if not SelfReport.objects.visible_to(user).filter(year=year).exists():
        raise Http404(_("%(year)s 年度不在可填报的年度内。") % {"year": year})


def _current(user: User, year: int) -> SelfReport | None:
    return _latest(user).get(year)


def _page(
    request: HttpRequest,
    user: User,
    firm: Enterprise,
    year: int,
    *,
    typed: Mapping[str, str] | None = None,
    refusal: Refused | None = None,
    complete: bool = False,
) -> HttpResponse:
    context = _context(user, firm, year, typed=typed, complete=complete)
    status = 200
    if refusal is not None:
        stale = isinstance(refusal, Stale)
        context["refusal"] = refusal.sentence
        if stale and typed is not None:
            context["differences"] = _differences(typed, context["report"])
        status = 409 if stale else 403 if isinstance(refusal, NotAllowed) else 422
    return render(request, "returns/mine_form.html", context, status=status)


def _context(
    user: User, firm: Enterprise, year: int, *, typed: Mapping[str, str] | None = None, complete: bool = False
) -> dict[str, Any]:
    """What the form shows; ``typed`` stands instead of what is saved, so that nothing is lost."""
    latest = _current(user, year)
    # A confirmed report is not changed: another one is begun, from what the last one said.
    report = latest if latest and latest.state != ReportState.CONFIRMED else None
    editable = report is None or report.is_editable
    texts_typed = dict(typed if typed is not None else latest.typed if latest else {})
    amounts, faults = entries.read_all(texts_typed)
    if complete:
        faults = reporting.faults_of(texts_typed)
    rows = YearlyReturn.objects.visible_to(user).current()
    believed = rows.filter(year=year).first()
    before = rows.filter(year=year - 1).first()
    until = due.due_on(year, place=firm.district_id)
    return {
        "firm": firm,
        "year": year,
        "report": report,
        "revision": report.revision if report else 0,
        "confirmed": latest if latest and latest.state == ReportState.CONFIRMED else None,
        "editable": editable,
        "tone": TONES[ReportState(report.state)] if report else "",
        "head": _form_head(report, latest, year, until),
        "until": until,
        "late": timezone.localdate() > until,
        "rows": [
            {
                "figure": figure,
                "typed": texts_typed.get(figure.key, ""),
                "reported": amounts[figure.key],
                "fault": faults.get(figure.key, ""),
                "believed": getattr(believed, figure.key) if believed else None,
                "office": believed.sources.get(figure.key, "") if believed else "",
                "before": getattr(before, figure.key) if before else None,
            }
            for figure in FIGURES
        ],
        "note": (report or latest).note if report or latest else "",  # type: ignore[union-attr]
        "hints": plausible.hints(
            amounts, before={key: getattr(before, key) if before else None for key in KEYS}, place=firm.district_id
        ),
        "filled": any(texts_typed.values()),
        "refusal": "",
        "differences": [],
        "config": {
            "draft": reverse("returns:mine_draft", args=[year]),
            "key": f"returns.{firm.pk}.{year}.{user.pk}",
            "texts": texts(),
        },
    }


def _form_head(report: SelfReport | None, latest: SelfReport | None, year: int, until: Any) -> dict[str, str]:
    words = {"year": year, "until": until.isoformat()}
    if report is None and latest is not None:
        return {
            "sentence": _("更正 %(year)s 年度自报：提交并确认后替代原来的") % words,
            "state": "none",
            "label": _("另报"),
        }
    if report is None:
        return {"sentence": _("填报 %(year)s 年度年报，%(until)s 截止") % words, "state": "none", "label": _("未填报")}
    if report.state == ReportState.RETURNED:
        return {
            "sentence": _("%(year)s 年度自报被退回，请修改后重新提交") % words,
            "state": "unmet",
            "label": _("退回"),
        }
    if report.state == ReportState.SUBMITTED:
        return {
            "sentence": _("%(year)s 年度自报待部门确认，确认前可撤回") % words,
            "state": "none",
            "label": _("待确认"),
        }
    faults = reporting.faults_of(report.typed)
    if faults:
        words["count"] = len(faults)
        return {"sentence": _("%(year)s 年度自报还差 %(count)s 项") % words, "state": "risk", "label": _("填报中")}
    return {"sentence": _("%(year)s 年度自报可以提交") % words, "state": "met", "label": _("已填齐")}


def _differences(typed: Mapping[str, str], theirs: SelfReport | None) -> list[dict[str, str]]:
    other = theirs.typed if theirs else {}
    return [
        {
            "name": figure.key,
            "label": str(figure.title),
            "mine": typed.get(figure.key) or _("未填"),
            "theirs": other.get(figure.key) or _("未填"),
        }
        for figure in FIGURES
        if typed.get(figure.key, "") != other.get(figure.key, "")
    ]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
