"""Several people at one case at the same moment: one of them acts, the others are told where it stands."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from core.accounts.models import CITY_CODE, Role
from core.casework.models import Case
from core.casework.services import deciding, filing, reviewing
from core.casework.states import State
from core.refusals import NotAllowed, Refused, Stale
from tests import places
from tests.core.casework import cases
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def split(results: list[object]) -> tuple[list[object], list[Refused]]:
    """What went through, and what was refused."""
    refused = [result for result in results if isinstance(result, Refused)]
    return [result for result in results if not isinstance(result, Refused)], refused


def test_two_at_once_at_every_point_of_a_cases_life():
    """One long test: emptying the tables after each would take longer than the races themselves."""
    who = cases.people()
    second = places.account(Role.REVIEWER, CITY_CODE)
    token = uuid.uuid4()

    # A double click on 新建 opens one case.
    opened = at_once([lambda: filing.open_case(kind="example", by=who.applicant, token=token, data=cases.DATA)] * 4)
    number = Case.objects.get().pk
    assert {case.pk for case in opened} == {number}

    # Two windows save the same revision: one is kept, the other is told.
    data = [{**cases.DATA, "reason": text} for text in "甲乙"]
    kept, stale = split(
        at_once(
            [
                lambda values=values: filing.save_draft(case_id=number, by=who.applicant, revision=1, data=values)
                for values in data
            ]
        )
    )
    assert len(kept) == 1
    assert isinstance(stale[0], Stale)
    assert Case.objects.get().data["reason"] == kept[0].data["reason"]

    # A double click on 提交 submits once.
    cases.fill_papers(Case.objects.get(), who.applicant)
    done, refused = split(at_once([lambda: filing.submit(case_id=number, by=who.applicant)] * 3))
    assert len(done) == 1
    assert all("目前为“待受理”" in refusal.sentence for refusal in refused)

    # Accepted by one and declined by another: the case is in one state, with the reviews of that state.
    other = cases.bring(cases.draft(who), who, State.SUBMITTED).pk
    done, refused = split(
        at_once(
            [
                lambda: deciding.accept(case_id=other, by=who.planner),
                lambda: deciding.decline(case_id=other, by=who.planner, text="不属于受理范围"),
            ]
        )
    )
    assert (len(done), len(refused)) == (1, 1)
    case = Case.objects.get(pk=other)
    assert case.reviews.count() == (2 if case.state == State.REVIEW else 0)

    # The last review beside the end of the review: either it counts, or the office is told it came too late.
    deciding.accept(case_id=number, by=who.planner)
    reviewing.give_review(case_id=number, by=who.parks, verdict="agree")
    again = places.account(Role.MONITOR, CITY_CODE)
    done, refused = split(
        at_once(
            [
                lambda: reviewing.give_review(case_id=number, by=who.monitor, verdict="agree"),
                lambda: reviewing.give_review(case_id=number, by=again, verdict="disagree", text="产值不足"),
            ]
        )
    )
    assert (len(done), len(refused)) == (1, 1)
    assert "不能再改" in refused[0].sentence
    deciding.conclude_review(case_id=number, by=who.planner)

    # Two deciders at once, one for and one against.
    done, refused = split(
        at_once(
            [
                lambda: deciding.approve(case_id=number, by=who.reviewer, text="同意"),
                lambda: deciding.refuse(case_id=number, by=second, text="不符合规划"),
            ]
        )
    )
    assert (len(done), len(refused)) == (1, 1)
    assert isinstance(refused[0], NotAllowed)
    case = Case.objects.get(pk=number)
    assert f"“{case.get_state_display()}”" in refused[0].sentence
    assert case.decided_by == done[0].decided_by
    assert case.timeline.filter(act__in=["approve", "refuse"]).count() == 1

    # An approval beside a withdrawal.
    third = cases.bring(cases.draft(who), who, State.DECISION).pk
    done, refused = split(
        at_once(
            [
                lambda: deciding.approve(case_id=third, by=who.reviewer),
                lambda: filing.withdraw(case_id=third, by=who.applicant),
            ]
        )
    )
    # The withdrawal may come after the approval and take it back; the approval never after the withdrawal.
    assert Case.objects.get(pk=third).state == State.WITHDRAWN
    assert len(done) == 2 or "已撤回" in refused[0].sentence


def test_numbers_of_many_at_once_are_each_its_own_and_without_a_gap():
    who = cases.people()
    drafts = [cases.draft(who) for _number in range(8)]
    for case in drafts:
        cases.fill_papers(case, who.applicant)
    at_once([lambda pk=case.pk: filing.submit(case_id=pk, by=who.applicant) for case in drafts])
    numbers = sorted(int(number[-5:]) for number in Case.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 9))


def test_raw_sql_beside_a_service_cannot_end_in_two_states():
    """A statement that read the old state waits for the lock, and then meets the table of moves."""
    who = cases.people()
    number = cases.bring(cases.draft(who), who, State.DECISION).pk

    def by_hand() -> object:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    """
                    UPDATE casework_case SET state = 'refused', decided_at = now(), decided_by_id = %s,
                           decision_text = '理由' WHERE id = %s
                    """,
                    [who.reviewer.pk, number],
                )
                return cursor.rowcount
        except IntegrityError as error:
            return Refused(str(error))

    done, refused = split(at_once([by_hand, lambda: filing.withdraw(case_id=number, by=who.applicant), by_hand]))
    state = Case.objects.get(pk=number).state
    assert state in (State.REFUSED, State.WITHDRAWN)
    assert len(done) + len(refused) == 3
