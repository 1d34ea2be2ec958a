"""What a check found: one fault or remark, with its place, its measure and its source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True)
class Source:
    """Where a rule comes from: ``label`` names document and article, ``parameter`` its policy key if it has one."""

    label: str
    parameter: str = ""
    url: str = ""


@dataclass(frozen=True)
class Finding:
    """One fault (``error``) or remark (``warning``) about a feature, or about the whole set when ``feature`` is "".

    ``measured`` and ``required`` are in ``unit``; ``lon``/``lat`` (EPSG:4490) point at
    the fault and ``geometry`` (GeoJSON, EPSG:4490) outlines it. ``other`` is the code of
    the neighbour concerned, ``repairs`` name what one click can mend
    (``checks.repairs``).
    """

    feature: str
    rule: str
    severity: str
    message: str
    lon: float | None = None
    lat: float | None = None
    measured: float | None = None
    required: float | None = None
    unit: str = ""
    source: Source | None = None
    other: str = ""
    geometry: dict[str, Any] | None = None
    repairs: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether it stands in the way of submitting."""
        return self.severity == ERROR


@dataclass(frozen=True)
class Consequence:
    """What the change set does to one figure that has a legal meaning: now, afterwards, and its bound.

    Values are in ``unit`` (m² for areas), unrounded. ``met`` is None where there is no
    bound. ``place`` is a district code, "440600" for the city, or a feature's code.
    """

    key: str
    label: str
    place: str
    now: float
    after: float
    unit: str = "m²"
    required: float | None = None
    met: bool | None = None
    source: Source | None = None

    @property
    def difference(self) -> float:
        """By how much the figure changes."""
        return self.after - self.now


def as_json(finding: Finding) -> dict[str, Any]:
    """A finding as browsers and commands read it: every field by its own name, values JSON can hold."""
    return {
        "feature": finding.feature,
        "rule": finding.rule,
        "severity": finding.severity,
        "message": str(finding.message),
        "lon": finding.lon,
        "lat": finding.lat,
        "measured": finding.measured,
        "required": finding.required,
        "unit": str(finding.unit),
        "source": asdict(finding.source) if finding.source else None,
        "other": finding.other,
        "geometry": finding.geometry,
        "repairs": list(finding.repairs),
    }


def consequence_as_json(consequence: Consequence) -> dict[str, Any]:
    """A consequence as browsers read it; ``difference`` is computed here, so that no page computes it again."""
    return {
        "key": consequence.key,
        "label": str(consequence.label),
        "place": consequence.place,
        "now": consequence.now,
        "after": consequence.after,
        "difference": consequence.difference,
        "unit": str(consequence.unit),
        "required": consequence.required,
        "met": consequence.met,
        "source": asdict(consequence.source) if consequence.source else None,
    }


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Errors before warnings, then by feature, rule and place: the same findings always read the same."""
    return sorted(
        findings,
        key=lambda f: (not f.is_error, f.feature, f.rule, f.other, f.lon or 0.0, f.lat or 0.0, f.message),
    )
