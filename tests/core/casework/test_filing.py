"""The applicant's side: opened once, kept as it is typed, handed in complete, corrected, withdrawn, appealed."""

import uuid

import pytest
from django.db.models import Q

from core.accounts.models import CITY_CODE, Role
from core.casework.kinds import KindUnknown
from core.casework.models import Case, TimelineEntry
from core.casework.services import assigning, deciding, filing, papers
from core.casework.states import EDITABLE, State
from core.refusals import NotAllowed, Refused, Stale
from tests import places
from tests.core.casework import cases, kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> cases.People:
    kind.done.clear()
    return cases.people()


class TestOpening:
    def test_an_enterprise_opens_its_own(self, who):
        case = filing.open_case(kind="example", by=who.applicant)
        assert (case.state, case.number, case.revision) == (State.DRAFT, None, 0)
        assert (case.applicant_code, case.applicant_name) == (who.enterprise.uscc, who.enterprise.name)
        assert (case.filed_by, case.on_behalf, case.district_id) == (who.applicant, False, places.NANHAI)
        assert [entry.act for entry in case.timeline.all()] == ["opened"]

    @pytest.mark.parametrize("role", [Role.PLANNER, Role.PARKS])
    def test_staff_open_for_an_enterprise_of_their_district(self, who, role):
        case = filing.open_case(kind="example", by=who.of(role), applicant_code=who.enterprise.uscc)
        assert (case.filed_by, case.on_behalf) == (who.of(role), True)
        assert list(Case.objects.visible_to(who.applicant)) == [case]
        # A draft is nobody else's business, not even that of colleagues.
        assert not Case.objects.visible_to(who.reviewer).exists()

    @pytest.mark.parametrize("role", [Role.MONITOR, Role.REVIEWER, Role.HEAD])
    def test_other_offices_do_not_file(self, who, role):
        with pytest.raises(NotAllowed, match="由企业申请"):
            filing.open_case(kind="example", by=who.of(role), applicant_code=who.enterprise.uscc)

    def test_who_is_meant_must_be_said_and_be_within_reach(self, who):
        with pytest.raises(Refused, match="请选择"):
            filing.open_case(kind="example", by=who.planner)
        with pytest.raises(Refused, match="请选择"):
            filing.open_case(kind="example", by=who.planner, applicant_code="91440605000000000X")
        elsewhere = places.enterprise(2, district=places.SANSHUI)
        with pytest.raises(NotAllowed, match="不在本账号的管辖范围内"):
            filing.open_case(kind="example", by=who.planner, applicant_code=elsewhere.uscc)
        with pytest.raises(NotAllowed, match="只能为本企业"):
            filing.open_case(kind="example", by=who.applicant, applicant_code=elsewhere.uscc)
        with pytest.raises(NotAllowed, match="没有关联企业"):
            filing.open_case(kind="example", by=places.account(Role.ENTERPRISE))
        with pytest.raises(KindUnknown):
            filing.open_case(kind="nothing", by=who.applicant)
        assert not Case.objects.exists()

    def test_a_form_sent_twice_opens_one_case(self, who):
        token = uuid.uuid4()
        first = filing.open_case(kind="example", by=who.applicant, token=token, data=cases.DATA)
        again = filing.open_case(kind="example", by=who.applicant, token=token)
        assert again.pk == first.pk
        assert Case.objects.count() == TimelineEntry.objects.count() == 1
        other = cases.people(CITY_CODE, number=2)
        with pytest.raises(NotAllowed, match="别的账号"):
            filing.open_case(kind="example", by=other.applicant, token=token)


