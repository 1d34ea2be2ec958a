"""The kind of case ``breach``: an enterprise did not keep a promise, is told, puts it right, or bears what follows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import policy
from core.accounts.models import Role
from core.accounts.scope import reader
from core.casework import kinds
from core.casework.findings import UNMET, Finding, Source
from core.casework.kinds import CaseKind, Subject
from core.casework.models import Case
from core.casework.plans import PlanForm, rectification_papers
from core.casework.states import Procedure
from efficiency.agreements.figures import permu
from efficiency.agreements.models import Agreement, Breach, Check, Milestone, Promise
from efficiency.agreements.services import breaching


class RemedyForm(forms.Form):
    """What follows from a breach: a penalty with its sum, or the recovery of the land."""

    remedy = forms.ChoiceField(
        label=gettext_lazy("处理方式"),
        choices=[("penalty", gettext_lazy("收取违约金")), ("recovery", gettext_lazy("收回土地"))],
    )
    penalty_cny = forms.DecimalField(
        label=gettext_lazy("违约金（元）"),
        min_value=Decimal("0.01"),
        max_digits=16,
        decimal_places=2,
        required=False,
        help_text=gettext_lazy("收取违约金的填写，按协议的违约责任计算"),
    )

    def __init__(self, data: Any = None, *, case: Case) -> None:
        super().__init__(data)
        terms = Agreement.objects.filter(pk=case.cause.get("agreement")).values_list("penalty_terms", flat=True).first()
        if terms:
            self.fields["remedy"].help_text = _("协议约定的违约责任：%(terms)s") % {"terms": terms}

    def clean(self) -> dict[str, Any]:
        """A sum where money is taken, none where the land is."""
        data = super().clean() or {}
        if data.get("remedy") == "penalty" and not data.get("penalty_cny") and "penalty_cny" not in self.errors:
            self.add_error("penalty_cny", _("收取违约金的，须写明金额。"))
        if data.get("remedy") == "recovery":
            data["penalty_cny"] = None
        return data


def said(check: Check) -> str:
    """What a check found, in a sentence."""
    if check.subject in Milestone.values:
        what, day = Milestone(check.subject).label, check.promised_on
        if check.actual_on:
            return _("约定 %(day)s 前%(what)s，实际 %(on)s，晚 %(days)s 天。") % {
                "day": day,
                "what": what,
                "on": check.actual_on,
                "days": check.days,
            }
        return _("约定 %(day)s 前%(what)s，至 %(on)s 尚无%(what)s记录。") % {"day": day, "what": what, "on": check.on}
    return _("%(year)s 年%(what)s %(actual)s 万元/亩，约定不低于 %(promised)s 万元/亩。") % {
        "year": check.year,
        "what": Promise(check.subject).label,
        "actual": permu(check.actual),
        "promised": permu(check.promised),
    }


def checks_of(case: Case) -> list[Check]:
    """The checks a notice rests on; they never change."""
    return list(Check.objects.filter(pk__in=case.cause.get("checks", [])).order_by("subject", "year", "pk"))


def subject(case: Case) -> Subject:
    """The plot, and the agreement in a line."""
    title = _("监管协议 %(number)s 违约") % {"number": case.cause.get("number", "")}
    return Subject(case.district_id, tuple(case.subject_codes), title)


def assess(case: Case, on: dt.date) -> Sequence[Finding]:
    """A finding a broken promise, as it was checked; not judged anew, since the notice rests on that check."""
    try:
        source = Source.of(policy.value("agreement.required_terms", case.district_id, on=on))
    except policy.ParameterMissing:
        # The promise binds by the agreement itself; the document only says that there must be one.
        source = None
    return [
        Finding(
            rule=f"check-{check.pk}",
            title=check.title,
            state=UNMET,
            message=said(check),
            measured=check.actual,
            required=check.promised,
            unit="" if check.promised is None else _("万元/亩"),
            source=source,
        )
        for check in checks_of(case)
    ]


def facts(case: Case) -> Sequence[tuple[Any, Any, Any]]:
    """The agreement, what was not kept, what is asked, and what came of it."""
    breach = Breach.objects.filter(case=case).first()
    lines: list[tuple[Any, Any, Any]] = [
        (_("监管协议"), case.cause.get("number", ""), ""),
        (_("未履行的约定"), " ".join(said(check) for check in checks_of(case)), ""),
        (_("整改要求"), case.cause.get("demand", ""), ""),
    ]
    if breach is not None and breach.remedy:
        money = _("%(sum)s 元") % {"sum": f"{breach.penalty_cny:,.2f}"} if breach.penalty_cny else ""
        lines.append((_("处理"), breach.get_remedy_display(), money))
    return lines


def detail(request: HttpRequest, case: Case) -> Mapping[str, Any]:
    """The agreement behind the case, where the reader may see it."""
    rows = Agreement.objects.visible_to(reader(request)).filter(pk=case.cause.get("agreement"))
    return {"breached_agreement": rows.first()}


KIND = CaseKind(
    name=breaching.KIND,
    title=gettext_lazy("监管协议违约"),
    prefix="WY",
    hint=gettext_lazy("没有履行监管协议约定的，由企业整改；逾期不改的，收取违约金或收回土地"),
    procedure=Procedure.SUPERVISION,
    officer=Role.MONITOR,
    offices=(),
    decider=Role.REVIEWER,
    appeals=Role.HEAD,
    papers=rectification_papers(
        plan=gettext_lazy("整改方案附件"),
        proof=gettext_lazy("完税证明、现场照片、动工或投产证明等。"),
    ),
    form=PlanForm,
    subject=subject,
    assess=assess,
    facts=facts,
    form_template="casework/parts/fields.html",
    detail_template="agreements/case_detail.html",
    detail=detail,
    on_move=breaching.follow,
    move_forms={"impose": RemedyForm},
    letter_titles={"issued": gettext_lazy("违约整改通知书"), "impose": gettext_lazy("违约处理决定书")},
    icon="file-alert",
)


def register() -> None:
    """Announce the kind to casework."""
    kinds.register(KIND)
