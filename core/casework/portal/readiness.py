"""What still stands between a draft and its submission, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.forms import Form
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.casework.findings import MET, NOTED, UNMET, Finding
from core.casework.kinds import PaperSlot
from core.casework.models import CasePaper
from core.casework.portal import drafts

NAMED = 3
"""So many gaps are named in the sentence; the rest is counted."""


@dataclass(frozen=True)
class Gap:
    """One thing missing: ``kind`` is field, finding or paper; ``target`` the id of its place in the page."""

    kind: str
    title: str
    target: str


@dataclass(frozen=True)
class Readiness:
    """How far a draft is from being submitted."""

    gaps: tuple[Gap, ...]
    left_to_offices: int

    @property
    def is_complete(self) -> bool:
        """Whether it may be submitted."""
        return not self.gaps

    @property
    def unnamed(self) -> bool:
        """Whether there are more gaps than the sentence names."""
        return len(self.gaps) > NAMED

    @property
    def state(self) -> str:
        """The badge."""
        return "met" if self.is_complete else "risk"

    @property
    def label(self) -> str:
        """The word on the badge."""
        return _("可以提交") if self.is_complete else _("暂不能提交")

    @property
    def sentence(self) -> str:
        """The page's answer."""
        if self.is_complete:
            return _("填写、材料和条件均已齐备")
        titles = _("、").join(gap.title for gap in self.gaps[:NAMED])
        more = _(" 等") if self.unnamed else ""
        return _("还差 %(count)s 项：%(titles)s%(more)s") % {"count": len(self.gaps), "titles": titles, "more": more}

    @property
    def detail(self) -> str:
        """What does not hinder the submission and is judged later."""
        if not self.left_to_offices:
            return ""
        return ngettext(
            "另有 %(count)s 项不符合或尚不能判断，不影响提交，由部门审查。",
            "另有 %(count)s 项不符合或尚不能判断，不影响提交，由部门审查。",
            self.left_to_offices,
        ) % {"count": self.left_to_offices}


def readiness(
    slots: Iterable[PaperSlot], form: Form, findings: Sequence[Finding], papers: Iterable[CasePaper]
) -> Readiness:
    """What is missing: fields to fill in, papers required by ``slots``, conditions that block.

    A condition nobody can judge because its field is empty is missing once, as the field.
    """
    faults = drafts.errors(form, complete=True) if form.is_bound else _all_required(form)
    gaps = [Gap("field", _title(form, name), f"id_{name}") for name in faults]
    for finding in findings:
        if finding.blocks and not (finding.state != UNMET and finding.field in faults):
            gaps.append(Gap("finding", str(finding.title), f"finding-{finding.rule}"))
    held = {paper.slot for paper in papers}
    gaps += [
        Gap("paper", str(slot.title), f"slot-{slot.key}") for slot in slots if slot.required and slot.key not in held
    ]
    later = sum(finding.state not in (MET, NOTED) and not finding.blocks for finding in findings)
    return Readiness(tuple(gaps), later)


def _all_required(form: Form) -> list[str]:
    return [name for name, field in form.fields.items() if field.required]


def _title(form: Form, name: str) -> str:
    field = form.fields.get(name)
    return str(field.label or name) if field else _("填写内容")