class TestDrafts:
    def test_a_draft_is_kept_incomplete_and_knows_its_subject_once_it_can(self, who):
        case = filing.open_case(kind="example", by=who.applicant)
        case = filing.save_draft(case_id=case.pk, by=who.applicant, revision=0, data={"figure": "two", "plot": ""})
        assert (case.revision, case.data, case.title) == (1, {"figure": "two", "plot": ""}, "")
        sanshui = f"{places.SANSHUI}001001GB00007"
        case = filing.save_draft(case_id=case.pk, by=who.applicant, revision=1, data={"plot": sanshui})
        assert (case.title, case.subject_codes) == (f"示例事项 {sanshui}", [sanshui])
        assert case.district_id == places.SANSHUI

    def test_two_windows_do_not_overwrite_each_other(self, who):
        case = cases.draft(who)
        filing.save_draft(case_id=case.pk, by=who.applicant, revision=1, data={**cases.DATA, "reason": "甲"})
        with pytest.raises(Stale, match="在别处改过"):
            filing.save_draft(case_id=case.pk, by=who.applicant, revision=1, data={**cases.DATA, "reason": "乙"})
        assert Case.objects.get().data["reason"] == "甲"

    def test_a_colleague_of_the_enterprise_writes_too_a_stranger_does_not_even_see_it(self, who):
        case = cases.draft(who)
        colleague = places.account(Role.ENTERPRISE, enterprise=who.enterprise)
        filing.save_draft(case_id=case.pk, by=colleague, revision=1, data=cases.DATA)
        stranger = places.account(Role.ENTERPRISE, enterprise=places.enterprise(2))
        for by in (stranger, who.planner, who.reviewer):
            with pytest.raises(NotAllowed, match="没有这件办件"):
                filing.save_draft(case_id=case.pk, by=by, revision=2, data=cases.DATA)

    def test_staff_see_a_returned_case_and_do_not_write_in_it(self, who):
        case = cases.bring(cases.draft(who), who, State.RETURNED)
        with pytest.raises(NotAllowed, match="由申请人的账号"):
            filing.save_draft(case_id=case.pk, by=who.planner, revision=case.revision, data=cases.DATA)

    @pytest.mark.parametrize(
        "state", [state for way, state in cases.STANDS if way == "application" and state not in EDITABLE]
    )
    def test_what_was_handed_in_is_not_written_any_more(self, who, state):
        case = cases.bring(cases.draft(who), who, state)
        with pytest.raises(NotAllowed, match=f"“{case.get_state_display()}”"):
            filing.save_draft(case_id=case.pk, by=who.applicant, revision=case.revision, data={})

    @pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 200_001])
    def test_what_cannot_be_kept_is_refused_in_words(self, who, text):
        case = cases.draft(who)
        with pytest.raises(Refused, match="未保存"):
            filing.save_draft(case_id=case.pk, by=who.applicant, revision=1, data={"reason": text})

    def test_staff_do_not_take_a_case_they_file_out_of_their_reach(self, who):
        case = cases.draft(who, by=who.parks)
        with pytest.raises(Refused, match="不在代为填报的账号的管辖范围内"):
            filing.save_draft(
                case_id=case.pk, by=who.parks, revision=1, data={"plot": f"{places.SANSHUI}001001GB00001"}
            )


