"""The kind of case ``rectification``: what confirmed flags ask an enterprise to put right, on the supervision way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Role
from core.accounts.scope import reader
from core.casework import kinds
from core.casework.findings import NOTED, Finding, Source
from core.casework.kinds import CaseKind, Subject
from core.casework.models import Case
from core.casework.plans import PlanForm, rectification_papers
from core.casework.states import Procedure
from efficiency.flags import wording
from efficiency.flags.models import Flag
from efficiency.flags.services import rectifying

NAME = "rectification"


def _flags(case: Case) -> list[Flag]:
    ids = case.cause.get("flags", [])
    return list(Flag.objects.filter(pk__in=ids).select_related("enterprise", "plot").order_by("pk"))


def subject(case: Case) -> Subject | None:
    """The district and plots the case was opened for, and what is to be put right in a line."""
    causes = case.cause.get("causes", [])
    if not causes:
        return None
    more = _("等 %(count)s 项") % {"count": len(causes)} if len(causes) > 1 else ""
    return Subject(case.district_id, tuple(case.subject_codes), _("低效整改：%(what)s") % {"what": causes[0] + more})


def assess(case: Case, _on: dt.date) -> Sequence[Finding]:
    """What the notice rests on: a finding a flag, as its enterprise may read it; evidence never changes."""
    found = []
    for flag in _flags(case):
        told = wording.outside(flag)
        found.append(
            Finding(
                rule=f"flag-{flag.pk}",
                title=str(flag.get_rule_display()),
                state=NOTED,
                message=told.sentence,
                source=Source.of(told.sources[0]) if told.sources else None,
            )
        )
    return found


def facts(case: Case) -> Sequence[tuple[Any, Any, Any]]:
    """What is asked, in lines: (label, value, note); the plan is shown with every supervision."""
    lines = [
        (_("预警"), "；".join(case.cause.get("causes", [])), ""),
        (_("整改要求"), case.cause.get("requirement", ""), ""),
    ]
    return [line for line in lines if line[1]]


def detail(request: HttpRequest, case: Case) -> Mapping[str, Any]:
    """The flags behind the case that the reader may see."""
    rows = Flag.objects.visible_to(reader(request)).filter(pk__in=case.cause.get("flags", [])).order_by("pk")
    return {"rectified_flags": list(rows.select_related("plot", "enterprise"))}


KIND = CaseKind(
    name=NAME,
    title=gettext_lazy("低效用地整改"),
    prefix="ZG",
    hint=gettext_lazy("核实确认的低效预警，由企业报方案、整改，部门复核"),
    officer=Role.MONITOR,
    offices=(),
    decider=Role.PARKS,
    appeals=Role.HEAD,
    papers=rectification_papers(
        plan=gettext_lazy("整改方案"),
        proof=gettext_lazy("现场照片、完税证明、动工或投产证明等。"),
    ),
    form=PlanForm,
    subject=subject,
    assess=assess,
    facts=facts,
    form_template="flags/plan_fields.html",
    detail_template="flags/case_detail.html",
    detail=detail,
    procedure=Procedure.SUPERVISION,
    on_move=rectifying.follow,
    icon="alert-triangle",
)


def register() -> None:
    """Announce the kind to casework."""
    kinds.register(KIND)
