"""What each shape of a file says by itself: where it lies and what is wrong with it, found while the file is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from core.geodata.exchange.shapes import Shapes
from core.geodata.topology.faults import Fault, Kind
from core.mapedit.checks import bulk, wording
from core.mapedit.checks.thresholds import Thresholds


class Screening:
    """Takes the geometries of a file block by block, in order; keeps numbers and faults, no geometry."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.thresholds = thresholds
        self._bounds = [np.empty((0, 4))]
        self._usable = [np.empty(0, dtype=bool)]
        self._faults: list[Fault] = []
        self._count = 0

    @classmethod
    def of(cls, shapes: Shapes, thresholds: Thresholds) -> Screening:
        """That of a file read earlier."""
        screening = cls(thresholds)
        for block in shapes.blocks():
            screening.take(block)
        return screening

    def take(self, geometry: np.ndarray) -> None:
        """The next geometries (n,), EPSG:4490."""
        usable = np.ones(len(geometry), dtype=bool)
        for fault in bulk.shape_faults(geometry, self.thresholds):
            usable[fault.index] &= not wording.is_broken(fault.kind)
            if fault.kind != Kind.NULL:
                self._faults.append(replace(fault, index=self._count + fault.index))
        self._usable.append(usable & ~shapely.is_missing(geometry))
        self._bounds.append(shapely.bounds(geometry))
        self._count += len(geometry)

    @property
    def bounds(self) -> Any:
        """West, south, east, north (n, 4), EPSG:4490; NaN where there is no geometry."""
        return _joined(self._bounds)

    @property
    def usable(self) -> Any:
        """Which features (n,) can be measured at all."""
        return _joined(self._usable)

    def faults(self, rows: np.ndarray) -> Iterator[Fault]:
        """Faults of the ``rows`` (n,) masked."""
        return (fault for fault in self._faults if rows[fault.index])


def bounds_of(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """West, south, east, north (n, 4) of geometries that come in blocks."""
    return np.concatenate([np.empty((0, 4)), *(shapely.bounds(block) for block in blocks)])


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    parts[:] = [np.concatenate(parts)]
    return parts[0]
