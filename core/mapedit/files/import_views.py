"""Pages of an import: upload a file, see what it would do, put it into a change set."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import shapely
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.scope import reader
from core.geodata.exchange.formats import LIMITS, Detected
from core.jobs import tracking
from core.mapedit import layers, perms
from core.mapedit.checks import bulk
from core.mapedit.imports import keeping, report
from core.mapedit.imports.columns import CODE
from core.mapedit.imports.matching import CHANGED, NEW, UNCHANGED
from core.mapedit.layers import EditableLayer, LayerUnknown
from core.mapedit.models import ChangeSet, Import, ImportState
from core.mapedit.services import exporting, uploads
from core.refusals import NotAllowed, Refused

MAP_FEATURES = 3_000
TABLE_FINDINGS = 300
PLACE_DEGREES = 5e-4
"""District outlines behind the small map are drawn to some 50 m."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_STAGES = {"read": _("读取"), "match": _("比对"), "check": _("检查"), "write": _("写入")}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Choose a layer and a file."""
    return _upload(request, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload_into(request: HttpRequest, number: int) -> HttpResponse:
    """Choose a file for a change set that is being drafted."""
    change_set = get_object_or_404(ChangeSet.objects.visible_to(reader(request)), pk=number)
    if not perms.edits(reader(request), change_set):
        raise PermissionDenied
    return _upload(request, change_set)


def _upload(request: HttpRequest, into: ChangeSet | None) -> HttpResponse:
    user = reader(request)
    if not perms.drafts(user):
        raise PermissionDenied
    chosen = into.layer_id if into else request.POST.get("layer") or request.GET.get("layer") or "redline"
    problem = ""
    if request.method == "POST":
        try:
            sent = request.FILES.get("file")
            if sent is None:
                raise Refused(_("请选择要导入的文件。"))
            item = uploads.receive(uploaded=sent, layer=chosen, by=user, into=into)
            uploads.examine(item=item)
        except LayerUnknown as error:
            raise Http404 from error
        except Refused as error:
            problem = error.sentence
        else:
            address = reverse("mapedit:import_file", args=[item.pk])
            if request.headers.get("Accept", "").startswith("application/json"):
                return JsonResponse({"location": address})
            return redirect(address)
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse({"message": problem}, status=400)
    recent = Import.objects.visible_to(user).exclude(state=ImportState.CANCELLED).select_related("layer")[:8]
    titles = {layer.name: layer.title for layer in layers.all_layers()}
    for item in recent:
        item.layer_title = titles.get(item.layer_id, item.layer_id)  # type: ignore[attr-defined]
    return render(
        request,
        "mapedit/import_upload.html",
        {
            "layers": layers.all_layers(),
            "chosen": chosen,
            "into": into,
            "problem": problem,
            "recent": recent,
            "limit_gb": LIMITS.bytes // 1024**3,
            "config": {
                "limit": LIMITS.bytes,
                "tooBig": _("文件超过 %(limit)d GB 的上限。请按区或镇街拆分后分别导入。")
                % {"limit": LIMITS.bytes // 1024**3},
                "sending": _("正在上传 {percent}%"),
                "reading": _("已上传，正在读取和检查…"),
                "failed": _("上传中断，什么都没有写入。请检查网络后重试。"),
            },
        },
        status=400 if problem else 200,
    )


def _item(request: HttpRequest, number: int) -> Import:
    user = reader(request)
    if not perms.drafts(user):
        raise PermissionDenied
    return get_object_or_404(
        Import.objects.visible_to(user).select_related("into", "change_set", "job", "layer"), pk=number
    )


@login_required
@require_GET
def preview(request: HttpRequest, number: int) -> HttpResponse:
    """What the file is, what it would change, what is wrong with it."""
    return _preview(request, _item(request, number))


def _preview(request: HttpRequest, item: Import, *, problem: str = "", status: int = 200) -> HttpResponse:
    layer = layers.editable(item.layer_id)
    summary: dict[str, Any] = item.summary or {}
    detected = uploads.detected_of(item)
    working = item.job is not None and item.job.is_open
    findings = keeping.kept_findings(item.folder) if item.state == ImportState.EXAMINED else []
    severity = request.GET.get("severity", "")
    shown = [each for each in findings if not severity or each["severity"] == severity]
    return render(
        request,
        "mapedit/import_preview.html",
        {
            "item": item,
            "layer": layer,
            "summary": summary,
            "counts": summary.get("counts"),
            "detected": detected,
            "columns": _columns(layer, detected, summary.get("columns", {})),
            "srids": exporting.SRIDS,
            "working": working,
            "stuck": item.job if item.job is not None and item.job.state in {"failed", "cancelled"} else None,
            "findings": shown[:TABLE_FINDINGS],
            "findings_shown": min(len(shown), TABLE_FINDINGS),
            "findings_total": len(shown),
            "severity": severity,
            "answer": _answer(item, summary, detected),
            "problem": problem or summary.get("problem", ""),
            "valid": (summary.get("counts") or {}).get("new", 0) + (summary.get("counts") or {}).get("changed", 0),
            "config": _config(item),
        },
        status=status,
    )


def _answer(item: Import, summary: dict[str, Any], detected: Detected | None) -> str:
    """The page's heading: what the file comes to."""
    counts = summary.get("counts")
    if item.state == ImportState.WRITTEN:
        return _("已写入变更 #%(number)s，尚未发布") % {"number": item.change_set_id}
    if item.state == ImportState.CANCELLED:
        return _("这份文件已取消，内容已删除")
    if item.state == ImportState.UNCHANGED:
        return _("与现行图层一致，没有要写入的变更")
    if summary.get("problem"):
        return _("这份文件读不了")
    if counts is None:
        return _("请补充说明后再检查") if detected and not item.job else _("正在检查 %(name)s") % {"name": item.name}
    changes = counts["new"] + counts["changed"]
    if counts["refused"]:
        return ngettext(
            "%(refused)s 处不合格，%(changes)s 处可写入", "%(refused)s 处不合格，%(changes)s 处可写入", changes
        ) % {"refused": f"{counts['refused']:,}", "changes": f"{changes:,}"}
    if not changes:
        return _("与现行图层一致，没有要写入的变更")
    return _("%(new)s 处新增、%(changed)s 处修改，全部合格") % {
        "new": f"{counts['new']:,}",
        "changed": f"{counts['changed']:,}",
    }


def _columns(layer: EditableLayer, detected: Detected | None, chosen: dict[str, str]) -> list[dict[str, Any]]:
    """The mapping table: each attribute, its column, and a value as the file holds it."""
    if detected is None:
        return []
    samples = {field.name: field.sample for field in detected.fields}
    rows = [(CODE, layer.code_label, True), *((a.name, a.label, a.required) for a in layer.attributes)]
    return [
        {
            "name": name,
            "label": label,
            "required": required,
            "column": chosen.get(name, ""),
            "sample": samples.get(chosen.get(name, ""), ""),
        }
        for name, label, required in rows
    ]


def _config(item: Import) -> dict[str, Any]:
    return {
        "job": reverse("mapedit:import_job", args=[item.pk]),
        "shapes": reverse("mapedit:import_shapes", args=[item.pk]),
        "texts": {
            "new": _("新增"),
            "changed": _("修改"),
            "unchanged": _("未变"),
            "refused": _("不合格"),
            "left": _("约剩 {time}"),
            "minutes": _("{n} 分钟"),
            "seconds": _("{n} 秒"),
            "sampled": _("图上按比例抽取 {shown} 个，共 {total} 个。"),
        },
    }


@login_required
@require_POST
def options(request: HttpRequest, number: int) -> HttpResponse:
    """Take what a person knows better than the file, and examine again."""
    item = _item(request, number)
    srid = request.POST.get("srid", "")
    columns = {key.removeprefix("column:"): value for key, value in request.POST.items() if key.startswith("column:")}
    kept = (item.summary or {}).get("columns", {})
    try:
        uploads.choose(
            item=item,
            source_layer=request.POST.get("source_layer", ""),
            srid=int(srid) if srid.isdigit() and int(srid) in exporting.SRIDS else None,
            encoding=request.POST.get("encoding", ""),
            columns={key: value for key, value in columns.items() if kept.get(key, "") != value}
            | item.options.get("columns", {})
            if columns
            else {},
        )
        uploads.examine(item=item)
    except Refused as error:
        return _preview(request, item, problem=error.sentence, status=400)
    return redirect("mapedit:import_file", item.pk)


@login_required
@require_POST
def write(request: HttpRequest, number: int) -> HttpResponse:
    """Put the file's changes into the change set."""
    item = _item(request, number)
    try:
        uploads.write(
            item=item,
            title=request.POST.get("title", ""),
            accept_valid="accept_valid" in request.POST,
            remove_missing="remove_missing" in request.POST,
        )
    except Refused as error:
        return _preview(request, item, problem=error.sentence, status=403 if isinstance(error, NotAllowed) else 409)
    item.refresh_from_db()
    if item.change_set_id:
        messages.success(request, _("已写入变更 #%(number)s，检查后可提交。") % {"number": item.change_set_id})
        return redirect("mapedit:editor", layer=item.layer_id, number=item.change_set_id)
    return redirect("mapedit:import_file", item.pk)


@login_required
@require_POST
def cancel(request: HttpRequest, number: int) -> HttpResponse:
    """Give the file up."""
    item = _item(request, number)
    try:
        uploads.cancel(item=item)
    except Refused as error:
        return _preview(request, item, problem=error.sentence, status=409)
    messages.info(request, _("已取消导入“%(name)s”，文件已删除，图层没有改变。") % {"name": item.name})
    return redirect("mapedit:import")


@login_required
@require_GET
def job(request: HttpRequest, number: int) -> JsonResponse:
    """How far the background work has come."""
    item = _item(request, number)
    held = item.job
    if held is None:
        return JsonResponse({"state": "done"})
    return JsonResponse(held.as_seen(_STAGES))


@login_required
@require_POST
def resume(request: HttpRequest, number: int) -> HttpResponse:
    """Go on with background work that was cut short."""
    item = _item(request, number)
    if item.job is not None and item.is_open:
        try:
            tracking.resume(number=item.job.pk)
        except tracking.NotResumable as error:
            return _preview(request, item, problem=str(error), status=409)
    return redirect("mapedit:import_file", item.pk)


@login_required
@require_GET
def shapes(request: HttpRequest, number: int) -> HttpResponse:
    """The file's features for the map, EPSG:4490: what differs first, a sample when there are many."""
    item = _item(request, number)
    table = keeping.kept_shapes(item.folder)
    if table is None:
        raise Http404
    kind, refused = table.column("kind").to_numpy(), table.column("refused").to_numpy()
    status = np.where(refused, "refused", np.array(["new", "changed", "unchanged"])[kind])
    order = np.lexsort((np.arange(len(kind)), np.where(refused, 0, np.where(kind == UNCHANGED, 2, 1))))
    rows = np.sort(order[_spread(order, kind, refused)])
    geometry = shapely.from_wkb(table.column("geometry").take(rows).to_numpy())
    names = table.column("names").take(rows).to_pylist()
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(drawn),
            "properties": {"name": name, "status": str(status[row])},
        }
        for drawn, name, row in zip(_drawn(geometry), names, rows, strict=True)
        if drawn
    ]
    districts = bulk.Districts().geometry.values()
    places = [json.loads(shapely.to_geojson(shapely.simplify(each, PLACE_DEGREES))) for each in districts]
    return JsonResponse(
        {
            "type": "FeatureCollection",
            "features": features,
            "total": len(kind),
            "shown": len(features),
            "places": places,
        }
    )


