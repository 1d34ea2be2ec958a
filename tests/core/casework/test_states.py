"""The life of a case holds to its table: by the model, by the ORM and by raw SQL."""

import pytest
from django.db import DatabaseError, connection, transaction
from django_fsm import TransitionNotAllowed

from core.casework.models import Case, Review
from core.casework.states import (
    CLOSED,
    EDITABLE,
    ENDED,
    FIRST,
    MOVE_TITLES,
    MOVES,
    OWED,
    WITH_APPLICANT,
    WITH_OFFICES,
    Procedure,
    State,
    declared_steps,
    states_of,
)
from tests.core.casework import cases

pytestmark = pytest.mark.django_db

FROZEN = [state for state in State if state not in (*EDITABLE, *ENDED)]
UNDECLARED = {
    way: sorted(
        (source, target.value)
        for source in states_of(way)
        for target in State
        if source != target and (source, target.value) not in declared_steps(way)
    )
    for way in Procedure
}
stands = pytest.mark.parametrize(("way", "state"), cases.STANDS, ids=lambda value: str(value))


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def at(who: cases.People, state: State, way: Procedure = Procedure.APPLICATION) -> Case:
    return cases.bring(cases.begun(who, way), who, state)


def refused(sql: str, values: list[object], match: str | None = None) -> None:
    """The database itself does not take the statement."""
    with pytest.raises(DatabaseError, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_every_state_is_reached_by_a_move_and_every_move_has_a_title_and_a_transition():
    reached = {*FIRST.values(), *(move.target for move in MOVES.values())}
    assert reached == set(State)
    assert set(MOVE_TITLES) == set(MOVES)
    assert all(hasattr(Case, name) for name in MOVES)
    assert set(WITH_APPLICANT) | set(WITH_OFFICES) | set(CLOSED) == set(State)
    assert set(EDITABLE) | set(OWED) == set(WITH_APPLICANT)
    assert all(set(states_of(way)) >= {source for source, _target in declared_steps(way)} for way in Procedure)
    assert not {source for move in MOVES.values() for source in move.sources} & set(ENDED)


@stands
def test_the_database_refuses_every_undeclared_step(who, way, state):
    source, case = state, at(who, state, way)
    assert case.state == source
    for _source, target in (step for step in UNDECLARED[way] if step[0] == source):
        with pytest.raises(DatabaseError), transaction.atomic():
            Case.objects.filter(pk=case.pk).update(state=target)
        refused("UPDATE casework_case SET state = %s WHERE id = %s", [target, case.pk])
        # Not even with every fact the new state asks for.
        refused(
            """
            UPDATE casework_case SET state = %s, submitted_at = now(), number = coalesce(number, 'SL-0'),
                   accepted_at = now(), accepted_by_id = %s, decided_at = now(), decided_by_id = %s,
                   decision_text = '理由', correction_text = '补正', appeal_text = '理由',
                   remaining_days = CASE WHEN %s = 'correction' THEN 1 END
            WHERE id = %s
            """,
            [target, who.planner.pk, who.reviewer.pk, target, case.pk],
            "不能由|Cannot|不可再改",
        )
    assert Case.objects.get(pk=case.pk).state == source


@stands
def test_the_model_refuses_every_undeclared_move_and_writing_the_state_itself(who, way, state):
    source, case = state, at(who, state, way)
    for name, move in MOVES.items():
        if source not in move.sources or move.procedure != way:
            with pytest.raises(TransitionNotAllowed):
                getattr(case, name)()
    with pytest.raises(AttributeError):
        case.state = State.EFFECTIVE
    assert case.state == source


@stands
def test_a_case_begins_at_the_beginning_for_raw_sql_too(who, way, state):
    if state == FIRST[way]:
        return
    case = cases.begun(who, way)
    columns = ", ".join(
        f'"{field.column}"' for field in Case._meta.concrete_fields if field.name not in ("id", "state")
    )
    refused(
        f"INSERT INTO casework_case (state, {columns}) SELECT %s, {columns} FROM casework_case WHERE id = %s",
        [state, case.pk],
        "不能从 .* 开始",
    )


@pytest.mark.parametrize(("way", "state"), [(way, state) for way, state in cases.STANDS if state in FROZEN])
def test_what_was_submitted_is_frozen_for_raw_sql_too(who, way, state):
    case = at(who, state, way)
    for change in ("""data = '{"x": 1}'""", "evidence = NULL", "number = 'SL-2026-99999'"):
        refused(f"UPDATE casework_case SET {change} WHERE id = %s", [case.pk], "不可再改")


def test_of_a_notice_only_the_plan_may_still_be_written(who):
    case = cases.notice(who)
    for change in ("evidence = NULL", "number = 'DB-2026-99999'"):
        refused(f"UPDATE casework_case SET {change} WHERE id = %s", [case.pk], "不可再改")
    refused("UPDATE casework_case SET cause = '{}' WHERE id = %s", [case.pk], "Cannot")
    cases.write_plan(case, who.applicant)
    case.refresh_from_db()
    assert case.data["measures"] == "改造生产线"


def test_raw_sql_cannot_move_a_case_along_the_other_procedure(who):
    heard = at(who, State.APPEAL, Procedure.SUPERVISION)
    refused("UPDATE casework_case SET state = 'submitted' WHERE id = %s", [heard.pk], "不能由")
    refused("UPDATE casework_case SET procedure = 'application' WHERE id = %s", [heard.pk], "Cannot")
    asked = at(who, State.APPEAL)
    refused("UPDATE casework_case SET state = 'imposed' WHERE id = %s", [asked.pk], "不能由")


def test_raw_sql_cannot_impose_in_nobodys_name_nor_by_who_opened_nor_without_a_reason(who):
    case = at(who, State.SANCTION, Procedure.SUPERVISION)
    sql = "UPDATE casework_case SET state = 'imposed', decided_at = now(), decided_by_id = %s{more} WHERE id = %s"
    refused("UPDATE casework_case SET state = 'imposed' WHERE id = %s", [case.pk], "decided_by_somebody")
    refused(sql.format(more=""), [who.reviewer.pk, case.pk], "reasons_given")
    more = ", decision_text = '理由'"
    refused(sql.format(more=more), [who.monitor.pk, case.pk], "decider_d")


@pytest.mark.parametrize(("way", "state"), [(way, state) for way, state in cases.STANDS if state in ENDED])
def test_what_has_ended_is_neither_written_nor_deleted(who, way, state):
    case = at(who, state, way)
    refused("UPDATE casework_case SET title = '改名' WHERE id = %s", [case.pk], "Cannot")
    refused("DELETE FROM casework_case WHERE id = %s", [case.pk], "Cannot")


@pytest.mark.parametrize(
    "change", ["filed_by_id = %(reviewer)s", "on_behalf = NOT on_behalf", "kind = 'other'", "applicant_code = 'X'"]
)
def test_raw_sql_cannot_change_whose_case_it_is(who, change):
    case = cases.draft(who)
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE casework_case SET {change} WHERE id = %(case)s", {"reviewer": who.reviewer.pk, "case": case.pk}
        )


