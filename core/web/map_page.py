"""``/map/``: the page, and the names written on it."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.gis.db.models import Extent
from django.contrib.gis.db.models.functions import PointOnSurface
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from core.accounts.scope import reader
from core.policy.models import Jurisdiction
from core.web import map_basemap, registry
from core.web.figures import grouped
from core.web.map_request import answers_the_map, asked_date
from core.web.shell import has_demo_data, scope_label


def _themes(layer: registry.MapLayer, role: str) -> list[dict[str, Any]]:
    return [
        {
            "key": theme.key,
            "label": str(theme.label),
            "unit": str(theme.unit),
            "group": str(theme.group),
            "years": list(theme.years()) if theme.years else [],
        }
        for theme in registry.themes_for(layer.name, role)
    ]


def _layers(request: HttpRequest, on: Any) -> list[dict[str, Any]]:
    """Drawn layers of the reader's role with how many features each has in force."""
    return [
        {
            "name": layer.name,
            "title": str(layer.title),
            "visible": layer.visible,
            "gridBelow": layer.grid_below,
            "counted": grouped(Decimal(layer.queryset(request.user, on).count())),
            "measureWord": str(layer.measure_word),
            "themes": _themes(layer, reader(request).role),
            "tiles": f"/tiles/{layer.name}/",
        }
        for layer in registry.layers_for(reader(request).role)
        if layer.drawn
    ]


def _home_box(user: Any) -> list[float] | None:
    """West, south, east, north of the reader's districts; of the city for those without any."""
    districts = Jurisdiction.objects.districts().order_by()
    if user.place_codes and not user.sees_city:
        districts = districts.filter(code__in=user.place_codes)
    box = districts.aggregate(box=Extent("geom"))["box"]
    return list(box) if box else None


def _texts() -> dict[str, str]:
    """Sentences the map's scripts show."""
    return {
        "loadingTiles": _("正在载入图层"),
        "tilesFailed": _("部分图层未载入：服务器没有应答。已显示的内容仍可查看；移动地图会再次尝试。"),
        "offline": _("网络已断开。已载入的内容仍可查看，恢复连接后自动继续。"),
        "expired": _("登录已过期，请刷新页面重新登录。"),
        "cardFailed": _("未能载入：网络或服务器没有应答。所选要素仍保留，请重试。"),
        "retry": _("重试"),
        "nothingHere": _("此处没有已显示图层的要素。"),
        "noData": _("无数据"),
        "grid": _("已按格网汇总，放大后显示单宗"),
        "gridHint": _("{n} 宗，合计 {area} 亩"),
        "mean": _("加权平均"),
        "commonest": _("最多"),
        "measureHint": _(
            "在地图上依次点选，键盘按 Enter 选取中心点；双击或在原处再按 Enter 结束，Backspace 撤销一点，Esc 退出。"
        ),
        "measureMore": _("继续点选"),
        "length": _("长度"),
        "area": _("面积"),
        "perimeter": _("周长"),
        "measureFailed": _("量算未完成：网络或服务器没有应答，已选的点仍保留。"),
        "listFailed": _("列表未能载入，请重试。"),
        "allScope": _("全部"),
        "basemapSource": _("底图：国家地理信息公共服务平台“天地图”"),
        "zoomIn": _("放大"),
        "zoomOut": _("缩小"),
        "asOf": _("截至"),
        "linkCopied": _("链接已复制。"),
        "linkFailed": _("浏览器不允许复制；请从地址栏复制链接。"),
        "count": _("{n} 宗"),
    }


@require_safe
@login_required
@ensure_csrf_cookie
def page(request: HttpRequest) -> HttpResponse:
    """The map of everything the reader may see. View, layers, colours and selection live in its address."""
    today = timezone.localdate()
    layers = _layers(request, today)
    districts = list(Jurisdiction.objects.districts().values("code", "name"))
    basemaps = {kind: str(map_basemap.KINDS[kind]) for kind in map_basemap.GROUNDS} if map_basemap.enabled() else {}
    tiled = {
        "layers": layers,
        "today": today.isoformat(),
        "home": _home_box(request.user),
        "city": settings.LEAFLET_CONFIG["SPATIAL_EXTENT"],
        "basemaps": basemaps,
        "demo": has_demo_data(),
        "urls": {
            "map": reverse("web:map"),
            "card": "/map/card/",
            "features": "/map/features/",
            "legend": "/map/legend/",
            "at": reverse("web:map_at"),
            "labels": reverse("web:map_labels"),
            "measure": reverse("web:map_measure"),
            "basemap": "/basemap/",
        },
        "texts": _texts(),
    }
    return render(
        request,
        "web/map.html",
        {
            "config": tiled,
            "layers": layers,
            "themed": next((layer for layer in layers if layer["themes"]), None),
            "districts": districts,
            "today": today,
            "scope": scope_label(request.user),
            "basemaps": basemaps,
        },
    )


@require_safe
@answers_the_map
def labels(request: HttpRequest) -> HttpResponse:
    """``/map/labels/?on=``: name and inner point of every feature of the layers that carry names."""
    on = asked_date(request)
    written = []
    for layer in registry.layers_for(reader(request).role):
        if not (layer.drawn and layer.labelled):
            continue
        rows = layer.queryset(request.user, on).values_list(F(layer.code), F(str(layer.label)), PointOnSurface("geom"))
        written += [
            {"layer": layer.name, "code": code, "label": label, "lon": point.x, "lat": point.y}
            for code, label, point in rows
        ]
    response = JsonResponse({"labels": written})
    response["Cache-Control"] = "private, no-store"
    return response
