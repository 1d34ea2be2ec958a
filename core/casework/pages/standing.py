"""Where a case stands, in a sentence: who has the next move, and how long there is for it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case as Choose
from django.db.models import DateField, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import policy
from core.accounts.models import Role, User
from core.casework import offices
from core.casework.models import Case, Review
from core.casework.states import TURN, Procedure, State

TIMED = tuple(state for state in TURN if state not in (State.DRAFT, State.RETURNED, State.REVIEW))
"""States in which somebody has to act by ``due_on``; in a review each office has a day of its own."""

MET, RISK, UNMET, NONE = "met", "risk", "unmet", ""

STATE_TONES = {
    State.SUBMITTED: "accent",
    State.REVIEW: "accent",
    State.DECISION: "accent",
    State.NOTICE: "accent",
    State.APPEAL: "accent",
    State.CORRECTION: RISK,
    State.RETURNED: RISK,
    State.EFFECTIVE: MET,
    State.REFUSED: UNMET,
    State.NOT_ACCEPTED: UNMET,
    State.ISSUED: RISK,
    State.PLANNED: "accent",
    State.RECTIFYING: RISK,
    State.CHECKING: "accent",
    State.SANCTION: UNMET,
    State.IMPOSED: UNMET,
    State.RECTIFIED: MET,
}
"""The colour of a state's tag; the others are grey."""


@dataclass(frozen=True)
class Standing:
    """What a list, a page and a panel say of a case.

    ``waits_for`` names whoever has the next move ("" when nobody has); ``due_on`` is the
    last day of that move and ``days`` the working days left until then, negative once it
    has passed. ``tone`` is "unmet" when late, "risk" when little time is left, "met" when
    the case came to effect.
    """

    what: str
    waits_for: str = ""
    due_on: dt.date | None = None
    days: int | None = None
    tone: str = NONE
    late: bool = False

    @property
    def deadline(self) -> str:
        """How long there is: 剩 3 个工作日, 今天截止, 逾期 2 个工作日; "" where nothing is awaited."""
        if self.days is None:
            return ""
        if self.late:
            if not self.days:
                return _("已逾期")
            return ngettext("逾期 %(n)s 个工作日", "逾期 %(n)s 个工作日", -self.days) % {"n": -self.days}
        if self.due_on == timezone.localdate():
            return _("今天截止")
        return ngettext("剩 %(n)s 个工作日", "剩 %(n)s 个工作日", self.days) % {"n": self.days}

    @property
    def sentence(self) -> str:
        """Both in one: 待工信局出具意见，剩 3 个工作日."""
        return _("，").join(part for part in (self.what, self.deadline) if part)


def due_soon_days() -> int:
    """From how many working days before its end a stage counts as due soon; 0 without a parameter in force."""
    try:
        return int(policy.value("case.due_soon_days").value or 0)
    except policy.ParameterMissing:
        # Then nothing is due before it is due: only what ends today.
        return 0


def with_standing(rows: QuerySet[Any], on: dt.date | None = None) -> QuerySet[Any]:
    """Cases with what :func:`standing` reads: ``waiting_offices``, ``next_due`` and ``days_left`` until then.

    ``next_due`` is the day by which somebody has to act: in a review the first office that has
    not spoken, else whoever has the stage; None where nobody has to.
    """
    unspoken = Review.objects.filter(case=OuterRef("pk"), round=OuterRef("round"), given_at__isnull=True)
    first = Subquery(unspoken.order_by("due_on").values("due_on")[:1])
    return rows.annotate(
        waiting_offices=ArraySubquery(unspoken.order_by("pk").values("office")),
        next_due=Choose(
            When(state=State.REVIEW, then=Coalesce(first, F("due_on"))),
            When(Q(state__in=TIMED), then=F("due_on")),
            default=None,
            output_field=DateField(),
        ),
    ).annotate(
        days_left=Func(
            Value(on or timezone.localdate(), output_field=DateField()),
            F("next_due"),
            function="casework_working_days",
            output_field=IntegerField(),
        )
    )


