"""What an office says of a case."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework import offices, perms
from core.casework.models import Review, TimelineEntry
from core.casework.services import alerting, notifying, timeline
from core.casework.services.acting import acting, locked, naming, words
from core.casework.states import State
from core.refusals import NotAllowed, Refused


def give_review(*, case_id: int, by: User, verdict: str, text: str = "") -> Review:
    """Record what the office of ``by`` says in the present round; once given it stands.

    Raises NotAllowed, and Refused when the office has spoken, the verdict is unknown, or
    reservations are not explained.
    """
    with acting(by):
        case = locked(case_id, by)
        if case.state != State.REVIEW:
            raise NotAllowed(_("办件 %(case)s 目前为“%(state)s”，不在会审；页面可能已过时，请刷新。") % naming(case))
        if not perms.reviews(by, case):
            raise NotAllowed(_("意见由被征求部门中辖区覆盖办理区、未填报此件的账号出具。"))
        review: Review | None = case.reviews.filter(round=case.round, office=by.role).first()
        if review is None:
            raise NotAllowed(_("这一轮会审没有征求本部门的意见。"))
        if review.given_by is not None:
            raise Refused(
                _("%(office)s已由%(name)s出具意见“%(verdict)s”，不能再改。可在留言中补充。")
                % {
                    "office": offices.title(review.office),
                    "name": review.given_by.display_name,
                    "verdict": review.get_verdict_display(),
                }
            )
        if verdict not in Review.Verdict.values:
            raise Refused(_("请选择意见：同意、有条件同意或不同意。"))
        needed = "" if verdict == Review.Verdict.AGREE else _("有条件同意或不同意须写明理由。")
        review.text = words(text, needed)
        review.verdict, review.given_at, review.given_by = verdict, timezone.now(), by
        review.save()
        # The applicant reads what an office says, not who said it: the page shows the review itself.
        timeline.record(case, TimelineEntry.Act.REVIEWED, by, _said(review), internal=True)
        notifying.after_move(case, TimelineEntry.Act.REVIEWED, by, review.text, office=review.office)
        alerting.close_met(case)
        return review


def _said(review: Review) -> str:
    said = f"{offices.title(review.office)}：{review.get_verdict_display()}"
    return f"{said}。{review.text}" if review.text else said
