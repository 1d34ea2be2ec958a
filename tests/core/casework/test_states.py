"""The life of a case holds to its table: by service, by the model, by the ORM and by raw SQL."""

import pytest
from django.db import DatabaseError, connection, transaction

from core.casework.states import State, declared_steps
from tests.core.casework import cases

pytestmark = pytest.mark.django_db

UNDECLARED = sorted(
    (source.value, target.value)
    for source in State
    for target in State
    if source != target and (source.value, target.value) not in declared_steps()
)


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def refused(sql: str, values: list[object], match: str = "") -> None:
    """The database itself does not take the statement."""
    with pytest.raises(DatabaseError, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.mark.parametrize("state", list(State))
def test_services_bring_a_case_to_every_state(who, state):
    assert cases.bring(cases.draft(who), who, state).state == state
