"""The moves of a supervision: terms, reasons, days, alerts, letters and what the kind is told."""

import datetime as dt

import pytest
from django.utils import timezone

from core.accounts.models import Role
from core.casework import letters
from core.casework.models import Alert, Case, Notification
from core.casework.services import alerting, filing, rectifying
from core.casework.states import State
from core.casework.statistics import turnaround
from core.refusals import NotAllowed, Refused
from tests import places
from tests.core.casework import cases, kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> cases.People:
    kind.done.clear()
    return cases.people()


def at(who: cases.People, state: State) -> Case:
    return cases.bring(cases.notice(who), who, state)


def test_a_notice_is_numbered_frozen_due_and_told(who):
    case = cases.notice(who)
    assert case.number.startswith("DB-")
    assert case.title == "示例督办 低于约定"
    assert case.evidence["findings"][0]["message"] == "低于约定"
    assert (case.filed_by, case.accepted_by, case.assignee) == (who.monitor,) * 3
    assert Notification.objects.filter(user=who.applicant, act="issued", text__contains="整改方案").exists()
    with pytest.raises(Refused, match="晚于今天"):
        filing.open_supervision(
            kind=kind.WATCH,
            by=who.monitor,
            applicant_code=who.enterprise.uscc,
            district=who.enterprise.district_id,
            codes=[],
            data=cases.CAUSE,
            due_on=timezone.localdate(),
        )


def test_only_the_officer_of_the_district_gives_notice_and_nobody_applies(who):
    for user in (who.planner, who.parks, who.applicant, places.account(Role.MONITOR, places.SANSHUI)):
        with pytest.raises(NotAllowed):
            cases.notice(who, by=user)
    for user in (who.applicant, who.monitor, who.parks):
        with pytest.raises(NotAllowed, match="不由企业申请"):
            filing.open_case(kind=kind.WATCH, by=user, applicant_code=who.enterprise.uscc)


def test_a_plan_is_whole_and_within_the_days_allowed(who):
    case = cases.notice(who)
    with pytest.raises(Refused, match="需要修改"):
        rectifying.file_plan(case_id=case.pk, by=who.applicant)
    far = timezone.localdate() + dt.timedelta(days=91)
    case = cases.write_plan(case, who.applicant, done_by=far.isoformat())
    with pytest.raises(Refused, match="最晚"):
        rectifying.file_plan(case_id=case.pk, by=who.applicant)
    cases.write_plan(Case.objects.get(pk=case.pk), who.applicant)
    assert rectifying.file_plan(case_id=case.pk, by=who.applicant).state == State.PLANNED


def test_the_offices_day_stands_before_the_plans(who):
    case = at(who, State.PLANNED)
    today = timezone.localdate()
    for day in (today, today + dt.timedelta(days=91)):
        with pytest.raises(Refused, match="整改期限"):
            rectifying.accept_plan(case_id=case.pk, by=who.monitor, due_on=day)
    day = today + dt.timedelta(days=60)
    assert rectifying.accept_plan(case_id=case.pk, by=who.monitor, due_on=day).due_on == day


def test_a_plan_sent_back_is_written_again_and_says_why(who):
    case = at(who, State.PLANNED)
    with pytest.raises(Refused, match="请写明"):
        rectifying.return_plan(case_id=case.pk, by=who.monitor, text=" ")
    case = rectifying.return_plan(case_id=case.pk, by=who.monitor, text="没有写明税收")
    assert (case.state, case.correction_text) == (State.ISSUED, "没有写明税收")
    cases.write_plan(case, who.applicant, measures="写明税收")


def test_proof_is_asked_for_when_it_is_due_and_not_before(who):
    case = at(who, State.RECTIFYING)
    with pytest.raises(Refused, match="整改证明"):
        rectifying.report_done(case_id=case.pk, by=who.applicant, text="完成")
    cases.fill_papers(case, who.applicant)
    assert rectifying.report_done(case_id=case.pk, by=who.applicant, text="完成").state == State.CHECKING


@pytest.mark.parametrize("state", [State.ISSUED, State.RECTIFYING])
def test_while_the_enterprise_has_time_nothing_is_escalated(who, state):
    case = at(who, state)
    with pytest.raises(Refused, match="期满后才能"):
        rectifying.escalate(case_id=case.pk, by=who.monitor, text="等不及")
    cases.past_due(case)
    assert Case.objects.waiting_for(who.monitor).filter(pk=case.pk).exists()
    assert rectifying.escalate(case_id=case.pk, by=who.monitor, text="逾期").state == State.SANCTION


def test_the_kind_is_told_of_every_move_and_may_refuse_it(who):
    case = at(who, State.IMPOSED)
    assert [what for what, _case in kind.done] == ["escalate", "impose 100"]
    refusing = cases.notice(who, refuse="cancel")
    with pytest.raises(Refused, match="示例督办不能"):
        rectifying.cancel(case_id=refusing.pk, by=who.monitor, text="有误")
    assert Case.objects.get(pk=refusing.pk).state == State.ISSUED
    assert case.decision_number == "示例〔2026〕2 号"


def test_the_form_of_a_decision_is_filled_in(who):
    case = at(who, State.SANCTION)
    for values in (None, {}, {"amount": "0"}, {"amount": "x"}):
        with pytest.raises(Refused, match="需要修改"):
            rectifying.impose(case_id=case.pk, by=who.reviewer, text="理由", values=values)


def test_letters_by_state(who):
    titles = {
        State.ISSUED: "限期整改通知书",
        State.RECTIFIED: "整改复核意见书",
        State.IMPOSED: "示例处理决定书",
        State.APPEAL: "示例处理决定书",
        State.SETTLED: "示例处理决定书",
        State.CANCELLED: "撤销整改通知书",
    }
    for state, title in titles.items():
        case = at(who, state)
        assert letters.title_of(case) == title
        assert letters.decision_letter(case).startswith(b"%PDF")
    assert letters.context(cases.notice(who))["text"][0].endswith("报送整改方案。")


def test_deadlines_are_watched_and_the_enterprises_delay_is_told_to_the_officer(who):
    case = cases.notice(who)
    cases.past_due(case)
    alerting.watch_deadlines()
    alert = Alert.objects.get(case=case, closed_at=None)
    assert (alert.rule, alert.office) == ("overdue", "enterprise")
    told = Notification.objects.filter(case=case, act="overdue")
    assert {row.user for row in told} == {who.applicant, who.monitor}
    assert "企业应" in told.get(user=who.monitor).text


def test_turnaround_counts_the_stages_of_offices(who):
    at(who, State.RECTIFIED)
    at(who, State.IMPOSED)
    today = timezone.localdate()
    rows = turnaround(who.monitor, since=today, until=today)
    assert {(row.stage, row.office, row.count) for row in rows if row.kind == kind.WATCH} == {
        ("plan_review", "monitor", 1),
        ("check", "monitor", 1),
        ("sanction", "reviewer", 1),
    }
