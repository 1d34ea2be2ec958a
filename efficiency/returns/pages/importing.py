"""``/returns/imports/``: a file of returns sent, looked through, written; and the form to fill in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import sheets
from core.accounts.models import CITY_CODE, User
from core.accounts.scope import reader
from core.policy.models import Jurisdiction
from core.refusals import NotAllowed, Refused
from efficiency.returns import perms
from efficiency.returns.figures import BY_KEY, Office
from efficiency.returns.imports import report, template
from efficiency.returns.imports.headings import MINOR_DIGITS
from efficiency.returns.imports.limits import LIMITS, MIB
from efficiency.returns.models import BatchState, FiguresDue, ReturnBatch, ReturnStatus
from efficiency.returns.pages.asking import staff
from efficiency.returns.services import importing

PER_PAGE = 50
YEARS_BACK = 8
OFFICES = [each for each in Office if each != Office.ENTERPRISE]

_STATES = {"error": "unmet", "warning": "risk", "info": "none"}
_STAGES = {"read": gettext_lazy("读取"), "check": gettext_lazy("核对"), "write": gettext_lazy("写入")}


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """Send a file, and every file sent so far."""
    user = staff(request)
    places = _places(user)
    problem = ""
    if request.method == "POST":
        try:
            batch = _received(request, user, places)
            importing.read(batch=batch, by=user)
        except Refused as error:
            problem = error.sentence
            if isinstance(error, NotAllowed):
                raise PermissionDenied(problem) from error
        else:
            address = reverse("returns:import", args=[batch.pk])
            return JsonResponse({"location": address}) if _wants_json(request) else redirect(address)
        if _wants_json(request):
            return JsonResponse({"message": problem}, status=400)
    rows = ReturnBatch.objects.visible_to(user).select_related("place", "by", "job").defer("report")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    last = timezone.localdate().year - 1
    return render(
        request,
        "returns/imports.html",
        {
            "page_obj": page,
            "asked": {"year": last},
            "places": places,
            "years": range(last, last - YEARS_BACK, -1),
            "offices": OFFICES,
            "statuses": ReturnStatus.choices,
            "chosen": request.POST,
            "problem": problem,
            "limit_mb": LIMITS.bytes // MIB,
            "config": {
                "limit": LIMITS.bytes,
                "tooBig": _("文件超过 %(limit)d MB 的上限：请拆分后分别导入。") % {"limit": LIMITS.bytes // MIB},
                "sending": _("正在上传 {percent}%"),
                "reading": _("已上传，正在读取和核对…"),
                "failed": _("上传中断，什么都没有写入：请检查网络后重试。"),
            },
        },
        status=400 if problem else 200,
    )


def _places(user: User) -> list[Jurisdiction]:
    """Places the account imports for, the widest first."""
    codes = [CITY_CODE] if user.sees_city else user.place_codes
    return list(Jurisdiction.objects.filter(code__in=[code for code in codes if perms.monitors(user, code)]))


def _received(request: HttpRequest, user: User, places: list[Jurisdiction]) -> ReturnBatch:
    if not places:
        raise NotAllowed(_("只有亩均效益监测人员可以导入年报。"))
    sent = request.FILES.get("file")
    if sent is None:
        raise Refused(_("请选择要导入的文件。"))
    year, office, status = (request.POST.get(name, "") for name in ("year", "office", "status"))
    if not (year.isdigit() and 2000 <= int(year) <= timezone.localdate().year):
        raise Refused(_("请选择年度：应为 2000 年至今年。"))
    if office not in OFFICES or status not in ReturnStatus.values:
        raise Refused(_("请选择来源部门和数据状态。"))
    place = request.POST.get("place") or places[0].code
    return importing.receive(uploaded=sent, year=int(year), office=office, status=status, place=place, by=user)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _batch(request: HttpRequest, number: int) -> ReturnBatch:
    user = staff(request)
    rows = ReturnBatch.objects.visible_to(user).select_related("place", "by", "job")
    return get_object_or_404(rows, pk=number)


@never_cache
@require_safe
@login_required
def batch(request: HttpRequest, number: int) -> HttpResponse:
    """What a file would change, and what is wrong with it."""
    return _preview(request, _batch(request, number))


def _preview(request: HttpRequest, item: ReturnBatch, *, problem: str = "", status: int = 200) -> HttpResponse:
    held: dict[str, Any] = item.report
    counts = held if "read" in held else None
    severity, rule = request.GET.get("severity", ""), request.GET.get("rule", "")
    findings = [
        each
        for each in held.get("findings", [])
        if (not severity or each["severity"] == severity) and (not rule or each["rule"] == rule)
    ]
    for each in findings:
        each["label"] = report.SEVERITIES[each["severity"]]
        each["state"] = _STATES[each["severity"]]
    working = item.job is not None and item.job.is_open
    acts = perms.monitors(reader(request), item.place_id)
    is_open = item.state in {BatchState.READING, BatchState.PREVIEWED}
    return render(
        request,
        "returns/import.html",
        {
            "item": item,
            "asked": {"year": item.year},
            "counts": counts,
            "severities": held.get("severities", {}),
            "rules": [
                (key, report.TITLES.get(key.removeprefix("returns."), key), count)
                for key, count in sorted(held.get("rules", {}).items(), key=lambda each: -each[1])
            ],
            "severity": severity,
            "rule": rule,
            "page_obj": Paginator(findings, PER_PAGE).get_page(request.GET.get("page")),
            "truncated": held.get("truncated", 0),
            "rows": _rows(held.get("preview", [])),
            "columns": [{**each, "title": BY_KEY[each["key"]].title} for each in held.get("columns", [])
                        if each["key"] in BY_KEY],
            "valid": (counts["new"] + counts["changed"]) if counts else 0,
            "unit_suspects": held.get("rules", {}).get("returns.unit_suspect", 0),
            "working": working,
            "stuck": item.job if item.job is not None and is_open and item.job.state in {"failed", "cancelled"}
            else None,
            "acts": acts and is_open,
            "answer": _answer(item, counts),
            "figures_due": item.state == BatchState.APPLIED
            and FiguresDue.objects.visible_to(reader(request)).filter(year=item.year).exists(),
            "problem": problem or item.error,
            "config": {
                "job": reverse("returns:import_job", args=[item.pk]),
                "texts": {"left": _("约剩 {time}"), "minutes": _("{n} 分钟"), "seconds": _("{n} 秒")},
            },
        },
        status=status,
    )  # fmt: skip


def _rows(preview: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first rows that change something, with the figures that do, in the units of their columns."""
    return [
        {
            **row,
            "figures": [
                {
                    "key": figure["key"],
                    "title": BY_KEY[figure["key"]].title,
                    "unit": BY_KEY[figure["key"]].shown_unit,
                    "before": _value(figure["key"], figure["before"]),
                    "after": _value(figure["key"], figure["after"]),
                }
                for figure in row["figures"]
                if figure["before"] != figure["after"]
            ],
        }
        for row in preview
    ]


