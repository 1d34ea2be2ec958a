"""Who works on a case: assigned, handed over, stood in for; and what is said on it."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role, User
from core.casework.deputies import deputy_of, stands_in_for
from core.casework.models import Absence, Case, Remark, TimelineEntry
from core.casework.services import assigning, deciding, remarking, reviewing
from core.casework.states import State
from core.refusals import NotAllowed, Refused
from tests import places
from tests.core.casework import cases

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def another(role: Role, *codes: str, name: str = "") -> User:
    """One more account of a role."""
    return User.objects.create(
        username=f"{role}-{User.objects.count()}", role=role, place_codes=list(codes), display_name=name or "示例同事"
    )


def at(who: cases.People, state: State) -> Case:
    return cases.bring(cases.draft(who), who, state)


def away(user: User, deputy: User, *, since: int = 0, until: int = 5) -> Absence:
    today = timezone.localdate()
    return assigning.note_absence(
        by=user, user=user, deputy=deputy, since=today + DAY * since, until=today + DAY * until
    )


class TestAssigning:
    def test_colleagues_hand_a_case_to_each_other(self, who):
        colleague = another(Role.PLANNER, CITY_CODE, name="示例甲")
        case = assigning.assign(case_id=at(who, State.SUBMITTED).pk, by=who.planner, to=colleague)
        assert case.assignee == colleague
        entry = case.timeline.get(act="assigned")
        assert (entry.text, entry.internal, entry.by) == ("示例甲", True, who.planner)
        # Who accepts leaves it with who it was assigned to.
        assert deciding.accept(case_id=case.pk, by=who.planner).assignee == colleague

    def test_an_office_assigns_its_own_review(self, who):
        colleague = another(Role.PARKS, places.NANHAI)
        case = at(who, State.REVIEW)
        assigning.assign(case_id=case.pk, by=who.parks, to=colleague)
        assert case.reviews.get(office="parks").assignee == colleague
        assert Case.objects.get().assignee == who.planner
        # Another of the office may speak all the same.
        assert reviewing.give_review(case_id=case.pk, by=who.parks, verdict="agree").is_given

    def test_a_head_assigns_to_any_office(self, who):
        case = at(who, State.REVIEW)
        assigning.assign(case_id=case.pk, by=who.head, to=who.monitor)
        assert case.reviews.get(office="monitor").assignee == who.monitor
        case = at(who, State.DECISION)
        assert assigning.assign(case_id=case.pk, by=who.head, to=who.reviewer).assignee == who.reviewer

    @pytest.mark.parametrize("by", [Role.PARKS, Role.REVIEWER, Role.ENTERPRISE])
    def test_nobody_assigns_for_another_office(self, who, by):
        with pytest.raises(NotAllowed):
            assigning.assign(case_id=at(who, State.SUBMITTED).pk, by=who.of(by), to=who.planner)

    def test_it_goes_to_nobody_who_could_not_act_on_it(self, who):
        case = at(who, State.SUBMITTED)
        elsewhere = another(Role.PLANNER, places.SANSHUI)
        closed = another(Role.PLANNER, places.NANHAI)
        User.objects.filter(pk=closed.pk).update(is_active=False)
        closed.refresh_from_db()
        for to in (elsewhere, closed):
            with pytest.raises(Refused, match="不能分派给"):
                assigning.assign(case_id=case.pk, by=who.planner, to=to)
        with pytest.raises(Refused, match="不能分派给"):
            assigning.assign(case_id=case.pk, by=who.head, to=who.reviewer)  # Nothing to decide yet.
        filer = another(Role.PLANNER, places.NANHAI)
        theirs = cases.bring(cases.draft(who, by=filer), who, State.SUBMITTED, by=filer)
        with pytest.raises(Refused, match="未曾填报此件"):
            assigning.assign(case_id=theirs.pk, by=who.planner, to=filer)

    @pytest.mark.parametrize("state", [State.DRAFT, State.EFFECTIVE, State.WITHDRAWN, State.RETURNED])
    def test_what_is_not_with_the_offices_is_not_assigned(self, who, state):
        with pytest.raises(NotAllowed):
            assigning.assign(case_id=at(who, state).pk, by=who.planner, to=who.planner)


class TestAbsence:
    def test_an_assignment_goes_to_the_deputy(self, who):
        deputy = another(Role.PLANNER, CITY_CODE, name="示例代办")
        away(who.planner, deputy)
        case = assigning.assign(case_id=at(who, State.SUBMITTED).pk, by=who.head, to=who.planner)
        assert case.assignee == deputy
        assert case.timeline.get(act="assigned").text == "示例代办（代自然资源编制人员）"

    def test_so_does_a_review(self, who):
        deputy = another(Role.PARKS, places.NANHAI)
        away(who.parks, deputy)
        case = at(who, State.REVIEW)
        assigning.assign(case_id=case.pk, by=who.head, to=who.parks)
        assert case.reviews.get(office="parks").assignee == deputy

    def test_deputies_of_deputies_and_days_outside_the_absence(self, who):
        second, third = another(Role.PLANNER, CITY_CODE), another(Role.PLANNER, CITY_CODE)
        away(who.planner, second, since=1, until=3)
        away(second, third, since=3, until=6)
        today = timezone.localdate()
        found = [deputy_of(who.planner, today + DAY * n) for n in range(5)]
        assert found == [who.planner, second, second, third, who.planner]
        assert stands_in_for(third, today + DAY * 3) == [third.pk, who.planner.pk, second.pk]

    def test_two_who_name_each_other_keep_their_own(self, who):
        second = another(Role.PLANNER, places.NANHAI)
        away(who.planner, second)
        away(second, who.planner)
        assert deputy_of(who.planner, timezone.localdate()) == who.planner

    def test_a_closed_account_stands_in_for_nobody(self, who):
        second = another(Role.PLANNER, places.NANHAI)
        away(who.planner, second)
        User.objects.filter(pk=second.pk).update(is_active=False)
        assert deputy_of(who.planner, timezone.localdate()) == who.planner

    def test_who_stands_in_is_of_the_same_role_and_reaches_as_far(self, who):
        for deputy, problem in (
            (who.planner, "另一个账号"),
            (who.parks, "同一角色"),
            (another(Role.PLANNER, places.SANSHUI), "辖区没有覆盖"),
        ):
            with pytest.raises(Refused, match=problem):
                away(who.planner, deputy)
        second = another(Role.PLANNER, CITY_CODE)
        with pytest.raises(Refused, match="不得早于"):
            away(who.planner, second, since=-3, until=-1)
        with pytest.raises(Refused, match="不得早于"):
            away(who.planner, second, since=3, until=1)
        away(who.planner, second, since=1, until=3)
        with pytest.raises(Refused, match="已登记外出"):
            away(who.planner, second, since=3, until=4)

    def test_one_notes_ones_own_and_a_head_that_of_the_district(self, who):
        second = another(Role.PLANNER, CITY_CODE)
        today = timezone.localdate()
        facts = {"user": who.planner, "deputy": second, "since": today, "until": today + DAY}
        for by in (who.parks, second, another(Role.HEAD, places.SANSHUI)):
            with pytest.raises(NotAllowed, match="由本人办理"):
                assigning.note_absence(by=by, **facts)
        absence = assigning.note_absence(by=who.head, **facts)
        with pytest.raises(NotAllowed):
            assigning.end_absence(by=who.parks, absence_id=absence.pk)
        assigning.end_absence(by=who.planner, absence_id=absence.pk)
        assert not Absence.objects.exists()
        with pytest.raises(NotAllowed, match="可能已取消"):
            assigning.end_absence(by=who.planner, absence_id=absence.pk)

    def test_an_absence_that_has_begun_ends_with_yesterday(self, who, monkeypatch):
        absence = away(who.planner, another(Role.PLANNER, CITY_CODE))
        today = timezone.localdate()
        cases.set_today(monkeypatch, today + DAY * 2)
        assigning.end_absence(by=who.planner, absence_id=absence.pk)
        absence.refresh_from_db()
        assert absence.until == today + DAY

    def test_raw_sql_cannot_make_somebody_of_another_role_the_deputy(self, who):
        sql = "INSERT INTO casework_absence (user_id, deputy_id, since, until) VALUES (%s, %s, now(), now())"
        with pytest.raises(DatabaseError, match="同一角色"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [who.planner.pk, who.parks.pk])


class TestHandingOver:
    def test_everything_open_goes_over_at_once(self, who):
        second = another(Role.PLANNER, CITY_CODE)
        theirs = [at(who, state) for state in (State.REVIEW, State.CORRECTION, State.REVIEW)]
        assigning.assign(case_id=theirs[1].pk, by=who.planner, to=who.planner)
        at(who, State.WITHDRAWN)
        assert assigning.hand_over(by=who.planner, user=who.planner, to=second) == 3
        assert set(Case.objects.filter(assignee=second)) == set(theirs)

    def test_reviews_go_over_too(self, who):
        second = another(Role.PARKS, CITY_CODE)
        case = at(who, State.REVIEW)
        assigning.assign(case_id=case.pk, by=who.parks, to=who.parks)
        assert assigning.hand_over(by=who.head, user=who.parks, to=second) == 1
        assert case.reviews.get(office="parks").assignee == second

    def test_all_or_none_and_only_ones_own(self, who):
        at(who, State.REVIEW)
        with pytest.raises(Refused, match="不能分派给"):
            assigning.hand_over(by=who.planner, user=who.planner, to=another(Role.PLANNER, places.SANSHUI))
        with pytest.raises(Refused, match="同一角色"):
            assigning.hand_over(by=who.planner, user=who.planner, to=who.parks)
        with pytest.raises(NotAllowed):
            assigning.hand_over(by=who.parks, user=who.planner, to=another(Role.PLANNER, CITY_CODE))
        assert Case.objects.get().assignee == who.planner


class TestRemarks:
    def test_offices_speak_among_themselves_and_the_applicant_does_not_read_it(self, who):
        case = at(who, State.REVIEW)
        inside = remarking.remark(case_id=case.pk, by=who.parks, text="需要核实产值")
        outside = remarking.remark(case_id=case.pk, by=who.planner, text="请补充说明", internal=False)
        reply = remarking.remark(case_id=case.pk, by=who.applicant, text="已补充", internal=True)
        assert (inside.internal, outside.internal, reply.internal) == (True, False, False)
        assert list(Remark.objects.visible_to(who.applicant)) == [outside, reply]
        assert list(Remark.objects.visible_to(who.monitor)) == [inside, outside, reply]
        read = TimelineEntry.objects.visible_to(who.applicant).filter(act="remarked")
        assert [entry.text for entry in read] == ["请补充说明", "已补充"]

    def test_an_internal_word_of_a_head_is_an_instruction(self, who):
        case = at(who, State.REVIEW)
        told = remarking.remark(case_id=case.pk, by=who.head, text="请加快")
        said = remarking.remark(case_id=case.pk, by=who.head, text="正在办理", internal=False)
        assert (told.instruction, said.instruction) == (True, False)
        assert case.timeline.get(act="instructed").internal

    def test_who_may_write(self, who):
        case = at(who, State.REVIEW)
        auditor = places.account(Role.AUDITOR, CITY_CODE)
        for by in (auditor, places.account(Role.ENTERPRISE), places.account(Role.PARKS, places.SANSHUI)):
            with pytest.raises(NotAllowed):
                remarking.remark(case_id=case.pk, by=by, text="一句话")
        with pytest.raises(Refused, match="请写明留言内容"):
            remarking.remark(case_id=case.pk, by=who.planner, text=" ")

    @pytest.mark.parametrize("state", [State.DRAFT, State.EFFECTIVE, State.REFUSED, State.WITHDRAWN])
    def test_when_it_may_be_written(self, who, state):
        case = at(who, state)
        with pytest.raises(NotAllowed, match="提交之后、办结之前"):
            remarking.remark(case_id=case.pk, by=who.applicant, text="一句话")
