"""Supervision in the demo city: agreements kept, late and broken; flags of the newest year, some followed to their end.

Led through the real services on working days counted back from the day of seeding, as the cases are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal

import pghistory
from django.core.files.base import ContentFile
from django.utils import timezone
from django.utils.translation import gettext as _

from config.demo import settings
from config.demo.city import Say
from config.demo.clock import believing, working_days_back
from config.demo.papers import sample_pdf
from core.accounts.models import User
from core.casework.models import Case
from core.casework.services import filing, papers, rectifying
from core.policy.models import Jurisdiction
from efficiency.agreements.models import Agreement, Check, Milestone, Promise, Verdict
from efficiency.agreements.services import binding, breaching, checking, drafting, recording
from efficiency.flags.models import Flag, FlagState, Rule
from efficiency.flags.services import deciding, raising
from efficiency.returns.models import PlotFigure
from landuse.plots.models import Occupation, OccupationKind, PlotVersion
from parks.enterprises.models import Enterprise

AGREEMENTS = 30
SUPPLIED = (dt.date(2019, 1, 1), dt.date(2024, 6, 30))
"""Agreements are of plots supplied between these days: later than the older plots, early enough to be judged."""

START, COMPLETION, PRODUCTION = (dt.timedelta(days=days) for days in (270, 900, 1080))
"""After signing, what is agreed for each milestone."""

LATE = dt.timedelta(days=120)

PROMISED, TOO_MUCH = Decimal("0.8"), Decimal("1.35")
"""Of what the plot yields: promises that are kept, and that every fifth agreement cannot keep."""

BREACHES = 2
DISMISSED, CONFIRMED = 4, 5

CNY_PER_WAN = 10_000


@dataclass(frozen=True)
class Party:
    """A plot with the enterprise that owns and uses all of it."""

    version: PlotVersion
    enterprise: Enterprise


def load_supervision(seed: int, year: int, accounts: dict[str, User], say: Say) -> int:
    """Agreements and flags of ``year`` for the demo city; how many flags there are."""
    days = working_days_back(timezone.localdate(), 25)
    with pghistory.context(source="seed_demo", seed=seed):
        # Checked before the rules are asked: a flag rests on the checks of its day.
        with _on(days[8]):
            count = sum(_agree(number, party, accounts, days[8]) for number, party in enumerate(_parties(seed)))
            checking.verify_all(days[8])
        _breaches(accounts["monitor.city"], days[6])
        say(_("监管协议 %(count)d 份") % {"count": count})
        with _on(days[5]):
            raising.raise_all(year=year, by=accounts["monitor.city"])
        _judge(accounts["monitor.city"], days[4])
        _follow(accounts, days)
        Flag.objects.filter(rule=Rule.BY_HAND).update(is_demo=True)
    return Flag.objects.count()


def _sample(case: Case) -> Case:
    """Mark a case as one of the demo while it still may be written."""
    Case.objects.filter(pk=case.pk).update(is_demo=True)
    return case


def _on(day: dt.date) -> AbstractContextManager[None]:
    """Ten in the morning of a local day."""
    return believing(timezone.make_aware(dt.datetime.combine(day, dt.time(10))))


def _parties(seed: int) -> Iterator[Party]:
    """Owners of whole plots supplied in the years of the agreements, one plot each, in an order drawn from the seed."""
    whole = Occupation.objects.in_force_on().filter(kind=OccupationKind.OWNER, share=1)
    plots = PlotVersion.objects.in_force_on().filter(
        term_from__range=SUPPLIED, plot__in=whole.values("plot"), plot_ratio_built__gt=0
    )
    found = list(plots.defer("geom").order_by("plot_id"))
    owners = {row.plot_id: row.enterprise for row in whole.filter(plot__in=[each.plot_id for each in found])
              .select_related("enterprise")}  # fmt: skip
    taken: set[int] = set()
    for at in settings.rng(seed, "agreements").permutation(len(found)).tolist():
        version, firm = found[at], owners[found[at].plot_id]
        if firm.pk in taken:
            continue
        taken.add(firm.pk)
        yield Party(version, firm)
        if len(taken) == AGREEMENTS:
            return


def _agree(number: int, party: Party, accounts: dict[str, User], today: dt.date) -> bool:
    """Draw up and bind one agreement, and note its facts."""
    signed = party.version.term_from or SUPPLIED[0]
    start, completion, production = signed + START, signed + COMPLETION, signed + PRODUCTION
    terms = drafting.Terms(
        number=f"示例监管〔{signed.year}〕{number + 1:03d}号",
        area_m2=round(Decimal(str(party.version.area_m2)), 2),
        signed_on=signed,
        start_by=start,
        completion_by=completion,
        production_by=production,
        penalty_terms=_("示例：未达到约定的，按每亩差额缴纳违约金；整改期满仍未达到的，依法收回土地使用权。"),
        note=_("示例协议，不具有任何效力。"),
    )
    district = party.version.district_id
    planner = accounts[f"planner.{Jurisdiction.objects.get(code=district).slug}"]
    with _on(signed + dt.timedelta(days=3)):
        agreement = drafting.draw_up(
            by=accounts["parks.city"],
            plot=party.version.plot,
            enterprise=party.enterprise,
            terms=terms,
            indicators=_promises(number, party, production.year + 1),
        )
    Agreement.objects.filter(pk=agreement.pk).update(is_demo=True)
    with _on(signed + dt.timedelta(days=8)):
        agreement = binding.bind(agreement_id=agreement.pk, by=planner)
    for milestone, reached in _facts(number, start, completion, production):
        if reached <= today:
            evidence = {
                Milestone.START: _("示例开工令"), Milestone.COMPLETION: _("示例竣工验收备案"),
                Milestone.PRODUCTION: _("示例投产确认书"),
            }[milestone]  # fmt: skip
            with _on(reached + dt.timedelta(days=2) if reached + dt.timedelta(days=2) <= today else today):
                recording.record_fact(
                    agreement_id=agreement.pk, by=accounts["monitor.city"], milestone=milestone, on=reached,
                    evidence=f"{evidence}〔{reached.year}〕{number + 1}号",
                )  # fmt: skip
    return True


def _promises(number: int, party: Party, since: int) -> list[drafting.Agreed]:
    """Tax and output per 亩 from a year on, beside what the plot last yielded."""
    figure = PlotFigure.objects.filter(plot=party.version.plot_id).order_by("-year").first()
    factor = TOO_MUCH if number % 5 == 0 else PROMISED
    promised = []
    for promise, column, usual in ((Promise.TAX, "tax_cny_per_mu", 12), (Promise.OUTPUT, "output_cny_per_mu", 260)):
        actual = getattr(figure, column) if figure else None
        wan = Decimal(str(actual)) / CNY_PER_WAN if actual and actual > 0 else Decimal(usual)
        promised.append(drafting.Agreed(promise.value, since, max(round(wan * factor, 2), Decimal("0.10"))))
    return promised


def _facts(number: int, start: dt.date, completion: dt.date, production: dt.date) -> list[tuple[Milestone, dt.date]]:
    """The days the milestones were reached: mostly in time, some late, some not at all."""
    early = dt.timedelta(days=30)
    match number % 6:
        case 1:
            return [(Milestone.START, start + LATE), (Milestone.COMPLETION, completion + LATE)]
        case 2:
            return [(Milestone.START, start - early)]
        case 5:
            return [
                (Milestone.START, start - early), (Milestone.COMPLETION, completion - early),
                (Milestone.PRODUCTION, production + LATE),
            ]  # fmt: skip
        case _:
            return [
                (Milestone.START, start - early), (Milestone.COMPLETION, completion - early),
                (Milestone.PRODUCTION, production - early),
            ]  # fmt: skip


def _breaches(monitor: User, day: dt.date) -> None:
    """Give notice of the first few broken promises."""
    broken = Check.objects.filter(verdict__in=[Verdict.BROKEN, Verdict.OVERDUE]).order_by("agreement__number")
    agreements = list(dict.fromkeys(broken.values_list("agreement", flat=True)))[:BREACHES]
    for pk in agreements:
        checks = [
            check.pk
            for check in Check.objects.filter(agreement=pk).latest_of_each()
            if check.verdict in breaching.BROKEN
        ]
        if checks:
            with _on(day):
                breach = breaching.open_breach(
                    agreement_id=pk, by=monitor, check_ids=checks,
                    demand=_("示例：请说明未达到约定的原因，提出整改措施和完成时间。"),
                )  # fmt: skip
                _sample(breach.case)


def _judge(monitor: User, day: dt.date) -> None:
    """Put some flags of the rules aside, and confirm some others: their enterprises are asked for a plan."""
    waiting = Flag.objects.filter(state=FlagState.RAISED, enterprise__members__isnull=True).order_by("pk")
    idle = list(waiting.filter(rule=Rule.NO_RETURN).values_list("pk", flat=True)[:DISMISSED])
    low = list(waiting.filter(rule=Rule.CLASS_D).values_list("pk", flat=True)[:CONFIRMED])
    with _on(day):
        if idle:
            deciding.dismiss(flags=idle, by=monitor, reason=_("示例：已电话核实，企业当年停产搬迁，年报由迁入地统计。"))
        for flag in low:
            requirement = _("示例：请提出提高亩均税收的措施和时间安排。")
            _sample(deciding.confirm(flags=[flag], by=monitor, requirement=requirement))


def _follow(accounts: dict[str, User], days: list[dt.date]) -> None:
    """Three flags by hand about the demo accounts' enterprises: one rectified, one with a plan, one just told."""
    monitor = accounts["monitor.city"]
    for name, reach, told in (("ent.1", "passed", 20), ("ent.2", "planned", 20), ("ent.3", "issued", 4)):
        clerk = accounts[name]
        firm = Enterprise.objects.filter(members__user=clerk).first()
        used = Occupation.objects.in_force_on().filter(enterprise=firm).order_by("plot_id").first() if firm else None
        if firm is None or used is None:
            continue
        with _on(days[told]):
            flag = raising.add_by_hand(
                by=monitor, title=_("示例：巡查发现北侧厂房闲置"), note=_("示例：现场无设备，门窗封闭。"),
                plot=used.plot_id, enterprise=firm.pk,
            )  # fmt: skip
        with _on(days[told - 1]):
            requirement = _("示例：请说明厂房闲置的原因，提出恢复使用的安排。")
            case = _sample(deciding.confirm(flags=[flag.pk], by=monitor, requirement=requirement))
        if reach != "issued":
            _planned(case, clerk, days)
        if reach == "passed":
            _passed(case, clerk, monitor, days)


