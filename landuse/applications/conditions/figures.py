"""Conditions of the planning figures asked for: not below what holds today, and something relaxed."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from core.casework.findings import MET, NOTED, UNKNOWN, UNMET, Finding
from landuse.applications import rules
from landuse.applications.conditions.subject import Subject
from landuse.applications.figures import DENSITY, GREEN, HEIGHT, RATIO, Range, plain


def ratio_not_lower(subject: Subject) -> Finding:
    """The plot ratio asked for is not below the planned one; below the built one where none is planned."""
    rule, title, asked, now = "PR-1.ratio", _("容积率不低于现行"), subject.asked.plot_ratio, subject.version
    if now is None or asked is None:
        return Finding(rule, title, UNKNOWN, _("填写宗地和拟调整的容积率后核对。"), blocking=True, field="plot_ratio")
    planned = now.plot_ratio_planned
    current = planned if planned is not None else now.plot_ratio_built
    if current is None:
        return Finding(rule, title, NOTED, _("宗地没有登记规划容积率和现状容积率，无从比较。"), field="plot_ratio")
    of = _("现行规划容积率") if planned is not None else _("现状容积率")
    met = asked >= current
    words = {"of": of, "now": plain(current), "asked": plain(asked)}
    return Finding(
        rule,
        title,
        MET if met else UNMET,
        (_("%(of)s %(now)s，申请 %(asked)s。") if met else _("申请 %(asked)s，低于%(of)s %(now)s。")) % words,
        measured=asked,
        required=current,
        source=rules.cited(subject.basis),
        advice="" if met else _("本事项只办理提高；降低容积率的，按规划条件变更办理。"),
        blocking=True,
        field="plot_ratio",
    )


def relaxed(subject: Subject) -> Finding:
    """At least one of the four limits is asked to be relaxed; which, and which become stricter, is listed."""
    rule, title, asked, now = "PR-1.relaxed", _("有需要放宽的指标"), subject.asked, subject.version
    pairs: list[tuple[Range, Decimal | None, Decimal, int]] = []
    for allowed, name, given, sign in (
        (RATIO, "plot_ratio_planned", asked.plot_ratio, 1),
        (DENSITY, "density_planned", asked.density, 1),
        # Less green is what a relaxation asks for.
        (GREEN, "green_ratio_planned", asked.green_ratio, -1),
        (HEIGHT, "height_limit_m", asked.height_limit_m, 1),
    ):
        if now is not None and given is not None:
            pairs.append((allowed, getattr(now, name), given, sign))
    if len(pairs) < 4:
        return Finding(rule, title, UNKNOWN, _("四项指标填写齐全后核对。"), blocking=True, field="density")
    looser: list[str] = []
    stricter: list[str] = []
    new: list[str] = []
    for allowed, before, after, sign in pairs:
        unit = f" {allowed.unit}" if allowed.unit else ""
        line = f"{allowed.label} {plain(before)} → {plain(after)}{unit}"
        if before is None:
            new.append(line)
        elif after != before:
            (looser if (after - before) * sign > 0 else stricter).append(line)
    if not looser and not new:
        return Finding(
            rule,
            title,
            UNMET,
            _("四项指标与现行相同或更严，没有需要放宽的。"),
            source=rules.cited(subject.basis),
            advice=_("请填写拟达到的指标。"),
            blocking=True,
            field="plot_ratio",
        )
    parts = (
        (_("放宽：%(lines)s"), looser),
        (_("收紧：%(lines)s"), stricter),
        (_("现行没有登记、由本件确定：%(lines)s"), new),
    )
    listed = _("；").join(words % {"lines": _("、").join(lines)} for words, lines in parts if lines)
    return Finding(
        rule, title, MET, _("%(listed)s。") % {"listed": listed}, source=rules.cited(subject.basis), blocking=True
    )
