"""The acts of a supervision on the page of a case: what each asks for, what it says will follow, and doing it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.forms import Form
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import policy
from core.accounts.models import User
from core.casework import clock, offices, plans
from core.casework.models import Case
from core.casework.services import rectifying
from core.casework.states import OWED

Given = Mapping[str, str]

REASONS: dict[str, tuple[Any, Any, bool]] = {
    "accept_plan": (gettext_lazy("答复意见"), gettext_lazy("没有要补充的，可以不填"), False),
    "return_plan": (gettext_lazy("退回的理由"), gettext_lazy("方案哪里不行，怎样修改"), True),
    "report_done": (gettext_lazy("整改完成情况"), gettext_lazy("对照方案逐项写明完成情况；证明材料在本页上传"), True),
    "pass_check": (gettext_lazy("复核情况"), gettext_lazy("何时、以何种方式复核，看到什么"), True),
    "insist": (gettext_lazy("不合格之处和要求"), gettext_lazy("哪一项没有做到，怎样继续整改"), True),
    "escalate": (gettext_lazy("提请处理的理由"), gettext_lazy("应做什么、期限、实际情况"), True),
    "impose": (gettext_lazy("处理的理由和依据"), gettext_lazy("哪一项没有履行，依据哪一条"), True),
    "remit": (gettext_lazy("不予处理的理由和要求"), gettext_lazy("为什么不处理，怎样继续整改"), True),
    "settle": (gettext_lazy("落实情况"), gettext_lazy("何时、怎样落实，凭证是什么"), True),
    "cancel": (gettext_lazy("撤销通知的理由"), gettext_lazy("哪一项事实或依据有误"), True),
    "appeal_sanction": (gettext_lazy("申请复核的理由"), gettext_lazy("对哪一项决定有异议，事实和依据是什么"), True),
    "uphold_sanction": (gettext_lazy("维持处理决定的理由"), gettext_lazy("对企业提出的各点逐一答复"), True),
    "overturn_sanction": (gettext_lazy("撤销处理决定的理由"), gettext_lazy("原决定哪里不当，复核时注意什么"), True),
}
"""What each move asks for in words: label, hint, and whether it must be given."""

DANGEROUS = {"escalate", "impose", "cancel"}
EXPECTED = ("accept_plan", "report_done", "pass_check", "settle", "overturn_sanction")

_TERMED = ("accept_plan", "insist", "remit")


def form_of(case: Case, move: str, given: Given | None = None) -> Form | None:
    """The form of a move besides its reason: the day of a rectification, or what the kind asks for."""
    form: Any = plans.TermForm if move in _TERMED else case.kind_of.move_forms.get(move)
    return form(given, case=case) if form else None


def held(case: Case, move: str) -> str:
    """Why a move cannot be made yet; "" when it can."""
    if move == "escalate" and case.state in OWED and case.due_on and timezone.localdate() <= case.due_on:
        return _("企业期限至 %(until)s，期满后才能提请处理。") % {"until": case.due_on.isoformat()}
    return ""


def says(case: Case, move: str) -> str:
    """What will follow, with its dates."""
    kind = case.kind_of
    match move:
        case "accept_plan":
            return _("企业按方案整改，期满前报告完成；期限默认为方案所写的日期。")
        case "return_plan":
            return _("企业须不迟于 %(day)s 重新报送方案。") % {"day": _by(case, "plan")}
        case "report_done":
            return _("提交后由%(office)s不迟于 %(day)s 复核。") % {
                "office": offices.title(kind.officer),
                "day": _by(case, "check"),
            }
        case "pass_check":
            return _("本件结案，不能撤回。")
        case "insist":
            return _("企业继续整改，期满前再次报告。")
        case "escalate":
            return _("转%(office)s，不迟于 %(day)s 作出处理决定。") % {
                "office": offices.title(kind.decider),
                "day": _by(case, "decision"),
            }
        case "impose":
            return _("决定书送企业，由%(office)s不迟于 %(day)s 落实；企业可以申请复核。") % {
                "office": offices.title(kind.officer),
                "day": _by(case, "settle"),
            }
        case "remit":
            return _("不作处理，企业继续整改。")
        case "settle":
            return _("本件结案，不能撤回。")
        case "cancel":
            return _("通知撤销，本件结束，编号保留。")
        case "appeal_sanction":
            return _("由%(office)s复核，期限 %(day)s；维持原决定的，不能再次申请。") % {
                "office": offices.title(kind.appeals),
                "day": _by(case, "decision"),
            }
        case "uphold_sanction":
            return _("处理决定不变，由%(office)s落实。") % {"office": offices.title(kind.officer)}
        case "overturn_sanction":
            return _("处理决定撤销，由%(office)s重新复核整改情况。") % {"office": offices.title(kind.officer)}
    return ""


def _by(case: Case, name: clock.Clock) -> str:
    """The day a clock started today would end; a dash without a parameter, which the act itself will name."""
    try:
        return clock.deadline(case, name, timezone.localdate()).isoformat()
    except policy.ParameterMissing:
        return "—"


def _text(given: Given) -> str:
    return given.get("text", "")


def _day(given: Given) -> dt.date | None:
    try:
        return parse_date(given.get("due_on", ""))
    except ValueError:
        return None  # 2026-02-30: no day, and the service asks for one


def _plain(act: Callable[..., Case]) -> Callable[[int, User, Given], Case]:
    return lambda pk, by, given: act(case_id=pk, by=by, text=_text(given))


def _with_term(act: Callable[..., Case]) -> Callable[[int, User, Given], Case]:
    return lambda pk, by, given: act(case_id=pk, by=by, text=_text(given), due_on=_day(given))


DO: dict[str, Callable[[int, User, Given], Case]] = {
    "file_plan": lambda pk, by, given: rectifying.file_plan(case_id=pk, by=by),
    "accept_plan": _with_term(rectifying.accept_plan),
    "return_plan": _plain(rectifying.return_plan),
    "report_done": _plain(rectifying.report_done),
    "pass_check": _plain(rectifying.pass_check),
    "insist": _with_term(rectifying.insist),
    "escalate": _plain(rectifying.escalate),
    "impose": lambda pk, by, given: rectifying.impose(
        case_id=pk, by=by, text=_text(given), number=given.get("number", ""), values=given
    ),
    "remit": _with_term(rectifying.remit),
    "settle": _plain(rectifying.settle),
    "cancel": _plain(rectifying.cancel),
    "appeal_sanction": _plain(rectifying.appeal),
    "uphold_sanction": _plain(rectifying.uphold),
    "overturn_sanction": _plain(rectifying.overturn),
}
"""What each move of an address does."""
