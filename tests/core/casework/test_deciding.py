"""The offices' side: reviews in parallel, late offices, decisions, notice and effect."""

import datetime as dt

import pytest

from core.accounts.models import CITY_CODE, Role, User
from core.casework.models import Case
from core.casework.services import deciding, filing, reviewing
from core.casework.states import State
from core.refusals import NotAllowed, Refused
from tests import places
from tests.core.casework import cases, kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> cases.People:
    kind.done.clear()
    return cases.people()


def at(who: cases.People, state: State, **data: str) -> Case:
    return cases.bring(cases.draft(who, **data), who, state)


class TestReceiving:
    def test_accepting_asks_every_office_at_once(self, who):
        case = at(who, State.REVIEW)
        assert sorted(case.reviews.values_list("office", "round", "verdict")) == [("monitor", 1, ""), ("parks", 1, "")]
        assert (case.accepted_by, case.assignee) == (who.planner, who.planner)

    @pytest.mark.parametrize(
        ("act", "state", "problem"),
        [
            (deciding.decline, State.SUBMITTED, "不予受理的理由"),
            (deciding.ask_correction, State.SUBMITTED, "需要补正的全部内容"),
            (deciding.refuse, State.DECISION, "不予批准的理由"),
            (deciding.return_to_applicant, State.DECISION, "退回的理由"),
            (deciding.reconsider, State.NOTICE, "异议的内容"),
            (deciding.uphold, State.APPEAL, "维持原决定的理由"),
            (deciding.overturn, State.APPEAL, "撤销原决定的理由"),
        ],
    )
    def test_what_goes_against_somebody_says_why(self, who, act, state, problem):
        case = at(who, state)
        by = {State.SUBMITTED: who.planner, State.APPEAL: who.head}.get(state, who.reviewer)
        for text, complaint in ((" \n", problem), ("x" * 4001, "最多 4000 字"), ("a\0b", "无法保存的字符")):
            with pytest.raises(Refused, match=complaint):
                act(case_id=case.pk, by=by, text=text)
        assert Case.objects.get().state == state

    def test_a_declined_case_was_decided_by_who_declined_it(self, who):
        case = at(who, State.NOT_ACCEPTED)
        assert (case.decided_by, case.decision_text, case.accepted_by) == (who.planner, "不属于受理范围", None)


