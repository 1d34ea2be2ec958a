"""Cases on their way, driven by the services alone, with the people who drive them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from core.accounts.models import Role, User
from core.casework.models import Case
from core.casework.services import deciding, filing, papers, rectifying, reviewing
from core.casework.states import Procedure, State, states_of
from core.policy.models import Parameter
from parks.enterprises.models import Enterprise
from tests import places
from tests.core.casework import kind

PLOT = f"{places.NANHAI}001001GB00001"
DATA = {"plot": PLOT, "figure": "2.5", "reason": "扩建"}
PDF = b"%PDF-1.4\n%%EOF\n"

DAYS = {"accept": 5, "review": 10, "decision": 20, "correction": 15, "notice": 0}
"""Lengths of the clocks of the example kind."""

WATCH_DAYS = {"plan": 10, "accept": 5, "check": 5, "decision": 20, "settle": 30, "rectify": 90}
"""Lengths of the clocks of the example of a supervision."""

CAUSE = {"what": "低于约定"}


@dataclass(frozen=True)
class People:
    """One account for each part in the life of a case, the staff all of one place."""

    enterprise: Enterprise
    applicant: User
    planner: User
    parks: User
    monitor: User
    reviewer: User
    head: User

    def of(self, role: str) -> User:
        """The account of a role."""
        everybody = (self.applicant, self.planner, self.parks, self.monitor, self.reviewer, self.head)
        return next(user for user in everybody if user.role == role)


def people(place: str = places.NANHAI, *, number: int = 1, district: str = places.NANHAI) -> People:
    """An enterprise with its account, and the offices of a place; sets the clocks of the example kind."""
    clocks()
    enterprise = places.enterprise(number, district=district)
    applicant = places.account(Role.ENTERPRISE, enterprise=enterprise)
    staff = (Role.PLANNER, Role.PARKS, Role.MONITOR, Role.REVIEWER, Role.HEAD)
    return People(enterprise, applicant, *(places.account(role, place) for role in staff))


def parameter(key: str, value: Any, *, place: str = "440600", **facts: Any) -> Parameter:
    """A figure in force since 2000 at a place, by the product's defaults unless told otherwise."""
    facts = {"valid_from": dt.date(2000, 1, 1), "status": "binding", "document_id": "MC-DEFAULT", **facts}
    return Parameter.objects.create(
        jurisdiction_id=place, key=key, value=value, name=key, article="示例", clause_id="EX-1", **facts
    )


def clocks(**days: int) -> None:
    """Set the clocks of the example kind, each to its own figure or to that of ``DAYS``."""
    for name, value in {**DAYS, **days}.items():
        key = f"case.{kind.NAME}.{name}_days"
        if not Parameter.objects.filter(key=key).update(value=value):
            parameter(key, value)
    for name, value in WATCH_DAYS.items():
        key = f"case.{kind.WATCH}.{name}_days"
        if not Parameter.objects.filter(key=key).exists():
            parameter(key, value)


def notice(who: People, *, by: User | None = None, **cause: Any) -> Case:
    """A supervision of the example kind, as the monitor sends it."""
    return filing.open_supervision(
        kind=kind.WATCH,
        by=by or who.monitor,
        applicant_code=who.enterprise.uscc,
        district=who.enterprise.district_id,
        codes=[PLOT],
        data={**CAUSE, **cause},
    )


def begun(who: People, procedure: Procedure) -> Case:
    """A case of a procedure where it begins."""
    return notice(who) if procedure == Procedure.SUPERVISION else draft(who)


def write_plan(case: Case, by: User, **data: Any) -> Case:
    """A complete plan, to be done in a month."""
    day = timezone.localdate() + dt.timedelta(days=30)
    plan = {"measures": "改造生产线", "done_by": day.isoformat(), "responsible": "示例负责人 0757-0000000", **data}
    return filing.save_draft(case_id=case.pk, by=by, revision=case.revision, data=plan)


def past_due(case: Case) -> None:
    """Let the day of the present stage have been yesterday."""
    Case.objects.filter(pk=case.pk).update(due_on=timezone.localdate() - dt.timedelta(days=1))


def draft(who: People, by: User | None = None, **data: Any) -> Case:
    """A complete draft of the example kind, without papers; by staff: on the enterprise's behalf."""
    by = by or who.applicant
    code = None if by.role == Role.ENTERPRISE else who.enterprise.uscc
    return filing.open_case(kind=kind.NAME, by=by, applicant_code=code, data={**DATA, **data})


def fill_papers(case: Case, by: User) -> None:
    """Attach a small PDF under every required line that has none."""
    for number, slot in enumerate(filing.missing_papers(case)):
        content = ContentFile(PDF + str(number).encode())
        papers.attach(case_id=case.pk, by=by, slot=slot.key, name=f"{slot.key}.pdf", content=content)


