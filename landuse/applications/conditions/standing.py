"""Conditions of the applicant: the rule that lets limits be relaxed, membership, and nothing standing against it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from core.casework.findings import MET, NOTED, UNKNOWN, UNMET, Finding
from landuse.applications import asked, rules, standing
from landuse.applications.conditions.subject import Subject
from parks.programmes.models import Membership


def basis(subject: Subject) -> Finding:
    """Whether a rule in force here lets the limits be relaxed; without one the offices judge by the plan alone."""
    rule, title = "PR-1.basis", _("放宽规划指标的依据")
    if subject.basis is not None:
        return Finding(
            rule,
            title,
            MET,
            _("所在区规定可以放宽：%(limits)s。") % {"limits": subject.basis.text},
            source=rules.cited(subject.basis),
        )
    return Finding(
        rule,
        title,
        NOTED,
        _("所在区没有放宽规划指标的现行规定，由部门按国土空间规划和控制性详细规划审查。"),
        advice=_("现行规定见“规则”页；有新文件的，由市级编制人员录入。"),
    )


def membership(subject: Subject) -> Finding:
    """The applicant belongs to a programme on the day; an expired membership does not count."""
    rule, title, source = "PR-1.membership", _("培育计划成员资格有效"), rules.cited(subject.basis)
    code, on, wanted = subject.case.applicant_code, subject.on, subject.asked.membership
    held = asked.memberships(code, on)
    chosen = next((row for row in held if row.pk == wanted), None)
    if chosen is not None:
        return Finding(rule, title, MET, _of(chosen), source=source, blocking=True, field="membership")
    if held and wanted is None:
        return Finding(
            rule,
            title,
            UNKNOWN,
            _("还没有选择所依据的成员资格。"),
            source=source,
            advice=_("现有效的：%(names)s。") % {"names": _("、").join(row.programme.name for row in held)},
            blocking=True,
            field="membership",
        )
    return Finding(
        rule,
        title,
        UNMET,
        _lapsed(wanted, code, subject) if wanted else _("本企业今天不是任何培育计划的成员。"),
        source=source,
        advice=_("成员资格由工信部门认定，请联系所在区工信部门申报或核实。"),
        blocking=True,
        field="membership",
    )


def _of(row: Membership) -> str:
    values = {"name": row.programme.name, "since": row.valid_from.isoformat()}
    if row.valid_to is None:
        return _("%(name)s成员，自 %(since)s 起。") % values
    return _("%(name)s成员，%(since)s 起，%(until)s 前有效。") % {**values, "until": row.valid_to.isoformat()}


def _lapsed(wanted: int, code: str, subject: Subject) -> str:
    row = Membership.objects.filter(pk=wanted, enterprise__uscc=code).select_related("programme").first()
    if row is None:
        return _("所选成员资格不属于本企业。")
    if row.valid_to is not None and row.valid_to <= subject.on:
        return _("%(name)s成员资格已于 %(until)s 终止。") % {
            "name": row.programme.name,
            "until": row.valid_to.isoformat(),
        }
    return _("%(name)s成员资格自 %(since)s 起才有效。") % {
        "name": row.programme.name,
        "since": row.valid_from.isoformat(),
    }


def no_breach(subject: Subject) -> Finding:
    """No open breach of an agreement stands in any register."""
    return _none_in(
        subject,
        "PR-1.breach",
        _("没有未了结的违约记录"),
        standing.breaches(),
        _("系统尚未接入履约监管台账，没有核对。"),
    )


def no_idle_land(subject: Subject) -> Finding:
    """The plot is not found idle in any register."""
    return _none_in(
        subject,
        "PR-1.idle",
        _("没有闲置土地认定记录"),
        standing.idle_land(),
        _("系统尚未接入闲置土地台账，没有核对。"),
    )


def _none_in(
    subject: Subject, rule: str, title: str, registers: Sequence[standing.Register], unconnected: str
) -> Finding:
    code = subject.asked.plot
    if not code:
        return Finding(rule, title, UNKNOWN, _("选择宗地后核对。"), field="plot")
    if not registers:
        # Nothing was looked into: no record is known, and none is known to be absent.
        return Finding(rule, title, UNKNOWN, unconnected, advice=_("由部门审查时对照纸质台账核实。"))
    found = [
        (register, record)
        for register in registers
        for record in register.open_on(code, subject.case.applicant_code, subject.on)
    ]
    if found:
        listed = _("；").join(f"{register.title} {record.number} {record.text}" for register, record in found)
        return Finding(
            rule,
            title,
            UNMET,
            _("有 %(count)s 条：%(listed)s。") % {"count": len(found), "listed": listed},
            advice=_("请先了结上述事项，由登记部门在台账中注销。"),
            blocking=True,
        )
    looked = _("、").join(str(register.title) for register in registers)
    return Finding(rule, title, MET, _("无记录。已查：%(looked)s。") % {"looked": looked}, blocking=True)
