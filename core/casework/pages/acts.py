"""What a reader may do on the page of a case: the buttons, what each says it will do, and doing it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.forms import Form
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import policy
from core.accounts.models import User
from core.casework import clock, offices, perms
from core.casework.models import Case, Review
from core.casework.pages import supervision_acts
from core.casework.services import deciding, filing
from core.casework.states import MOVE_TITLES, SUPERVISION_MOVES, State

LINES, LINE = "lines", "line"

Given = Mapping[str, str]
"""What was typed, by the name of its field."""


@dataclass(frozen=True)
class Asked:
    """A field of an act: several ``lines`` of text, or one ``line``."""

    name: str
    label: Any
    required: bool = False
    hint: Any = ""
    kind: str = LINES
    most: int = 4000


@dataclass(frozen=True)
class Act:
    """A button. ``says`` is what it will do; ``held`` why it cannot be pressed yet; ``form`` what else it asks for.

    ``edit`` leads to the form instead: what is handed in is looked at there once more.
    """

    move: str
    label: Any
    tone: str = ""
    says: str = ""
    fields: tuple[Asked, ...] = ()
    held: str = ""
    edit: bool = False
    form: Form | None = None

    @property
    def needs_opening(self) -> bool:
        """Whether it asks for something, or is worth a second look, before it is done."""
        return bool(self.fields or self.form) or self.tone == "danger"


@dataclass(frozen=True)
class Offer:
    """Everything a reader may do: the acts, the expected one first, and whether the office's opinion is due."""

    acts: list[Act] = field(default_factory=list)
    review: Review | None = None

    def __bool__(self) -> bool:
        return bool(self.acts or self.review)


def _reason(label: Any, hint: Any, *, required: bool = True) -> tuple[Asked, ...]:
    return (Asked("text", label, required, hint),)


_FIELDS: dict[str, tuple[Asked, ...]] = {
    "decline": _reason(gettext_lazy("不予受理的理由"), gettext_lazy("哪一项不属于受理范围，依据哪一条")),
    "ask_correction": _reason(
        gettext_lazy("需要补正的内容"), gettext_lazy("一次写明全部内容：缺什么、哪里不符、怎样补")
    ),
    "approve": (
        Asked("number", gettext_lazy("决定文号"), False, gettext_lazy("例如：佛自然资〔2026〕12 号"), LINE, 60),
        Asked("text", gettext_lazy("批准意见和条件"), False, gettext_lazy("没有附加条件的，可以不填")),
    ),
    "refuse": (
        Asked("number", gettext_lazy("决定文号"), False, gettext_lazy("例如：佛自然资〔2026〕12 号"), LINE, 60),
        Asked("text", gettext_lazy("不予批准的理由"), True, gettext_lazy("哪一项不符合，依据哪一条")),
    ),
    "return_to_applicant": _reason(gettext_lazy("退回的理由"), gettext_lazy("哪里需要重做，怎样修改")),
    "reconsider": _reason(gettext_lazy("异议的内容"), gettext_lazy("谁、在哪天、对什么提出异议")),
    "lapse": _reason(gettext_lazy("催告情况"), gettext_lazy("何时、以何种方式提醒过申请人")),
    "withdraw": _reason(gettext_lazy("撤回的原因"), gettext_lazy("可以不填"), required=False),
    "appeal": _reason(gettext_lazy("申请复核的理由"), gettext_lazy("对哪一项决定有异议，事实和依据是什么")),
    "uphold": _reason(gettext_lazy("维持原决定的理由"), gettext_lazy("对申请人提出的各点逐一答复")),
    "overturn": _reason(gettext_lazy("撤销原决定的理由"), gettext_lazy("原决定哪里不当，重新办理时注意什么")),
}

_DANGEROUS = {"decline", "lapse", "refuse", "withdraw"}
_EXPECTED = (
    "accept",
    "conclude_review",
    "approve",
    "take_effect",
    "overturn",
    "submit",
    "correct_filing",
    "correct_review",
    "file_plan",
    *supervision_acts.EXPECTED,
)
_LAST = ("withdraw", "cancel")


def offer(user: User, case: Case, given: Given | None = None) -> Offer:
    """What ``user`` may do now. Only what the permissions allow is offered; the services check it again.

    ``given`` is what was typed with an act (``act``) that was refused.
    """
    moves = perms.moves_for(user, case)
    review = None
    if perms.reviews(user, case):
        review = case.reviews.filter(round=case.round, office=user.role, given_at__isnull=True).first()
    order = {move: (move in _LAST, move not in _EXPECTED) for move in moves}
    waiting = list(case.reviews.filter(round=case.round, given_at__isnull=True)) if "conclude_review" in moves else []
    found = [_act(case, move, waiting, given or {}) for move in sorted(moves, key=lambda move: order[move])]
    return Offer(found, review)


