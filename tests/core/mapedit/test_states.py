"""The states of a change set: what is declared is possible, and nothing else by any road."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django_fsm import TransitionNotAllowed

from core.mapedit.models import ChangeSet
from core.mapedit.services import publishing, workflow
from core.mapedit.states import MOVES, State, declared_steps
from core.refusals import NotAllowed
from tests import places
from tests.core.mapedit import drafts, proposals

pytestmark = pytest.mark.django_db

UNDECLARED = sorted(
    (source.value, target.value)
    for source in State
    for target in State
    if source != target and (source.value, target.value) not in declared_steps()
)


@pytest.fixture
def who(db: None) -> proposals.People:
    return proposals.people()


def refused(sql: str, values: list[object], match: str) -> None:
    """The database itself does not take the statement."""
    with pytest.raises(DatabaseError, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def at(who: proposals.People, state: State) -> ChangeSet:
    return proposals.bring(proposals.with_new_zone(who.planner), who, state)


@pytest.mark.parametrize("source", list(State))
def test_the_database_refuses_every_undeclared_step(who, source):
    change_set = at(who, source)
    for _source, target in (step for step in UNDECLARED if step[0] == source):
        with pytest.raises(DatabaseError), transaction.atomic():
            ChangeSet.objects.filter(pk=change_set.pk).update(state=target)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE mapedit_changeset SET state = %s WHERE id = %s", [target, change_set.pk])
    assert ChangeSet.objects.get(pk=change_set.pk).state == source


@pytest.mark.parametrize("source", list(State))
def test_the_model_refuses_every_undeclared_move(who, source):
    change_set = at(who, source)
    for name, move in MOVES.items():
        if source not in move.sources:
            with pytest.raises(TransitionNotAllowed):
                getattr(change_set, name)()
    assert change_set.state == source


@pytest.mark.parametrize("state", [state for state in State if state != State.DRAFT])
def test_a_change_set_begins_as_a_draft_for_raw_sql_too(who, state):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO mapedit_changeset (layer_id, title, reason, document_number, place_codes, state, revision,
                                           author_id, created_at, changed_at, return_reason)
            VALUES ('zones', '直接写入', '', '', '{}', %s, 0, %s, now(), now(), '')
            """,
            [state, who.planner.pk],
        )


#: The states in which each service does its work; everywhere else it says where the set stands.
SERVICES = {
    "run_checks": (State.DRAFT, State.CHECKED, State.RETURNED),
    "submit": (State.DRAFT, State.CHECKED, State.RETURNED),
    "ask_opinions": (State.SUBMITTED,),
    "give_opinion": (State.OPINIONS,),
    "give_notice": (State.OPINIONS,),
    "approve": (State.SUBMITTED, State.OPINIONS, State.NOTICE),
    "publish": (State.APPROVED,),
    "return_for_revision": (State.SUBMITTED, State.OPINIONS, State.NOTICE, State.APPROVED),
    "withdraw": tuple(state for state in State if state not in (State.PUBLISHED, State.WITHDRAWN)),
}


def call(name: str, change_set: ChangeSet, who: proposals.People) -> None:
    """The service of that name, by the account whose part it is."""
    actors = {"run_checks": who.planner, "submit": who.planner, "withdraw": who.planner, "give_opinion": who.parks}
    extra = {"give_opinion": {"verdict": "agree"}, "return_for_revision": {"reason": "补正"}}.get(name, {})
    service = publishing.publish if name == "publish" else getattr(workflow, name)
    service(change_set_id=change_set.pk, by=actors.get(name, who.reviewer), **extra)


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("state", list(State))
def test_a_service_refuses_every_state_that_is_not_its_own(who, name, state):
    if state in SERVICES[name]:
        return
    change_set = at(who, state)
    with pytest.raises(NotAllowed) as refusal:
        call(name, change_set, who)
    # An office does not even see a draft that was not submitted.
    assert change_set.get_state_display() in refusal.value.sentence or "没有变更" in refusal.value.sentence
    assert ChangeSet.objects.get(pk=change_set.pk).state == state


@pytest.mark.parametrize("state", [State.SUBMITTED, State.OPINIONS, State.NOTICE, State.APPROVED, State.PUBLISHED])
def test_the_content_of_a_submitted_set_is_frozen_for_raw_sql_too(who, state):
    change_set = at(who, state)
    statements = [
        "UPDATE mapedit_change SET attributes = '{}' WHERE change_set_id = %s",
        "DELETE FROM mapedit_change WHERE change_set_id = %s",
        """INSERT INTO mapedit_change (change_set_id, feature, action, operation, geom, attributes, origins, revision)
           SELECT change_set_id, 'FS-NH-99', action, operation, geom, attributes, '{}', 1
           FROM mapedit_change WHERE change_set_id = %s""",
    ]
    for statement in statements:
        with pytest.raises(DatabaseError, match="已提交"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [change_set.pk])
    with pytest.raises(DatabaseError, match="已提交"), transaction.atomic():
        drafts.add(change_set, "FS-NH-98", places.square(113.05, 23.05))


@pytest.mark.parametrize("state", [State.PUBLISHED, State.WITHDRAWN])
def test_what_has_ended_is_neither_written_nor_deleted(who, state):
    change_set = at(who, state)
    refused("UPDATE mapedit_changeset SET title = '改名' WHERE id = %s", [change_set.pk], "Cannot")
    refused("DELETE FROM mapedit_changeset WHERE id = %s", [change_set.pk], "Cannot")


def test_raw_sql_cannot_let_the_author_approve(who):
    change_set = at(who, State.NOTICE)
    sql = "UPDATE mapedit_changeset SET state = 'approved', approved_by_id = %s WHERE id = %s"
    refused(sql, [who.planner.pk, change_set.pk], "approver_differs")


def test_raw_sql_cannot_approve_in_nobodys_name_nor_publish_without_a_publication(who):
    change_set = at(who, State.NOTICE)
    refused("UPDATE mapedit_changeset SET state = 'approved' WHERE id = %s", [change_set.pk], "approved_by_somebody")
    workflow.approve(change_set_id=change_set.pk, by=who.reviewer)
    sql = "UPDATE mapedit_changeset SET state = 'published' WHERE id = %s"
    refused(sql, [change_set.pk], "published_by_publication")