def bring(case: Case, who: People, to: State, *, by: User | None = None) -> Case:
    """Move a complete draft of any kind along until it stands at ``to``; ``by`` acts for the applicant.

    A correction is one asked for before the case was accepted, an appeal one against a refusal.
    """
    number, applying = case.pk, by or who.applicant
    parts = case.kind_of
    if parts.is_supervision:
        return _supervise(case, who, to)
    officer, decider, appeals = who.of(parts.officer), who.of(parts.decider), who.of(parts.appeals)

    def review() -> None:
        for office in parts.offices:
            reviewing.give_review(case_id=number, by=who.of(office), verdict="agree")
        deciding.conclude_review(case_id=number, by=officer)

    steps: dict[State, Any] = {
        State.SUBMITTED: lambda: (fill_papers(case, applying), filing.submit(case_id=number, by=applying)),
        State.REVIEW: lambda: deciding.accept(case_id=number, by=officer),
        State.DECISION: review,
        State.NOTICE: lambda: deciding.approve(case_id=number, by=decider, number="示例〔2026〕1 号"),
        State.EFFECTIVE: lambda: deciding.take_effect(case_id=number, by=decider),
        State.CORRECTION: lambda: deciding.ask_correction(case_id=number, by=officer, text="补充证明材料"),
        State.NOT_ACCEPTED: lambda: deciding.decline(case_id=number, by=officer, text="不属于受理范围"),
        State.REFUSED: lambda: deciding.refuse(case_id=number, by=decider, text="不符合规划"),
        State.RETURNED: lambda: deciding.return_to_applicant(case_id=number, by=decider, text="请重新测算"),
        State.APPEAL: lambda: filing.appeal(case_id=number, by=applying, text="测算有误"),
        State.UPHELD: lambda: deciding.uphold(case_id=number, by=appeals, text="决定无误"),
        State.WITHDRAWN: lambda: filing.withdraw(case_id=number, by=applying),
    }
    for state in WAYS[to]:
        steps[state]()
    return Case.objects.get(pk=number)


def _supervise(case: Case, who: People, to: State) -> Case:
    number, applying, parts = case.pk, who.applicant, case.kind_of
    officer, decider = who.of(parts.officer), who.of(parts.decider)

    def now() -> Case:
        return Case.objects.get(pk=number)

    def report() -> None:
        fill_papers(now(), applying)
        rectifying.report_done(case_id=number, by=applying, text="已完成")

    def plan() -> None:
        write_plan(now(), applying)
        rectifying.file_plan(case_id=number, by=applying)

    def impose() -> None:
        values = {"amount": "100"}
        rectifying.impose(case_id=number, by=decider, text="逾期未改", number="示例〔2026〕2 号", values=values)

    steps: dict[State, Any] = {
        State.PLANNED: plan,
        State.RECTIFYING: lambda: rectifying.accept_plan(case_id=number, by=officer),
        State.CHECKING: report,
        State.RECTIFIED: lambda: rectifying.pass_check(case_id=number, by=officer, text="现场已查"),
        State.SANCTION: lambda: (
            past_due(now()),
            rectifying.escalate(case_id=number, by=officer, text="逾期未报方案"),
        ),
        State.IMPOSED: impose,
        State.SETTLED: lambda: rectifying.settle(case_id=number, by=officer, text="已缴清"),
        State.CANCELLED: lambda: rectifying.cancel(case_id=number, by=officer, text="事实有误"),
        State.APPEAL: lambda: rectifying.appeal(case_id=number, by=applying, text="数据有误"),
    }
    for state in SUPERVISION_WAYS[to]:
        steps[state]()
    return now()


_RECTIFYING = (State.PLANNED, State.RECTIFYING)

SUPERVISION_WAYS: dict[State, tuple[State, ...]] = {
    State.ISSUED: (),
    State.PLANNED: (State.PLANNED,),
    State.RECTIFYING: _RECTIFYING,
    State.CHECKING: (*_RECTIFYING, State.CHECKING),
    State.RECTIFIED: (*_RECTIFYING, State.CHECKING, State.RECTIFIED),
    State.SANCTION: (State.SANCTION,),
    State.IMPOSED: (State.SANCTION, State.IMPOSED),
    State.APPEAL: (State.SANCTION, State.IMPOSED, State.APPEAL),
    State.SETTLED: (State.SANCTION, State.IMPOSED, State.SETTLED),
    State.CANCELLED: (State.CANCELLED,),
}
"""The same of a supervision."""

STANDS = [(way, State(state)) for way in Procedure for state in states_of(way)]
"""Every place a case of a procedure may stand in."""


_RECEIVED = (State.SUBMITTED,)
_DECIDING = (*_RECEIVED, State.REVIEW, State.DECISION)

WAYS: dict[State, tuple[State, ...]] = {
    State.DRAFT: (),
    State.SUBMITTED: _RECEIVED,
    State.CORRECTION: (*_RECEIVED, State.CORRECTION),
    State.REVIEW: (*_RECEIVED, State.REVIEW),
    State.DECISION: _DECIDING,
    State.NOTICE: (*_DECIDING, State.NOTICE),
    State.EFFECTIVE: (*_DECIDING, State.NOTICE, State.EFFECTIVE),
    State.NOT_ACCEPTED: (*_RECEIVED, State.NOT_ACCEPTED),
    State.REFUSED: (*_DECIDING, State.REFUSED),
    State.RETURNED: (*_DECIDING, State.RETURNED),
    State.APPEAL: (*_DECIDING, State.REFUSED, State.APPEAL),
    State.UPHELD: (*_DECIDING, State.REFUSED, State.APPEAL, State.UPHELD),
    State.WITHDRAWN: (*_RECEIVED, State.WITHDRAWN),
}
"""The states an application passes through on its way to each."""


def set_today(monkeypatch: Any, day: dt.date) -> None:
    """Let every service believe it is ``day``, noon."""
    noon = timezone.make_aware(dt.datetime.combine(day, dt.time(12)))
    monkeypatch.setattr(timezone, "localdate", lambda value=None, timezone=None: day if value is None else value.date())
    monkeypatch.setattr(timezone, "now", lambda: noon)
