"""Conditions of the floor schedule: it adds up, and its ancillary shares stay under their caps (rules PR-5)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from core.casework.findings import MET, NOTED, UNKNOWN, UNMET, Finding
from core.web.figures import area_text, grouped, round_honestly
from landuse.applications import rules
from landuse.applications.conditions.subject import Subject
from landuse.applications.figures import plain
from landuse.applications.floors import AFTER, field_name
from landuse.applications.functions import ANCILLARY, SCIENCE_COMPATIBLE, Function

FIRST = field_name(Function.PRODUCTION, AFTER)


def adds_up(subject: Subject) -> Finding:
    """The floor area by function adds up to plot ratio × area, within the tolerance."""
    rule, title = "PR-5.sum", _("分功能建筑面积与容积率相符")
    ratio, version, floors = subject.asked.plot_ratio, subject.version, subject.asked.floors
    if version is None or ratio is None or not floors.after:
        return Finding(
            rule, title, UNKNOWN, _("填写宗地、容积率和调整后分功能建筑面积后核对。"), blocking=True, field=FIRST
        )
    area = Decimal(str(version.area_m2))
    expected, total = ratio * area, floors.after
    tolerance = rules.in_force(rules.FLOOR_TOLERANCE, subject.place, subject.on)
    percent = tolerance.value if tolerance and tolerance.value is not None else Decimal(0)
    allowed = expected * percent / 100
    met = abs(total - expected) <= allowed
    words = {
        "total": area_text(total).m2,
        "ratio": plain(ratio),
        "area": area_text(area).m2,
        "expected": area_text(expected).m2,
        "difference": area_text(total - expected, floor_m2=allowed if total > expected else -allowed, signed=True).m2,
        "percent": plain(percent),
    }
    message = _(
        "合计 %(total)s m²；容积率 %(ratio)s × 椭球面积 %(area)s m² = %(expected)s m²；相差 %(difference)s m²，"
        "容许 %(percent)s %%。"
    )
    return Finding(
        rule,
        title,
        MET if met else UNMET,
        message % words,
        measured=total,
        required=expected,
        unit="m²",
        source=rules.cited(tolerance),
        advice="" if met else _("请调整分功能建筑面积或容积率，使两者相符。"),
        blocking=True,
        field=FIRST,
    )


def ancillary(subject: Subject) -> Finding:
    """生产服务、行政办公、生活服务 stay within their share; without a figure in force it is only told."""
    return _share(
        subject,
        "PR-5.ancillary",
        _("配套设施比例"),
        _("生产服务、行政办公、生活服务设施"),
        ANCILLARY,
        rules.ANCILLARY,
    )


def science(subject: Subject) -> Finding:
    """科教兼容设施 stay within their share of the floor area, likewise."""
    return _share(subject, "PR-5.science", _("科教兼容设施比例"), _("科教兼容设施"), SCIENCE_COMPATIBLE, rules.SCIENCE)


def _share(subject: Subject, rule: str, title: str, what: str, functions: Sequence[Function], key: str) -> Finding:
    floors, field = subject.asked.floors, field_name(functions[0], AFTER)
    cap = rules.in_force(key, subject.place, subject.on)
    if cap is None or cap.value is None:
        return _uncapped(subject, rule, title, what, functions, key)
    if not floors.after:
        return Finding(
            rule,
            title,
            UNKNOWN,
            _("填写调整后分功能建筑面积后核对。"),
            required=cap.value,
            unit="%",
            source=rules.cited(cap),
            blocking=True,
            field=field,
        )
    # Compared as products, so that no division rounds a share onto its cap.
    met = floors.after_of(functions) * 100 <= cap.value * floors.after
    share = floors.share_after(functions)
    words = {
        "what": what,
        "area": area_text(floors.after_of(functions)).m2,
        "share": grouped(round_honestly(share, cap.value)),
        "cap": plain(cap.value),
    }
    message = (
        _("%(what)s %(area)s m²，占 %(share)s %%，不超过 %(cap)s %%。")
        if met
        else _("%(what)s %(area)s m²，占 %(share)s %%，超过 %(cap)s %%。")
    )
    return Finding(
        rule,
        title,
        MET if met else UNMET,
        message % words,
        measured=share,
        required=cap.value,
        unit="%",
        source=rules.cited(cap),
        advice="" if met else _("请减少%(what)s，或相应增加生产用房。") % {"what": what},
        blocking=True,
        field=field,
    )


def _uncapped(subject: Subject, rule: str, title: str, what: str, functions: Sequence[Function], key: str) -> Finding:
    """No figure in force here: the share is told, with the peer city's figure that nobody has adopted."""
    floors, peer = subject.asked.floors, rules.reference(key, subject.on)
    share = floors.share_after(functions)
    words = {"what": what, "share": grouped(round_honestly(share))}
    parts = [_("%(what)s占 %(share)s %%，所在区未设上限。") % words if floors.after else _("所在区未设上限。")]
    if peer is not None and peer.value is not None:
        parts.append(_("参照值 %(cap)s %% 未采用，不作为条件。") % {"cap": plain(peer.value)})
    return Finding(
        rule,
        title,
        NOTED,
        "".join(parts),
        measured=share if floors.after else None,
        unit="%",
        source=rules.cited(peer),
    )
