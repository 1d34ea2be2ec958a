"""One step of a case's bar, and how long there is for the present one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.casework import working_days
from core.casework.models import Case
from core.casework.states import OWED, WITH_OFFICES, State


@dataclass(frozen=True)
class Step:
    """One step of the bar. ``mark`` is done, now, stopped or "" for one to come; ``tone`` risk or unmet colours it."""

    label: Any
    mark: str
    on: dt.date | None = None
    note: str = ""
    tone: str = ""


def remaining(case: Case) -> tuple[str, str]:
    """How long there is for the present step, and the tone of it."""
    state = State(case.state)
    if state == State.NOTICE:
        return (_("至 %(day)s") % {"day": case.notice_until.isoformat()} if case.notice_until else _("不设公示期")), ""
    if case.due_on is None or (state not in WITH_OFFICES and state not in OWED):
        return "", ""
    left = working_days.between(timezone.localdate(), case.due_on)
    day = case.due_on.isoformat()
    if left < 0:
        return _("截止 %(day)s，已逾期 %(days)s 个工作日") % {"day": day, "days": -left}, "unmet"
    if state == State.CORRECTION:
        return _("截止 %(day)s，办理计时暂停") % {"day": day}, "risk"
    if state in OWED:
        return _("请不迟于 %(day)s 提交") % {"day": day}, "risk"
    return _("截止 %(day)s，还有 %(days)s 个工作日") % {"day": day, "days": left}, ""
