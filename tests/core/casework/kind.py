"""Two small kinds of case, complete in every part: what core does for all kinds is tested with them.

An enterprise asks for a figure for a plot; it must not exceed the parameter ``example.most``.
The plot's first six characters are its district. What the kind was asked to do stands in ``done``.
The other is a supervision; its decision names a sum.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from core import policy
from core.accounts.models import Role, User
from core.casework import kinds
from core.casework.findings import MET, NOTED, UNKNOWN, UNMET, Finding, Source
from core.casework.kinds import CaseKind, PaperSlot, Subject
from core.casework.models import Case
from core.casework.plans import PlanForm
from core.casework.states import Procedure
from core.refusals import Refused

NAME = "example"

done: list[tuple[str, int]] = []
"""(what, case) for each record, approve, undo and take_effect, in order; a test empties it first."""


class ExampleForm(forms.Form):
    """What the applicant writes. ``refuse`` names an effect that shall be refused."""

    plot = forms.RegexField(r"^\d{6}001001GB\d{5}$", label="宗地")
    figure = forms.DecimalField(label="数值", min_value=0, max_digits=6, decimal_places=2)
    reason = forms.CharField(label="理由", required=False, max_length=200)
    refuse = forms.CharField(required=False)

    def __init__(self, data: Any = None, *, case: Case | None = None) -> None:
        super().__init__(data)
        self.case = case


def subject(case: Case) -> Subject | None:
    """The plot, once it is written completely."""
    plot = case.data.get("plot", "")
    return Subject(plot[:6], (plot,), f"示例事项 {plot}") if len(plot) == 19 else None


def assess(case: Case, on: dt.date) -> Sequence[Finding]:
    """One condition, when the parameter is in force."""
    try:
        figure = Decimal(str(case.data.get("figure", "")))
    except InvalidOperation:
        return [Finding("EX-1", "数值上限", UNKNOWN, "还没有填写数值。", blocking=True, field="figure")]
    try:
        most = policy.value("example.most", case.district_id, on=on)
    except policy.ParameterMissing:
        return [Finding("EX-1", "数值上限", NOTED, "未设上限。", measured=figure)]
    within = most.value is None or figure <= most.value
    return [
        Finding(
            "EX-1",
            "数值上限",
            MET if within else UNMET,
            f"数值 {figure}，上限 {most.value}。",
            measured=figure,
            required=most.value,
            source=Source.of(most),
            advice="" if within else "请减小数值。",
            blocking=True,
            field="figure",
        )
    ]


def _effect(name: str) -> Any:
    def act(case: Case, by: User | None = None) -> None:
        if case.data.get("refuse") == name:
            raise Refused(f"示例事项不能 {name}。")
        done.append((name, case.pk))

    return act


KIND = CaseKind(
    name=NAME,
    title="示例事项",
    prefix="SL",
    hint="只在测试中使用。",
    officer=Role.PLANNER,
    offices=(Role.PARKS, Role.MONITOR),
    decider=Role.REVIEWER,
    appeals=Role.HEAD,
    papers=(PaperSlot("proof", "证明材料"), PaperSlot("plan", "方案", required=False)),
    form=ExampleForm,
    subject=subject,
    assess=assess,
    record=_effect("record"),
    approve=_effect("approve"),
    undo=_effect("undo"),
    take_effect=_effect("take_effect"),
    facts=lambda case: [("宗地", case.data.get("plot", ""), ""), ("数值", case.data.get("figure", ""), "")],
    form_template="casework/parts/fields.html",
)

kinds.register(KIND)

WATCH = "example_watch"


class RemedyForm(forms.Form):
    """What the decision on a supervision names besides its reason."""

    amount = forms.DecimalField(label="金额", min_value=1, max_digits=8, decimal_places=2)

    def __init__(self, data: Any = None, *, case: Case) -> None:
        super().__init__(data)
        self.case = case


def _moved(case: Case, move: str, _by: User, values: Mapping[str, Any]) -> None:
    if case.cause.get("refuse") == move:
        raise Refused(f"示例督办不能 {move}。")
    done.append((f"{move} {values['amount']}" if values else move, case.pk))


WATCHED = CaseKind(
    name=WATCH,
    title="示例督办",
    prefix="DB",
    hint="只在测试中使用。",
    procedure=Procedure.SUPERVISION,
    officer=Role.MONITOR,
    offices=(),
    decider=Role.REVIEWER,
    appeals=Role.HEAD,
    papers=(
        PaperSlot("plan", "整改方案", required=False, state="issued"),
        PaperSlot("proof", "整改证明", state="rectifying"),
    ),
    form=PlanForm,
    subject=lambda case: Subject(case.district_id, tuple(case.subject_codes), f"示例督办 {case.cause['what']}"),
    assess=lambda case, _on: [Finding("EX-2", "示例事由", UNMET, case.cause["what"])],
    facts=lambda case: [("事由", case.cause["what"], "")],
    form_template="casework/parts/fields.html",
    on_move=_moved,
    move_forms={"impose": RemedyForm},
    letter_titles={"impose": "示例处理决定书"},
)

kinds.register(WATCHED)
