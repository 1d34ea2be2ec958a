"""Who sees, drafts, reviews and speaks, by role, place and state."""

from __future__ import annotations

import itertools

import pytest

from core.accounts.models import Role, User
from core.mapedit import layers, perms
from core.mapedit.models import ChangeSet
from core.mapedit.services import drafting, papers, publishing, workflow
from core.mapedit.states import EDITABLE, UNDER_REVIEW, State
from core.refusals import NotAllowed
from tests import places
from tests.core.mapedit import proposals

pytestmark = pytest.mark.django_db
CITY, NANHAI, SANSHUI = "440600", places.NANHAI, places.SANSHUI
REACH = {CITY: True, NANHAI: True, SANSHUI: False}
DRAFTING = {Role.PLANNER, Role.REVIEWER, Role.AUDITOR}
LAND = DRAFTING | {Role.MONITOR, Role.HEAD, Role.PARKS}


@pytest.fixture
def who(db: None) -> proposals.People:
    return proposals.people()


def scoped(role: Role, place: str) -> User:
    """An account of ``role`` for ``place``; the city's has a second place, to be another than the fixture's."""
    if role == Role.ENTERPRISE:
        return places.account(role)
    return places.account(role, *sorted({place, NANHAI} if place == CITY else {place}))


def others(role: Role) -> list[tuple[User, bool]]:
    """An account of ``role`` for every place, and whether it reaches a set of Nanhai."""
    if role == Role.ENTERPRISE:
        return [(places.account(role), False)]
    return [(scoped(role, place), reaches) for place, reaches in REACH.items()]


@pytest.mark.parametrize("state", list(State))
def test_a_change_set_is_seen_by_role_place_and_state(who, state):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, state)
    public = state in (*UNDER_REVIEW, State.PUBLISHED)
    for role in Role:
        for user, reaches in others(role):
            expected = reaches and (role in DRAFTING or (role in LAND and public))
            assert ChangeSet.objects.visible_to(user).filter(pk=change_set.pk).exists() == expected, (role, user)


@pytest.mark.parametrize("state", list(State))
def test_every_permission_by_role_place_and_state(who, state):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, state)
    layer = layers.editable("zones")
    for role in Role:
        for user, reaches in others(role):
            assert perms.drafts(user) == (role == Role.PLANNER)
            assert perms.edits(user, change_set) == (role == Role.PLANNER and reaches and state in EDITABLE)
            assert perms.reviews(user, change_set) == (role == Role.REVIEWER and reaches)
            assert perms.opines(user, change_set, layer) == (role == Role.PARKS and reaches)
            assert not perms.withdraws(user, change_set)
            assert papers.may_attach(user, change_set) == (
                reaches
                and ((role == Role.PLANNER and state in EDITABLE) or (role == Role.REVIEWER and state in UNDER_REVIEW))
            )
    assert perms.withdraws(who.planner, change_set)


MOVES_BY_ROLE = {
    "submit": (State.DRAFT, {Role.PLANNER}),
    "run_checks": (State.DRAFT, {Role.PLANNER}),
    "ask_opinions": (State.SUBMITTED, {Role.REVIEWER}),
    "give_opinion": (State.OPINIONS, {Role.PARKS}),
    "approve": (State.NOTICE, {Role.REVIEWER}),
    "publish": (State.APPROVED, {Role.REVIEWER}),
    "return_for_revision": (State.SUBMITTED, {Role.REVIEWER}),
    "withdraw": (State.SUBMITTED, set()),
}


@pytest.mark.parametrize(("move", "place"), list(itertools.product(MOVES_BY_ROLE, REACH)))
def test_a_move_is_made_by_its_role_within_its_places_and_by_nobody_else(who, move, place):
    state, allowed = MOVES_BY_ROLE[move]
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, state)
    service = publishing.publish if move == "publish" else getattr(workflow, move)
    extra = {"give_opinion": {"verdict": "agree"}, "return_for_revision": {"reason": "补正"}}.get(move, {})
    wrong = [role for role in Role if role not in allowed or not REACH[place]]
    for role in wrong:
        with pytest.raises(NotAllowed):
            service(change_set_id=change_set.pk, by=scoped(role, place), **extra)
    assert ChangeSet.objects.get(pk=change_set.pk).state == state
    for role in allowed if REACH[place] else ():
        service(change_set_id=change_set.pk, by=scoped(role, place), **extra)


def test_a_set_across_two_districts_is_decided_by_the_city_only(who):
    change_set = proposals.placed(proposals.with_new_zone(who.planner), NANHAI, SANSHUI)
    for place in (NANHAI, SANSHUI):
        assert not perms.edits(places.account(Role.PLANNER, place), change_set)
        assert not perms.reviews(places.account(Role.REVIEWER, place), change_set)
        assert ChangeSet.objects.visible_to(places.account(Role.AUDITOR, place)).filter(pk=change_set.pk).exists()
    assert perms.reviews(who.reviewer, change_set)


def test_whoever_submitted_does_not_review_even_with_another_role_later(who):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, State.SUBMITTED)
    who.planner.role = Role.REVIEWER
    who.planner.save()
    with pytest.raises(NotAllowed):
        workflow.ask_opinions(change_set_id=change_set.pk, by=who.planner)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PLANNER])
def test_only_planners_begin_a_change_set(who, role):
    user = places.account(role, *(() if role == Role.ENTERPRISE else (CITY, NANHAI)))
    with pytest.raises(NotAllowed):
        drafting.create_change_set(layer="zones", title="不应出现", author=user)


@pytest.mark.parametrize("state", list(State))
def test_a_set_waits_for_whoever_has_the_next_move(who, state):
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, state)

    def waits(user: User) -> bool:
        return ChangeSet.objects.waiting_for(user).filter(pk=change_set.pk).exists()

    assert waits(who.planner) == (state in EDITABLE)
    assert waits(who.reviewer) == (state in UNDER_REVIEW)
    assert waits(who.parks) == (state == State.OPINIONS)
    for role in (Role.AUDITOR, Role.MONITOR, Role.HEAD):
        assert not waits(places.account(role, CITY))
