"""The moves of a supervision: plan, rectification, check, and what follows where nothing comes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework import clock, plans
from core.casework.models import Case
from core.casework.services import filing
from core.casework.services.acting import acting, begin, check_guards, finish, words
from core.casework.services.deciding import decide, forget_decision
from core.casework.states import OWED, State
from core.refusals import Refused

Values = Mapping[str, Any]


def file_plan(*, case_id: int, by: User) -> Case:
    """Hand in the plan: its form valid, the papers of this stage there. Raises NotAllowed and Refused."""
    with acting(by):
        case, move = begin(case_id, by, "file_plan")
        filing.refuse_incomplete(case)
        case.due_on = clock.deadline(case, "accept", timezone.localdate())
        return _go(case, move, by)


def accept_plan(*, case_id: int, by: User, due_on: dt.date | None = None, text: str = "") -> Case:
    """Agree to the plan; it is carried out by ``due_on``, the plan's own day unless told otherwise.

    Raises NotAllowed, and Refused for a day that has passed or is later than ``rectify_days`` allow.
    """
    with acting(by):
        case, move = begin(case_id, by, "accept_plan")
        case.due_on = _term(case, due_on or plans.promised_day(case))
        case.correction_text = ""
        return _go(case, move, by, words(text))


def return_plan(*, case_id: int, by: User, text: str) -> Case:
    """Send the plan back to be written anew, with the reason; the time for a plan begins anew.

    Raises NotAllowed, and Refused without a reason.
    """
    with acting(by):
        case, move = begin(case_id, by, "return_plan")
        case.correction_text = words(text, _("请写明方案哪里不行、怎样修改。"))
        case.due_on = clock.deadline(case, "plan", timezone.localdate())
        return _go(case, move, by, case.correction_text)


def report_done(*, case_id: int, by: User, text: str) -> Case:
    """Say that the rectification is done, and how; the papers of this stage are there.

    Raises NotAllowed and Refused.
    """
    with acting(by):
        case, move = begin(case_id, by, "report_done")
        text = words(text, _("请写明整改完成的情况。"))
        filing.refuse_missing_papers(case)
        case.due_on = clock.deadline(case, "check", timezone.localdate())
        return _go(case, move, by, text)


def pass_check(*, case_id: int, by: User, text: str) -> Case:
    """Close a case whose rectification holds, saying what was seen. Raises NotAllowed and Refused."""
    with acting(by):
        case, move = begin(case_id, by, "pass_check")
        return _end(case, move, by, words(text, _("请写明复核的情况：何时、以何种方式、看到什么。")))


def insist(*, case_id: int, by: User, text: str, due_on: dt.date | None = None) -> Case:
    """Let a rectification that does not hold go on until ``due_on``. Raises NotAllowed and Refused."""
    with acting(by):
        case, move = begin(case_id, by, "insist")
        case.correction_text = words(text, _("请写明复核不合格之处和继续整改的要求。"))
        case.due_on = _term(case, due_on)
        return _go(case, move, by, case.correction_text)


def escalate(*, case_id: int, by: User, text: str) -> Case:
    """Report a case to be decided: no plan or no rectification came in time, or it failed its check.

    Raises NotAllowed, and Refused while the enterprise still has time or without the reason.
    """
    with acting(by):
        case, move = begin(case_id, by, "escalate")
        today = timezone.localdate()
        if case.state in OWED and case.due_on is not None and today <= case.due_on:
            raise Refused(
                _("企业期限至 %(until)s，当日仍可办理，期满后才能提请处理。") % {"until": case.due_on.isoformat()}
            )
        text = words(text, _("请写明提请处理的理由：应做什么、期限、实际情况。"))
        case.due_on = clock.deadline(case, "decision", today)
        case.assignee = None
        return _go(case, move, by, text)


def impose(*, case_id: int, by: User, text: str, number: str = "", values: Values | None = None) -> Case:
    """Decide what follows; ``values`` are what the kind's own form asks for. Raises NotAllowed and Refused."""
    with acting(by):
        case, move = begin(case_id, by, "impose")
        decide(case, by, words(text, _("请写明处理决定的理由和依据。")), number)
        case.appeal_text = ""
        case.due_on = clock.deadline(case, "settle", timezone.localdate())
        case.assignee = case.accepted_by
        return _go(case, move, by, case.decision_text, values)


