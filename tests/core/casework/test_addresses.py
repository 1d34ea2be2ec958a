"""No address leads a case anywhere its table does not."""

import pytest
from django.test import Client
from django.urls import reverse

from core.accounts.models import CITY_CODE, Role, User
from core.casework import perms
from core.casework.models import Case
from core.casework.states import MOVES, Actor, Procedure, State
from tests import places
from tests.core.casework import cases

pytestmark = pytest.mark.django_db


#: Words that are no moves: states, other names of the model, other services.
STRANGE = [
    *(state.value for state in State if state.value not in MOVES),
    "save",
    "delete",
    "__init__",
    "open_case",
    "save_draft",
    "give_review",
    "begin_anew",
]


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def post(user: User, case: Case, move: str) -> int:
    """The status of asking for a move by its address."""
    client = Client()
    client.force_login(user)
    answer = client.post(reverse("casework:move", args=[case.pk, move]), {"text": "理由", "number": "示例 1 号"})
    return int(answer.status_code)


@pytest.mark.parametrize(("way", "state"), cases.STANDS, ids=lambda value: str(value))
def test_a_move_that_does_not_lead_on_is_refused_by_its_address(who, way, state):
    case = cases.bring(cases.begun(who, way), who, state)
    for move, declared in MOVES.items():
        by = who.applicant if declared.actor == Actor.APPLICANT else who.of(case.kind_of.role_of(declared.actor))
        # The address of a correction finds its way by itself: either name is the same act.
        if perms.leads_on(case, move) or (state == State.CORRECTION and move.startswith("correct_")):
            continue
        status = post(by, case, move)
        assert status == (404 if state == State.DRAFT and by != who.applicant else 403), move
        assert Case.objects.get(pk=case.pk).state == state


@pytest.mark.parametrize("move", MOVES)
def test_a_move_by_somebody_whose_it_is_not_is_refused_by_its_address(who, move):
    stranger = places.account(Role.ENTERPRISE, enterprise=places.enterprise(2))
    elsewhere = [places.account(role, places.SANSHUI) for role in Role if role != Role.ENTERPRISE]
    watching = Role.PLANNER if MOVES[move].procedure == Procedure.SUPERVISION else Role.MONITOR
    others = [places.account(role, CITY_CODE) for role in (Role.AUDITOR, watching, Role.PARKS)]
    state = MOVES[move].sources[0]
    case = cases.bring(cases.begun(who, MOVES[move].procedure), who, state)
    for user in (stranger, *elsewhere):
        assert post(user, case, move) in (403, 404)
    for user in others:
        assert post(user, case, move) == (404 if state == State.DRAFT else 403)
    assert Case.objects.get(pk=case.pk).state == state


def test_a_word_that_is_no_move_is_no_address(who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    for word in STRANGE:
        assert post(who.reviewer, case, word) == 404
    assert Case.objects.get(pk=case.pk).state == State.DECISION


def test_reading_an_address_changes_nothing_and_nobody_signed_in_moves_nothing(who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    address = reverse("casework:move", args=[case.pk, "approve"])
    client = Client()
    assert client.post(address).status_code == 302
    client.force_login(who.reviewer)
    assert client.get(address).status_code == 405
    assert Case.objects.get(pk=case.pk).state == State.DECISION


def test_the_back_button_after_a_move_names_the_present_state(who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    client = Client()
    client.force_login(who.reviewer)
    address = reverse("casework:move", args=[case.pk, "refuse"])
    assert client.post(address, {"text": "不符合规划"}).status_code == 302
    again = client.post(reverse("casework:move", args=[case.pk, "approve"]), {"text": "同意"})
    assert again.status_code == 403
    assert "目前为“不予批准”" in again.content.decode()


def test_another_enterprises_case_is_not_found_by_its_number(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    stranger = places.account(Role.ENTERPRISE, enterprise=places.enterprise(2))
    client = Client()
    client.force_login(stranger)
    for name in ("case", "edit"):
        assert client.get(reverse(f"casework:{name}", args=[case.pk])).status_code == 404
    for name in ("review", "remark", "assign", "attach", "draft"):
        assert client.post(reverse(f"casework:{name}", args=[case.pk])).status_code == 404
