"""Conditions of the plot: in force and the applicant's own, asked for once, its use unchanged."""

from __future__ import annotations

import datetime as dt

from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from core.casework.findings import MET, UNKNOWN, UNMET, Finding
from core.casework.models import Case, TimelineEntry
from core.casework.states import CLOSED, MOVES, State
from core.mapedit import history, layers
from landuse.applications import asked, rules
from landuse.applications.conditions.subject import Subject
from landuse.plots.models import PlotVersion, UseCode


def in_force(subject: Subject) -> Finding:
    """The plot is in force and belongs to the applicant; one merged or split away names what it became."""
    rule, title, code = "PR-1.plot", _("宗地在册且为本企业自有"), subject.asked.plot
    if not code:
        return Finding(
            rule, title, UNKNOWN, _("还没有选择宗地。"), advice=_("请选择宗地。"), blocking=True, field="plot"
        )
    fault = _fault(subject)
    if fault:
        return Finding(
            rule,
            title,
            UNMET,
            fault,
            advice=_("请按现行宗地重新填写；已提交的，由审批人员退回后改填。权属问题向自然资源部门核实。"),
            blocking=True,
            field="plot",
        )
    return Finding(rule, title, MET, _("%(code)s 在册，由本企业自有。") % {"code": code}, blocking=True, field="plot")


def _fault(subject: Subject) -> str:
    code, version = subject.asked.plot, subject.version
    layer = layers.editable("plots")
    open_version = PlotVersion.objects.filter(plot_id=code, valid_to__isnull=True).select_related("publication").first()
    if version is None or (open_version is None and not _stands(subject, version)):
        became = history.became(layer, code)
        if became:
            return _("%(code)s 已不在册，现为 %(became)s。") % {"code": code, "became": _("、").join(became)}
        return _("%(code)s 不在册。") % {"code": code}
    if not _stands(subject, version):
        title = open_version.publication.title if open_version else ""
        return _("%(code)s 在提交后已由“%(title)s”改变，申请所对照的不再是现行版本。") % {"code": code, "title": title}
    if not asked.owns(subject.case.applicant_code, code, subject.on):
        return _("%(code)s 不是本企业自有。") % {"code": code}
    return ""


def _stands(subject: Subject, version: PlotVersion) -> bool:
    """Whether the version is in force on the day, or was replaced by the decision of this very case."""
    if version.valid_to is None or version.valid_to > subject.on:
        return True
    application = subject.application
    return bool(
        application is not None
        and application.publication is not None
        and application.publication.effective_on == version.valid_to
    )


def no_other_case(subject: Subject) -> Finding:
    """No other open case asks for the same plot; of two, the one submitted first goes on."""
    rule, title, code = "PR-1.other_case", _("没有另一件在办的申请"), subject.asked.plot
    if not code:
        return Finding(rule, title, UNKNOWN, _("选择宗地后核对。"), field="plot")
    others = open_cases(subject.case, code, subject.on)
    if others:
        numbers = _("、").join(str(case.number) for case in others)
        return Finding(
            rule,
            title,
            UNMET,
            _("该宗地已有在办的申请：%(numbers)s。") % {"numbers": numbers},
            advice=_("请等待其办结，或先撤回后再提交。"),
            blocking=True,
            field="plot",
        )
    return Finding(rule, title, MET, _("该宗地没有另一件在办的申请。"), blocking=True, field="plot")


def open_cases(case: Case, plot: str, on: dt.date) -> list[Case]:
    """Other submitted cases of the kind about a plot that were open then; for a submitted case those before it.

    "Then" is the moment of its own submission on that day, else the end of the day. What
    was open is read from the timeline, so that a later ending or appeal does not change it.
    """
    end = timezone.make_aware(dt.datetime.combine(on + dt.timedelta(days=1), dt.time()))
    others = Case.objects.filter(kind=case.kind, subject_codes__contains=[plot]).exclude(pk=case.pk)
    if not case.is_editable and case.submitted_at is not None:
        if timezone.localdate(case.submitted_at) == on:
            end = case.submitted_at
        others = others.filter(submitted_at__lt=case.submitted_at)
    moves = TimelineEntry.objects.filter(case=OuterRef("pk"), act__in=MOVES, at__lte=end).order_by("-at", "-pk")
    others = others.annotate(was=Subquery(moves.values("to_state")[:1])).filter(was__isnull=False)
    return list(others.exclude(was__in=[*CLOSED, State.DRAFT]).order_by("submitted_at", "pk"))


def use_unchanged(subject: Subject) -> Finding:
    """The land keeps its use; a change of use does not hinder the application but leaves the premium rule."""
    rule, title = "PR-1.use", _("不改变土地用途")
    source = rules.cited(subject.basis)
    if subject.version is None:
        return Finding(rule, title, UNKNOWN, _("选择宗地后核对。"), source=source, field="use_after")
    now, after = subject.version.use_code, subject.asked.use_after or subject.version.use_code
    if after == now:
        return Finding(
            rule,
            title,
            MET,
            _("用途不变，仍为%(use)s。") % {"use": UseCode(now).label},
            source=source,
            field="use_after",
        )
    return Finding(
        rule,
        title,
        UNMET,
        _("由%(now)s改为%(after)s。") % {"now": UseCode(now).label, "after": UseCode(after).label},
        source=source,
        advice=_("保留现用途即符合；确需改变的，由自然资源部门审查，土地价款按一般程序核定。"),
        field="use_after",
    )