class TestReviewing:
    def test_offices_speak_in_any_order_and_once(self, who):
        case = at(who, State.REVIEW)
        review = reviewing.give_review(case_id=case.pk, by=who.monitor, verdict="conditional", text="达产后复核")
        assert (review.office, review.given_by, review.is_given) == ("monitor", who.monitor, True)
        with pytest.raises(Refused, match="已由亩均效益监测人员出具意见“有条件同意”"):
            reviewing.give_review(case_id=case.pk, by=who.monitor, verdict="agree")
        assert case.timeline.filter(act="reviewed", internal=True).count() == 1

    @pytest.mark.parametrize(
        ("verdict", "problem"), [("", "请选择意见"), ("maybe", "请选择意见"), ("disagree", "须写明理由")]
    )
    def test_a_verdict_is_one_of_three_and_reservations_are_explained(self, who, verdict, problem):
        case = at(who, State.REVIEW)
        with pytest.raises(Refused, match=problem):
            reviewing.give_review(case_id=case.pk, by=who.parks, verdict=verdict)

    def test_a_review_outside_the_round_is_refused_with_where_the_case_stands(self, who):
        case = at(who, State.REVIEW)
        deciding.ask_correction(case_id=case.pk, by=who.planner, text="补正")
        with pytest.raises(NotAllowed, match="目前为“待补正”，不在会审"):
            reviewing.give_review(case_id=case.pk, by=who.parks, verdict="agree")

    def test_a_review_is_concluded_once_all_have_spoken(self, who):
        case = at(who, State.REVIEW)
        with pytest.raises(Refused, match="还在等工信局、亩均监测部门的意见"):
            deciding.conclude_review(case_id=case.pk, by=who.planner)
        reviewing.give_review(case_id=case.pk, by=who.parks, verdict="agree")
        # A reason does not replace an office that is within its time.
        with pytest.raises(Refused, match="还在等亩均监测部门的意见，最晚 "):
            deciding.conclude_review(case_id=case.pk, by=who.planner, text="不等了")
        reviewing.give_review(case_id=case.pk, by=who.monitor, verdict="agree")
        assert deciding.conclude_review(case_id=case.pk, by=who.planner).state == State.DECISION

    def test_a_late_office_is_passed_over_with_a_reason(self, who, monkeypatch):
        cases.set_today(monkeypatch, dt.date(2026, 3, 2))
        case = at(who, State.REVIEW)
        reviewing.give_review(case_id=case.pk, by=who.parks, verdict="agree")
        cases.set_today(monkeypatch, dt.date(2026, 3, 16))
        with pytest.raises(Refused, match="最晚 2026-03-16"):
            deciding.conclude_review(case_id=case.pk, by=who.planner, text="不等了")
        cases.set_today(monkeypatch, dt.date(2026, 3, 17))
        with pytest.raises(Refused, match="亩均监测部门逾期未出具意见。不再等待须写明理由"):
            deciding.conclude_review(case_id=case.pk, by=who.planner)
        case = deciding.conclude_review(case_id=case.pk, by=who.planner, text="已电话催办两次")
        assert case.state == State.DECISION
        assert case.timeline.last().text == "亩均监测部门逾期未出具意见，不再等待。理由：已电话催办两次"
        with pytest.raises(NotAllowed, match="目前为“待决定”"):
            reviewing.give_review(case_id=case.pk, by=who.monitor, verdict="disagree", text="晚了")

    def test_a_late_office_still_speaks_while_nobody_passed_it_over(self, who, monkeypatch):
        cases.set_today(monkeypatch, dt.date(2026, 3, 2))
        case = at(who, State.REVIEW)
        cases.set_today(monkeypatch, dt.date(2026, 4, 2))
        assert reviewing.give_review(case_id=case.pk, by=who.monitor, verdict="agree").is_given


class TestDeciding:
    def test_an_approval_is_checked_anew_and_kept_with_what_was_found(self, who):
        case = at(who, State.NOTICE)
        assert (case.decided_by, case.decision_number) == (who.reviewer, "示例〔2026〕1 号")
        assert case.decision_evidence["findings"] == case.evidence["findings"]
        assert kind.done[-1] == ("approve", case.pk)

    def test_what_no_longer_qualifies_is_not_approved(self, who):
        case = at(who, State.DECISION)
        cases.parameter("example.most", 2)
        with pytest.raises(Refused, match="不能批准。首项：数值 2.5，上限 2") as refusal:
            deciding.approve(case_id=case.pk, by=who.reviewer)
        assert refusal.value.findings
        case = deciding.refuse(case_id=case.pk, by=who.reviewer, text="超过上限")
        assert case.decision_evidence["findings"][0]["state"] == "unmet"
        assert case.evidence["findings"][0]["state"] == "noted"

    def test_against_an_office_an_approval_says_why(self, who):
        case = at(who, State.REVIEW)
        reviewing.give_review(case_id=case.pk, by=who.parks, verdict="disagree", text="未达产")
        reviewing.give_review(case_id=case.pk, by=who.monitor, verdict="agree")
        deciding.conclude_review(case_id=case.pk, by=who.planner)
        with pytest.raises(Refused, match="工信局不同意，批准须写明理由"):
            deciding.approve(case_id=case.pk, by=who.reviewer)
        assert deciding.approve(case_id=case.pk, by=who.reviewer, text="已承诺限期达产").state == State.NOTICE

    def test_what_the_kind_refuses_leaves_nothing_behind(self, who):
        case = at(who, State.DECISION, refuse="approve")
        with pytest.raises(Refused, match="不能 approve"):
            deciding.approve(case_id=case.pk, by=who.reviewer)
        case = Case.objects.get()
        assert (case.state, case.decided_by, case.notice_from) == (State.DECISION, None, None)
        other = at(who, State.NOTICE, refuse="take_effect")
        with pytest.raises(Refused, match="不能 take_effect"):
            deciding.take_effect(case_id=other.pk, by=who.reviewer)
        assert Case.objects.get(pk=other.pk).state == State.NOTICE

    def test_an_objection_gives_back_what_was_reserved_and_is_decided_again(self, who):
        case = at(who, State.NOTICE)
        case = deciding.reconsider(case_id=case.pk, by=who.reviewer, text="邻地有异议")
        assert kind.done[-2:] == [("approve", case.pk), ("undo", case.pk)]
        assert (case.state, case.decided_by, case.decision_number) == (State.DECISION, None, "")
        assert case.notice_from is None
        assert deciding.approve(case_id=case.pk, by=who.reviewer).state == State.NOTICE

    def test_a_decision_number_fits_its_column(self, who):
        case = at(who, State.DECISION)
        with pytest.raises(Refused, match="最多 60 字"):
            deciding.approve(case_id=case.pk, by=who.reviewer, number="佛" * 61)

    @pytest.mark.parametrize("state", [State.SUBMITTED, State.REVIEW, State.DECISION, State.NOTICE])
    def test_nobody_decides_on_a_case_that_was_withdrawn(self, who, state):
        case = at(who, state)
        filing.withdraw(case_id=case.pk, by=who.applicant)
        acts = {
            State.SUBMITTED: lambda: deciding.accept(case_id=case.pk, by=who.planner),
            State.REVIEW: lambda: reviewing.give_review(case_id=case.pk, by=who.parks, verdict="agree"),
            State.DECISION: lambda: deciding.approve(case_id=case.pk, by=who.reviewer),
            State.NOTICE: lambda: deciding.take_effect(case_id=case.pk, by=who.reviewer),
        }
        with pytest.raises(NotAllowed, match="目前为“已撤回”"):
            acts[state]()


