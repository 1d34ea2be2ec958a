"""Which rows of a file the rules of the domain need to look at, told from their values while they are copied."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from core.mapedit.checks import registry
from core.mapedit.layers import EditableLayer

MANY = 10_000
"""Of more suspects the database looks at all rows at once."""


class Suspects:
    """Collects what the sieves of a layer's rules let through, block by block, in any thread."""

    def __init__(self, layer: EditableLayer) -> None:
        self._sieves = {check.key: check.sieve for check in registry.checks_of(layer.name) if check.sieve}
        self._rows: dict[str, list[np.ndarray]] = {key: [] for key in self._sieves}

    def look(self, rows: np.ndarray, codes: pa.Array, held: Mapping[str, pa.Array]) -> None:
        """Sift ``rows`` (row numbers) with their codes and the canonical texts of all their attributes."""
        for key, sieve in self._sieves.items():
            self._rows[key].append(rows[sieve(codes, held)])

    def of(self, check: registry.DomainCheck) -> np.ndarray | None:
        """Row numbers that ``check`` has to look at; None for all."""
        if check.key not in self._rows:
            return None
        rows = np.concatenate([np.zeros(0, dtype=int), *self._rows[check.key]])
        return None if len(rows) > MANY else rows
