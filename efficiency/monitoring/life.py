"""One plot from its first day to now: who used it, what it yielded, what was promised, what was found and done."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from core.accounts.models import User
from core.casework.models import Case
from efficiency.agreements.models import Agreement, Check
from efficiency.evaluation.models import PlotScore, Run, Score
from efficiency.flags.models import Flag, Visit
from efficiency.monitoring.outline import Outline, outline_of
from efficiency.returns.models import PlotFigure, YearlyReturn
from landuse.plots.models import Occupation, PlotVersion


@dataclass(frozen=True)
class Year:
    """What the plot yielded in a year (元/亩) and how it was judged; None where nobody knows.

    ``tax_bar`` and ``score_bar`` are widths in percent of the best year.
    """

    year: int
    tax: float | None
    output: float | None
    investment: float | None
    score: PlotScore | None
    run: Run | None
    tax_bar: float
    score_bar: float


@dataclass(frozen=True)
class FirmYear:
    """The return and result of one of its users in a year."""

    year: int
    enterprise: Any
    filed: YearlyReturn | None
    score: Score | None
    run: Run | None


@dataclass(frozen=True)
class Held:
    """An agreement with how each of its promises stands."""

    agreement: Agreement
    checks: list[Check]


@dataclass(frozen=True)
class Life:
    """Everything about a plot that one reader may see."""

    plot: PlotVersion
    versions: list[PlotVersion]
    outline: Outline
    occupations: list[Occupation]
    years: list[Year]
    firm_years: list[FirmYear]
    agreements: list[Held]
    flags: list[Flag]
    visits: list[Visit]
    cases: list[Case]

    @property
    def in_use(self) -> list[Occupation]:
        """Who uses it today."""
        today = timezone.localdate()
        return [
            held for held in self.occupations
            if held.valid_from <= today and (held.valid_to is None or held.valid_to > today)
        ]  # fmt: skip


def life_of(user: User, code: str) -> Life | None:
    """The life of a plot as far as ``user`` may read it; None where they may not see the plot at all."""
    versions = list(
        PlotVersion.objects.visible_to(user)
        .filter(plot_id=code)
        .select_related("district", "town", "publication__document")
        .defer("district__geom", "town__geom")
        .order_by("-valid_from", "-pk")
    )
    if not versions:
        return None
    held = list(
        Occupation.objects.visible_to(user)
        .filter(plot_id=code)
        .select_related("enterprise")
        .order_by("-valid_from", "-share", "pk")
    )
    firms = {each.enterprise_id for each in held}
    about = Q(plot=code) | Q(plot=None, enterprise__in=firms)
    runs = Run.objects.visible_to(user).of_years()
    return Life(
        plot=versions[0],
        versions=versions,
        outline=outline_of(versions[0].geom),
        occupations=held,
        years=_years(user, code, runs),
        firm_years=_firm_years(user, held, runs),
        agreements=_agreements(user, code),
        flags=list(Flag.objects.visible_to(user).filter(about).select_related("enterprise", "case", "decided_by")),
        visits=list(Visit.objects.visible_to(user).filter(about).select_related("enterprise", "by")),
        cases=list(
            Case.objects.visible_to(user).filter(subject_codes__contains=[code], submitted_at__isnull=False)
            .order_by("-submitted_at")
        ),
    )  # fmt: skip


def _years(user: User, code: str, runs: dict[int, Run]) -> list[Year]:
    figures = {each.year: each for each in PlotFigure.objects.visible_to(user).filter(plot=code)}
    of_run = {run.pk: run for run in runs.values()}
    scores = {
        of_run[each.run_id].year: each for each in PlotScore.objects.visible_to(user).filter(plot=code, run__in=of_run)
    }
    known = sorted(figures.keys() | scores.keys(), reverse=True)
    best_tax = max((figures[year].tax_cny_per_mu or 0 for year in figures), default=0)
    best_score = max((scores[year].total or 0 for year in scores), default=0)
    rows = []
    for year in known:
        figure, score = figures.get(year), scores.get(year)
        tax = figure.tax_cny_per_mu if figure else None
        total = score.total if score else None
        rows.append(
            Year(
                year=year,
                tax=_fen(tax),
                output=_fen(figure.output_cny_per_mu if figure else None),
                investment=_fen(figure.investment_cny_per_mu if figure else None),
                score=score,
                run=runs.get(year),
                tax_bar=round(100 * max(0, tax or 0) / best_tax, 2) if best_tax > 0 else 0,
                score_bar=round(100 * (total or 0) / best_score, 2) if best_score > 0 else 0,
            )
        )
    return rows


def _fen(amount_cny: float | None) -> float | None:
    return None if amount_cny is None else round(amount_cny, 2)


def _firm_years(user: User, held: list[Occupation], runs: dict[int, Run]) -> list[FirmYear]:
    """Returns and results of its users, of years at whose end they used it."""
    firms = {each.enterprise_id: each.enterprise for each in held}
    of_run = {run.pk: run for run in runs.values()}
    found: dict[tuple[int, int], dict[str, Any]] = defaultdict(dict)
    for filed in YearlyReturn.objects.visible_to(user).current().filter(enterprise__in=firms):
        found[filed.year, filed.enterprise_id]["filed"] = filed
    for score in Score.objects.visible_to(user).filter(enterprise__in=firms, run__in=of_run):
        found[of_run[score.run_id].year, score.enterprise_id]["score"] = score

    def used(year: int, enterprise: int) -> bool:
        end = dt.date(year, 12, 31)
        return any(
            each.enterprise_id == enterprise and each.valid_from <= end and (not each.valid_to or each.valid_to > end)
            for each in held
        )

    return [
        FirmYear(year, firms[enterprise], facts.get("filed"), facts.get("score"), runs.get(year))
        for (year, enterprise), facts in sorted(found.items(), key=lambda item: (-item[0][0], item[0][1]))
        if used(year, enterprise)
    ]


def _agreements(user: User, code: str) -> list[Held]:
    rows = list(Agreement.objects.visible_to(user).filter(plot=code).select_related("enterprise").order_by("-pk"))
    checks: dict[int, list[Check]] = defaultdict(list)
    for check in Check.objects.visible_to(user).filter(agreement__in=rows).latest_of_each():
        checks[check.agreement_id].append(check)
    return [Held(each, checks[each.pk]) for each in rows]
