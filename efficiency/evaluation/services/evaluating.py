"""An evaluation of a year, from the figures believed to the sealed results. The only writer of runs and scores."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pghistory
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import CITY_CODE, User
from core.refusals import NotAllowed, Refused
from efficiency.evaluation import cohorts, engines, grouping, land, perms, writing
from efficiency.evaluation.cohorts import Base
from efficiency.evaluation.columns import Columns, Floats, read
from efficiency.evaluation.models import Run
from efficiency.evaluation.scoring import CohortOutcome, Results
from efficiency.schemes import checks
from efficiency.schemes.models import SchemeVersion, VersionState
from efficiency.schemes.rules import CohortRules, Rules, rules_of
from parks.enterprises.models import Enterprise

Told = Callable[[str, int, int], None]
"""Hears how far an evaluation has come: the stage, and how many of how many of its steps are done."""


def evaluate(
    *,
    year: int,
    version: SchemeVersion,
    by: User | None = None,
    place: str = CITY_CODE,
    engine: str = engines.POSTGRES,
    as_of: dt.datetime | None = None,
    supersedes: Run | None = None,
    reason: str = "",
    scheduler: str = "",
    told: Told | None = None,
) -> Run:
    """Evaluate the enterprises of ``place`` in ``year`` by a scheme version, and seal the results.

    Returns count as they were believed at ``as_of`` (by default now), land and occupation as they stand. One run of a
    year and place at a time; the same inputs give the same digest from every engine. A version that is not approved
    gives a trial, which is never shown. Raises NotAllowed and Refused.
    """
    began = time.perf_counter()
    tell = _Telling(told)
    if by is not None and not perms.evaluates(by, place):
        raise NotAllowed(_("评价由范围内的亩均效益监测人员发起。"))
    with transaction.atomic(), pghistory.context(user=by.pk if by else None):
        _one_at_a_time(year, place)
        rules = rules_in_force(version, year)
        moment = as_of or timezone.now()
        if moment > timezone.now():
            raise Refused(_("数据截至时间不能晚于现在。"))
        number = Run.objects.filter(year=year, place_id=place).aggregate(last=Max("number"))["last"] or 0
        tell(_("核对用地"))
        occupied = grouping.read_occupied(year=year)
        seen = land.marks(year=year, occupied=occupied)
        land.refresh_when_stale(year=year, seen=seen)
        tell(_("读取数据"))
        columns = read(year=year, place=place, as_of=moment, keys={*cohorts.figures_of(rules), *grouping.SUMMED})
        if not len(columns):
            raise Refused(_("%(year)s 年没有可评价的企业：既无年报，也无用地。请先导入该年度年报。") % {"year": year})
        tell(_("计算得分与分档"))
        results = engines.evaluate(engine, columns, rules, scheduler=scheduler)
        plots = grouping.of_plots(columns, results, occupied)
        groups = grouping.of_groups(columns, results, _own_land(columns, results, rules), place)
        tell(_("写入结果"))
        run = Run.objects.create(
            year=year,
            number=number + 1,
            place_id=place,
            version=version,
            engine=engine,
            as_of=moment,
            inputs=_inputs(columns, seen, version, rules),
            bases=_bases(columns, rules, results),
            cuts=_cuts(rules, results),
            counts=_counts(results),
            enterprises=int(results.rated.sum()),
            plots=len(plots.plot),
            supersedes=supersedes,
            reason=reason,
            by=by,
            is_demo=_is_demo(place),
        )
        writing.write(run.pk, rules, columns, results, plots, groups)
        run.digest = writing.digest_of(columns, results, plots, groups)
        run.seconds = round(time.perf_counter() - began, 3)
        run.save(update_fields=["digest", "seconds"])
        tell(_("写入结果"))
    return run


STEPS = 5


@dataclass
class _Telling:
    """Tells each step as it begins."""

    told: Told | None
    done: int = -1

    def __call__(self, stage: str) -> None:
        self.done += 1
        if self.told:
            self.told(stage, min(self.done, STEPS), STEPS)


def version_for(*, year: int, scheme: str = "", place: str = CITY_CODE) -> SchemeVersion:
    """The version an evaluation of ``year`` goes by: the newest approved one, or of a scheme named also its draft.

    Raises Refused with the way out where there is none or more than one scheme would do.
    """
    versions = SchemeVersion.objects.filter(year_from__lte=year).exclude(year_to__lt=year).select_related("scheme")
    if scheme:
        of_scheme = versions.filter(scheme__code=scheme).exclude(state=VersionState.RETIRED)
        approved = of_scheme.filter(state=VersionState.APPROVED).order_by("-number").first()
        found = approved or of_scheme.order_by("-number").first()
        if found is None:
            raise Refused(
                _("没有适用于 %(year)s 年的评价办法“%(code)s”。请在“评价办法”页核对代码和适用年度。")
                % {"year": year, "code": scheme}
            )
        return found
    approved_ones = versions.filter(state=VersionState.APPROVED, scheme__place__in={place, CITY_CODE})
    # A district's own scheme goes before the city's.
    newest = sorted(approved_ones, key=lambda each: (each.scheme.place_id == place, each.approved_at), reverse=True)
    if not newest:
        raise Refused(
            _(
                "%(year)s 年没有已批准的评价办法。请先由市工信批准一版办法，"
                "或指定一个办法试算：evaluate %(year)s --scheme 代码。"
            )
            % {"year": year}
        )
    return newest[0]


def rules_in_force(version: SchemeVersion, year: int) -> Rules:
    """The rules of a version, whole and for that year. Raises Refused."""
    if year < version.year_from or (version.year_to is not None and year > version.year_to):
        raise Refused(
            _("评价办法“%(scheme)s”不适用于 %(year)s 年。请选用适用该年度的办法。") % {"scheme": version, "year": year}
        )
    rules = rules_of(version)
    faults = checks.faults(rules)
    if faults:
        raise Refused(faults[0].sentence, faults)
    return rules


def _one_at_a_time(year: int, place: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"evaluation {year} {place}"])


def _own_land(columns: Columns, results: Results, rules: Rules) -> Floats:
    """Each enterprise's own land in m² on the basis of its cohort, actual for those in none."""
    own = columns.land["actual"].copy()
    for number, cohort in enumerate(rules.cohorts, start=1):
        rows = results.cohort == number
        own[rows] = columns.land[cohort.land_basis][rows]
    return own


