"""Results to take away: a workbook of what the ranking shows, and the list to publish as PDF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import pdfs, sheets
from core.accounts.models import User
from efficiency.evaluation.models import GroupKind, Run
from efficiency.evaluation.pages import asked as asking
from efficiency.evaluation.pages import standing
from efficiency.evaluation.pages.run_pages import run_of, staff
from efficiency.evaluation.working import indicators_of

MOST_ON_PAPER = 5_000
"""More lines than these make a PDF nobody reads; the page says to narrow the list."""


@never_cache
@require_safe
@login_required
def export(request: HttpRequest, pk: int) -> FileResponse:
    """What the ranking shows, all pages of it, with every indicator's value and points."""
    user = staff(request)
    run = run_of(user, pk)
    asked = asking.Asked.of(request.GET)
    file = sheets.workbook(_("评价结果"), _columns(run), _lines(user, run, asked))
    return sheets.response(file, _("亩均评价-%(year)s-%(number)s") % {"year": run.year, "number": run.number})


def _columns(run: Run) -> list[tuple[Any, int]]:
    # Cohorts have indicators of their own; a column is one indicator of one cohort.
    indicators = [
        column
        for order, names in indicators_of(run).items()
        for name, unit in names
        for column in (
            (_("%(name)s（%(unit)s）") % {"name": name, "unit": unit}, 18),
            (_("%(name)s得分") % {"name": name}, 14),
        )
        if order
    ]
    return [
        (_("本组名次"), 10), (_("统一社会信用代码"), 22), (_("企业名称"), 40), (_("评价组"), 16), (_("类别"), 8),
        (_("未评级原因"), 18), (_("总分"), 12), (_("行业"), 28), (_("行业内名次"), 12), (_("行业内家数"), 12),
        (_("区"), 10), (_("镇街"), 14), (_("集聚区"), 18), (_("用地面积（亩）"), 16), *indicators,
    ]  # fmt: skip


def _lines(user: User, run: Run, asked: asking.Asked) -> Iterator[list[Any]]:
    rows = asking.rows(user, run, asked)
    industries = standing.names(GroupKind.INDUSTRY, set(rows.order_by().values_list("industry_code", flat=True)))
    towns = set(rows.order_by().values_list("town_code", flat=True))
    places = standing.names("town", towns | set(rows.order_by().values_list("district_code", flat=True)))
    zones = standing.names(GroupKind.ZONE, set(rows.order_by().values_list("zone_code", flat=True)))
    indicators = indicators_of(run)
    cohorts = {cohort.order: cohort.name for cohort in run.version.cohorts.all()}
    before = {}
    at = 0
    for order in sorted(indicators):
        before[order] = at
        at += 2 * len(indicators[order])
    for row in rows.iterator(chunk_size=2000):
        cells: list[Any] = [None] * at
        if row.cohort:
            for index in range(len(indicators[row.cohort])):
                for offset, figures in enumerate((row.values, row.points)):
                    figure = figures[index] if index < len(figures) else None
                    # NaN stands for "not known"; a workbook has no such number.
                    cells[before[row.cohort] + 2 * index + offset] = figure if figure == figure else None
        yield [
            row.rank, row.enterprise.uscc, row.enterprise.name, cohorts.get(row.cohort, ""), row.grade,
            str(row.get_why_display()) if row.why else "", row.total,
            industries.get(row.industry_code, row.industry_code), row.industry_rank, row.industry_count,
            places.get(row.district_code, ""), places.get(row.town_code, ""), zones.get(row.zone_code, ""),
            round(row.land_m2 * 3 / 2000, 4), *cells,
        ]  # fmt: skip


@never_cache
@require_safe
@login_required
def list_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The list of enterprises by class as it is put up: number, name, class; in Chinese whoever asks."""
    user = staff(request)
    run = run_of(user, pk)
    asked = asking.Asked.of(request.GET)
    rows = asking.rows(user, run, asked).exclude(grade="")
    count = rows.count()
    context = {
        "run": run,
        "rows": list(rows[:MOST_ON_PAPER]) if count <= MOST_ON_PAPER else [],
        "count": count,
        "most": MOST_ON_PAPER,
        "counts": [(grade.label, n) for grade, n in _by_grade(rows)],
        "standing": standing.standing_of(run),
        "draft": run.state not in ("objection", "final"),
    }
    content = pdfs.drawn("evaluation/list.html", "evaluation/list.css", context)
    return pdfs.response(content, f"evaluation-{run.year}-{run.number}")


def _by_grade(rows: Any) -> list[tuple[Any, int]]:
    counts = standing.counts_of(rows)
    return [(grade, counts[grade.value]) for grade in standing.GRADES if counts.get(grade.value)]