class TestSubmitting:
    def test_a_complete_case_is_numbered_frozen_and_recorded(self, who):
        case = cases.bring(cases.draft(who), who, State.SUBMITTED)
        assert case.number.startswith("SL-20")
        assert case.number.endswith("-00001")
        assert case.submitted_at is not None
        assert case.evidence["findings"][0]["rule"] == "EX-1"
        assert kind.done == [("record", case.pk)]
        assert [entry.act for entry in case.timeline.filter(internal=False)][-1] == "submit"
        assert cases.bring(cases.draft(who), who, State.SUBMITTED).number.endswith("-00002")

    def test_a_second_click_changes_nothing_and_names_where_the_case_stands(self, who):
        case = cases.bring(cases.draft(who), who, State.SUBMITTED)
        with pytest.raises(NotAllowed, match="目前为“待受理”，不能“提交申请”；页面可能已过时，请刷新。"):
            filing.submit(case_id=case.pk, by=who.applicant)
        assert case.timeline.filter(act="submit").count() == 1

    def test_missing_papers_are_named(self, who):
        case = cases.draft(who)
        with pytest.raises(Refused, match="还缺 1 份材料，不能提交：证明材料。"):
            filing.submit(case_id=case.pk, by=who.applicant)
        cases.fill_papers(case, who.applicant)
        papers.remove(case_id=case.pk, paper_id=case.papers.get().pk, by=who.applicant)
        with pytest.raises(Refused, match="还缺 1 份材料"):
            filing.submit(case_id=case.pk, by=who.applicant)

    @pytest.mark.parametrize(
        ("data", "problem"),
        [
            ({"figure": "-1"}, "首处：“数值”"),
            ({"figure": "0,5"}, "首处：“数值”"),
            ({"figure": "1000000000"}, "首处：“数值”"),
            ({"figure": "", "plot": ""}, "有 2 处需要修改。首处：“宗地”"),
            ({"plot": "440605"}, "首处：“宗地”"),
        ],
    )
    def test_an_invalid_form_is_refused_with_its_first_fault(self, who, data, problem):
        case = cases.draft(who, **data)
        cases.fill_papers(case, who.applicant)
        with pytest.raises(Refused, match=problem):
            filing.submit(case_id=case.pk, by=who.applicant)
        assert Case.objects.get().state == State.DRAFT

    def test_an_unmet_condition_is_refused_with_all_findings(self, who):
        cases.parameter("example.most", 2)
        case = cases.draft(who)
        cases.fill_papers(case, who.applicant)
        with pytest.raises(Refused, match="有 1 项条件不满足，不能提交。首项：数值 2.5，上限 2") as refusal:
            filing.submit(case_id=case.pk, by=who.applicant)
        assert [finding.rule for finding in refusal.value.findings] == ["EX-1"]

    def test_what_the_kind_refuses_leaves_nothing_behind(self, who):
        case = cases.draft(who, refuse="record")
        cases.fill_papers(case, who.applicant)
        with pytest.raises(Refused, match="不能 record"):
            filing.submit(case_id=case.pk, by=who.applicant)
        case = Case.objects.get()
        assert (case.state, case.number, case.evidence, case.submitted_at) == (State.DRAFT, None, None, None)


class TestCorrecting:
    def test_a_correction_goes_back_to_where_it_was_asked_for_with_what_was_found_anew(self, who):
        case = cases.bring(cases.draft(who), who, State.CORRECTION)
        assert case.correction_text == "补充证明材料"
        filing.save_draft(case_id=case.pk, by=who.applicant, revision=1, data={**cases.DATA, "figure": "1.5"})
        case = filing.correct(case_id=case.pk, by=who.applicant)
        assert case.state == State.SUBMITTED
        assert case.evidence["findings"][0]["measured"] == "1.5"
        assert kind.done == [("record", case.pk)] * 2
        assert [entry.act for entry in case.timeline.all()][-1] == "correct_filing"
        deciding.accept(case_id=case.pk, by=who.planner)
        deciding.ask_correction(case_id=case.pk, by=who.planner, text="再补")
        case = filing.correct(case_id=case.pk, by=who.applicant)
        assert case.state == State.REVIEW
        assert [entry.act for entry in case.timeline.all()][-1] == "correct_review"

    def test_a_correction_is_checked_like_a_submission(self, who):
        case = cases.bring(cases.draft(who), who, State.CORRECTION)
        filing.save_draft(case_id=case.pk, by=who.applicant, revision=1, data={**cases.DATA, "figure": ""})
        with pytest.raises(Refused, match="数值"):
            filing.correct(case_id=case.pk, by=who.applicant)

    def test_an_accepted_case_does_not_move_to_another_district(self, who):
        case = cases.bring(cases.draft(who), who, State.REVIEW)
        deciding.ask_correction(case_id=case.pk, by=who.planner, text="更正宗地")
        data = {**cases.DATA, "plot": f"{places.SANSHUI}001001GB00001"}
        case = filing.save_draft(case_id=case.pk, by=who.applicant, revision=1, data=data)
        assert case.district_id == places.NANHAI
        with pytest.raises(Refused, match="不能改到另一个区"):
            filing.correct(case_id=case.pk, by=who.applicant)

    def test_a_returned_case_is_received_and_reviewed_anew_under_its_number(self, who):
        case = cases.bring(cases.draft(who), who, State.RETURNED)
        number = case.number
        assert case.decision_text == "请重新测算"
        case = filing.submit(case_id=case.pk, by=who.applicant)
        assert (case.number, case.round, case.accepted_by, case.decision_text) == (number, 2, None, "")
        case = deciding.accept(case_id=case.pk, by=who.planner)
        assert case.reviews.filter(round=2, given_at__isnull=True).count() == 2
        assert case.reviews.filter(round=1, given_at__isnull=False).count() == 2


