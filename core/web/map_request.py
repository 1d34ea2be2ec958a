"""What a request to the map asks for, read and refused in one place."""

import datetime as dt
import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.web import registry

BBox = tuple[float, float, float, float]


class MapRequestError(Exception):
    """The request cannot be answered: ``status`` 400, 401, 403 or 404 and one sentence for the reader."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def sentence(status: int, text: str) -> HttpResponse:
    """A plain-text answer of one sentence; the map's requests never receive a page."""
    response = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "private, no-store"
    return response


def answers_the_map(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """View decorator: 401 for strangers, and a sentence for every :class:`MapRequestError`."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return sentence(401, _("登录已过期，请重新登录。"))
        try:
            return view(request, *args, **kwargs)
        except MapRequestError as error:
            return sentence(error.status, error.sentence)

    return guarded


def asked_layer(user: Any, name: str) -> registry.MapLayer:
    """The layer called ``name``, if the role of ``user`` has it."""
    try:
        layer = registry.layer(name)
    except KeyError as error:
        raise MapRequestError(404, _("没有名为“%(name)s”的图层。") % {"name": name[:40]}) from error
    if layer.roles and user.role not in layer.roles:
        raise MapRequestError(
            403, _("本账号的角色不查看“%(title)s”图层；因工作需要的，由系统管理员调整。") % {"title": layer.title}
        )
    return layer


def asked_drawn_layer(user: Any, name: str) -> registry.MapLayer:
    """The same, for requests about geometry: 404 for a layer that only has cards."""
    layer = asked_layer(user, name)
    if not layer.drawn:
        raise MapRequestError(404, _("“%(title)s”没有图形。") % {"title": layer.title})
    return layer


def asked_date(request: HttpRequest) -> dt.date:
    """The date of ``?on=``, today in Foshan when absent."""
    text = request.GET.get("on", "")
    if not text:
        return timezone.localdate()
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise MapRequestError(400, _("日期“%(text)s”无法识别，应写作 2026-03-31。") % {"text": text[:20]}) from error
    if not 1990 <= day.year <= 2100:
        raise MapRequestError(400, _("日期应在 1990 年至 2100 年之间。"))
    return day


def asked_theme(request: Any, layer: registry.MapLayer) -> tuple[registry.Theme | None, int | None]:
    """The theme of ``?by=`` and the year of ``?year=`` (the newest with figures when absent)."""
    key = request.GET.get("by", "")
    if not key:
        return None, None
    for theme in registry.themes_for(layer.name, request.user.role):
        if theme.key == key:
            return theme, _year(request, theme)
    raise MapRequestError(
        400, _("图层“%(title)s”没有名为“%(key)s”的着色指标。") % {"title": layer.title, "key": key[:40]}
    )


def _year(request: HttpRequest, theme: registry.Theme) -> int | None:
    if theme.years is None:
        return None
    text = request.GET.get("year", "")
    if not text:
        years = theme.years()
        return years[0] if years else timezone.localdate().year - 1
    if not (text.isascii() and text.isdigit() and 2000 <= int(text[:5]) <= 2100):
        raise MapRequestError(400, _("年度“%(text)s”无法识别，应为 2000 至 2100 之间的年份。") % {"text": text[:20]})
    return int(text)


def asked_bbox(text: str) -> BBox | None:
    """``west,south,east,north`` in degrees (EPSG:4490); None when empty."""
    if not text:
        return None
    parts = text.split(",")
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError as error:
        raise MapRequestError(400, _("范围应为四个数：西、南、东、北，以逗号分隔。")) from error
    if not all(math.isfinite(number) for number in (west, south, east, north)):
        raise MapRequestError(400, _("范围的四个数必须是有限的经纬度。"))
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise MapRequestError(400, _("范围应满足西小于东、南小于北，且在经纬度界限之内。"))
    return west, south, east, north


def asked_point(request: HttpRequest) -> tuple[float, float]:
    """``?lon=&lat=`` in degrees."""
    try:
        lon, lat = float(request.GET.get("lon", "")), float(request.GET.get("lat", ""))
    except ValueError as error:
        raise MapRequestError(400, _("位置应给出经度 lon 和纬度 lat。")) from error
    if not (math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90):
        raise MapRequestError(400, _("位置超出经纬度界限。"))
    return lon, lat
