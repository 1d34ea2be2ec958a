"""Every move × state × role × place × ownership, generated from the table of moves.

What should be allowed is worked out here from the words of the rule, not from
:mod:`core.casework.perms`: the officer, the decider and who hears appeals hold their role,
reach the district and did not file; nobody decides what they accepted or hears an appeal
against their own decision; the applicant's moves belong to the applicant's accounts and to
whoever filed on behalf. Who opened a supervision conducts it, and takes no other part.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role, User
from core.casework import perms
from core.casework.models import Case, Review
from core.casework.services import deciding, filing, rectifying, reviewing
from core.casework.states import APPLICATION_MOVES, MOVES, WITH_APPLICANT, Actor, Procedure, State
from core.refusals import NotAllowed
from tests import places
from tests.core.casework import cases

pytestmark = pytest.mark.django_db

#: In the example kinds.
ROLE_OF = {Actor.OFFICER: Role.PLANNER, Actor.DECIDER: Role.REVIEWER, Actor.APPEALS: Role.HEAD}
ROLES = {Procedure.APPLICATION: ROLE_OF, Procedure.SUPERVISION: ROLE_OF | {Actor.OFFICER: Role.MONITOR}}
stands = pytest.mark.parametrize(("way", "state"), cases.STANDS, ids=lambda value: str(value))
OFFICES = (Role.PARKS, Role.MONITOR)
STAFF = [role for role in Role if role != Role.ENTERPRISE]
REACHING = {"own": places.NANHAI, "other": places.SANSHUI, "city": CITY_CODE}


@dataclass(frozen=True)
class Somebody:
    """An account and what it has to do with the case: filed it on behalf, accepted it, decided it, or nothing."""

    user: User
    role: str
    reaches: bool
    part: str = ""
    of_applicant: bool = False
    active: bool = True

    def __str__(self) -> str:
        return f"{self.user.username} {self.part}"


def allowed(move: str, way: Procedure, state: State, accepted: bool, somebody: Somebody) -> bool:
    """The rule in words, once more."""
    if state not in MOVES[move].sources or MOVES[move].procedure != way or not somebody.active:
        return False
    if (move == "correct_filing" and accepted) or (move == "correct_review" and not accepted):
        return False
    actor = MOVES[move].actor
    supervised = way == Procedure.SUPERVISION
    if actor == Actor.APPLICANT:
        return somebody.of_applicant or (somebody.part == "filed" and not supervised)
    if somebody.role != ROLES[way][actor] or not somebody.reaches:
        return False
    if somebody.part == "filed" and not (supervised and actor == Actor.OFFICER):
        return False
    if actor == Actor.DECIDER:
        return somebody.part != "accepted"
    if actor == Actor.APPEALS:
        return somebody.part != "decided"
    return True


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


@pytest.fixture
def everybody(who: cases.People) -> list[Somebody]:
    """Each role at each place, with each part in the case; accounts of the applicant, of another firm, of none."""
    crowd = []
    for role in STAFF:
        for place, code in REACHING.items():
            user = who.of(role) if place == "own" and role in (*ROLE_OF.values(), *OFFICES) else None
            user = user or places.account(role, code)
            crowd.append(Somebody(user, role, place != "other"))
        home = next(person for person in crowd if person.role == role and person.user.place_codes == [places.NANHAI])
        crowd += [Somebody(home.user, role, True, part) for part in ("filed", "accepted", "decided")]
    stranger = places.enterprise(77)
    crowd += [
        Somebody(who.applicant, Role.ENTERPRISE, False, of_applicant=True),
        Somebody(places.account(Role.ENTERPRISE, enterprise=who.enterprise), Role.ENTERPRISE, False, of_applicant=True),
        Somebody(places.account(Role.ENTERPRISE, enterprise=stranger), Role.ENTERPRISE, False),
        Somebody(places.account(Role.ENTERPRISE), Role.ENTERPRISE, False),
    ]
    for role in (Role.PLANNER, Role.REVIEWER, Role.HEAD):
        closed = User.objects.create(username=f"closed-{role}", role=role, place_codes=[CITY_CODE], is_active=False)
        crowd.append(Somebody(closed, role, True, active=False))
    return crowd


def part(case: Case, somebody: Somebody) -> Case:
    """The case as if ``somebody`` had had their part in it; in memory only."""
    if somebody.part == "filed":
        case.filed_by, case.on_behalf = somebody.user, case.procedure == Procedure.APPLICATION
    elif somebody.part == "accepted":
        case.accepted_by = somebody.user
    elif somebody.part == "decided":
        case.decided_by = somebody.user
    return case


@stands
def test_permissions_say_what_the_rule_says(who, everybody, way, state):
    number = cases.bring(cases.begun(who, way), who, state).pk
    compared = 0
    for somebody in everybody:
        case = part(Case.objects.get(pk=number), somebody)
        expected = [move for move in MOVES if allowed(move, way, state, case.accepted_at is not None, somebody)]
        assert perms.moves_for(somebody.user, case) == expected, somebody
        assert [move for move in MOVES if perms.may(somebody.user, case, move)] == expected, somebody
        compared += len(MOVES)
        reviews = (
            state == State.REVIEW
            and somebody.role in OFFICES
            and somebody.reaches
            and somebody.active
            and somebody.part != "filed"
        )
        assert perms.reviews(somebody.user, case) == reviews, somebody
    assert compared == len(MOVES) * len(everybody)


#: Whose turn it is, by role, while every review of a case is still within its time.
TURN = {
    State.SUBMITTED: {Role.PLANNER},
    State.REVIEW: set(OFFICES),
    State.DECISION: {Role.REVIEWER},
    State.NOTICE: {Role.REVIEWER},
    State.APPEAL: {Role.HEAD},
    State.PLANNED: {Role.MONITOR},
    State.CHECKING: {Role.MONITOR},
    State.SANCTION: {Role.REVIEWER},
    State.IMPOSED: {Role.MONITOR},
}


@stands
def test_a_case_waits_for_those_who_can_move_it_and_for_nobody_else(who, everybody, way, state):
    case = cases.bring(cases.begun(who, way), who, state)
    if state == State.SANCTION:
        # Brought here by a day that had passed, which the move set anew.
        assert case.due_on > timezone.localdate()
    for somebody in (person for person in everybody if not person.part):
        waits = Case.objects.waiting_for(somebody.user).filter(pk=case.pk).exists()
        if somebody.role == Role.ENTERPRISE:
            assert waits == (somebody.of_applicant and state in WITH_APPLICANT), somebody
        else:
            turn = somebody.role in TURN.get(state, set()) and somebody.reaches and somebody.active
            assert waits == turn, somebody
        if waits:
            assert perms.moves_for(somebody.user, case) or perms.reviews(somebody.user, case), somebody


CALLS: dict[str, Callable[..., Any]] = {
    "submit": filing.submit,
    "accept": deciding.accept,
    "decline": deciding.decline,
    "ask_correction": deciding.ask_correction,
    "correct_filing": filing.correct,
    "correct_review": filing.correct,
    "lapse": deciding.lapse,
    "conclude_review": deciding.conclude_review,
    "approve": deciding.approve,
    "refuse": deciding.refuse,
    "return_to_applicant": deciding.return_to_applicant,
    "reconsider": deciding.reconsider,
    "take_effect": deciding.take_effect,
    "withdraw": filing.withdraw,
    "appeal": filing.appeal,
    "uphold": deciding.uphold,
    "overturn": deciding.overturn,
    "file_plan": rectifying.file_plan,
    "accept_plan": rectifying.accept_plan,
    "return_plan": rectifying.return_plan,
    "report_done": rectifying.report_done,
    "pass_check": rectifying.pass_check,
    "insist": rectifying.insist,
    "escalate": rectifying.escalate,
    "impose": rectifying.impose,
    "remit": rectifying.remit,
    "settle": rectifying.settle,
    "cancel": rectifying.cancel,
    "appeal_sanction": rectifying.appeal,
    "uphold_sanction": rectifying.uphold,
    "overturn_sanction": rectifying.overturn,
}
WITHOUT_TEXT = {"submit", "accept", "correct_filing", "correct_review", "file_plan"}
WITH_TERM = {"insist", "remit"}


def call(move: str, number: int, by: User) -> None:
    """The service behind a move."""
    facts: dict[str, Any] = {} if move in WITHOUT_TEXT else {"text": "理由"}
    if move in WITH_TERM:
        facts["due_on"] = timezone.localdate() + dt.timedelta(days=20)
    if move == "impose":
        facts["values"] = {"amount": "100"}
    CALLS[move](case_id=number, by=by, **facts)


def ready(who: cases.People, move: str, state: State) -> Case:
    """A case at ``state`` to which nothing is missing but the right account for ``move``."""
    if move == "correct_review":
        case = cases.bring(cases.draft(who), who, State.REVIEW)
        deciding.ask_correction(case_id=case.pk, by=who.planner, text="补正")
    elif move == "conclude_review" and state == State.REVIEW:
        case = cases.bring(cases.draft(who), who, state)
        for user in (who.parks, who.monitor):
            reviewing.give_review(case_id=case.pk, by=user, verdict="agree")
    else:
        case = cases.bring(cases.begun(who, MOVES[move].procedure), who, state)
        if move in ("lapse", "escalate"):
            cases.past_due(case)
        if move == "file_plan":
            cases.write_plan(case, who.applicant)
        if move in ("submit", "report_done"):
            cases.fill_papers(case, who.applicant)
    return Case.objects.get(pk=case.pk)


def ways() -> Iterator[Any]:
    for move, declared in MOVES.items():
        for state in declared.sources:
            yield pytest.param(move, state, id=f"{move}-{state}")


class _TakeBack(Exception):
    """Raised to undo what an act did."""


def goes_through(act: Callable[[], Any]) -> bool:
    """Whether an act is let through; what it did is taken back."""
    try:
        with transaction.atomic():
            act()
            raise _TakeBack
    except _TakeBack:
        return True
    except NotAllowed:
        return False


@pytest.mark.parametrize(("move", "state"), list(ways()))
def test_services_let_through_whom_the_rule_lets_through(who, everybody, move, state):
    case = ready(who, move, state)
    number, through = case.pk, 0
    # The parts these cases have by now; who filed on behalf follows below, with a case filed so from the beginning.
    parts = {"": {}}
    parts |= {"accepted": {"accepted_by": None}} if case.accepted_by_id else {}
    parts |= {"decided": {"decided_by": None}} if case.decided_by_id else {}
    actual = {case.accepted_by_id: "accepted", case.decided_by_id: "decided"}
    for somebody in everybody:
        if somebody.part not in parts or (somebody.part and somebody.user.pk in actual):
            continue
        facts = dict.fromkeys(parts[somebody.part], somebody.user)
        part = somebody.part or actual.get(somebody.user.pk, "")
        expected = allowed(move, case.procedure, state, case.accepted_at is not None, replace(somebody, part=part))

        def act(by: User = somebody.user, facts: dict[str, Any] = facts) -> None:
            Case.objects.filter(pk=number).update(**facts)
            call(move, number, by)
            assert Case.objects.get(pk=number).state == MOVES[move].target

        assert goes_through(act) == expected, somebody
        through += expected
    assert through >= 2  # Two accounts at least may make any move: nothing waits for one person.


@pytest.mark.parametrize("move", MOVES)
def test_services_refuse_every_state_a_move_does_not_lead_from(who, move):
    """The right account, and a page that is out of date: the sentence names where the case stands now."""
    actor, way = MOVES[move].actor, MOVES[move].procedure
    by = who.applicant if actor == Actor.APPLICANT else who.of(ROLES[way][actor])
    also = ("correct_filing", "correct_review") if move.startswith("correct_") else (move,)
    for state in (state for procedure, state in cases.STANDS if procedure == way):
        if any(state in MOVES[name].sources for name in also):
            continue
        case = cases.bring(cases.begun(who, way), who, state)
        with pytest.raises(NotAllowed) as refusal:
            call(move, case.pk, by)
        hidden = state == State.DRAFT and actor != Actor.APPLICANT
        assert ("没有这件办件" if hidden else f"“{case.get_state_display()}”") in refusal.value.sentence
        assert Case.objects.get(pk=case.pk).state == state


@pytest.mark.parametrize("filer", [Role.PLANNER, Role.PARKS])
def test_who_filed_on_behalf_has_the_applicants_moves_and_no_others(who, filer):
    """The filer is a real one: every move that is theirs works, every move of an office is refused."""
    colleague = places.account(filer, CITY_CODE)
    for state in (state for way, state in cases.STANDS if way == Procedure.APPLICATION):
        case = cases.bring(cases.draft(who, by=colleague), who, state, by=colleague)
        assert case.on_behalf
        assert case.filed_by == colleague
        for move, declared in APPLICATION_MOVES.items():
            if state not in declared.sources:
                continue
            mine = perms.may(colleague, case, move)
            assert mine == (declared.actor == Actor.APPLICANT and (move != "correct_review")), (state, move)
            if not mine and declared.actor != Actor.APPLICANT:
                with pytest.raises(NotAllowed), transaction.atomic():
                    call(move, case.pk, colleague)
        if state == State.REVIEW:
            assert not perms.reviews(colleague, case)
            with pytest.raises(NotAllowed):
                reviewing.give_review(case_id=case.pk, by=colleague, verdict="agree")
        assert perms.may(who.applicant, case, "withdraw") == (state in MOVES["withdraw"].sources)


def test_only_offices_that_are_asked_review(who, everybody):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    for somebody in everybody:
        if somebody.part:
            continue
        expected = somebody.role in OFFICES and somebody.reaches and somebody.active
        give = partial(reviewing.give_review, case_id=case.pk, by=somebody.user, verdict="agree")
        assert goes_through(give) == expected, somebody
    assert not Review.objects.filter(given_at__isnull=False).exists()
