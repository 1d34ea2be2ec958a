"""What supervised enterprises hand in and what offices set: the plan of a rectification, and a day to be done by."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import policy
from core.casework import clock
from core.casework.kinds import PaperSlot
from core.casework.models import Case
from core.casework.states import Procedure, State

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class PlanForm(forms.Form):
    """整改方案: what will be done, by whom, and until when; the form of most kinds of supervision."""

    measures = forms.CharField(
        label=gettext_lazy("整改措施"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("逐项写明问题的原因、采取的措施和预期结果"),
    )
    done_by = forms.DateField(
        label=gettext_lazy("完成日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    responsible = forms.CharField(label=gettext_lazy("负责人和电话"), max_length=100)

    def __init__(self, data: Any = None, *, case: Case | None = None) -> None:
        super().__init__(data)
        self.case = case
        latest = _latest(case, timezone.localdate()) if case else None
        if latest:
            self.fields["done_by"].help_text = _("不迟于 %(day)s") % {"day": latest.isoformat()}

    def clean_done_by(self) -> dt.date:
        """A day after today, not later than the parameter allows."""
        day: dt.date = self.cleaned_data["done_by"]
        if self.case is not None and (problem := term_problem(self.case, day, timezone.localdate())):
            raise forms.ValidationError(problem)
        return day


class TermForm(forms.Form):
    """The last day of a rectification, as an office sets it; the plan's own day stands there to begin with."""

    due_on = forms.DateField(
        label=gettext_lazy("整改期限"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, data: Any = None, *, case: Case) -> None:
        super().__init__(data, initial={"due_on": promised_day(case)})

    def clean(self) -> dict[str, Any]:
        """Nothing more: whether the day will do is the service's to say."""
        return super().clean() or {}


def lines(case: Case) -> list[tuple[str, str]]:
    """What the plan of a supervision says, by label, as far as it is written; empty for applications."""
    if case.procedure != Procedure.SUPERVISION or not case.data:
        return []
    form: Any = case.kind_of.form(case.data, case=case)  # type: ignore[call-arg]
    return [(str(field.label), str(case.data[name])) for name, field in form.fields.items() if case.data.get(name)]


def promised_day(case: Case) -> dt.date | None:
    """The day by which the enterprise's plan is done; None while there is none."""
    try:
        return parse_date(str(case.data.get("done_by", "")))
    except ValueError:
        return None  # 2026-02-30: no day


def term_problem(case: Case, day: dt.date, today: dt.date) -> str:
    """Why ``day`` cannot end a rectification that begins today, in a sentence; "" when it can."""
    latest = _latest(case, today)
    if day <= today:
        return _("整改期限须晚于今天（%(today)s）。") % {"today": today.isoformat()}
    if latest and day > latest:
        return _("整改期限最晚 %(latest)s。") % {"latest": latest.isoformat()}
    return ""


def _latest(case: Case, today: dt.date) -> dt.date | None:
    """The last day a rectification may be given; None without a parameter in force."""
    try:
        return today + dt.timedelta(days=clock.days(case, "rectify", today))
    except policy.ParameterMissing:
        return None


def rectification_papers(*, plan: StrOrPromise, proof: StrOrPromise) -> tuple[PaperSlot, ...]:
    """The papers of a rectification: the ``plan`` and its annexes, and ``proof`` that it is done."""
    return (
        PaperSlot(
            "plan",
            plan,
            required=False,
            help=gettext_lazy("方案另有文本或图纸的，在此上传。"),
            state=State.ISSUED.value,
        ),
        PaperSlot("proof", gettext_lazy("整改完成的证明"), help=proof, state=State.RECTIFYING.value),
    )