def _act(case: Case, move: str, waiting: list[Review], given: Given) -> Act:
    if move in ("submit", "correct_filing", "correct_review", "file_plan"):
        return Act(move, gettext_lazy("填写并提交") if move == "submit" else MOVE_TITLES[move], "primary", edit=True)
    if move in SUPERVISION_MOVES:
        return _supervision_act(case, move, given)
    fields = _FIELDS.get(move, ())
    tone = "danger" if move in _DANGEROUS else "primary" if move in _EXPECTED else ""
    held = ""
    if move == "conclude_review":
        fields, held, tone = _conclusion(waiting)
    elif move == "take_effect" and case.notice_until and timezone.localdate() <= case.notice_until:
        held, tone = _("公示至 %(until)s，期满后办理。") % {"until": case.notice_until.isoformat()}, ""
    elif move == "lapse" and case.due_on and timezone.localdate() <= case.due_on:
        held, tone = _("补正期限至 %(until)s，期满后才能办结。") % {"until": case.due_on.isoformat()}, ""
    elif move == "approve":
        fields = _approval(case, fields)
    return Act(move, MOVE_TITLES[move], tone, _says(case, move), fields, held)


def _supervision_act(case: Case, move: str, given: Given) -> Act:
    label, hint, required = supervision_acts.REASONS[move]
    fields: tuple[Asked, ...] = (Asked("text", label, required, hint),)
    if move == "impose":
        fields = (_FIELDS["refuse"][0], *fields)
    tone = "danger" if move in supervision_acts.DANGEROUS else "primary" if move in supervision_acts.EXPECTED else ""
    form = supervision_acts.form_of(case, move, given if given.get("act") == move else None)
    held = supervision_acts.held(case, move)
    return Act(move, MOVE_TITLES[move], tone, supervision_acts.says(case, move), fields, held, form=form)


def _conclusion(waiting: list[Review]) -> tuple[tuple[Asked, ...], str, str]:
    """What ending the review asks for: nothing once all have spoken, a reason for passing over the late."""
    today = timezone.localdate()
    in_time = [review for review in waiting if review.due_on >= today]
    if in_time:
        until = max(review.due_on for review in in_time)
        names = offices.titles(review.office for review in in_time)
        return (), _("还在等%(offices)s的意见，最晚 %(until)s。") % {"offices": names, "until": until.isoformat()}, ""
    if waiting:
        label = _("%(offices)s逾期未出具意见，不再等待的理由") % {
            "offices": offices.titles(review.office for review in waiting)
        }
        return (Asked("text", label, True, _("何时催办过，为什么可以不等")),), "", ""
    return (), "", "primary"


def _approval(case: Case, fields: tuple[Asked, ...]) -> tuple[Asked, ...]:
    """An office that disagreed has to be answered in writing."""
    against = case.reviews.filter(round=case.round, verdict=Review.Verdict.DISAGREE).values_list("office", flat=True)
    names = offices.titles(against)
    if not names:
        return fields
    label = _("批准意见和条件（%(offices)s不同意，须写明理由）") % {"offices": names}
    return (fields[0], Asked("text", label, True, _("为什么不采纳其意见")))


def _says(case: Case, move: str) -> str:
    """What will follow, with its dates."""
    title = str(case.kind_of.title)
    match move:
        case "accept":
            return _("同时送%(offices)s会审，意见期限 %(review)s，决定期限 %(decision)s。") % {
                "offices": offices.titles(case.kind_of.offices),
                "review": _by(case, "review"),
                "decision": _by(case, "decision"),
            }
        case "decline":
            return _("本件就此结束，编号保留；申请人可以申请复核。")
        case "ask_correction":
            return _("本件的计时暂停，申请人须不迟于 %(day)s 补正；补正后从剩余天数继续计。") % {
                "day": _by(case, "correction")
            }
        case "lapse":
            return _("本件按撤回办结，编号保留；申请人仍需办理的，须重新申请。")
        case "conclude_review":
            return _("会审意见不再变动，转%(office)s决定。") % {"office": offices.title(case.kind_of.decider)}
        case "approve":
            return _("按今天的参数重新核对各项条件，符合的才会批准。") + _notice(case)
        case "refuse":
            return _("本件就此结束；申请人可以申请复核。")
        case "return_to_applicant":
            return _("申请人修改后可以重新提交，受理、会审和决定都从头办理。")
        case "reconsider":
            return _("批准时占用的额度退回，决定期限从今天重新计算。")
        case "take_effect":
            return _("“%(title)s”的决定写入台账，不能撤回。") % {"title": title}
        case "withdraw":
            if case.state == State.NOTICE:
                return _("撤回后不能恢复，批准时占用的额度退回。")
            return _("撤回后不能恢复，要办须重新申请；已有的记录和材料保留。")
        case "appeal":
            return _("由%(office)s复核，期限 %(day)s。") % {
                "office": offices.title(case.kind_of.appeals),
                "day": _by(case, "decision"),
            }
        case "uphold":
            return _("原决定不变，本件就此结束。")
        case "overturn":
            return _("原决定撤销，本件从受理起重新办理。")
    return ""


