"""An application as people read it: its subject, its facts in lines, before and after in tables and as blocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.gis.geos import Polygon
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.scope import reader
from core.casework.kinds import Subject
from core.casework.models import Case
from core.casework.states import State
from core.web.figures import area_text, grouped, round_honestly
from core.web.map_links import feature_url
from landuse.applications import asked, rules
from landuse.applications.figures import DENSITY, GREEN, HEIGHT, RATIO, Range, plain
from landuse.applications.floors import Schedule
from landuse.applications.functions import ANCILLARY
from landuse.applications.massing import Conditions, massing
from landuse.applications.models import PlotRatioApplication
from landuse.plots.models import Plot, PlotVersion, UseCode

MOST_NEIGHBOURS = 40
AROUND = 0.6
"""Neighbours are drawn as far around the plot as this share of its size."""


def subject(case: Case) -> Subject | None:
    """The plot, once one on record is chosen."""
    given = asked.Asked.of(case.data)
    if not Plot.objects.filter(pk=given.plot).exists():
        return None
    version = asked.version_on(case, timezone.localdate())
    named = (version.location if version else "") or given.plot
    title = _("容积率调整：%(plot)s") % {"plot": named}
    if version is not None and given.plot_ratio is not None:
        title += f" {plain(version.plot_ratio_planned)} → {plain(given.plot_ratio)}"
    return Subject(district=given.plot[:6], codes=(given.plot,), title=title[:160])


@dataclass(frozen=True)
class View:
    """A case with everything its pages tell of it: what is asked, for which version, and its record if submitted."""

    case: Case
    given: asked.Asked
    version: PlotVersion | None
    application: PlotRatioApplication | None

    @classmethod
    def of(cls, case: Case, on: dt.date) -> View:
        """Read a case."""
        application = None if case.is_editable else asked.recorded(case)
        return cls(case, asked.Asked.of(case.data), asked.version_on(case, on), application)

    @property
    def before(self) -> Conditions:
        """What holds before."""
        now = self.version
        if now is None:
            return Conditions(None, None, None, None)
        return Conditions(now.plot_ratio_planned, now.density_planned, now.green_ratio_planned, now.height_limit_m)

    @property
    def after(self) -> Conditions:
        """What is asked for."""
        given = self.given
        return Conditions(given.plot_ratio, given.density, given.green_ratio, given.height_limit_m)

    @property
    def use_before(self) -> str:
        """The land use before, in words."""
        return str(UseCode(self.version.use_code).label) if self.version else "—"

    @property
    def use_after(self) -> str:
        """The land use afterwards, in words."""
        return str(UseCode(self.given.use_after).label) if self.given.use_after else self.use_before


def facts(case: Case) -> Sequence[tuple[Any, Any, Any]]:
    """The lines (label, value, note) of a case's summary."""
    view = View.of(case, timezone.localdate())
    lines = [(_("宗地"), view.given.plot or "—", view.version.location if view.version else "")]
    if view.version is not None:
        area = area_text(view.version.area_m2)
        lines.append((_("椭球面积"), f"{area.mu} {_('亩')}", f"{area.m2} m²"))
    lines += [(label, f"{before} → {after} {unit}".strip(), "") for label, unit, before, after in _pairs(view)]
    same = view.use_after == view.use_before
    lines.append(
        (_("土地用途"), view.use_before if same else f"{view.use_before} → {view.use_after}", _("不变") if same else "")
    )
    floors = view.given.floors
    lines.append(
        (
            _("建筑面积"),
            f"{area_text(floors.before).m2} → {area_text(floors.after).m2} m²",
            _("其中配套 %(share)s %%") % {"share": _percent(floors.share_after(ANCILLARY))},
        )
    )
    if view.application is not None:
        lines.append((_("依据的成员资格"), view.application.membership.programme.name, ""))
        lines.append((_("土地价款"), view.application.get_premium_route_display(), ""))
        if view.application.publication is not None:
            lines.append((_("规划条件生效"), view.application.publication.effective_on.isoformat(), ""))
    return [*lines, (_("项目说明"), view.given.reason or "—", "")]


def _pairs(view: View) -> list[tuple[str, str, str, str]]:
    """(label, unit, before, after) of the four limits."""
    limits: tuple[tuple[Range, Decimal | None, Decimal | None], ...] = (
        (RATIO, view.before.plot_ratio, view.after.plot_ratio),
        (DENSITY, view.before.density, view.after.density),
        (GREEN, view.before.green_ratio, view.after.green_ratio),
        (HEIGHT, view.before.height_limit_m, view.after.height_limit_m),
    )
    return [(str(held.label), str(held.unit), plain(before), plain(after)) for held, before, after in limits]


def _percent(share: Decimal) -> str:
    return grouped(round_honestly(share))


@dataclass(frozen=True)
class Line:
    """A line of a table with a figure before and after."""

    label: str
    before: str
    after: str
    unit: str = ""
    note: str = ""