class TestSeparation:
    """Nobody stands on both sides of a case, even after they changed offices."""

    def moved(self, user: User, role: Role) -> User:
        User.objects.filter(pk=user.pk).update(role=role)
        return User.objects.get(pk=user.pk)

    def test_who_accepted_does_not_decide(self, who):
        case = at(who, State.DECISION)
        decider = self.moved(who.planner, Role.REVIEWER)
        with pytest.raises(NotAllowed, match="未填报也未受理此件的自然资源审核人员"):
            deciding.approve(case_id=case.pk, by=decider)

    def test_who_decided_does_not_hear_the_appeal(self, who):
        case = at(who, State.APPEAL)
        head = self.moved(who.reviewer, Role.HEAD)
        with pytest.raises(NotAllowed, match="未填报也未决定此件的区领导"):
            deciding.uphold(case_id=case.pk, by=head, text="维持")

    def test_who_filed_neither_receives_reviews_nor_decides(self, who):
        clerk = places.account(Role.PARKS, CITY_CODE)
        case = cases.bring(cases.draft(who, by=clerk), who, State.SUBMITTED, by=clerk)
        with pytest.raises(NotAllowed, match="未填报此件的自然资源编制人员"):
            deciding.accept(case_id=case.pk, by=self.moved(clerk, Role.PLANNER))
        deciding.accept(case_id=case.pk, by=who.planner)
        with pytest.raises(NotAllowed, match="未填报此件的账号出具"):
            reviewing.give_review(case_id=case.pk, by=self.moved(clerk, Role.PARKS), verdict="agree")
        for user in (who.parks, who.monitor):
            reviewing.give_review(case_id=case.pk, by=user, verdict="agree")
        deciding.conclude_review(case_id=case.pk, by=who.planner)
        with pytest.raises(NotAllowed, match="未填报也未受理"):
            deciding.approve(case_id=case.pk, by=self.moved(clerk, Role.REVIEWER))

    def test_a_closed_account_does_nothing(self, who):
        case = at(who, State.SUBMITTED)
        User.objects.filter(pk=who.planner.pk).update(is_active=False)
        with pytest.raises(NotAllowed, match="无权查看"):
            deciding.accept(case_id=case.pk, by=User.objects.get(pk=who.planner.pk))
