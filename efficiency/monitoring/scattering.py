"""Enterprises by output and tax per 亩 in a year, as columns for the chart and rows for a workbook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.db.models.functions import Centroid
from django.db.models import F, FilteredRelation, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from core.accounts.models import User
from efficiency.evaluation.models import Run
from efficiency.returns.figures import wan_per_mu
from efficiency.returns.models import YearlyReturn
from landuse.plots.models import Occupation, PlotVersion


@dataclass(frozen=True)
class Narrowed:
    """What the chart is narrowed to; "" for everything. ``industries`` are codes, None for all."""

    year: int
    district: str = ""
    industries: frozenset[str] | None = None
    grade: str = ""

    @property
    def on(self) -> dt.date:
        """The day whose occupation and outlines count: the end of the year, today while it lasts."""
        return min(dt.date(self.year, 12, 31), timezone.localdate())


FIELDS = ("enterprise_id", "enterprise__name", "enterprise__uscc", "tax_cny", "output_cny", "grade", "used_m2",
          "enterprise__industry__name", "enterprise__district__name")  # fmt: skip


def rows(user: User, asked: Narrowed, run: Run | None) -> QuerySet[Any]:
    """Returns with tax and output, as the run believed them, with class and land (actual where no run says)."""
    found: Any = YearlyReturn.objects.visible_to(user)
    found = found.believed_at(run.as_of) if run else found.current()
    found = found.filter(year=asked.year, tax_cny__isnull=False, output_cny__isnull=False).annotate(
        scored=FilteredRelation("enterprise__scores", condition=Q(enterprise__scores__run=run.pk if run else 0)),
        land=FilteredRelation("enterprise__land", condition=Q(enterprise__land__year=asked.year)),
    )
    found = found.annotate(grade=F("scored__grade"), used_m2=Coalesce(F("scored__land_m2"), F("land__actual_m2")))
    found = found.filter(used_m2__gt=0)
    if asked.district:
        found = found.filter(enterprise__district=asked.district)
    if asked.industries is not None:
        found = found.filter(enterprise__industry__in=asked.industries)
    if asked.grade:
        found = found.filter(grade=asked.grade)
    return found.order_by("enterprise__uscc")


def columns(user: User, asked: Narrowed, run: Run | None) -> dict[str, Any]:
    """One entry an enterprise in each list; ``plots`` are indexes into ``places``, a plot's code and middle.

    Per-亩 figures in 万元/亩 with 4 digits, land in 亩, middles in degrees (EPSG:4490).
    """
    found = list(rows(user, asked, run).values_list(*FIELDS))
    held, places = _places(user, [row[0] for row in found], asked)
    industries, districts = _Known(), _Known()
    listed: dict[str, list[Any]] = {key: [] for key in ("id", "name", "uscc", "x", "y", "grade", "land", "industry",
                                                        "district", "plots")}  # fmt: skip
    for pk, name, uscc, tax, output, grade, used_m2, industry, district in found:
        listed["id"].append(pk)
        listed["name"].append(name)
        listed["uscc"].append(uscc)
        listed["x"].append(round(wan_per_mu(output, used_m2) or 0, 4))
        listed["y"].append(round(wan_per_mu(tax, used_m2) or 0, 4))
        listed["grade"].append(grade or "")
        listed["land"].append(round(used_m2 * 3 / 2000, 2))
        listed["industry"].append(industries.number(industry))
        listed["district"].append(districts.number(district))
        listed["plots"].append(held.get(pk, []))
    return {
        "year": asked.year, "on": asked.on.isoformat(), "firms": listed, "industries": industries.names,
        "districts": districts.names, "places": places,
    }  # fmt: skip


class _Known:
    """Names written once, and the number each goes by."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]


def _places(user: User, firms: list[int], asked: Narrowed) -> tuple[dict[int, list[int]], dict[str, list[Any]]]:
    """By enterprise the numbers of its plots, and of every plot its code and middle."""
    wanted = set(firms)
    used = Occupation.objects.visible_to(user).in_force_on(asked.on).values_list("enterprise_id", "plot_id")
    pairs = [(firm, plot) for firm, plot in used.order_by("enterprise_id", "-share") if firm in wanted]
    versions = PlotVersion.objects.visible_to(user).in_force_on(asked.on)
    if asked.district:
        versions = versions.filter(plot__in={plot for _firm, plot in pairs})
    middles = dict(versions.annotate(middle=Centroid("geom")).values_list("plot_id", "middle"))
    numbers: dict[str, int] = {}
    places: dict[str, list[Any]] = {"code": [], "lon": [], "lat": []}
    held: dict[int, list[int]] = {}
    for firm, plot in pairs:
        if plot not in middles:
            continue
        if plot not in numbers:
            numbers[plot] = len(numbers)
            places["code"].append(plot)
            places["lon"].append(round(middles[plot].x, 6))
            places["lat"].append(round(middles[plot].y, 6))
        held.setdefault(firm, []).append(numbers[plot])
    return held, places


def lines(user: User, asked: Narrowed, run: Run | None, chosen: set[int] | None) -> Iterator[list[Any]]:
    """Rows of a workbook: those of ``chosen`` enterprises, or all."""
    for pk, name, uscc, tax, output, grade, used_m2, industry, district in rows(user, asked, run).values_list(*FIELDS):
        if chosen is None or pk in chosen:
            yield [
                uscc, name, grade or "", wan_per_mu(tax, used_m2), wan_per_mu(output, used_m2),
                round(used_m2 * 3 / 2000, 4), float(tax) / 10_000, float(output) / 10_000, industry, district,
            ]  # fmt: skip
