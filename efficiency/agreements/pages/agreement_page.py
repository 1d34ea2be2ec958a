"""``/agreements/<id>/``: what was promised, what came of it, and the reader's next act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import policy
from core.accounts.models import Role, User
from core.casework.models import Case
from efficiency.agreements import perms
from efficiency.agreements.figures import money
from efficiency.agreements.models import (
    Agreement,
    AgreementState,
    Breach,
    Check,
    Milestone,
    MilestoneFact,
    Promise,
    Verdict,
)
from efficiency.agreements.pages.forms import BreachForm, EndForm, FactForm
from efficiency.agreements.pages.reading import agreement_of, readers_only
from efficiency.agreements.services import binding, breaching

TONES = {
    Verdict.KEPT: "met",
    Verdict.LATE: "risk",
    Verdict.BROKEN: "unmet",
    Verdict.OVERDUE: "unmet",
    Verdict.PENDING: "none",
    Verdict.UNKNOWN: "none",
}
"""The badge of a verdict."""


@dataclass(frozen=True)
class Step:
    """A milestone on the line: when it was agreed for, when it was reached, and with what evidence."""

    label: str
    agreed: dt.date | None
    fact: MilestoneFact | None
    check: Check | None
    tone: str


@dataclass(frozen=True)
class Kept:
    """A promise in a year: what was agreed, what came, and how they stand; ``working`` says how it was reckoned."""

    label: str
    year: int
    check: Check
    tone: str
    working: str
    percent: int


def tone_of(verdict: str) -> str:
    """The badge of a verdict."""
    return TONES[Verdict(verdict)]


@never_cache
@require_safe
@login_required
def agreement(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of an agreement; somebody else's answers 404."""
    user = readers_only(request)
    return render(request, "agreements/agreement.html", context(user, agreement_of(user, pk)))


def context(
    user: User, found: Agreement, *, act: str = "", form: Form | None = None, refusal: str = ""
) -> dict[str, Any]:
    """Everything the page shows. ``form`` is the one of the ``act`` that was refused."""
    checks = list(Check.objects.visible_to(user).filter(agreement=found).latest_of_each())
    broken = [check for check in checks if check.verdict in breaching.BROKEN]
    running = breaching.open_case(found)
    shown = Case.objects.visible_to(user).filter(pk=running.pk).exists() if running else False
    forms: dict[str, Form] = {}
    if perms.follows(user, found):
        forms = {"fact": FactForm(), "end": EndForm()}
        if broken and running is None and perms.opens_breach(user, found):
            forms["breach"] = BreachForm(broken=broken)
    if form is not None and act in forms:
        forms[act] = form
    lacking = binding.missing(found) if found.state == AgreementState.DRAFT else []
    return {
        "agreement": found,
        "own": user.role == Role.ENTERPRISE,
        "sentence": sentence(found, broken, lacking, checks),
        "tone": "unmet" if broken else "met" if checks and found.state == AgreementState.IN_FORCE else "",
        "source": _source(found),
        "lacking": lacking,
        "steps": steps(found, checks),
        "promises": list(found.indicators.all()),
        "kept": [_kept(check) for check in sorted(checks, key=_order) if not check.is_milestone],
        "facts": MilestoneFact.objects.visible_to(user).filter(agreement=found).select_related("by"),
        "past": Check.objects.visible_to(user).filter(agreement=found).exclude(pk__in=[row.pk for row in checks]),
        "breaches": Breach.objects.visible_to(user).filter(agreement=found).select_related("case").order_by("-pk"),
        "running": running if shown else None,
        "may_edit": perms.edits(user, found),
        "may_bind": perms.binds(user, found),
        "may_follow": perms.follows(user, found),
        "forms": forms,
        "act": act,
        "refusal": refusal,
        "today": timezone.localdate(),
    }


def sentence(found: Agreement, broken: list[Check], lacking: list[str], checks: list[Check]) -> str:
    """The answer of the page."""
    if found.state == AgreementState.DRAFT:
        if lacking:
            return _("拟定中，还缺%(lacking)s") % {"lacking": _("、").join(lacking)}
        return _("约定齐备，待另一人办理生效")
    if found.state != AgreementState.IN_FORCE:
        return _("%(state)s，%(on)s 终止") % {"state": found.get_state_display(), "on": found.ended_on}
    if broken:
        return _("%(count)s 项约定未履行") % {"count": len(broken)}
    if not checks:
        return _("已生效，尚未核查")
    return _("各项约定未见违反")


def steps(found: Agreement, checks: list[Check]) -> list[Step]:
    """The three milestones in their order."""
    facts: dict[str, MilestoneFact] = {}
    for fact in found.facts.order_by("at", "pk"):
        facts[fact.milestone] = fact
    by_subject = {check.subject: check for check in checks if check.is_milestone}
    return [
        Step(
            label=str(milestone.label),
            agreed=found.promised_day(milestone),
            fact=facts.get(milestone.value),
            check=by_subject.get(milestone.value),
            tone=tone_of(by_subject[milestone.value].verdict) if milestone.value in by_subject else "none",
        )
        for milestone in Milestone
    ]


def _order(check: Check) -> tuple[int, str]:
    return -(check.year or 0), check.subject


def _kept(check: Check) -> Kept:
    percent = min(100, int(check.ratio * 100)) if check.ratio and check.ratio > 0 else 0
    label = str(Promise(check.subject).label)
    return Kept(label, check.year or 0, check, tone_of(check.verdict), working(check), percent)


def working(check: Check) -> str:
    """How the figure of a check was reckoned: the enterprise's figure × land here ÷ all its land ÷ the area agreed."""
    facts: Mapping[str, str] = check.evidence
    if check.actual is None or "all_m2" not in facts:
        if "figure" in facts:
            return _("企业该年末在本宗地没有用地记录，无法分摊。")
        return _("没有该年年报，或年报没有这项数据。")
    return _(
        "企业年报 %(figure)s 元 × 本宗地用地 %(here)s m² ÷ 全部用地 %(all)s m² ÷ 约定 %(agreed)s m²（×3÷2000 折亩），"
        "用地按年末面积份额。"
    ) % {
        "figure": money(facts["figure"]),
        "here": money(facts["here_m2"]),
        "all": money(facts["all_m2"]),
        "agreed": money(facts["agreed_m2"]),
    }


def _source(found: Agreement) -> Any:
    """What requires an agreement to name its promises; None where nothing in force does."""
    try:
        return policy.value("agreement.required_terms", found.district_id)
    except policy.ParameterMissing:
        # Then the page simply shows no §.
        return None


@never_cache
@require_safe
@login_required
def fact_file(request: HttpRequest, pk: int, fact: int) -> FileResponse:
    """The evidence of a fact, as a download."""
    user = readers_only(request)
    agreement_of(user, pk)
    rows: Any = MilestoneFact.objects.visible_to(user)
    found: MilestoneFact | None = rows.filter(agreement=pk, pk=fact).exclude(file="").first()
    if found is None:
        raise Http404(_("没有这份证明材料。"))
    return FileResponse(found.file.open("rb"), as_attachment=True, filename=found.file_name)