def _spread(order: np.ndarray, kind: np.ndarray, refused: np.ndarray) -> np.ndarray:
    """Positions in ``order`` to draw: all of them, or evenly spread ones of what differs and then of the rest."""
    if len(order) <= MAP_FEATURES:
        return np.arange(len(order))
    differing = int((refused | np.isin(kind, (NEW, CHANGED))).sum())
    span = differing if differing >= MAP_FEATURES else len(order)
    return np.unique(np.linspace(0, span - 1, MAP_FEATURES).astype(int))


def _drawn(geometry: np.ndarray) -> list[str | None]:
    """GeoJSON with a metre's detail, for a small map; None for what has no finite outline."""
    bounds = shapely.bounds(geometry)
    usable = np.isfinite(bounds).all(axis=1) & (np.abs(bounds) < 360).all(axis=1)
    simple = shapely.simplify(np.where(usable, geometry, None), 1e-5)  # type: ignore[call-overload]
    return [shapely.to_geojson(each) if each is not None and not each.is_empty else None for each in simple]


@login_required
@require_GET
def workbook(request: HttpRequest, number: int) -> HttpResponse:
    """Every finding as a spreadsheet."""
    item = _item(request, number)
    into = io.BytesIO()
    report.as_workbook(keeping.kept_findings(item.folder), into, title=_("%(name)s 检查结果") % {"name": item.name})
    response = HttpResponse(into.getvalue(), content_type=XLSX)
    name = _("检查结果_%(name)s.xlsx") % {"name": item.name}
    response.headers["Content-Disposition"] = exporting.disposition(name)
    return response