def standing(case: Any, reader: User, soon: int, on: dt.date | None = None) -> Standing:
    """Where ``case`` (a row of :func:`with_standing`) stands for ``reader``; ``soon`` as :func:`due_soon_days`."""
    today = on or timezone.localdate()
    what, waits_for = _words(case, reader, today)
    if State(case.state) == State.NOTICE and case.notice_until and case.notice_until >= today:
        # Awaited by everybody and missed by nobody.
        return Standing(what=what, due_on=case.notice_until)
    if case.next_due is None:
        good = case.state in (State.EFFECTIVE, State.RECTIFIED)
        return Standing(what=what, waits_for=waits_for, tone=MET if good else NONE)
    late = case.next_due < today
    tone = UNMET if late else RISK if case.days_left <= soon else NONE
    return Standing(what, waits_for, case.next_due, case.days_left, tone, late)


def found(case: Case) -> Any:
    """One case as a row of :func:`with_standing`."""
    return with_standing(Case.objects.filter(pk=case.pk)).get()


def _words(case: Any, reader: User, today: dt.date) -> tuple[str, str]:
    """What is awaited, and of whom."""
    if case.procedure == Procedure.SUPERVISION:
        return _words_of_supervision(case, reader)
    kind = case.kind_of
    own = reader.role == Role.ENTERPRISE or (case.on_behalf and case.filed_by_id == reader.pk)
    applicant = offices.title(Role.ENTERPRISE)
    officer, decider, hearer = (offices.title(role) for role in (kind.officer, kind.decider, kind.appeals))
    match State(case.state):
        case State.DRAFT:
            return _("草稿，提交后开始办理"), applicant
        case State.SUBMITTED:
            return _("待%(office)s受理") % {"office": officer}, officer
        case State.CORRECTION:
            return (_("请按要求补正") if own else _("待申请人补正")), applicant
        case State.REVIEW:
            waiting = offices.titles(case.waiting_offices)
            if waiting:
                return _("待%(office)s出具意见") % {"office": waiting}, waiting
            return _("各部门已出具意见，待%(office)s报送决定") % {"office": officer}, officer
        case State.DECISION:
            return _("待%(office)s作出决定") % {"office": decider}, decider
        case State.NOTICE if case.notice_until and case.notice_until >= today:
            return _("已批准，公示至 %(until)s") % {"until": case.notice_until.isoformat()}, ""
        case State.NOTICE if case.notice_until is None:
            return _("已批准，待%(office)s办理生效") % {"office": decider}, decider
        case State.NOTICE:
            return _("公示期满，待%(office)s办理生效") % {"office": decider}, decider
        case State.EFFECTIVE:
            return _("已批准，自 %(on)s 生效") % {"on": timezone.localdate(case.effective_at).isoformat()}, ""
        case State.RETURNED:
            return (_("已退回，请修改后重新提交") if own else _("已退回，待申请人修改后重新提交")), applicant
        case State.NOT_ACCEPTED:
            return (_("不予受理，可以申请复核") if own else _("不予受理")), ""
        case State.REFUSED:
            return (_("不予批准，可以申请复核") if own else _("不予批准")), ""
        case State.APPEAL:
            return _("复核中，待%(office)s决定") % {"office": hearer}, hearer
        case State.UPHELD:
            return _("复核维持原决定，已办结"), ""
        case State.WITHDRAWN:
            return _("已撤回，已办结"), ""
    raise ValueError(case.state)


def _words_of_supervision(case: Any, reader: User) -> tuple[str, str]:
    kind = case.kind_of
    own = reader.role == Role.ENTERPRISE
    firm = offices.party(Role.ENTERPRISE, supervised=True)
    officer, decider, hearer = (offices.title(role) for role in (kind.officer, kind.decider, kind.appeals))
    match State(case.state):
        case State.ISSUED:
            return (_("请报送整改方案") if own else _("待企业报送整改方案")), firm
        case State.PLANNED:
            return _("待%(office)s审查整改方案") % {"office": officer}, officer
        case State.RECTIFYING:
            return (_("请完成整改并报告") if own else _("企业整改中")), firm
        case State.CHECKING:
            return _("待%(office)s复核整改情况") % {"office": officer}, officer
        case State.RECTIFIED:
            return _("整改合格，已结案"), ""
        case State.SANCTION:
            return _("待%(office)s作出处理决定") % {"office": decider}, decider
        case State.IMPOSED:
            return _("已作处理决定，待%(office)s落实") % {"office": officer}, officer
        case State.APPEAL:
            return _("复核中，待%(office)s决定") % {"office": hearer}, hearer
        case State.SETTLED:
            return _("处理决定已落实，已结案"), ""
        case State.CANCELLED:
            return _("通知已撤销"), ""
    raise ValueError(case.state)
