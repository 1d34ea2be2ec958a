"""Per-亩 figures on the map: a way to colour the plots by each, and five years on a plot's card."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.cache import cache
from django.db.models import F, FilteredRelation, FloatField, Q
from django.db.models.functions import Cast, NullIf
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.web import registry
from efficiency.returns.figures import CNY_PER_WAN
from efficiency.returns.models import FiguresDue, PlotFigure

#: Enterprises are left out: a plot's figure mixes the returns of several firms.
READERS = ("planner", "reviewer", "monitor", "head", "parks", "auditor")
YEARS_SHOWN = 5
_YEARS_SECONDS = 300


def years() -> list[int]:
    """Years with figures, newest first. Kept for five minutes: they change once a year."""
    known = cache.get("returns.years")
    if not known:
        known = list(PlotFigure.objects.order_by("-year").values_list("year", flat=True).distinct())
        if known:
            cache.set("returns.years", known, _YEARS_SECONDS)
    return known


def _joined(rows: Any, year: int | None) -> Any:
    """Join the figures of ``year``.

    A join instead of a subquery a row, so that a tile of a million plots hashes it once.
    The figure's place is the plot's own, which the layer's QuerySet has already filtered.
    """
    return rows.annotate(figure=FilteredRelation("plot__figures", condition=Q(plot__figures__year=year)))


def _per_mu(column: str, scale: float) -> Any:
    """Add ``theme``: a figure of ``year`` per 亩, ``scale`` units of its column being one."""

    def annotate(rows: Any, year: int | None) -> Any:
        area_mu = F("figure__area_m2") * 3 / 2000.0
        return _joined(rows, year).annotate(theme=Cast(F(f"figure__{column}"), FloatField()) / area_mu / scale)

    return annotate


def _ratio(numerator: str, denominator: str, scale: float) -> Any:
    """Add ``theme``: one figure of the plot by another; nothing where the other is 0 or not known."""

    def annotate(rows: Any, year: int | None) -> Any:
        above = Cast(F(f"figure__{numerator}"), FloatField())
        below = NullIf(Cast(F(f"figure__{denominator}"), FloatField()), 0.0)
        return _joined(rows, year).annotate(theme=above / below / scale)

    return annotate


PER_MU = (
    ("tax_per_mu", _("亩均税收"), "tax_cny", CNY_PER_WAN, _("万元/亩")),
    ("output_per_mu", _("亩均产值"), "output_cny", CNY_PER_WAN, _("万元/亩")),
    ("investment_per_mu", _("亩均投资"), "investment_cny", CNY_PER_WAN, _("万元/亩")),
    ("revenue_per_mu", _("亩均营业收入"), "revenue_cny", CNY_PER_WAN, _("万元/亩")),
    ("added_value_per_mu", _("亩均增加值"), "added_value_cny", CNY_PER_WAN, _("万元/亩")),
    ("rd_per_mu", _("亩均研发费用"), "rd_cny", CNY_PER_WAN, _("万元/亩")),
    ("energy_per_mu", _("亩均能耗"), "energy_tce", 1.0, _("吨标准煤/亩")),
    ("electricity_per_mu", _("亩均用电"), "electricity_kwh", 10_000.0, _("万 kWh/亩")),
    ("water_per_mu", _("亩均用水"), "water_m3", 1.0, _("m³/亩")),
    ("emission_per_mu", _("亩均排放当量"), "emission_kg", 1.0, _("kg/亩")),
    ("staff_per_mu", _("亩均用工"), "staff", 1.0, _("人/亩")),
)
"""Key, name, column of the plot's figures, how many of its units make one shown, and that unit."""

RATIOS = (
    ("added_value_per_energy", _("单位能耗增加值"), "added_value_cny", "energy_tce", CNY_PER_WAN, _("万元/吨标准煤")),
    ("added_value_per_emission", _("单位排放增加值"), "added_value_cny", "emission_kg", 10.0, _("万元/吨")),
    ("rd_of_revenue", _("研发费用占营业收入"), "rd_cny", "revenue_cny", 0.01, _("%")),
    ("productivity", _("全员劳动生产率"), "added_value_cny", "staff", CNY_PER_WAN, _("万元/人")),
)
"""Key, name, the figure above and the one below, how many make one shown, and its unit."""


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
    kinds = [(key, label, _per_mu(column, scale), unit, 10) for key, label, column, scale, unit in PER_MU]
    # Behind the classes of evaluations, which begin at 20, and before the attributes of the plot itself.
    kinds += [(key, label, _ratio(above, below, scale), unit, 30) for key, label, above, below, scale, unit in RATIOS]
    for key, label, annotate, unit, order in kinds:
        registry.register_theme(
            "plots",
            registry.Theme(
                key,
                label,
                annotate,
                unit=unit,
                group=_("亩均指标") if order == 10 else _("效益指标"),
                years=years,
                watched=(PlotFigure,),
                roles=READERS,
                order=order,
            ),
        )
    registry.register_card_section(
        registry.CardSection("returns", "plots", "returns/map/of_plot.html", of_plot, order=20, roles=READERS)
    )
