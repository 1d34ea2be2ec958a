"""The offices' side of a case: accepted, sent back to be corrected, concluded, decided, put into effect."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework import clock, offices, working_days
from core.casework.models import Case, Review
from core.casework.services import assessing
from core.casework.services.acting import acting, begin, check_guards, finish, words
from core.refusals import Refused


def accept(*, case_id: int, by: User) -> Case:
    """Take a case up and ask every office of its kind at once, each by its day. Raises NotAllowed and Refused."""
    with acting(by):
        case, move = begin(case_id, by, "accept")
        today = timezone.localdate()
        review_until = clock.deadline(case, "review", today)
        for office in case.kind_of.offices:
            Review.objects.create(case=case, office=office, round=case.round, due_on=review_until)
        case.due_on = clock.deadline(case, "decision", today)
        case.accepted_at, case.accepted_by = timezone.now(), by
        case.assignee = case.assignee or by
        finish(case, move, by)
        return case


def decline(*, case_id: int, by: User, text: str) -> Case:
    """Refuse to take a case up, with the reason. Raises NotAllowed, and Refused without one."""
    with acting(by):
        case, move = begin(case_id, by, "decline")
        decide(case, by, words(text, _("请写明不予受理的理由和依据。")))
        case.due_on, case.closed_at = None, timezone.now()
        finish(case, move, by, text=case.decision_text)
        return case


def ask_correction(*, case_id: int, by: User, text: str) -> Case:
    """Tell the applicant, at once and completely, what is missing; the clocks stand still until it comes.

    Raises NotAllowed, and Refused when it does not say what is missing.
    """
    with acting(by):
        case, move = begin(case_id, by, "ask_correction")
        case.correction_text = words(text, _("请一次写明需要补正的全部内容。"))
        clock.pause(case, timezone.localdate())
        finish(case, move, by, text=case.correction_text)
        return case


def lapse(*, case_id: int, by: User, text: str) -> Case:
    """Close a case whose correction did not come in time, as if it were withdrawn; ``text`` says how it was urged.

    Raises NotAllowed, and Refused while the applicant still has time or without the text.
    """
    with acting(by):
        case, move = begin(case_id, by, "lapse")
        today = timezone.localdate()
        if case.due_on is not None and today <= case.due_on:
            raise Refused(
                _("补正期限至 %(until)s，当日仍可补正，期满后才能按撤回办结。") % {"until": case.due_on.isoformat()}
            )
        text = words(text, _("请写明催告情况：何时、以何种方式提醒过申请人。"))
        clock.end_pause(case, today)
        case.due_on, case.closed_at = None, timezone.now()
        finish(case, move, by, text=text)
        return case


def conclude_review(*, case_id: int, by: User, text: str = "") -> Case:
    """Report a case for decision once every office has spoken.

    An office past its day may be passed over with a reason in ``text``; the others are
    waited for. Raises NotAllowed, and Refused naming who is waited for.
    """
    with acting(by):
        case, move = begin(case_id, by, "conclude_review")
        text = words(text)
        waiting = list(case.reviews.filter(round=case.round, given_at__isnull=True).order_by("due_on", "pk"))
        _refuse_waiting(waiting, timezone.localdate(), text)
        if waiting:
            text = _("%(offices)s逾期未出具意见，不再等待。理由：%(reason)s") % {
                "offices": offices.titles(review.office for review in waiting),
                "reason": text,
            }
        case.assignee = None
        finish(case, move, by, text=text)
        return case


def approve(*, case_id: int, by: User, text: str = "", number: str = "") -> Case:
    """Grant a case: checked once more as of today, with what its kind reserves, and its public notice begun.

    ``text`` are conditions; where an office disagrees it has to say why all the same. The
    day the notice begins is not counted; with 0 days there is none. Raises NotAllowed, and
    Refused with the findings.
    """
    with acting(by):
        case, move = begin(case_id, by, "approve")
        today = timezone.localdate()
        against = case.reviews.filter(round=case.round, verdict=Review.Verdict.DISAGREE)
        names = offices.titles(against.values_list("office", flat=True))
        text = words(text, _("%(offices)s不同意，批准须写明理由。") % {"offices": names} if names else "")
        assessing.refuse_blocking(assessing.assess(case, today), _("批准"))
        decide(case, by, text, number)
        case.decision_evidence = assessing.evidence(case, today)
        days = clock.days(case, "notice", today)
        case.notice_from = today
        case.notice_until = today + dt.timedelta(days=days) if days else None
        case.due_on = working_days.add(case.notice_until or today, 1)
        case.kind_of.approve(case, by)
        check_guards()
        finish(case, move, by, text=case.decision_text)
        return case


def refuse(*, case_id: int, by: User, text: str, number: str = "") -> Case:
    """Refuse a case, with the reason. Raises NotAllowed, and Refused without one."""
    with acting(by):
        case, move = begin(case_id, by, "refuse")
        today = timezone.localdate()
        decide(case, by, words(text, _("请写明不予批准的理由和依据。")), number)
        case.decision_evidence = assessing.evidence(case, today)
        case.due_on, case.closed_at = None, timezone.now()
        finish(case, move, by, text=case.decision_text)
        return case


def return_to_applicant(*, case_id: int, by: User, text: str) -> Case:
    """Send a case back to be written anew; submitted again it is received, reviewed and decided anew.

    Raises NotAllowed, and Refused without a reason.
    """
    with acting(by):
        case, move = begin(case_id, by, "return_to_applicant")
        case.decision_text = words(text, _("请写明退回的理由：哪里不符合、怎样修改。"))
        case.due_on = case.assignee = None
        finish(case, move, by, text=case.decision_text)
        return case


def reconsider(*, case_id: int, by: User, text: str) -> Case:
    """Decide again after an objection during the notice; what the approval reserved is given back first.

    The time for a decision begins anew. Raises NotAllowed, and Refused without the objection.
    """
    with acting(by):
        case, move = begin(case_id, by, "reconsider")
        text = words(text, _("请写明异议的内容。"))
        case.kind_of.undo(case, by)
        check_guards()
        forget_decision(case)
        case.due_on = clock.deadline(case, "decision", timezone.localdate())
        finish(case, move, by, text=text)
        return case


def take_effect(*, case_id: int, by: User, text: str = "") -> Case:
    """Let an approval take effect once its notice is over. Raises NotAllowed and Refused."""
    with acting(by):
        case, move = begin(case_id, by, "take_effect")
        if case.notice_until is not None and timezone.localdate() <= case.notice_until:
            raise Refused(
                _("公示至 %(until)s，当日仍在公示，期满后才能生效。") % {"until": case.notice_until.isoformat()}
            )
        text = words(text)
        case.kind_of.take_effect(case, by)
        check_guards()
        case.effective_at = case.closed_at = timezone.now()
        case.due_on = None
        finish(case, move, by, text=text)
        return case


def uphold(*, case_id: int, by: User, text: str) -> Case:
    """Let a refusal stand after an appeal, with the reason. Raises NotAllowed, and Refused without one."""
    with acting(by):
        case, move = begin(case_id, by, "uphold")
        text = words(text, _("请写明维持原决定的理由。"))
        case.due_on, case.closed_at = None, timezone.now()
        finish(case, move, by, text=text)
        return case


def overturn(*, case_id: int, by: User, text: str) -> Case:
    """Set a refusal aside: the case is received, reviewed and decided anew.

    Raises NotAllowed, and Refused without a reason.
    """
    with acting(by):
        case, move = begin(case_id, by, "overturn")
        text = words(text, _("请写明撤销原决定的理由。"))
        begin_anew(case)
        case.due_on = clock.deadline(case, "accept", timezone.localdate())
        finish(case, move, by, text=text)
        return case


def begin_anew(case: Case) -> None:
    """Forget acceptance and decision: the case is received, reviewed and decided as if for the first time.

    The caller saves it. What was said and decided before stays in the timeline and in earlier rounds.
    """
    if case.reviews.filter(round=case.round).exists():
        case.round += 1
    case.accepted_at = case.accepted_by = case.assignee = None
    case.correction_text = ""
    forget_decision(case)


def decide(case: Case, by: User, text: str, number: str = "") -> None:
    """Write who decided what, and under which number; the caller saves the case. Raises Refused."""
    number = number.strip()
    if len(number) > 60:
        raise Refused(_("决定文号最多 60 字。"))
    case.decided_at, case.decided_by = timezone.now(), by
    case.decision_text, case.decision_number = text, number


def forget_decision(case: Case) -> None:
    """Write that nothing is decided; the caller saves the case."""
    case.decided_at = case.decided_by = None
    case.decision_text = case.decision_number = ""
    case.decision_evidence = None
    case.notice_from = case.notice_until = None


def _refuse_waiting(waiting: list[Review], today: dt.date, reason: str) -> None:
    """Raise Refused while an office within its time is waited for, or a late one is passed over without a reason."""
    in_time = [review for review in waiting if review.due_on >= today]
    if in_time:
        raise Refused(
            _("还在等%(offices)s的意见，最晚 %(until)s，不能结束会审。")
            % {
                "offices": offices.titles(review.office for review in in_time),
                "until": max(review.due_on for review in in_time).isoformat(),
            }
        )
    if waiting and not reason:
        raise Refused(
            _("%(offices)s逾期未出具意见。不再等待须写明理由，或先催办。")
            % {"offices": offices.titles(review.office for review in waiting)}
        )
