"""``/monitoring/plots/<code>/``: one plot's life on a page, as PDF and as a workbook."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import pdfs, sheets
from core.accounts.scope import reader
from core.web.map_links import feature_url
from efficiency.evaluation.pages import standing
from efficiency.monitoring import perms
from efficiency.monitoring.ladders import CNY_PER_WAN
from efficiency.monitoring.life import Life, life_of
from efficiency.monitoring.timeline import said_of, timeline
from landuse.plots.models import Ownership


def _life(request: HttpRequest, code: str) -> Life:
    user = reader(request)
    # An enterprise may see the plot's outline elsewhere, but not what others on it yield: there is no such page for it.
    found = life_of(user, code.upper()) if perms.reads(user) else None
    if found is None:
        raise Http404(_("没有这宗地，或本账号无权查看。"))
    return found


def _context(life: Life) -> dict[str, Any]:
    return {
        "life": life,
        "plot": life.plot,
        "ownership": Ownership(life.plot.ownership).label,
        "sentence": _sentence(life),
        "events": timeline(life),
        "agreements": [
            {"agreement": held.agreement, "checks": [{"check": each, "said": said_of(each)} for each in held.checks]}
            for held in life.agreements
        ],
    }


def _sentence(life: Life) -> str:
    code = life.plot.plot_id
    newest = next((year for year in life.years if year.score is not None), None)
    if newest is None or newest.score is None:
        return _("%(code)s：%(count)s 家企业使用，还没有评价结果") % {"code": code, "count": len(life.in_use)}
    facts = {
        "code": code, "count": len(life.in_use), "year": newest.year,
        "grade": newest.score.get_grade_display() or _("未评级"),
        "total": "" if newest.score.total is None else _("，%(total)s 分") % {"total": f"{newest.score.total:.2f}"},
    }  # fmt: skip
    return _("%(code)s：%(count)s 家企业使用，%(year)s 年度%(grade)s%(total)s") % facts


@never_cache
@require_safe
@login_required
def life(request: HttpRequest, code: str) -> HttpResponse:
    """The page."""
    found = _life(request, code)
    url = feature_url("plots", found.plot.plot_id)
    run = next((year.run for year in found.years if year.run), None)
    context = {**_context(found), "map_url": url, "standing": standing.standing_of(run) if run else ""}
    return render(request, "monitoring/life.html", context)


@require_safe
@login_required
def life_pdf(request: HttpRequest, code: str) -> HttpResponse:
    """The same on paper, in Chinese whoever asks."""
    found = _life(request, code)
    context = {**_context(found), "today": timezone.localdate(), "by": reader(request)}
    content = pdfs.drawn("monitoring/life_paper.html", "monitoring/life_paper.css", context)
    return pdfs.response(content, f"plot-{found.plot.plot_id}")


def in_wan(amount_cny: float | None) -> float | None:
    """元 as 万元."""
    return None if amount_cny is None else amount_cny / CNY_PER_WAN


@require_safe
@login_required
def life_sheet(request: HttpRequest, code: str) -> FileResponse:
    """The same as a workbook: the years, then what happened."""
    found = _life(request, code)
    columns = [
        (_("日期或年度"), 14), (_("类别"), 10), (_("事项"), 50), (_("说明"), 60), (_("企业"), 40),
        (_("亩均税收（万元/亩）"), 20), (_("亩均产值（万元/亩）"), 20), (_("亩均投资（万元/亩）"), 20), (_("得分"), 10),
        (_("等级"), 8),
    ]  # fmt: skip
    years: list[list[Any]] = [
        [
            year.year, _("年度"), _("%(year)s 年度") % {"year": year.year}, "", "",
            *(in_wan(amount) for amount in (year.tax, year.output, year.investment)),
            year.score.total if year.score else None, year.score.grade if year.score else "",
        ]
        for year in found.years
    ]  # fmt: skip
    events: list[list[Any]] = [
        [each.on, each.kind, each.title, each.text, each.firm, None, None, None, None, ""] for each in timeline(found)
    ]
    file = sheets.workbook(found.plot.plot_id, columns, [*years, *events])
    return sheets.response(file, _("宗地-%(code)s") % {"code": found.plot.plot_id})
