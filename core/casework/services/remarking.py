"""Words on a case: between offices, to the applicant and back, and instructions of heads."""

from __future__ import annotations

from django.utils.translation import gettext as _

from core.accounts.models import Role, User
from core.casework import perms
from core.casework.models import Remark, TimelineEntry
from core.casework.services import notifying, timeline
from core.casework.services.acting import acting, locked, naming, words
from core.refusals import NotAllowed


def remark(*, case_id: int, by: User, text: str, internal: bool = True) -> Remark:
    """Write on a case. What the applicant's side writes is never ``internal``; an internal word of a head is a 批示.

    Raises NotAllowed, and Refused when it says nothing.
    """
    with acting(by):
        case = locked(case_id, by)
        if not perms.remarks(by, case):
            raise NotAllowed(
                _("办件 %(case)s 目前为“%(state)s”。提交之后、办结之前，由申请人和参与办理的人员留言。") % naming(case)
            )
        internal = internal and perms.reads_internal(by)
        instruction = internal and by.role == Role.HEAD
        written = Remark.objects.create(
            case=case,
            by=by,
            text=words(text, _("请写明留言内容。")),
            internal=internal,
            instruction=instruction,
        )
        act = TimelineEntry.Act.INSTRUCTED if instruction else TimelineEntry.Act.REMARKED
        timeline.record(case, act, by, written.text, internal=internal)
        notifying.after_move(case, act, by, written.text, internal=internal)
        return written
