"""Each rule on hand-made data, at its boundary, with its confidence; and that nothing is flagged twice."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from core.accounts.models import CITY_CODE, Role
from core.refusals import NotAllowed, Refused
from efficiency.agreements.models import Breach
from efficiency.evaluation.models import Run
from efficiency.flags import wording
from efficiency.flags.models import Flag, Rule
from efficiency.flags.services import deciding
from efficiency.flags.services.raising import raise_all, raise_nightly
from efficiency.returns.due import due_on
from efficiency.returns.models import PlotFigure
from landuse.plots.models import Occupation
from tests import places
from tests.efficiency.flags import ground
from tests.races import at_once

pytestmark = pytest.mark.django_db

LATER = dt.date(ground.YEAR + 1, 6, 1)


def flags(rule: Rule) -> list[Flag]:
    return list(Flag.objects.filter(rule=rule).order_by("pk"))


def evaluated(*grades: str, state: str = "final") -> list:
    """Enterprises with a return, in a run with these grades."""
    made = ground.run(state=state)
    firms = []
    for number, grade in enumerate(grades, start=1):
        firm = ground.firm(number)
        ground.filed(firm, tax_cny=100_000)
        ground.land(firm)
        ground.score(made, firm, grade, rank=number)
        firms.append(firm)
    ground.seal(made)
    return firms


def test_class_d_is_flagged_and_no_other(db):
    firms = evaluated("A", "D", "C", "N")
    found = raise_all(year=ground.YEAR, on=LATER)
    (flag,) = flags(Rule.CLASS_D)
    assert flag.enterprise == firms[1]
    assert flag.plot.code == Occupation.objects.get(enterprise=firms[1]).plot_id
    assert (flag.confidence, flag.evidence["doubts"]) == (Decimal("1.00"), [])
    assert flag.run == found.run
    assert "组内第 2 名" in wording.told(flag).sentence
    assert found.counts["class_d"] == 1
    assert "2023" in found.silent["below_quartile"]


def test_every_doubt_lowers_the_confidence(db):
    (firm,) = evaluated("D", state="objection")
    firm.returns.update(status="provisional")
    Occupation.objects.update(share="0.5")
    ground.occupy(places.enterprise(50), places.PlotVersion.objects.get(), "0.5")
    # By itself a rule speaks of what was published; somebody may ask by what is still contested.
    assert "class_d" in raise_all(year=ground.YEAR, on=LATER).silent
    raise_all(year=ground.YEAR, run=Run.objects.get(), on=LATER)
    (flag,) = flags(Rule.CLASS_D)
    assert flag.evidence["doubts"] == ["provisional", "shared", "unpublished"]
    # 0.8 × 0.9 × 0.9
    assert flag.confidence == Decimal("0.65")
    assert len(wording.told(flag).doubts) == 3


def test_a_run_nobody_was_shown_flags_nobody(db):
    evaluated("D", state="computed")
    assert "class_d" in raise_all(year=ground.YEAR, on=LATER).silent
    with pytest.raises(Refused, match="不能据以标记"):
        raise_all(year=ground.YEAR, run=Run.objects.get(), on=LATER)


def low_tax(*taxes: int, quartile: float = 10_000.0, before: bool = True) -> list:
    """Enterprises of 10 亩 that paid these taxes in both years; runs with the quartile in 元/亩."""
    firms = [ground.firm(number) for number in range(1, len(taxes) + 1)]
    for year in (ground.YEAR - 1, ground.YEAR) if before else (ground.YEAR,):
        made = ground.run(year)
        for firm, tax in zip(firms, taxes, strict=True):
            ground.filed(firm, year, tax_cny=tax)
            ground.score(made, firm)
        ground.quartiles(made, quartile)
        ground.seal(made)
    return firms


def test_below_the_quartile_two_years_running_is_flagged_and_at_it_is_not(db):
    below, _at, _above = low_tax(99_999, 100_000, 100_001)
    raise_all(year=ground.YEAR, on=LATER)
    (flag,) = flags(Rule.BELOW_QUARTILE)
    assert flag.enterprise == below
    assert [row["year"] for row in flag.evidence["years"]] == [2023, 2024]
    told = wording.told(flag)
    # Rounded to two digits it would read as the quartile itself.
    assert told.lines[0].value == "0.99999 万元/亩"
    assert told.sources[0].citation.clause_id == "MC-FLAG"


def test_one_year_below_the_quartile_is_not_enough(db):
    (firm,) = low_tax(99_999)
    firm.returns.filter(year=ground.YEAR - 1).update(tax_cny=200_000)
    raise_all(year=ground.YEAR, on=LATER)
    assert flags(Rule.BELOW_QUARTILE) == []


def test_without_the_run_of_the_year_before_the_rule_says_so(db):
    low_tax(1, before=False)
    assert "2023 年还没有" in raise_all(year=ground.YEAR, on=LATER).silent["below_quartile"]


def test_a_broken_promise_is_flagged_by_its_newest_check(db):
    plot = places.plot(1)
    firm = ground.firm(1, on_plot=plot)
    made = ground.agreement(firm, plot)
    ground.check(made, "kept", day=1)
    ground.check(made, "broken", day=2)
    ground.check(made, "broken", "output", day=1)
    ground.check(made, "kept", "output", day=2)
    raise_all(year=ground.YEAR, on=LATER)
    (flag,) = flags(Rule.BELOW_PROMISE)
    assert [row["subject"] for row in flag.evidence["checks"]] == ["tax"]
    assert "亩均税收未达到协议 JG-1" in wording.told(flag).sentence


def test_a_kept_promise_and_one_of_an_ended_agreement_are_not_flagged(db):
    plot, other = places.plot(1), places.plot(2)
    ground.check(ground.agreement(ground.firm(1, on_plot=plot), plot), "kept")
    ended = ground.agreement(ground.firm(2, on_plot=other), other, "JG-2")
    ground.check(ended)
    ended.state, ended.ended_on, ended.end_reason = "terminated", dt.date(2025, 5, 1), "示例"
    ended.save()
    raise_all(year=ground.YEAR, on=LATER)
    assert flags(Rule.BELOW_PROMISE) == []


def test_what_a_breach_pursues_is_not_flagged_beside_it(db):
    plot = places.plot(1)
    who = ground.people()
    ground.occupy(who.enterprise, plot)
    made = ground.agreement(who.enterprise, plot)
    pursued = ground.check(made, day=1)
    ground.check(made, day=2)
    ground.check(made, "broken", "output", day=2)
    other = ground.flag(who)
    case = deciding.confirm(flags=[other.pk], by=who.monitor, requirement="整改。")
    Breach.objects.create(case=case, agreement=made).checks.add(pursued)
    raise_all(year=ground.YEAR, on=LATER)
    (flag,) = flags(Rule.BELOW_PROMISE)
    assert [row["subject"] for row in flag.evidence["checks"]] == ["output"]


def falling(now: int, *, share: str = "0.7", built: str = "1.0", planned: str = "2.0") -> None:
    """A plot whose output came from 1,000,000 元 to ``now``, used to a share."""
    plot = places.plot(1, plot_ratio_built=built, plot_ratio_planned=planned)
    firm = ground.firm(1, on_plot=plot, share=share)
    for year, output in ((ground.YEAR - 1, 1_000_000), (ground.YEAR, now)):
        ground.filed(firm, year, output_cny=output)
        PlotFigure.objects.create(plot_id=plot.plot_id, year=year, area_m2=plot.area_m2, output_cny=output)


@pytest.mark.parametrize(
    ("now", "share", "built", "flagged"),
    [
        (700_000, "0.7", "1.0", True),
        (700_001, "0.7", "1.0", False),
        (700_000, "0.700001", "1.0", False),
        (700_000, "1", "0.666", True),
        (700_000, "1", "0.667", False),
    ],
)
def test_fallen_output_counts_only_with_idle_land(db, now, share, built, flagged):
    falling(now, share=share, built=built)
    raise_all(year=ground.YEAR, on=LATER)
    assert len(flags(Rule.IDLE_FALLING)) == flagged
    if flagged:
        told = wording.told(flags(Rule.IDLE_FALLING)[0]).sentence
        assert "下降 30.0%" in told
        assert ("亩未使用" if share == "0.7" else "现状容积率不足规划的 1/3") in told


def test_a_plot_everybody_left_is_flagged_without_an_enterprise(db):
    falling(1)
    PlotFigure.objects.filter(year=ground.YEAR).delete()
    Occupation.objects.update(valid_to=dt.date(ground.YEAR, 6, 1))
    raise_all(year=ground.YEAR, on=LATER)
    (flag,) = flags(Rule.IDLE_FALLING)
    assert (flag.enterprise, flag.plot_id) == (None, places.PlotVersion.objects.get().plot_id)


def test_land_without_a_return_is_flagged_after_the_day_it_was_due(db):
    firm = ground.firm(1)
    ground.land(firm)
    filed = ground.firm(2)
    ground.land(filed)
    ground.filed(filed, tax_cny=1)
    last = due_on(ground.YEAR)
    assert "当日仍可填报" in raise_all(year=ground.YEAR, on=last).silent["no_return"]
    raise_all(year=ground.YEAR, on=last + dt.timedelta(days=1))
    (flag,) = flags(Rule.NO_RETURN)
    assert (flag.enterprise, flag.confidence) == (firm, Decimal("1.00"))
    assert "10.00 亩" in wording.told(flag).sentence


def test_nothing_is_flagged_twice_for_the_same_cause(db):
    evaluated("D", "D")
    assert raise_all(year=ground.YEAR, on=LATER).total == 2
    assert raise_all(year=ground.YEAR, on=LATER).total == 0
    assert Flag.objects.count() == 2


def test_a_cause_stays_one_wherever_the_plot_is(db):
    (firm,) = evaluated("D")
    raise_all(year=ground.YEAR, on=LATER)
    other = places.plot(9)
    firm.land.update(principal_plot=other.plot_id)
    assert raise_all(year=ground.YEAR, on=LATER).total == 0


def test_the_database_refuses_a_second_flag_of_a_cause(db):
    (firm,) = evaluated("D")
    raise_all(year=ground.YEAR, on=LATER)
    flag = Flag.objects.get()
    for year in (flag.year, flag.year + 1):
        with pytest.raises(IntegrityError), transaction.atomic():
            Flag.objects.create(
                rule=flag.rule, year=year, plot=None, enterprise=firm, district_code=flag.district_code, title="又一次",
                confidence=1,
            )  # fmt: skip
    with pytest.raises(Exception, match="flags_flag"), transaction.atomic():
        Flag.objects.filter(pk=flag.pk).update(evidence={"total": 100})


def test_a_monitor_of_a_district_flags_its_own(db):
    evaluated("D")
    away = places.account(Role.MONITOR, places.SANSHUI)
    assert raise_all(year=ground.YEAR, by=away, on=LATER).total == 0
    with pytest.raises(NotAllowed):
        raise_all(year=ground.YEAR, by=places.account(Role.PLANNER, CITY_CODE), on=LATER)
    here = places.account(Role.MONITOR, places.NANHAI)
    assert raise_all(year=ground.YEAR, by=here, on=LATER).total == 1
    assert Flag.objects.get().raised_by == here


@pytest.mark.django_db(transaction=True)
def test_three_at_once_flag_every_cause_once():
    evaluated("D", "D", "D", "D")
    results = at_once([lambda: raise_all(year=ground.YEAR, on=LATER)] * 3)
    assert Flag.objects.count() == 4
    assert sum(result.total for result in results) == 4


def test_the_night_asks_about_the_last_two_years(db):
    evaluated("D")
    found = raise_nightly(dt.date(ground.YEAR + 1, 7, 1))
    assert [(raised.year, raised.counts.get("class_d")) for raised in found] == [(2023, None), (2024, 1)]
    assert raise_nightly(dt.date(ground.YEAR + 1, 7, 2))[1].total == 0


def test_monitors_of_the_district_are_told_how_many_are_new(db):
    here, away = places.account(Role.MONITOR, places.NANHAI), places.account(Role.MONITOR, places.SANSHUI)
    evaluated("D", "D")
    raise_all(year=ground.YEAR, on=LATER)
    assert [row.text for row in here.notifications.all()] == ["新增 2 条待核实的低效预警。"]
    assert away.notifications.count() == 0
