"""``/monitoring/industries/`` and ``/monitoring/zones/``: who yields how much; a page, and a workbook."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import sheets
from core.accounts.models import User
from efficiency.evaluation.models import GroupKind
from efficiency.monitoring.ladders import Rung, rungs, steps_below, way_to
from efficiency.monitoring.pages.reading import Years, staff, text

KINDS = {
    "industries": (GroupKind.INDUSTRY, gettext_lazy("行业")),
    "zones": (GroupKind.ZONE, gettext_lazy("集聚区")),
}


@never_cache
@require_safe
@login_required
def ladder(request: HttpRequest, which: str) -> HttpResponse:
    """Groups of a kind from the best tax per 亩 down."""
    user = staff(request)
    years = Years.asked(user, request.GET)
    way = _way(request, which)
    found = _asked(user, years, which, way[-1].code if way else "")
    kind, label = KINDS[which]
    return render(
        request,
        "monitoring/ladder.html",
        {
            **years.context(which),
            "which": which,
            "export_url": reverse(f"monitoring:{which}_export"),
            "kind": kind.value,
            "kind_label": label,
            "rungs": found,
            "way": way,
            "under": way[-1].code if way else "",
            "sentence": _sentence(found, years, str(label)),
        },
    )


@require_safe
@login_required
def export(request: HttpRequest, which: str) -> FileResponse:
    """The same as a workbook."""
    user = staff(request)
    years = Years.asked(user, request.GET)
    way = _way(request, which)
    found = _asked(user, years, which, way[-1].code if way else "")
    label = str(KINDS[which][1])
    columns = [
        (label, 32), (_("代码"), 14), (_("企业（家）"), 10), (_("参评（家）"), 10), (_("用地（亩）"), 14),
        (_("亩均税收（万元/亩）"), 20), (_("亩均产值（万元/亩）"), 20), (_("亩均税收下四分位"), 18),
        (_("亩均税收中位数"), 18), (_("亩均税收上四分位"), 18), (_("平均得分"), 12), ("A", 8), ("B", 8), ("C", 8),
        ("D", 8), ("N", 8), (_("亩均税收较上年（%）"), 20), (_("平均得分较上年"), 16),
    ]  # fmt: skip
    file = sheets.workbook(label, columns, (_cells(rung) for rung in found))
    year = years.now.year if years.now else ""
    return sheets.response(file, _("亩均效益-%(label)s-%(year)s") % {"label": label, "year": year})


def _cells(rung: Rung) -> list[Any]:
    row = rung.row
    return [
        rung.name, rung.code, row.enterprises, row.rated, row.land_m2 * 3 / 2000, rung.tax_per_mu, rung.output_per_mu,
        *(rung.quartiles or (None, None, None)), row.mean_total,
        *(row.grades.get(grade, 0) for grade in "ABCDN"), rung.tax_change, rung.mean_change,
    ]  # fmt: skip


def _way(request: HttpRequest, which: str) -> list[Any]:
    under = text(request.GET, "under", 5) if which == "industries" else ""
    way = way_to(under) if under else []
    if under and not way:
        raise Http404(_("没有这个行业代码。"))
    return way


def _asked(user: User, years: Years, which: str, under: str) -> list[Rung]:
    if years.now is None:
        return []
    kind = KINDS[which][0]
    codes = steps_below(under) if which == "industries" else None
    return rungs(user, years.now, years.before, kind, codes)


def _sentence(found: list[Rung], years: Years, label: str) -> str:
    if years.now is None:
        return _("还没有评价")
    ranked = [rung for rung in found if rung.tax_per_mu is not None]
    if not ranked:
        return _("%(year)s 年度没有可比的%(label)s") % {"year": years.now.year, "label": label}
    best, worst = ranked[0], ranked[-1]
    figures = {
        "year": years.now.year, "count": len(found), "label": label, "best": best.name,
        "most": f"{best.tax_per_mu:,.2f}", "worst": worst.name, "least": f"{worst.tax_per_mu:,.2f}",
    }  # fmt: skip
    if best is worst:
        return _("%(year)s 年度%(best)s亩均税收 %(most)s 万元") % figures
    return (
        _("%(year)s 年度 %(count)s 个%(label)s中，亩均税收最高的是%(best)s（%(most)s 万元）") % figures
        + _("，最低的是%(worst)s（%(least)s 万元）") % figures
    )