def _value(key: str, minor: int | None) -> Decimal | None:
    return None if minor is None else Decimal(minor).scaleb(-MINOR_DIGITS[key])


def _answer(item: ReturnBatch, counts: dict[str, Any] | None) -> str:
    """The page's heading: what the file comes to."""
    if item.error:
        return _("这份文件读不了")
    if item.state == BatchState.DISCARDED:
        return _("这份文件已放弃，没有写入")
    if item.state == BatchState.APPLIED:
        return _("已写入 %(count)s 家企业 %(year)d 年度的数据") % {
            "count": f"{item.report.get('written', 0):,}",
            "year": item.year,
        }
    if counts is None:
        return _("正在核对 %(name)s") % {"name": item.name}
    changes = f"{counts['new'] + counts['changed']:,}"
    if counts["refused"]:
        return _("%(refused)s 行不合格，%(changes)s 行可写入") % {
            "refused": f"{counts['refused']:,}",
            "changes": changes,
        }
    if changes == "0":
        return _("与现行年报一致，没有要写入的行")
    return _("%(changes)s 行可写入，没有不合格的行") % {"changes": changes}


@login_required
@require_POST
def act(request: HttpRequest, number: int) -> HttpResponse:
    """Write the file, look through it again, go on with it or give it up."""
    item, user = _batch(request, number), reader(request)
    wanted = request.POST.get("act", "")
    try:
        if wanted in {"write", "write_valid"}:
            importing.apply(batch=item, by=user, accept_valid=wanted == "write_valid")
            if item.state == BatchState.APPLIED:
                messages.success(request, _("已写入 %(count)s 行。") % {"count": f"{item.report.get('written', 0):,}"})
        elif wanted in {"again", "units_checked"}:
            checked = wanted == "units_checked" or bool(item.report.get("units_checked"))
            importing.read(batch=item, by=user, units_checked=checked)
        elif wanted == "resume":
            importing.resume(batch=item, by=user)
        elif wanted == "cancel":
            importing.cancel(batch=item, by=user)
        elif wanted == "discard":
            importing.discard(batch=item, by=user)
            messages.info(request, _("已放弃“%(name)s”，年报没有改变。") % {"name": item.name})
            return redirect("returns:imports")
    except NotAllowed as error:
        raise PermissionDenied(error.sentence) from error
    except Refused as error:
        item.refresh_from_db()
        return _preview(request, item, problem=error.sentence, status=409)
    return redirect("returns:import", item.pk)


@require_safe
@login_required
def job(request: HttpRequest, number: int) -> JsonResponse:
    """How far the background work has come."""
    held = _batch(request, number).job
    if held is None:
        return JsonResponse({"state": "done"})
    return JsonResponse(held.as_seen(_STAGES))


@require_safe
@login_required
def findings(request: HttpRequest, number: int) -> FileResponse:
    """The kept findings as a workbook."""
    item = _batch(request, number)
    return sheets.response(
        report.as_workbook(item.report.get("findings", [])), _("核对结果_%(name)s") % {"name": item.name}
    )


@require_safe
@login_required
def form(request: HttpRequest) -> FileResponse:
    """The form to fill in, of one office or of all."""
    staff(request)
    office = request.GET.get("office", "")
    label = Office(office).label if office in OFFICES else _("全部指标")
    return sheets.response(template.workbook(office), _("年报模板_%(office)s") % {"office": label})
