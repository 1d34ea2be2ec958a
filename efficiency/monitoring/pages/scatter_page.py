"""``/monitoring/scatter/``: tax against output per 亩, a brush, the table of what it holds, and the map beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.gis.db.models import Extent
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import sheets
from core.accounts.models import User
from core.policy.models import Jurisdiction
from efficiency.evaluation.models import Run
from efficiency.monitoring import scattering
from efficiency.monitoring.layer import COLOURS
from efficiency.monitoring.pages.reading import GRADES, Years, districts, divisions, one, staff, text, within
from efficiency.returns.layer import years as years_of_returns

UNCLASSED = "#616d7a"
"""Colour of those without a class."""


@dataclass(frozen=True)
class Asked:
    """The year and what narrows the chart; anything the address cannot mean is left out."""

    year: int
    district: str
    industry: str
    grade: str

    @classmethod
    def of(cls, query: QueryDict, years: list[int]) -> Asked:
        """Read it from a query string; the newest of ``years`` where it names none of them."""
        newest = years[0] if years else timezone.localdate().year - 1
        return cls(
            year=int(one(query, "year", map(str, years), str(newest))),
            district=text(query, "district", 6),
            industry=text(query, "industry", 5),
            grade=one(query, "grade", dict(GRADES)),
        )

    @property
    def narrowed(self) -> bool:
        """Whether less than everything is shown."""
        return any((self.district, self.industry, self.grade))

    def for_rows(self) -> scattering.Narrowed:
        """The same for those who read rows."""
        industries = frozenset(within(self.industry)) if self.industry else None
        return scattering.Narrowed(self.year, self.district, industries, self.grade)


def _asked(user: User, query: QueryDict) -> tuple[Asked, Run | None, list[int]]:
    runs = Run.objects.visible_to(user).of_years()
    years = sorted({*runs, *years_of_returns()}, reverse=True)
    # The newest year with a run, so that points have their colours, before a newer one with returns alone.
    first = next(iter(runs), None)
    asked = Asked.of(query, [first, *(year for year in years if year != first)] if first else years)
    return asked, runs.get(asked.year), years


@never_cache
@require_safe
@login_required
def scatter(request: HttpRequest) -> HttpResponse:
    """The page; its points come by :func:`points`."""
    user = staff(request)
    asked, run, years = _asked(user, request.GET)
    return render(
        request,
        "monitoring/scatter.html",
        {
            **Years(run, None, {}).context("scatter"),
            "asked": asked,
            "years": years,
            "sentence": _("%(year)s 年度企业亩均税收与亩均产值") % {"year": asked.year},
            "detail": _("框选图上的点，下方列出企业，地图标出宗地。") if years else "",
            "grades": GRADES,
            "districts": districts(user),
            "divisions": divisions(),
            "config": _config(user, request.GET, run),
        },
    )


@never_cache
@require_safe
@login_required
def points(request: HttpRequest) -> JsonResponse:
    """Everything the chart, the table and the map need, as compact columns."""
    user = staff(request)
    asked, run, _years = _asked(user, request.GET)
    return JsonResponse(
        scattering.columns(user, asked.for_rows(), run),
        json_dumps_params={"separators": (",", ":"), "ensure_ascii": False},
    )


@require_POST
@login_required
def export(request: HttpRequest) -> FileResponse:
    """The enterprises chosen (``ids``, comma-separated), or all that the filters leave, as a workbook."""
    user = staff(request)
    asked, run, _years = _asked(user, request.POST)
    given = request.POST.get("ids", "")
    chosen = (
        {int(each) for each in given.split(",") if each.isascii() and each.isdigit() and len(each) < 18}
        if given
        else None
    )
    columns = [
        (_("统一社会信用代码"), 22), (_("企业名称"), 40), (_("类别"), 8), (_("亩均税收（万元/亩）"), 20),
        (_("亩均产值（万元/亩）"), 20), (_("用地面积（亩）"), 16), (_("税收（万元）"), 16), (_("产值（万元）"), 16),
        (_("行业"), 28), (_("区"), 10),
    ]  # fmt: skip
    file = sheets.workbook(_("税收与产值"), columns, scattering.lines(user, asked.for_rows(), run, chosen))
    return sheets.response(file, _("亩均税收与产值-%(year)s") % {"year": asked.year})


def _config(user: User, query: QueryDict, run: Run | None) -> dict[str, Any]:
    """What the scripts stand on: addresses, tiles, colours and sentences."""
    home = Jurisdiction.objects.districts().order_by()
    if not user.sees_city:
        home = home.filter(code__in=user.place_codes)
    box = home.aggregate(box=Extent("geom"))["box"]
    return {
        "points": f"{reverse('monitoring:scatter_points')}?{query.urlencode()}",
        "result": reverse("evaluation:result", args=[run.pk, "USCC"]) if run else "",
        "plot": reverse("monitoring:plot", args=["CODE"]),
        "layers": [{"name": name, "tiles": f"/tiles/{name}/", "themes": []} for name in ("districts", "plots")],
        "home": list(box) if box else settings.LEAFLET_CONFIG["SPATIAL_EXTENT"],
        "grades": [
            *({"value": grade.value, "label": str(grade.label), "colour": colour} for grade, colour in COLOURS.items()),
            {"value": "", "label": _("未评级"), "colour": UNCLASSED},
        ],
        "texts": {
            "tax": _("亩均税收"), "output": _("亩均产值"), "unit": _("万元/亩"), "mu": _("亩"),
            "failed": _("数据未能载入：网络或服务器没有应答，请重试。"), "loading": _("正在载入"),
            "none": _("没有同时有税收、产值和用地的企业。换一个年度或地区，或清除筛选。"),
            "everything": _("共 {n} 家，未选择；列出亩均税收最低的 {shown} 家"),
            "everythingShort": _("共 {n} 家，未选择"),
            "chosen": _("已选 {n} 家，{plots} 宗"),
            "shown": _("已选 {n} 家，{plots} 宗；列出前 {shown} 家，导出含全部"),
            "dropped": _("{n} 家税收或产值不为正，对数坐标下不显示"), "pick": _("选择 {name}"),
            "zoomIn": _("放大"), "zoomOut": _("缩小"),
        },
    }  # fmt: skip
