"""Findings of an import, row by row: capped a rule, with every refused row remembered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from core.mapedit.findings import ERROR, Finding

CAP = 5_000
"""Findings of one rule told one by one; the others are told once, as a number."""

WHOLE_FILE = -1


@dataclass
class Remarks:
    """What was found in a file of ``count`` features.

    ``refused`` (n,) marks the rows with an error, all of them, also those beyond the cap.
    ``rows`` holds the row of each of ``findings``, ``WHOLE_FILE`` for one about no feature.
    """

    count: int
    findings: list[Finding] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    refused: Any = None
    told: Counter[str] = field(default_factory=Counter)
    held_back: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if self.refused is None:
            self.refused = np.zeros(self.count, dtype=bool)

    def add(self, finding: Finding, row: int = WHOLE_FILE) -> None:
        """Note one finding about feature ``row``."""
        if row >= 0 and finding.is_error:
            self.refused[row] = True
        self.told[finding.rule] += 1
        if self.told[finding.rule] > CAP:
            self.held_back[finding.rule, finding.severity] += 1
            return
        self.findings.append(finding)
        self.rows.append(row)

    def refuse(self, rows: Any, findings: Iterable[Finding]) -> None:
        """Refuse ``rows`` (integers), of which ``findings`` describes each, in order; made only up to the cap."""
        rows = np.asarray(rows, dtype=int)
        self.refused[rows] = True
        for row, finding in zip(rows, findings, strict=False):
            if self.told[finding.rule] >= CAP:
                self.held_back[finding.rule, finding.severity] += len(rows) - int(np.searchsorted(rows, row))
                return
            self.add(finding, int(row))

    def all(self) -> list[Finding]:
        """Every finding in the order of the file, errors of a feature first; then what was held back, as numbers."""
        order = sorted(range(len(self.findings)), key=lambda k: (self.rows[k], not self.findings[k].is_error, k))
        listed = [self.findings[k] for k in order]
        for (rule, severity), count in sorted(self.held_back.items()):
            listed.append(
                Finding(
                    "", rule, severity, _("另有 %(count)s 处同类问题未逐条列出。") % {"count": count}, measured=count
                )
            )
        return listed

    @property
    def has_errors(self) -> bool:
        """Whether anything stands in the way of writing, a feature or the file as a whole."""
        return bool(self.refused.any()) or any(finding.severity == ERROR for finding in self.findings)

    @property
    def file_errors(self) -> list[Finding]:
        """Errors about the file as a whole; no feature of it can be accepted."""
        return [f for f, row in zip(self.findings, self.rows, strict=True) if row == WHOLE_FILE and f.is_error]

    def forget(self, rule: str) -> None:
        """Take back remarks about the file as a whole that turned out not to matter."""
        kept = [k for k, finding in enumerate(self.findings) if finding.rule != rule or self.rows[k] != WHOLE_FILE]
        self.findings = [self.findings[k] for k in kept]
        self.rows = [self.rows[k] for k in kept]
