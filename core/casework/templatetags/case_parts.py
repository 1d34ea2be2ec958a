"""What the parts of a case's pages compute: steps, checklist, findings in order, what was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from core.accounts.models import Role
from core.casework import perms
from core.casework.findings import MET, NOTED, UNKNOWN, UNMET
from core.casework.kinds import PaperSlot
from core.casework.models import Case, CasePaper
from core.casework.portal import conversation, progress
from core.papers import MOST_BYTES

register = template.Library()

_source_ids = count(1)

FINDING_WORDS = {UNMET: _("不符合"), UNKNOWN: _("尚不能判断"), MET: _("符合"), NOTED: _("说明")}
FINDING_BADGES = {UNMET: "unmet", UNKNOWN: "risk", MET: "met", NOTED: "none"}
_ORDER = {UNMET: 0, UNKNOWN: 1, MET: 2, NOTED: 3}

ACCEPTED = ".pdf,.jpg,.jpeg,.png,.docx,.xlsx,.zip"


@dataclass(frozen=True)
class Line:
    """A line of the documents checklist: its newest version, and the older ones still counting."""

    slot: PaperSlot
    newest: CasePaper | None
    older: Sequence[CasePaper]

    @property
    def accept(self) -> str:
        """The types a file dialogue offers."""
        return ",".join(self.slot.suffixes) or ACCEPTED


@register.simple_tag
def case_steps(case: Case) -> list[progress.Step]:
    """The bar of steps."""
    return progress.steps(case)


@register.simple_tag(takes_context=True)
def case_words(context: Any, case: Case) -> list[conversation.Word]:
    """What was said between offices and applicant, as far as the reader may read it."""
    return conversation.words(context["request"].user, case)


@register.simple_tag(takes_context=True)
def reads_as_applicant(context: Any) -> bool:
    """Whether the reader is an enterprise, who writes to the offices and not among them."""
    return bool(context["request"].user.role == Role.ENTERPRISE)


@register.simple_tag(takes_context=True)
def stands_for_applicant(context: Any, case: Case) -> bool:
    """Whether the reader fills in the checklist: the applicant's side while it may. Offices add supplements only."""
    return perms.fills_checklist(context["request"].user, case)


@register.simple_tag
def most_bytes() -> int:
    """How large a paper may be."""
    return MOST_BYTES


@register.simple_tag
def may_remove(paper: CasePaper, case: Case, applying: bool, may_attach: bool) -> bool:
    """Whether a button takes the paper off: each side removes what it attached itself."""
    by_applicant = paper.added_by.role == Role.ENTERPRISE or (case.on_behalf and paper.added_by_id == case.filed_by_id)
    return may_attach and by_applicant == applying


@register.filter
def in_order(findings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Findings, what stands in the way first."""
    return sorted(findings, key=lambda row: (not row["blocks"], _ORDER.get(row["state"], 9)))


@register.filter
def finding_word(state: str) -> Any:
    """The word of a finding's state."""
    return FINDING_WORDS[state]


@register.filter
def finding_badge(state: str) -> str:
    """The badge of a finding's state."""
    return FINDING_BADGES[state]


@register.simple_tag
def checklist(slots: Sequence[PaperSlot], held_papers: Iterable[CasePaper]) -> list[Line]:
    """The lines of the documents checklist with their versions, then the supplements."""
    by_slot: dict[str, list[CasePaper]] = {}
    for paper in sorted(held_papers, key=lambda row: -row.version):
        by_slot.setdefault(paper.slot, []).append(paper)
    lines = [Line(slot, held[0] if held else None, held[1:]) for slot in slots for held in [by_slot.get(slot.key, [])]]
    other = PaperSlot("", _("其他材料"), required=False, help=_("清单以外、有助于审查的文件。"))
    extra = by_slot.get("", [])
    return [*lines, Line(other, extra[0] if extra else None, extra[1:])]


@register.inclusion_tag("web/components/source.html")
def finding_source(source: Mapping[str, Any]) -> dict[str, Any]:
    """The § of a finding: document, article, rule number and the parameter it was compared with."""
    return {
        "id": f"finding-source-{next(_source_ids)}",
        "rule": "",
        "inputs": "",
        "number": None,
        "unit": "",
        "citation": {
            "document": source["title"],
            "article": source["article"],
            "clause_id": source["clause_id"],
            "parameter_id": source["parameter"],
        },
    }
