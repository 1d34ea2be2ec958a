"""What of a file can only be judged by what lies around it: overlaps, and the districts features must lie in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.geodata.topology.coverage import overlapping_pairs
from core.geodata.topology.faults import Fault
from core.mapedit.checks import bulk
from core.mapedit.checks.thresholds import Thresholds
from core.mapedit.imports import inforce
from core.mapedit.imports.matching import CHANGED, Incoming, Matched, value_of
from core.mapedit.imports.remarks import Remarks
from core.mapedit.imports.tiles import Tile, tiles, visitors
from core.mapedit.layers import EditableLayer


@dataclass(frozen=True)
class Around:
    """What was found around the features of one tile.

    ``within`` are pairs of the file, rows in ascending order; ``beyond`` pairs of a row with a feature that stays in
    force, called so.
    """

    within: list[Fault]
    beyond: list[tuple[Fault, bulk.Called]]
    outside: list[bulk.Outside]


@dataclass
class Surroundings:
    """Judges the features of a file, a tile at a time; ``rows`` (ascending) are those that differ and have geometry.

    ``bounds`` (n, 4) and ``usable`` (n,) are those of every feature of the file.
    """

    layer: EditableLayer
    incoming: Incoming
    matched: Matched
    rows: np.ndarray
    bounds: np.ndarray
    usable: np.ndarray
    districts: bulk.Districts
    thresholds: Thresholds
    _within: list[Fault] = field(default_factory=list)
    _beyond: list[tuple[Fault, bulk.Called]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Each side by itself: every tile compares them all.
        self.bounds = np.asfortranarray(self.bounds)
        self.tiles = tiles(self.rows, self.bounds)
        self._overlapping = np.zeros(len(self.incoming), dtype=bool)
        self._overlapping[self.rows] = self.usable[self.rows]
        self._replaced = self.incoming.codes.filter(pa.array(self.matched.kind == CHANGED)).drop_null()

    def around(self, tile: Tile) -> Callable[[np.ndarray], Around]:
        """What judges ``tile``, in any thread, given the geometries of its rows; the database is asked at once."""
        staying = self._staying(tile)
        return lambda geometry: self._judge(tile, geometry, staying)

    def _staying(self, tile: Tile) -> bulk.Features:
        """Features in force near ``tile`` that the file does not replace."""
        kept: list[inforce.Block] = []

        def take(block: inforce.Block) -> None:
            stays = pc.invert(pc.is_in(block.codes, value_set=self._replaced)).to_numpy(zero_copy_only=False)
            if stays.any():
                kept.append(block.only(np.flatnonzero(stays)))

        box = tuple(tile.bounds.tolist())
        if np.isfinite(tile.bounds).all():
            inforce.each_block(self.layer, take, within=box, attributes=(self.layer.label,))
        return inforce.as_features(kept, self.layer.label)

    def _judge(self, tile: Tile, geometry: np.ndarray, staying: bulk.Features) -> Around:
        rows, usable = tile.rows, self.usable[tile.rows]
        outside: list[bulk.Outside] = []
        if self.layer.place:
            places = value_of(self.layer.place, self.incoming, self.matched, pa.array(rows))
            found = self.districts.outside(geometry, places, usable, self.thresholds)
            outside = [replace(each, row=int(rows[each.row])) for each in found]
        within = _numbered(overlapping_pairs(geometry, usable), rows, rows)
        others = visitors(tile, self._overlapping, self.bounds)
        # A pair on a border is seen from both sides; the side of its first row tells.
        others = others[others > rows[0]] if len(rows) else others
        if len(others):
            across = overlapping_pairs(geometry, usable, self.incoming.geometry[others])
            across = _numbered(across, rows, others)
            within += [fault for fault in across if fault.other is not None and fault.index < fault.other]
        beyond = []
        if len(staying.geometry):
            for fault in overlapping_pairs(geometry, usable, staying.geometry):
                if fault.other is not None:
                    beyond.append((replace(fault, index=int(rows[fault.index])), staying.called(fault.other)))
        return Around(within, beyond, outside)

    def note(self, around: Around, remarks: Remarks) -> None:
        """Add what was found around one tile; overlaps wait for :meth:`finish`."""
        for found in around.outside:
            name, geometry = self.incoming.names[found.row].as_py(), self.incoming.geometry[found.row]
            remarks.add(bulk.outside_finding(name, geometry, found, self.thresholds), found.row)
        self._within += around.within
        self._beyond += around.beyond

    def finish(self, remarks: Remarks) -> None:
        """Add what the overlaps of all tiles come to, in the order of the file.

        A pair within the file is told of both, since either may be the wrong one.
        """
        for fault in sorted(self._within, key=lambda fault: (fault.index, fault.other or 0)):
            if fault.other is not None:
                self._tell(fault.index, self._called(fault.other), fault, remarks)
                self._tell(fault.other, self._called(fault.index), fault, remarks)
        for fault, other in sorted(self._beyond, key=lambda found: found[0].index):
            self._tell(fault.index, other, fault, remarks)

    def _tell(self, row: int, other: bulk.Called, fault: Fault, remarks: Remarks) -> None:
        name = self.incoming.names[row].as_py()
        remarks.add(bulk.overlap_finding(self.layer, name, other, fault, self.thresholds), row)

    def _called(self, row: int) -> bulk.Called:
        label = value_of(self.layer.label, self.incoming, self.matched, pa.array([row]))
        return self.incoming.names[row].as_py(), label[0].as_py()


def _numbered(faults: list[Fault], rows: np.ndarray, others: np.ndarray) -> list[Fault]:
    """``faults`` with the row numbers of the file instead of those of a tile."""
    return [
        replace(fault, index=int(rows[fault.index]), other=int(others[fault.other]))
        for fault in faults
        if fault.other is not None
    ]
