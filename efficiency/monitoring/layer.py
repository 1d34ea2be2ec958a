"""Evaluations on the map: plots by class, score and change, and a plot's scores on its card."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F, FilteredRelation, Q, QuerySet, Subquery, Value
from django.db.models.functions import NullIf
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.accounts.scope import reader
from core.web import registry
from efficiency.evaluation.models import PlotScore, Run
from efficiency.schemes.models import Grade

READERS = ("planner", "reviewer", "monitor", "head", "parks", "auditor")
YEARS_SHOWN = 5

#: Okabe–Ito, as on the pages of evaluations; the letter says it as well.
COLOURS = {
    Grade.A: "#009e73",
    Grade.B: "#56b4e9",
    Grade.C: "#e69f00",
    Grade.D: "#d55e00",
    Grade.UNRATED: "#999999",
}


def years() -> list[int]:
    """Years with an evaluation that counts, newest first."""
    return sorted(set(Run.objects.by_weight().values_list("year", flat=True)), reverse=True)


def years_with_change() -> list[int]:
    """Those whose year before has an evaluation too."""
    known = years()
    return [year for year in known if year - 1 in known]


def _run(year: int | None) -> QuerySet[Any]:
    # Asked inside the statement, once a tile: a compiled tile statement outlives the run that counted when it was made.
    return Run.objects.by_weight().filter(year=year or 0).values("pk")[:1]


def _scored(name: str, year: int | None) -> dict[str, FilteredRelation]:
    return {name: FilteredRelation("plot__scores", condition=Q(plot__scores__run_id=Subquery(_run(year))))}


def _grade(rows: Any, year: int | None) -> Any:
    return rows.annotate(**_scored("scored", year)).annotate(theme=NullIf(F("scored__grade"), Value("")))


def _total(rows: Any, year: int | None) -> Any:
    return rows.annotate(**_scored("scored", year)).annotate(theme=F("scored__total"))


def _change(rows: Any, year: int | None) -> Any:
    before = None if year is None else year - 1
    return rows.annotate(**_scored("scored", year), **_scored("scored_before", before)).annotate(
        theme=F("scored__total") - F("scored_before__total")
    )


def of_plot(request: HttpRequest, plot: Any, on: dt.date) -> dict[str, Any] | None:
    """Scores of the last years up to ``on``, oldest first, with bar heights in percent of the best."""
    user = reader(request)
    runs = {run.pk: run for run in Run.objects.visible_to(user).of_years().values() if run.year <= on.year}
    scores = list(PlotScore.objects.visible_to(user).filter(plot_id=plot.plot_id, run__in=runs))
    scores.sort(key=lambda score: runs[score.run_id].year)
    scores = scores[-YEARS_SHOWN:]
    most = max((score.total or 0 for score in scores), default=0)
    return {
        "code": plot.plot_id,
        "scores": [
            {
                "score": score,
                "year": runs[score.run_id].year,
                "bar": round(28 * (score.total or 0) / most) if most > 0 else 0,
            }
            for score in scores
        ],
    }


def register() -> None:
    """Register themes and card section."""
    themes = (
        registry.Theme(
            "grade",
            _("亩均评价类别"),
            _grade,
            kind="class",
            categories=[registry.Category(grade.value, grade.label, colour) for grade, colour in COLOURS.items()],
            years=years,
            group=_("亩均评价"),
            watched=(Run,),
            roles=READERS,
            order=20,
        ),
        registry.Theme(
            "score",
            _("亩均评价得分"),
            _total,
            unit=_("分"),
            group=_("亩均评价"),
            years=years,
            watched=(Run,),
            roles=READERS,
            order=21,
        ),
        registry.Theme(
            "score_change",
            _("得分较上年变化"),
            _change,
            unit=_("分"),
            group=_("亩均评价"),
            diverging=True,
            years=years_with_change,
            watched=(Run,),
            roles=READERS,
            order=22,
        ),
    )
    for theme in themes:
        registry.register_theme("plots", theme)
    registry.register_card_section(
        registry.CardSection("scores", "plots", "monitoring/map/of_plot.html", of_plot, order=25, roles=READERS)
    )
