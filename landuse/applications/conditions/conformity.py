"""Conformity of the plot with the lines of the territorial plan, as far as they are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from core.casework.findings import MET, NOTED, UNKNOWN, UNMET, Finding
from core.web.figures import area_text
from landuse.applications import plans, rules
from landuse.applications.conditions.subject import Subject
from landuse.controls.models import ControlKind

AREA_NOISE_M2 = Decimal("0.01")
"""What cutting two outlines leaves of a plot that lies wholly inside; for the sentence only."""


def conformity(subject: Subject) -> Iterator[Finding]:
    """One finding a control line; a line nobody has imported is not judged, and its finding says so."""
    titles = {
        ControlKind.FARMLAND: _("不占永久基本农田"),
        ControlKind.ECOLOGY: _("不占生态保护红线"),
        ControlKind.URBAN: _("在城镇开发边界以内"),
    }
    found = plans.clashes(subject.version, subject.on) if subject.version else {}
    for kind, title in titles.items():
        yield _line(subject, kind, title, found.get(kind))


def _line(subject: Subject, kind: ControlKind, title: str, clash: plans.Clash | None) -> Finding:
    rule, source = f"PR-1.{kind.value}", rules.cited(subject.basis)
    if clash is None:
        return Finding(rule, title, UNKNOWN, _("选择宗地后核对。"), source=source)
    if not clash.drawn:
        return Finding(
            rule,
            title,
            UNKNOWN,
            _("系统尚未导入%(line)s，没有核对。") % {"line": kind.label},
            source=source,
            advice=_("由自然资源部门在审查时对照国土空间规划核实。"),
        )
    if not clash.area_m2:
        return Finding(
            rule, title, MET, _("与现行%(line)s核对，没有冲突。") % {"line": kind.label}, source=source, blocking=True
        )
    words = _("超出%(line)s %(area)s m²。") if kind == ControlKind.URBAN else _("占用%(line)s %(area)s m²。")
    return Finding(
        rule,
        title,
        UNMET,
        words % {"line": kind.label, "area": area_text(clash.area_m2).m2},
        measured=clash.area_m2,
        required=Decimal(0),
        unit="m²",
        source=source,
        advice=_("宗地界线或规划有误的，先由自然资源部门更正；确有冲突的，不能放宽。"),
        blocking=True,
    )


def place(subject: Subject) -> Finding:
    """Where the plot lies; a fact for the offices, no condition: no rule asks for it."""
    rule, title = "RL-6.place", _("所在红线和集聚区")
    if subject.version is None:
        return Finding(rule, title, NOTED, _("选择宗地后列出。"))
    inside = plans.inside_red_line(subject.version, subject.on)
    zone = plans.zone_name(subject.version, subject.on)
    area = Decimal(str(subject.version.area_m2))
    if not inside:
        share = _("不在工业用地红线内")
    elif area - inside < AREA_NOISE_M2:
        share = _("全部在工业用地红线内")
    else:
        share = _("%(area)s m² 中有 %(inside)s m² 在工业用地红线内") % {
            "area": area_text(area).m2,
            "inside": area_text(inside).m2,
        }
    where = _("位于%(zone)s") % {"zone": zone} if zone else _("不在工业集聚区内")
    return Finding(rule, title, NOTED, _("宗地%(share)s；%(where)s。") % {"share": share, "where": where})