class TestWithdrawing:
    @pytest.mark.parametrize("state", [State.DRAFT, State.SUBMITTED, State.REVIEW, State.DECISION, State.RETURNED])
    def test_a_case_is_given_up_for_good(self, who, state):
        case = cases.bring(cases.draft(who), who, state)
        case = filing.withdraw(case_id=case.pk, by=who.applicant, text="项目取消")
        assert (case.state, case.due_on) == (State.WITHDRAWN, None)
        assert case.closed_at is not None
        assert case.timeline.last().text == "项目取消"
        assert ("undo", case.pk) not in kind.done

    def test_what_was_approved_is_given_back(self, who):
        case = cases.bring(cases.draft(who), who, State.NOTICE)
        filing.withdraw(case_id=case.pk, by=who.applicant)
        assert kind.done[-1] == ("undo", case.pk)

    def test_a_withdrawn_draft_was_never_numbered_and_stays_with_who_wrote_it(self, who):
        case = cases.draft(who)
        filing.withdraw(case_id=case.pk, by=who.applicant)
        assert Case.objects.get().number is None
        assert not Case.objects.visible_to(who.planner).exists()
        assert Case.objects.visible_to(who.applicant).exists()


class TestAppealing:
    @pytest.mark.parametrize("state", [State.REFUSED, State.NOT_ACCEPTED])
    def test_a_refusal_is_looked_at_again(self, who, state):
        case = cases.bring(cases.draft(who), who, state)
        with pytest.raises(Refused, match="请写明申请复核的理由"):
            filing.appeal(case_id=case.pk, by=who.applicant, text="  ")
        case = filing.appeal(case_id=case.pk, by=who.applicant, text="测算有误")
        assert (case.state, case.appeal_text, case.closed_at) == (State.APPEAL, "测算有误", None)
        case = deciding.overturn(case_id=case.pk, by=who.head, text="应重新测算")
        assert (case.state, case.decided_by, case.decision_text) == (State.SUBMITTED, None, "")
        # The same people may take it up again, and decide it.
        case = cases.deciding.accept(case_id=case.pk, by=who.planner)
        assert case.round == (2 if state == State.REFUSED else 1)

    def test_what_is_upheld_has_ended(self, who):
        case = cases.bring(cases.draft(who), who, State.UPHELD)
        assert case.decided_by == who.reviewer
        with pytest.raises(NotAllowed, match="维持原决定"):
            filing.appeal(case_id=case.pk, by=who.applicant, text="仍有异议")


def test_another_enterprises_case_is_not_there(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    stranger = places.account(Role.ENTERPRISE, enterprise=places.enterprise(2))
    for act in (
        lambda: filing.withdraw(case_id=case.pk, by=stranger),
        lambda: filing.submit(case_id=case.pk, by=stranger),
        lambda: deciding.accept(case_id=case.pk, by=stranger),
        lambda: assigning.assign(case_id=case.pk, by=stranger, to=who.planner),
        lambda: filing.withdraw(case_id=case.pk + 1, by=stranger),
    ):
        with pytest.raises(NotAllowed, match="没有这件办件，或本账号无权查看。"):
            act()


def test_every_move_is_in_the_timeline_with_who_and_from_where(who):
    case = cases.bring(cases.draft(who), who, State.EFFECTIVE)
    moves = [
        (entry.act, entry.by.role, entry.from_state, entry.to_state)
        for entry in case.timeline.filter(~Q(from_state=""))
    ]
    assert moves == [
        ("submit", "enterprise", "draft", "submitted"),
        ("accept", "planner", "submitted", "review"),
        ("conclude_review", "planner", "review", "decision"),
        ("approve", "reviewer", "decision", "notice"),
        ("take_effect", "reviewer", "notice", "effective"),
    ]