def detail(request: HttpRequest, case: Case) -> Mapping[str, Any]:
    """What the case's page shows below its facts: limits, floor schedule, blocks with their table, links."""
    today = timezone.localdate()
    view = View.of(case, today)
    storey = rules.in_force(rules.STOREY_HEIGHT, case.district_id, today)
    height = storey.value if storey is not None and storey.value else None
    drawn = None
    if view.version is not None and height is not None:
        drawn = massing(view.version, view.before, view.after, height, _neighbours(request, view.version, today))
    publication = view.application.publication if view.application else None
    plot = view.version.plot_id if view.version else ""
    return {
        "application": view.application,
        "plot_version": view.version,
        "limits": [Line(label, before, after, unit) for label, unit, before, after in _pairs(view)],
        "floors": _floor_lines(view.given.floors),
        "floor_sums": _floor_sums(view.given.floors),
        "massing": drawn,
        "massing_lines": _massing_lines(view, view.version, height) if drawn and view.version and height else [],
        "storey": storey,
        "too_high": bool(height is not None and view.after.exceeds_limit(height)),
        "map_url": feature_url("plots", plot) if plot else "",
        "history_url": _history(request, plot),
        "publication": publication,
    }


def letter(case: Case) -> Mapping[str, Any]:
    """What the decision letter tells of the case: limits and floor area before and after, and the land premium."""
    view = View.of(case, timezone.localdate())
    application = view.application
    parameter = application.premium_parameter if application else None
    same = view.use_after == view.use_before
    decided = timezone.localdate(case.decided_at) if case.decided_at else timezone.localdate()
    division = rules.in_force(rules.DIVISION, case.district_id, decided)
    return {
        "letter_plot": view.version,
        "letter_area": area_text(view.version.area_m2).m2 if view.version else "—",
        "letter_use": view.use_before if same else f"{view.use_before} → {view.use_after}",
        "limits": [Line(label, before, after, unit) for label, unit, before, after in _pairs(view)],
        "floors": _floor_lines(view.given.floors),
        "floor_sums": _floor_sums(view.given.floors),
        "granted": case.state in (State.NOTICE, State.EFFECTIVE),
        "premium": application.get_premium_route_display() if application else "",
        "division": division.text if division else "",
        "premium_basis": f"《{parameter.document.title}》{parameter.article}" if parameter else "",
    }


def _neighbours(request: HttpRequest, version: PlotVersion, on: dt.date) -> list[Any]:
    """Outlines around the plot that the reader may see, the plot's own left out."""
    west, south, east, north = version.geom.extent
    wide, high = AROUND * (east - west), AROUND * (north - south)
    box = Polygon.from_bbox((west - wide, south - high, east + wide, north + high))
    box.srid = version.geom.srid
    rows = PlotVersion.objects.visible_to(reader(request)).in_force_on(on).filter(geom__bboverlaps=box)
    return list(rows.exclude(plot=version.plot_id).order_by("plot_id").values_list("geom", flat=True)[:MOST_NEIGHBOURS])


def _history(request: HttpRequest, plot: str) -> str:
    """The history of the plot, for readers of changes; an enterprise reads the decision's letter instead."""
    if not plot or not reader(request).reads_land:
        return ""
    return reverse("mapedit:feature_history", args=["plots", plot])


def _floor_lines(floors: Schedule) -> list[Line]:
    return [
        Line(
            row.label,
            area_text(row.before).m2,
            area_text(row.after).m2,
            "m²",
            _("配套") if row.function in ANCILLARY else "",
        )
        for row in floors.used
    ]


def _floor_sums(floors: Schedule) -> list[Line]:
    lines = [Line(_("合计"), area_text(floors.before).m2, area_text(floors.after).m2, "m²")]
    share = _("配套占比")
    before = sum((row.before for row in floors.rows if row.function in ANCILLARY), Decimal(0))
    return [
        *lines,
        Line(
            share,
            _percent(before * 100 / floors.before) if floors.before else "—",
            _percent(floors.share_after(ANCILLARY)) if floors.after else "—",
            "%",
        ),
    ]


def _massing_lines(view: View, version: PlotVersion, storey: Decimal) -> list[Line]:
    """The blocks in figures: the drawing's twin."""
    area = Decimal(str(version.area_m2))
    sides = (view.before, view.after)

    def both(figure: Any) -> tuple[str, str]:
        before, after = (figure(side) for side in sides)
        return before, after

    def of(value: Decimal | None, digits: int = 2) -> str:
        return "—" if value is None else grouped(round_honestly(value, digits=digits))

    return [
        Line(_("基底面积"), *both(lambda side: of(side.density and area * side.density / 100)), "m²"),
        Line(_("计容建筑面积"), *both(lambda side: of(side.plot_ratio and area * side.plot_ratio)), "m²"),
        Line(_("折合层数"), *both(lambda side: of(side.storeys, 1)), _("层")),
        Line(_("推算高度"), *both(lambda side: plain(side.height_m(storey))), "m"),
        Line(_("建筑限高"), *both(lambda side: plain(side.height_limit_m)), "m"),
    ]