def test_raw_sql_cannot_let_who_filed_or_accepted_decide(who):
    case = at(who, State.DECISION)
    sql = "UPDATE casework_case SET state = 'notice', decided_at = now(), decided_by_id = %s WHERE id = %s"
    refused(sql, [who.applicant.pk, case.pk], "decider_differs")
    refused(sql, [who.planner.pk, case.pk], "decider_did_not_accept")


def test_raw_sql_cannot_decide_in_nobodys_name_nor_without_a_reason(who):
    case = at(who, State.DECISION)
    refused("UPDATE casework_case SET state = 'notice' WHERE id = %s", [case.pk], "decided_by_somebody")
    refused(
        "UPDATE casework_case SET state = 'refused', decided_at = now(), decided_by_id = %s WHERE id = %s",
        [who.reviewer.pk, case.pk],
        "reasons_given",
    )
    refused("UPDATE casework_case SET state = 'returned' WHERE id = %s", [case.pk], "reasons_given")


def test_raw_sql_cannot_leave_a_correction_without_its_paused_clock(who):
    case = at(who, State.SUBMITTED)
    sql = "UPDATE casework_case SET state = 'correction', correction_text = '补正' WHERE id = %s"
    refused(sql, [case.pk], "paused_in_correction")
    refused("UPDATE casework_case SET remaining_days = 3 WHERE id = %s", [case.pk], "paused_in_correction")


@pytest.mark.parametrize("state", [State.CORRECTION, State.DECISION, State.WITHDRAWN])
def test_raw_sql_cannot_review_a_case_that_is_not_under_review(who, state):
    case = at(who, State.REVIEW)
    Review.objects.filter(case=case, office="parks").update(remaining_days=None)
    if state == State.CORRECTION:
        from core.casework.services import deciding

        deciding.ask_correction(case_id=case.pk, by=who.planner, text="补正")
    elif state == State.WITHDRAWN:
        from core.casework.services import filing

        filing.withdraw(case_id=case.pk, by=who.applicant)
    else:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE casework_case SET state = 'decision' WHERE id = %s", [case.pk])
    sql = "UPDATE casework_review SET verdict = 'agree', given_at = now(), given_by_id = %s WHERE case_id = %s"
    refused(sql, [who.parks.pk, case.pk], "不在这一轮会审")


def test_raw_sql_cannot_let_who_filed_review_nor_change_a_given_review(who):
    case = cases.bring(cases.draft(who, by=who.parks), who, State.REVIEW, by=who.parks)
    sql = "UPDATE casework_review SET verdict = %s, given_at = now(), given_by_id = %s WHERE case_id = %s"
    refused(sql, ["agree", who.parks.pk, case.pk], "填报人不得")
    with connection.cursor() as cursor:
        cursor.execute(sql, ["agree", who.monitor.pk, case.pk])
    refused("UPDATE casework_review SET verdict = 'agree', text = '改' WHERE case_id = %s", [case.pk], "Cannot")
    refused("DELETE FROM casework_review WHERE case_id = %s", [case.pk], "Cannot")


def test_raw_sql_cannot_rewrite_the_timeline(who):
    case = at(who, State.SUBMITTED)
    refused("UPDATE casework_timelineentry SET text = '改' WHERE case_id = %s", [case.pk], "Cannot")
    refused("DELETE FROM casework_timelineentry WHERE case_id = %s", [case.pk], "Cannot")
