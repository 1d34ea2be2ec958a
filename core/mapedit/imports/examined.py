"""A file against the layer, as the stages of an import hand it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.geodata.exchange.formats import Detected
from core.mapedit.imports.matching import CHANGED, NEW, UNCHANGED, Incoming, Matched, count
from core.mapedit.imports.remarks import Remarks
from core.mapedit.imports.surroundings import Around, Surroundings
from core.mapedit.imports.tiles import Tile, ahead
from core.mapedit.layers import EditableLayer

WORKERS = 2
"""Tiles that are worked on at once, beside the database."""


@dataclass
class Examined:
    """A file against the layer: what it is, how its features stand to those in force, and what is wrong with them."""

    layer: EditableLayer
    detected: Detected
    columns: dict[str, str]
    incoming: Incoming
    matched: Matched
    remarks: Remarks
    revision: int
    surroundings: Surroundings | None = None
    """What is still to be judged."""

    def settle(self) -> None:
        """Judge what was left for later."""
        left, self.surroundings = self.surroundings, None
        if left is None:
            return

        def judge(tile: Tile) -> Callable[[], Around]:
            around = left.around(tile)
            return lambda: around(self.incoming.geometry[tile.rows])

        for around in ahead(judge, left.tiles, workers=WORKERS):
            left.note(around, self.remarks)
            self.incoming.forget()
        left.finish(self.remarks)

    @property
    def counts(self) -> dict[str, int]:
        """read, new, changed, unchanged, missing, refused; a refused feature counts as nothing else."""
        kind, refused = self.matched.kind, self.remarks.refused
        return {
            "read": len(self.incoming),
            "new": count(kind, refused, NEW),
            "changed": count(kind, refused, CHANGED),
            "unchanged": count(kind, refused, UNCHANGED),
            "missing": len(self.matched.missing),
            "refused": int(refused.sum()),
        }

    @property
    def writable(self) -> np.ndarray:
        """Row numbers that a change set would take."""
        return np.flatnonzero((self.matched.kind != UNCHANGED) & ~self.remarks.refused)
