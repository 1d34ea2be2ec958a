"""Per-亩 figures on the map: three ways to colour the plots, and five years on a plot's card."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.cache import cache
from django.db.models import F, FilteredRelation, FloatField, Q
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.web import registry
from efficiency.returns.models import FiguresDue, PlotFigure

#: Enterprises are left out: a plot's figure mixes the returns of several firms.
READERS = ("planner", "reviewer", "monitor", "head", "parks", "auditor")
YEARS_SHOWN = 5
CNY_PER_WAN = 10_000.0
_YEARS_SECONDS = 300


def years() -> list[int]:
    """Years with figures, newest first. Kept for five minutes: they change once a year."""
    known = cache.get("returns.years")
    if not known:
        known = list(PlotFigure.objects.order_by("-year").values_list("year", flat=True).distinct())
        if known:
            cache.set("returns.years", known, _YEARS_SECONDS)
    return known


def _per_mu(column: str) -> Any:
    """Add ``theme``: the figure of ``year`` in 万元/亩.

    A join instead of a subquery a row, so that a tile of a million plots hashes it once.
    The figure's place is the plot's own, which the layer's QuerySet has already filtered.
    """

    def annotate(rows: Any, year: int | None) -> Any:
        return rows.annotate(figure=FilteredRelation("plot__figures", condition=Q(plot__figures__year=year))).annotate(
            theme=Cast(F(f"figure__{column}") / CNY_PER_WAN, FloatField())
        )

    return annotate


def of_plot(request: HttpRequest, plot: Any, on: dt.date) -> dict[str, Any] | None:
    """Per-亩 figures of the last five years up to ``on``, oldest first, with bar heights in percent.

    ``due`` are years whose figures do not show all returns yet.
    """
    figures = list(
        PlotFigure.objects.visible_to(request.user)
        .filter(plot_id=plot.plot_id, year__lte=on.year)
        .order_by("-year")[:YEARS_SHOWN]
    )[::-1]
    most = max((figure.tax_cny_per_mu or 0 for figure in figures), default=0)
    for figure in figures:
        share = (figure.tax_cny_per_mu or 0) / most if most > 0 else 0
        figure.bar = max(2, round(28 * share)) if share > 0 else 1
    due = FiguresDue.objects.visible_to(request.user).filter(year__lte=on.year).order_by("-year")
    return {"figures": figures, "due": list(due.values_list("year", flat=True)[:YEARS_SHOWN])}


def register() -> None:
    """Register themes and card section."""
    for order, (key, label, column) in enumerate(
        (
            ("tax_per_mu", _("亩均税收"), "tax_cny_per_mu"),
            ("output_per_mu", _("亩均产值"), "output_cny_per_mu"),
            ("investment_per_mu", _("亩均投资"), "investment_cny_per_mu"),
        )
    ):
        registry.register_theme(
            "plots",
            registry.Theme(
                key,
                label,
                _per_mu(column),
                unit=_("万元/亩"),
                years=years,
                watched=(PlotFigure,),
                roles=READERS,
                order=10 + order,
            ),
        )
    registry.register_card_section(
        registry.CardSection("returns", "plots", "returns/map/of_plot.html", of_plot, order=20, roles=READERS)
    )
