"""What is wrong with a file of returns, row by row: told in full up to a number a rule, counted beyond."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

ERROR, WARNING, INFO = "error", "warning", "info"
TOLD = 1_000
"""Findings of one rule told row by row; the rest is told once, as a number."""


@dataclass(frozen=True)
class Finding:
    """``row`` in the file from 1, None for the whole file; ``column`` its heading; ``value`` as the file has it."""

    row: int | None
    column: str
    rule: str
    severity: str
    message: str
    value: str = ""

    def as_json(self) -> dict[str, Any]:
        """As other programs rely on it."""
        return {
            "row": self.row,
            "column": self.column,
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "value": self.value,
        }


@dataclass
class Remarks:
    """Findings of a file of rows ``numbers``; ``refused`` marks those that must not be written."""

    numbers: np.ndarray
    findings: list[Finding] = field(default_factory=list)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.refused = np.zeros(len(self.numbers), dtype=bool)

    def rows(
        self,
        where: np.ndarray,
        rule: str,
        severity: str,
        column: str,
        message: str | Callable[[int], str],
        value: Callable[[int], str] | None = None,
    ) -> None:
        """Say ``message`` of every row in the mask ``where``; an error refuses them."""
        found = np.flatnonzero(where)
        if not len(found):
            return
        if severity == ERROR:
            self.refused[found] = True
        left = max(TOLD - self.told[rule, severity], 0)
        self.told[rule, severity] += len(found)
        self.findings += [
            Finding(
                int(self.numbers[at]),
                column,
                f"returns.{rule}",
                severity,
                message if isinstance(message, str) else message(at),
                value(at) if value else "",
            )
            for at in found[:left].tolist()
        ]

    def cell(self, row: int, rule: str, severity: str, column: str, message: str) -> None:
        """Say something of one cell in row ``row`` of the file."""
        self.told[rule, severity] += 1
        self.findings.append(Finding(row, column, f"returns.{rule}", severity, message))

    def file(self, rule: str, severity: str, message: str, *, column: str = "", value: str = "") -> None:
        """Say something of the file as a whole."""
        self.told[rule, severity] += 1
        self.findings.append(Finding(None, column, f"returns.{rule}", severity, message, value))

    def all(self) -> list[Finding]:
        """Every finding: of the file first, then by row; and of each rule how many more there are."""
        kept = Counter((finding.rule.removeprefix("returns."), finding.severity) for finding in self.findings)
        more = [
            Finding(
                None,
                "",
                f"returns.{rule}",
                severity,
                _("同类问题另有 %(count)s 处，未逐条列出。") % {"count": f"{count - kept[rule, severity]:,}"},
            )
            for (rule, severity), count in self.told.items()
            if count > kept[rule, severity]
        ]
        rank = {ERROR: 0, WARNING: 1, INFO: 2}
        return sorted(self.findings + more, key=lambda each: (each.row or 0, rank[each.severity]))

    def counts(self) -> dict[str, int]:
        """How many findings of each severity there are, untold ones included."""
        by: dict[str, int] = {ERROR: 0, WARNING: 0, INFO: 0}
        for (_rule, severity), count in self.told.items():
            by[severity] += count
        return by