def _inputs(columns: Columns, seen: dict[str, Any], version: SchemeVersion, rules: Rules) -> dict[str, Any]:
    """The versions read: counts, and SHA-256 of what came out of the database."""
    returns = columns.returns[columns.has_return]
    return {
        "scheme": {
            "code": version.scheme.code,
            "number": version.number,
            "state": version.state,
            "revision": version.revision,
            "digest": rules.digest,
        },
        "enterprises": len(columns),
        "returns": {"count": len(returns), "newest": int(returns.max(initial=0))},
        "land": {"count": int((columns.land["actual"] > 0).sum()), "marks": seen},
        "columns": columns.digest,
    }


def _bases(columns: Columns, rules: Rules, results: Results) -> dict[str, Any]:
    """Per cohort (from "1") a list, one an indicator: base value, those of divisions, mean points for the missing."""

    def each(base: Base, average: float, has_average: bool) -> dict[str, Any]:
        row: dict[str, Any] = {"base": _number(base.cohort)}
        if base.by_division:
            named = zip(columns.division.names, base.by_division, strict=True)
            row["divisions"] = {name: _number(value) for name, value in named if name and value == value}
        if has_average:
            row["average"] = average
        return row

    return {
        str(number): [
            each(base, average, indicator.missing == "average")
            for indicator, base, average in zip(cohort.indicators, outcome.bases, outcome.averages, strict=True)
        ]
        for number, (cohort, outcome) in enumerate(zip(rules.cohorts, results.outcomes, strict=True), start=1)
    }


def _cuts(rules: Rules, results: Results) -> dict[str, Any]:
    """Per cohort (from "1"): how many are ranked, and of each class its last rank, lowest score and number."""

    def of(number: int, cohort: CohortRules, outcome: CohortOutcome) -> dict[str, Any]:
        grades = results.grade[(results.cohort == number) & results.rated]
        return {
            "ranked": outcome.ranked,
            "classes": [
                {
                    "grade": cut.grade,
                    "up_to_percent": str(cut.up_to_percent),
                    "last_rank": last,
                    "lowest": _number(lowest),
                    "count": int((grades == cut.grade.encode()).sum()),
                }
                for cut, last, lowest in zip(cohort.cuts, outcome.last_ranks, outcome.lowest, strict=True)
            ],
        }

    return {
        str(number): of(number, cohort, outcome)
        for number, (cohort, outcome) in enumerate(zip(rules.cohorts, results.outcomes, strict=True), start=1)
    }


def _counts(results: Results) -> dict[str, int]:
    """Enterprises by class; "" are those outside the evaluation."""
    found, counts = np.unique(results.grade, return_counts=True)
    having = dict(zip(found.tolist(), counts.tolist(), strict=True))
    return {grade: having.get(grade.encode(), 0) for grade in ("A", "B", "C", "D", "N", "")}


def _number(value: float) -> float | None:
    return None if value != value else value


def _is_demo(place: str) -> bool:
    """Whether there are demo enterprises in the place, so that the run can never pass for a real one."""
    demo = Enterprise.objects.filter(is_demo=True)
    return (demo if place == CITY_CODE else demo.filter(district_id=place)).exists()
