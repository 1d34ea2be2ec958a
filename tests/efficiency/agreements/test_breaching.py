"""A breach from its notice to its end, and what it leaves on the ledger."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from core.casework import letters
from core.casework.models import Case
from core.casework.services import rectifying
from core.casework.states import State
from core.refusals import NotAllowed, Refused
from efficiency.agreements import standing
from efficiency.agreements.models import Breach, Check
from efficiency.agreements.services import binding, breaching
from landuse.applications import standing as ledgers
from tests.core.casework import cases
from tests.efficiency.agreements import deals


@pytest.fixture
def parties(db: None) -> deals.Deal:
    return deals.deal()


@pytest.fixture
def breach(parties: deals.Deal) -> Breach:
    deals.returned(parties.enterprise)
    agreement = deals.bound(parties)
    broken = Check.objects.filter(agreement=agreement, verdict__in=breaching.BROKEN)
    return breaching.open_breach(
        agreement_id=agreement.pk,
        by=parties.monitor,
        check_ids=[check.pk for check in broken],
        demand="补足税收，完成动工",
    )


def plan(parties: deals.Deal, case: Case) -> None:
    cases.write_plan(case, parties.applicant)
    rectifying.file_plan(case_id=case.pk, by=parties.applicant)


def test_a_notice_names_its_grounds_and_reaches_the_enterprise(parties, breach):
    case = Case.objects.get(pk=breach.case_id)
    assert case.number.startswith("WY-")
    assert (case.state, case.applicant_code) == (State.ISSUED, parties.enterprise.uscc)
    assert {row["title"] for row in case.evidence["findings"]} == {"亩均税收", "动工"}
    assert all(row["source"] for row in case.evidence["findings"])
    assert Case.objects.visible_to(parties.applicant).filter(pk=case.pk).exists()
    assert letters.title_of(case) == "违约整改通知书"
    assert letters.decision_letter(case).startswith(b"%PDF")
    with pytest.raises(Refused, match="尚未办结"):
        breaching.open_breach(
            agreement_id=breach.agreement_id, by=parties.monitor, check_ids=[breach.checks.first().pk], demand="x"
        )
    with pytest.raises(Refused, match="尚未办结"):
        binding.terminate(agreement_id=breach.agreement_id, by=parties.parks, on=deals.TODAY, text="x")


def test_only_broken_promises_of_the_agreement_are_a_ground(parties):
    deals.returned(parties.enterprise)
    agreement = deals.bound(parties)
    kept = Check.objects.get(agreement=agreement, subject="output")
    for grounds in ([], [kept.pk], [10**9]):
        with pytest.raises(Refused, match="请选择"):
            breaching.open_breach(agreement_id=agreement.pk, by=parties.monitor, check_ids=grounds, demand="x")
    for user in (parties.parks, parties.applicant, parties.reviewer):
        with pytest.raises(NotAllowed):
            breaching.open_breach(agreement_id=agreement.pk, by=user, check_ids=[kept.pk], demand="x")


def test_rectified(parties, breach):
    number = breach.case_id
    plan(parties, Case.objects.get(pk=number))
    rectifying.accept_plan(case_id=number, by=parties.monitor)
    cases.fill_papers(Case.objects.get(pk=number), parties.applicant)
    rectifying.report_done(case_id=number, by=parties.applicant, text="已补缴")
    rectifying.pass_check(case_id=number, by=parties.monitor, text="已核对完税证明")
    breach.refresh_from_db()
    assert (breach.remedy, breach.penalty_cny) == ("rectified", None)
    assert breaching.open_case(breach.agreement) is None


def test_a_penalty_is_named_appealed_against_overturned_and_imposed_again(parties, breach):
    number = breach.case_id
    cases.past_due(Case.objects.get(pk=number))
    rectifying.escalate(case_id=number, by=parties.monitor, text="逾期未报方案")
    act = {"case_id": number, "by": parties.reviewer, "text": "依照协议第八条"}
    for values in ({}, {"remedy": "penalty"}, {"remedy": "penalty", "penalty_cny": "-1"}, {"remedy": "jail"}):
        with pytest.raises(Refused, match="需要修改"):
            rectifying.impose(**act, values=values)
    with pytest.raises(NotAllowed):
        rectifying.impose(**{**act, "by": parties.monitor}, values={"remedy": "recovery"})
    rectifying.impose(**act, values={"remedy": "penalty", "penalty_cny": "120000"}, number="示例罚〔2026〕1 号")
    breach.refresh_from_db()
    assert breach.penalty_cny == Decimal(120_000)
    case = Case.objects.get(pk=number)
    assert letters.title_of(case) == "违约处理决定书"
    assert "120,000.00" in str(letters.context(case)["facts"])
    rectifying.appeal(case_id=number, by=parties.applicant, text="数据有误")
    rectifying.overturn(case_id=number, by=parties.head, text="重新核对")
    breach.refresh_from_db()
    assert (breach.remedy, breach.penalty_cny) == ("", None)
    rectifying.escalate(case_id=number, by=parties.monitor, text="复核不合格")
    rectifying.impose(**act, values={"remedy": "recovery", "penalty_cny": "5"})
    rectifying.appeal(case_id=number, by=parties.applicant, text="请再看")
    rectifying.uphold(case_id=number, by=parties.head, text="决定无误")
    with pytest.raises(NotAllowed):
        rectifying.appeal(case_id=number, by=parties.applicant, text="再次")
    rectifying.settle(case_id=number, by=parties.monitor, text="土地已收回")
    breach.refresh_from_db()
    assert (breach.remedy, breach.penalty_cny) == ("recovery", None)


def test_an_open_breach_stands_on_the_ledger_until_it_is_closed(parties, breach):
    assert any(register.key == "agreements" for register in ledgers.breaches())
    plot, code = parties.plot.plot_id, parties.enterprise.uscc
    today = timezone.localdate()
    assert [record.number for record in standing.open_on(plot, "", today)] == [breach.case.number]
    assert standing.open_on("", code, today)
    assert not standing.open_on(plot, code, today - dt.timedelta(days=1))
    rectifying.cancel(case_id=breach.case_id, by=parties.monitor, text="数据有误")
    assert not standing.open_on(plot, code, today)
