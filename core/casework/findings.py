"""What an eligibility check found: one condition, how the facts stand to it, and its source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.policy.services import Value

MET = "met"
UNMET = "unmet"
UNKNOWN = "unknown"
NOTED = "noted"


@dataclass(frozen=True)
class Source:
    """Where a condition is written: document code and title, article, rule number, and the parameter if it has one."""

    document: str
    title: str
    article: str
    clause_id: str
    parameter: int | None = None
    status: str = ""

    @classmethod
    def of(cls, value: Value) -> Source:
        """The source of a policy value."""
        citation = value.citation
        return cls(
            document=citation.document.pk,
            title=citation.document.title,
            article=citation.article,
            clause_id=citation.clause_id,
            parameter=citation.parameter_id,
            status=citation.status,
        )


@dataclass(frozen=True)
class Finding:
    """One condition of a case: ``state`` is met, unmet, unknown (a fact is missing) or noted (no condition).

    ``message`` says in a sentence how it stands; ``advice`` what is missing and who can
    help. An unmet or unknown finding that is ``blocking`` keeps the case from being
    submitted; one that is not leaves it to the offices. ``measured`` and ``required``
    are in ``unit``, unrounded. ``field`` names the form's field it is about.
    """

    rule: str
    title: str
    state: str
    message: str
    measured: Decimal | None = None
    required: Decimal | None = None
    unit: str = ""
    source: Source | None = None
    advice: str = ""
    blocking: bool = False
    field: str = ""

    @property
    def blocks(self) -> bool:
        """Whether it stands in the way of submitting."""
        return self.blocking and self.state in (UNMET, UNKNOWN)


def as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as they are frozen and sent: figures as text, so that nothing is rounded."""
    return [
        {
            **asdict(finding),
            "title": str(finding.title),
            "message": str(finding.message),
            "advice": str(finding.advice),
            "unit": str(finding.unit),
            "measured": None if finding.measured is None else f"{finding.measured:f}",
            "required": None if finding.required is None else f"{finding.required:f}",
            "blocks": finding.blocks,
        }
        for finding in findings
    ]