def remit(*, case_id: int, by: User, text: str, due_on: dt.date | None = None) -> Case:
    """Impose nothing and let the rectification go on until ``due_on``. Raises NotAllowed and Refused."""
    with acting(by):
        case, move = begin(case_id, by, "remit")
        case.correction_text = words(text, _("请写明不予处理的理由和继续整改的要求。"))
        case.due_on = _term(case, due_on)
        case.assignee = case.accepted_by
        return _go(case, move, by, case.correction_text)


def settle(*, case_id: int, by: User, text: str) -> Case:
    """Close a case whose decision was carried out, saying how. Raises NotAllowed and Refused."""
    with acting(by):
        case, move = begin(case_id, by, "settle")
        return _end(case, move, by, words(text, _("请写明处理决定落实的情况。")))


def cancel(*, case_id: int, by: User, text: str) -> Case:
    """Take a notice back that ought not to have been sent. Raises NotAllowed, and Refused without a reason."""
    with acting(by):
        case, move = begin(case_id, by, "cancel")
        return _end(case, move, by, words(text, _("请写明撤销通知的理由。")))


def appeal(*, case_id: int, by: User, text: str) -> Case:
    """Ask for the decision to be looked at again, once; it is heard within the time a decision may take.

    Raises NotAllowed, and Refused without a reason.
    """
    with acting(by):
        case, move = begin(case_id, by, "appeal_sanction")
        case.appeal_text = words(text, _("请写明申请复核的理由。"))
        case.due_on = clock.deadline(case, "decision", timezone.localdate())
        return _go(case, move, by, case.appeal_text)


def uphold(*, case_id: int, by: User, text: str) -> Case:
    """Let the decision stand after an appeal; it is carried out. Raises NotAllowed, and Refused without a reason."""
    with acting(by):
        case, move = begin(case_id, by, "uphold_sanction")
        text = words(text, _("请写明维持处理决定的理由。"))
        case.due_on = clock.deadline(case, "settle", timezone.localdate())
        return _go(case, move, by, text)


def overturn(*, case_id: int, by: User, text: str) -> Case:
    """Set the decision aside: the rectification is checked anew. Raises NotAllowed, and Refused without a reason."""
    with acting(by):
        case, move = begin(case_id, by, "overturn_sanction")
        text = words(text, _("请写明撤销处理决定的理由。"))
        forget_decision(case)
        case.due_on = clock.deadline(case, "check", timezone.localdate())
        return _go(case, move, by, text)


def _go(case: Case, move: str, by: User, text: str = "", values: Values | None = None) -> Case:
    """Let the kind do its part, then take the move."""
    case.kind_of.on_move(case, move, by, _cleaned(case, move, values or {}))
    check_guards()
    finish(case, move, by, text=text)
    return case


def _end(case: Case, move: str, by: User, text: str) -> Case:
    case.due_on, case.closed_at = None, timezone.now()
    return _go(case, move, by, text)


def _cleaned(case: Case, move: str, values: Values) -> dict[str, Any]:
    """What the kind's form of a move asks for. Raises Refused with its first fault."""
    asked: Any = case.kind_of.move_forms.get(move)
    if asked is None:
        return {}
    form = asked(values, case=case)
    if not form.is_valid():
        raise Refused(filing.first_fault(form))
    cleaned: dict[str, Any] = form.cleaned_data
    return cleaned


def _term(case: Case, day: dt.date | None) -> dt.date:
    """The last day of a rectification. Raises Refused when none is named or it will not do, ParameterMissing."""
    if day is None:
        raise Refused(_("请写明整改期限。"))
    today = timezone.localdate()
    # Without the parameter nobody could say how long is too long.
    clock.days(case, "rectify", today)
    if problem := plans.term_problem(case, day, today):
        raise Refused(problem)
    return day


def may_be_escalated(case: Case, today: dt.date) -> bool:
    """Whether a case may be reported to be decided today."""
    return case.state == State.CHECKING or (case.due_on is not None and case.due_on < today)
