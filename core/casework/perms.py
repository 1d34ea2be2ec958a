"""Who does what on a case; each function states its rule in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.accounts.models import Role, User
from core.accounts.scope import Viewer
from core.casework import applicants
from core.casework.states import MOVES, OWED, WITH_APPLICANT, WITH_OFFICES, Actor, Procedure, State

if TYPE_CHECKING:
    from core.casework.kinds import CaseKind
    from core.casework.models import Case


def reaches(user: Viewer, case: Case) -> bool:
    """An account reaches a case when its scope is the city or names the case's district."""
    if not user.is_authenticated or not user.is_active:
        return False
    return user.sees_city or case.district_id in user.place_codes


def files_on_behalf(user: Viewer, kind: CaseKind) -> bool:
    """Staff who conduct a kind of application, and park officers, file for an enterprise that asks them to."""
    if not user.is_authenticated or not user.is_active or kind.is_supervision:
        return False
    return user.role in {kind.officer, Role.PARKS}


def opens(user: Viewer, kind: CaseKind) -> bool:
    """Enterprises open applications, and staff who file on their behalf."""
    if not user.is_authenticated or not user.is_active or kind.is_supervision:
        return False
    return user.role == Role.ENTERPRISE or files_on_behalf(user, kind)


def supervises(user: Viewer, kind: CaseKind, district: str) -> bool:
    """The officer of a kind of supervision opens one where their places reach."""
    if not user.is_authenticated or not user.is_active or not kind.is_supervision or user.role != kind.officer:
        return False
    return user.sees_city or district in user.place_codes


def files_for(user: Viewer, case: Case) -> bool:
    """The applicant's side: an account of the applicant's enterprise, or the staff account that filed on its behalf."""
    if not user.is_authenticated or not user.is_active:
        return False
    if user.role == Role.ENTERPRISE:
        applicant = applicants.directory().of_user(user)
        return applicant is not None and applicant.code == case.applicant_code
    return case.on_behalf and case.filed_by_id == user.pk


def plays(user: Viewer, case: Case, actor: Actor) -> bool:
    """Whether an account may act as one of the parts of a case, whatever its state.

    The officer, the decider and who hears appeals hold the role the kind names, reach the
    district and did not file the case; who opened a supervision conducts it all the same.
    Nobody decides what they accepted or opened, nor hears an appeal against what they decided.
    """
    if actor == Actor.APPLICANT:
        return files_for(user, case)
    if not isinstance(user, User) or not reaches(user, case):
        return False
    kind = case.kind_of
    if actor == Actor.OFFICER and case.procedure == Procedure.SUPERVISION:
        return user.role == kind.officer
    if user.pk == case.filed_by_id:
        return False
    if actor == Actor.OFFICER:
        return user.role == kind.officer
    if actor == Actor.DECIDER:
        return user.role == kind.decider and user.pk != case.accepted_by_id
    return user.role == kind.appeals and user.pk != case.decided_by_id


def leads_on(case: Case, move: str) -> bool:
    """Whether a move leads on from where the case stands: a correction back to where it was asked for.

    A decision that was upheld once is not appealed against again.
    """
    if case.state not in MOVES[move].sources or case.procedure != MOVES[move].procedure:
        return False
    if move == "appeal_sanction":
        return not case.appeal_text
    if move in ("correct_filing", "correct_review"):
        return (case.accepted_at is None) == (move == "correct_filing")
    return True


def may(user: Viewer, case: Case, move: str) -> bool:
    """Whether an account may make a move on a case as it stands; dates and missing reviews are the service's to say."""
    return leads_on(case, move) and plays(user, case, MOVES[move].actor)


def moves_for(user: Viewer, case: Case) -> list[str]:
    """The moves an account may make now, in the order of the table; one query at most."""
    leading = [move for move in MOVES if leads_on(case, move)]
    parts = {actor for actor in {MOVES[move].actor for move in leading} if plays(user, case, actor)}
    return [move for move in leading if MOVES[move].actor in parts]


def reviews(user: Viewer, case: Case) -> bool:
    """An office the kind asks reviews, through an account that reaches the case and did not file it."""
    return bool(
        case.state == State.REVIEW
        and reaches(user, case)
        and isinstance(user, User)
        and user.role in case.kind_of.offices
        and user.pk != case.filed_by_id
    )


def takes_part(user: Viewer, case: Case) -> bool:
    """Staff with a part in the case: they conduct, review, decide or hear appeals, or lead those who do."""
    if not isinstance(user, User) or not reaches(user, case):
        return False
    kind = case.kind_of
    return user.role in {kind.officer, *kind.offices, kind.decider, kind.appeals, Role.HEAD}


def reads_internal(user: Viewer) -> bool:
    """Everybody but the applicant reads internal remarks, events and papers of the cases they see."""
    return bool(user.is_authenticated and user.is_active and user.role != Role.ENTERPRISE)


def fills_checklist(user: Viewer, case: Case) -> bool:
    """The applicant's side fills in the checklist while it has the next move."""
    return case.state in WITH_APPLICANT and files_for(user, case)


def attaches(user: Viewer, case: Case) -> bool:
    """The applicant's side adds papers while it has the next move, staff with a part in the case while it is open."""
    if fills_checklist(user, case):
        return True
    return case.submitted_at is not None and not case.is_closed and takes_part(user, case)


def assigns(user: Viewer, case: Case) -> bool:
    """Staff with a part in a case hand it on while it is with the offices: within their role, heads to anybody."""
    return case.state in (*WITH_OFFICES, *OWED) and takes_part(user, case)


def remarks(user: Viewer, case: Case) -> bool:
    """Both sides write on a case from its submission until it is closed."""
    if case.submitted_at is None or case.is_closed:
        return False
    return files_for(user, case) or takes_part(user, case)
