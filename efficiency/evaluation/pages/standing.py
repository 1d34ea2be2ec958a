"""What pages say of a run: its answer in a sentence, classes as bars, cut points, names of groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.policy.models import Jurisdiction
from efficiency.evaluation.models import GroupKind, GroupScore, Run, RunState, Score, Why
from efficiency.returns.figures import wan_per_mu
from efficiency.schemes.models import Cohort, Grade, Indicator
from parks.enterprises.models import Industry
from parks.zones.models import ZoneVersion

GRADES = (Grade.A, Grade.B, Grade.C, Grade.D, Grade.UNRATED)


@dataclass(frozen=True)
class Bar:
    """Counts of enterprises by class as parts of a bar: (class, label, count, x and width in percent)."""

    parts: Sequence[tuple[str, Any, int, float, float]]
    total: int

    @classmethod
    def of(cls, counts: dict[str, int]) -> Bar:
        """The bar of ``counts`` by class; those without a class are left out."""
        total = sum(counts.get(grade.value, 0) for grade in GRADES)
        parts, at = [], 0.0
        for grade in GRADES:
            count = counts.get(grade.value, 0)
            width = 100 * count / total if total else 0.0
            if count:
                parts.append((grade.value, grade.label, count, round(at, 3), round(width, 3)))
            at += width
        return cls(parts, total)


def tone(state: str) -> str:
    """The colour of a state's tag."""
    return {
        RunState.COMPUTED: "accent",
        RunState.OBJECTION: "risk",
        RunState.FINAL: "met",
    }.get(RunState(state), "")


def sentence(run: Run) -> str:
    """The answer of a run's page."""
    counts = run.counts
    figures = {
        "year": run.year,
        "count": f"{run.enterprises:,}",
        "a": f"{counts.get('A', 0):,}",
        "d": f"{counts.get('D', 0):,}",
    }
    return _("%(year)s 年度 %(count)s 家企业参评，A 类 %(a)s 家，D 类 %(d)s 家") % figures


def standing_of(run: Run) -> str:
    """What a run counts as, and until when, in a line."""
    if run.state == RunState.OBJECTION:
        return _("公示中，异议期至 %(day)s（含当日）") % {"day": run.objection_until}
    if run.state == RunState.FINAL:
        return _("%(day)s 公布") % {"day": run.published_on}
    if run.state == RunState.SUPERSEDED:
        later = getattr(run, "superseded_by", None)
        return _("已由第 %(number)s 次评价替代") % {"number": later.number} if later else _("已被替代")
    if run.state == RunState.DISCARDED:
        return _("已作废，只供查阅")
    return _("已计算，尚未公示")


def counts_of(rows: QuerySet[Any]) -> dict[str, int]:
    """How many of ``rows`` are in each class."""
    return dict(rows.order_by().values_list("grade").annotate(n=Count("*")))


def cohorts(run: Run) -> list[tuple[Cohort, list[dict[str, Any]]]]:
    """The cohorts of a run's scheme with their cut points as frozen in the run: class, last rank, lowest total."""
    return [
        (cohort, run.cuts.get(str(cohort.order), {}).get("classes", []))
        for cohort in sorted(run.version.cohorts.all(), key=lambda each: each.order)
    ]


def bases(run: Run) -> list[tuple[Cohort, list[tuple[Indicator, dict[str, Any]]]]]:
    """The indicators of every cohort with the base values the run froze."""
    return [
        (
            cohort,
            list(
                zip(
                    sorted(cohort.indicators.all(), key=lambda each: each.order),
                    run.bases.get(str(cohort.order), []),
                    strict=False,
                )
            ),
        )
        for cohort in sorted(run.version.cohorts.all(), key=lambda each: each.order)
    ]


def reasons(user: User, run: Run) -> list[tuple[str, Any, int]]:
    """Why enterprises have no class: (reason, its label, how many)."""
    found = dict(
        Score.objects.visible_to(user).filter(run=run).exclude(why="").values_list("why").annotate(n=Count("*"))
    )
    return [(why.value, why.label, found[why.value]) for why in Why if found.get(why.value)]


def groups(user: User, run: Run, kind: str) -> list[dict[str, Any]]:
    """The summed results of a kind within the reader's places, with names; the best tax per 亩 first."""
    rows = list(GroupScore.objects.visible_to(user).filter(run=run, kind=kind))
    named = names(kind, [row.code for row in rows])
    found = [
        {
            "row": row,
            "name": named.get(row.code, row.code),
            "tax_per_mu": wan_per_mu(row.tax_cny, row.land_m2),
            "output_per_mu": wan_per_mu(row.output_cny, row.land_m2),
            "investment_per_mu": wan_per_mu(row.investment_cny, row.land_m2),
            "added_value_per_mu": wan_per_mu(row.added_value_cny, row.land_m2),
            "bar": Bar.of(row.grades),
        }
        for row in rows
    ]
    return sorted(found, key=lambda each: (-(each["tax_per_mu"] or float("-inf")), each["row"].code))


def names(kind: str, codes: Iterable[str]) -> dict[str, str]:
    """Names of groups of a kind by their code."""
    wanted = list(codes)
    if kind == GroupKind.INDUSTRY:
        return dict(Industry.objects.filter(code__in=wanted).values_list("code", "name"))
    if kind == GroupKind.ZONE:
        return dict(ZoneVersion.objects.in_force_on().filter(zone__in=wanted).values_list("zone_id", "name"))
    return dict(Jurisdiction.objects.filter(code__in=wanted).values_list("code", "name"))
