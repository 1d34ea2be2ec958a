"""Hand-made years for tests of flags: returns, land, runs with results, agreements with checks."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from core.accounts.models import CITY_CODE, Role, User
from efficiency.agreements.models import AgreedIndicator, Agreement, Check
from efficiency.evaluation.models import GroupScore, Run, Score
from efficiency.flags.models import Flag, Rule
from efficiency.returns.models import LandOfYear, YearlyReturn
from efficiency.schemes.models import Cohort, Scheme, SchemeVersion
from landuse.plots.models import Occupation, PlotVersion
from parks.enterprises.models import Enterprise
from tests import places

YEAR = 2024
MU_10 = 20_000 / 3
"""10 亩 in m²."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class People:
    """Who takes part: a monitor and a park officer of Nanhai, a head, and an account of the enterprise."""

    monitor: User
    parks: User
    head: User
    applicant: User
    enterprise: Enterprise


def people() -> People:
    """Accounts around a first enterprise in Nanhai."""
    firm = places.enterprise(next(_numbers) + 900)
    return People(
        monitor=places.account(Role.MONITOR, places.NANHAI),
        parks=places.account(Role.PARKS, places.NANHAI),
        head=places.account(Role.HEAD, places.NANHAI),
        applicant=places.account(Role.ENTERPRISE, enterprise=firm),
        enterprise=firm,
    )


def firm(number: int, *, on_plot: PlotVersion | None = None, share: str = "1", **facts: Any) -> Enterprise:
    """An enterprise, alone on a plot of its own unless told otherwise."""
    made = places.enterprise(number, **facts)
    occupy(made, on_plot or places.plot(number), share)
    return made


def occupy(enterprise: Enterprise, plot: PlotVersion, share: str = "1", **facts: Any) -> Occupation:
    """The enterprise uses a share of the plot since 2022."""
    facts = {"kind": "owner", "valid_from": places.START, **facts}
    return Occupation.objects.create(plot_id=plot.plot_id, enterprise=enterprise, share=share, **facts)


def filed(enterprise: Enterprise, year: int = YEAR, **figures: Any) -> YearlyReturn:
    """A return of the year, believed since its end."""
    begin = dt.datetime(year + 1, 3, 1, tzinfo=dt.UTC)
    return YearlyReturn.objects.create(enterprise=enterprise, year=year, valid_from=begin, **figures)


def land(enterprise: Enterprise, year: int = YEAR, m2: float = MU_10) -> LandOfYear:
    """The same land on every basis, on the plot it uses."""
    used = Occupation.objects.filter(enterprise=enterprise).first()
    return LandOfYear.objects.create(
        enterprise=enterprise, year=year, registered_m2=m2, actual_m2=m2, converted_m2=m2, plots=1,
        principal_plot_id=used.plot_id if used else None,
    )  # fmt: skip


def version() -> SchemeVersion:
    """A scheme with one cohort; an evaluation of tests only names it."""
    scheme = Scheme.objects.get_or_create(code="tests", defaults={"name": "示例办法", "place_id": CITY_CODE})[0]
    made = SchemeVersion.objects.filter(scheme=scheme).first()
    if made is None:
        made = SchemeVersion.objects.create(scheme=scheme, number=1)
        Cohort.objects.create(version=made, name="规上")
    return made


def run(year: int = YEAR, state: str = "final", **facts: Any) -> Run:
    """An unsealed run; :func:`seal` gives it its state once the results are in."""
    facts = {"place_id": CITY_CODE, "engine": "postgres", "as_of": timezone.now(), **facts}
    made = Run.objects.create(year=year, number=next(_numbers), version=version(), **facts)
    made.wanted = state
    return made


def seal(made: Run) -> Run:
    """Seal a run and walk it to the state it was made for."""
    made.digest = "0" * 64
    made.save()
    for state in {"computed": (), "objection": ("objection",), "final": ("objection", "final")}[made.wanted]:
        made.state = state
        if state == "final":
            made.published_on = timezone.localdate()
        made.save()
    return made


def score(made: Run, enterprise: Enterprise, grade: str = "B", **facts: Any) -> Score:
    """A result of an enterprise with 10 亩."""
    facts = {
        "district_code": enterprise.district_id, "town_code": "", "zone_code": "", "industry_code": "33", "cohort": 1,
        "land_m2": MU_10, "values": [1.0], "points": [50.0], "total": 50.0, "rank": 1, "industry_rank": 1,
        "industry_count": 4, **facts,
    }  # fmt: skip
    return Score.objects.create(run=made, enterprise=enterprise, grade=grade, **facts)


def quartiles(made: Run, low: float, industry: str = "33") -> GroupScore:
    """The quartiles of an industry in a run: tax per 亩 in 元."""
    return GroupScore.objects.create(
        run=made, kind="industry", code=industry, enterprises=4, rated=4, land_m2=4 * MU_10,
        tax_quartiles=[low, low * 2, low * 3], total_quartiles=[10.0, 20.0, 30.0],
    )  # fmt: skip


def agreement(enterprise: Enterprise, plot: PlotVersion, number: str = "JG-1") -> Agreement:
    """An agreement in force about tax and output of the plot."""
    made = Agreement.objects.create(
        number=number, plot_id=plot.plot_id, enterprise=enterprise, district_id=plot.district_id, area_m2=MU_10,
        signed_on=dt.date(2022, 5, 1), start_by=dt.date(2022, 8, 1), completion_by=dt.date(2023, 6, 1),
        production_by=dt.date(2023, 9, 1), in_force_from=dt.date(2022, 5, 1),
    )  # fmt: skip
    for promise in ("tax", "output"):
        AgreedIndicator.objects.create(agreement=made, promise=promise, year=2023, at_least=20)
    made.state = "in_force"
    made.save()
    return made


def check(made: Agreement, verdict: str = "broken", subject: str = "tax", day: int = 1, **facts: Any) -> Check:
    """A check of a promise of the year on a day in April of the year after."""
    facts = {"promised": 20, "actual": 12 if verdict == "broken" else 25, "ratio": "0.6", **facts}
    return Check.objects.create(
        agreement=made, on=dt.date(YEAR + 1, 4, day), subject=subject, year=YEAR, verdict=verdict, **facts
    )


EVIDENCE: dict[str, dict[str, Any]] = {
    Rule.CLASS_D: {"total": 41.5, "rank": 40, "industry_rank": 8, "industry_count": 9, "land_m2": MU_10},
    Rule.NO_RETURN: {"due": "2025-05-31", "actual_m2": MU_10, "registered_m2": 0, "converted_m2": 0, "plots": 1},
    Rule.IDLE_FALLING: {
        "output_before": 1_000_000, "output": 500_000, "used_share": 0.5, "plot_area_m2": MU_10, "ratio_built": None,
        "ratio_planned": None, "limits": {
            "flag.output_fall_percent": {"value": "30", "parameter": 0},
            "flag.idle_share_percent": {"value": "30", "parameter": 0},
            "flag.idle_built_divisor": {"value": "3", "parameter": 0},
        },
    },
    Rule.BY_HAND: {},
}  # fmt: skip


def flag(who: People, rule: Rule = Rule.CLASS_D, **facts: Any) -> Flag:
    """A flag that waits to be judged, about the first enterprise unless told otherwise."""
    facts = {"year": YEAR, "plot": None, "enterprise": who.enterprise, "district_code": places.NANHAI, **facts}
    facts.setdefault("title", f"示例：{rule.label}")
    return Flag.objects.create(rule=rule, evidence=EVIDENCE[rule], confidence="0.90", **facts)