def _planned(case: Case, clerk: User, days: list[dt.date]) -> None:
    done_by = days[0] + dt.timedelta(days=60)
    with _on(days[15]):
        filing.save_draft(
            case_id=case.pk, by=clerk, revision=case.revision,
            data={
                "measures": _("示例：一、清理北侧厂房；二、引进两条生产线；三、年内恢复生产。"),
                "done_by": done_by.isoformat(),
                "responsible": _("示例负责人 0757-00000000"),
            },
        )  # fmt: skip
    with _on(days[14]):
        rectifying.file_plan(case_id=case.pk, by=clerk)


def _passed(case: Case, clerk: User, monitor: User, days: list[dt.date]) -> None:
    with _on(days[12]):
        rectifying.accept_plan(case_id=case.pk, by=monitor)
    with _on(days[6]):
        lines = [_("示例材料：整改完成的证明"), case.applicant_name, _("本文件为示例，不具有任何效力。")]
        content = ContentFile(sample_pdf(lines))
        papers.attach(case_id=case.pk, by=clerk, slot="proof", name="示例整改完成证明.pdf", content=content)
        rectifying.report_done(case_id=case.pk, by=clerk, text=_("示例：两条生产线已投产，附现场照片。"))
    with _on(days[3]):
        rectifying.pass_check(case_id=case.pk, by=monitor, text=_("示例：现场复核，北侧厂房已恢复生产。"))