def _by(case: Case, name: clock.Clock) -> str:
    """The day a clock started today would end; a dash without a parameter, which the act itself will name."""
    try:
        return clock.deadline(case, name, timezone.localdate()).isoformat()
    except policy.ParameterMissing:
        return "—"


def _notice(case: Case) -> str:
    try:
        days = clock.days(case, "notice", timezone.localdate())
    except policy.ParameterMissing:
        return ""
    if not days:
        return _("不设公示期，批准后即可办理生效。")
    until = timezone.localdate() + dt.timedelta(days=days)
    return _("批准后公示 %(days)s 天，至 %(until)s。") % {"days": days, "until": until.isoformat()}


def _text(given: Given) -> str:
    return given.get("text", "")


def _number(given: Given) -> str:
    return given.get("number", "")


DO: dict[str, Callable[[int, User, Given], Case]] = {
    "submit": lambda pk, by, given: filing.submit(case_id=pk, by=by),
    "correct": lambda pk, by, given: filing.correct(case_id=pk, by=by),
    "correct_filing": lambda pk, by, given: filing.correct(case_id=pk, by=by),
    "correct_review": lambda pk, by, given: filing.correct(case_id=pk, by=by),
    "withdraw": lambda pk, by, given: filing.withdraw(case_id=pk, by=by, text=_text(given)),
    "appeal": lambda pk, by, given: filing.appeal(case_id=pk, by=by, text=_text(given)),
    "accept": lambda pk, by, given: deciding.accept(case_id=pk, by=by),
    "decline": lambda pk, by, given: deciding.decline(case_id=pk, by=by, text=_text(given)),
    "ask_correction": lambda pk, by, given: deciding.ask_correction(case_id=pk, by=by, text=_text(given)),
    "lapse": lambda pk, by, given: deciding.lapse(case_id=pk, by=by, text=_text(given)),
    "conclude_review": lambda pk, by, given: deciding.conclude_review(case_id=pk, by=by, text=_text(given)),
    "approve": lambda pk, by, given: deciding.approve(case_id=pk, by=by, text=_text(given), number=_number(given)),
    "refuse": lambda pk, by, given: deciding.refuse(case_id=pk, by=by, text=_text(given), number=_number(given)),
    "return_to_applicant": lambda pk, by, given: deciding.return_to_applicant(case_id=pk, by=by, text=_text(given)),
    "reconsider": lambda pk, by, given: deciding.reconsider(case_id=pk, by=by, text=_text(given)),
    "take_effect": lambda pk, by, given: deciding.take_effect(case_id=pk, by=by, text=_text(given)),
    "uphold": lambda pk, by, given: deciding.uphold(case_id=pk, by=by, text=_text(given)),
    "overturn": lambda pk, by, given: deciding.overturn(case_id=pk, by=by, text=_text(given)),
    **supervision_acts.DO,
}
"""What each move of an address does; the last word of ``/cases/<id>/do/<move>/``."""


def done(case: Case, move: str) -> str:
    """What was done, for the line at the foot of the page."""
    name = case.number or case.title
    match move:
        case "accept":
            return _("%(name)s已受理，送%(offices)s会审。") % {
                "name": name,
                "offices": offices.titles(case.kind_of.offices),
            }
        case "ask_correction":
            return _("已要求补正，计时暂停。")
        case "approve" if case.notice_until:
            return _("已批准，公示至 %(until)s。") % {"until": case.notice_until.isoformat()}
        case "approve":
            return _("已批准，不设公示期，可以办理生效。")
    return _("%(name)s：%(state)s。") % {"name": name, "state": case.get_state_display()}
