"""New, changed, unchanged or missing: the features of a file against those in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from core.geodata.exchange.formats import GDB, SHP, TXT
from core.geodata.exchange.shapes import Shapes
from core.mapedit.imports import inforce, values
from core.mapedit.imports.spooling import Spool
from core.mapedit.layers import EditableLayer

NEW, CHANGED, UNCHANGED = 0, 1, 2

_TENTH_OF_A_MILLIMETRE = 1e-9
"""Degrees: 0.10 mm of longitude and 0.11 mm of latitude in Foshan."""

SAME_PLACE = {TXT: 10 * _TENTH_OF_A_MILLIMETRE, GDB: 2 * _TENTH_OF_A_MILLIMETRE}
"""How far (degrees) a vertex may stand off and still be the same, where a format rounds; 国土 TXT to the millimetre.

Elsewhere a tenth of a millimetre. Wider would let a long side that moves by less take a square metre unseen.
"""

_FEW_VERTICES = 400
_SHIFTS_KEPT = 200
_DBF_WIDTH = 254


@dataclass
class Incoming:
    """The features of a file, in its order, as the layer understands them.

    ``codes`` (n,) null where the file gives none; ``names`` what findings call each; ``geometry`` MultiPolygons
    (EPSG:4490) or None; ``values`` canonical texts of the attributes the file carries, most of them in dictionaries.
    """

    codes: pa.Array
    names: pa.Array
    geometry: Shapes
    values: dict[str, pa.Array]
    numbers: np.ndarray
    file_format: str
    encoding: str
    declared_m2: np.ndarray | None = None
    spool: Spool = field(default_factory=Spool)

    def __len__(self) -> int:
        return len(self.numbers)

    def forget(self) -> None:
        """Give back the memory of what lies on disk; what is needed again is read again."""
        self.geometry.forget()
        self.spool.forget()


@dataclass
class Matched:
    """How each feature of a file stands to those in force.

    ``kind`` (n,) is NEW, CHANGED or UNCHANGED; ``versions`` (n,) the version a change starts from, -1 for new ones;
    ``base`` the values in force of attributes the file does not carry, null for new ones. ``missing`` lists codes in
    force that the file does not name, ``moved`` pairs of (file, in force) geometries that differ, a sample.
    """

    kind: np.ndarray
    versions: np.ndarray
    base: dict[str, pa.Array]
    missing: list[str] = field(default_factory=list)
    moved: list[tuple[shapely.Geometry, shapely.Geometry]] = field(default_factory=list)


def value_of(name: str, incoming: Incoming, matched: Matched, rows: pa.Array) -> pa.Array:
    """Canonical texts of attribute ``name`` for ``rows``: the file's where it carries it, else those in force."""
    return values.plain((incoming.values[name] if name in incoming.values else matched.base[name]).take(rows))


def match(layer: EditableLayer, incoming: Incoming) -> Matched:
    """Compare ``incoming`` with every feature in force, by code, in one pass over the database.

    A row whose code another row has too counts as the first of them does. Attributes are compared as far as the file
    carries them, a shapefile's texts as far as its 254 bytes reach; then the longer text in force is kept in
    ``incoming.values``.
    """
    comparison = _Comparison(layer, incoming)
    inforce.each_block(layer, comparison.take)
    return comparison.result()


class _Comparison:
    def __init__(self, layer: EditableLayer, incoming: Incoming) -> None:
        self.layer = layer
        self.incoming = incoming
        coded = incoming.codes.dictionary_encode()
        which = coded.indices.to_numpy(zero_copy_only=False)
        # The dictionary holds each code once, in the order of the file: the first row of each is where it is new.
        rows = np.flatnonzero(~np.isnan(which)) if coded.null_count else np.arange(len(which))
        _codes, first = np.unique(which[rows], return_index=True)
        self.first_rows = rows[first]
        self.known = coded.dictionary
        self.kind = np.full(len(incoming), NEW, dtype=np.int8)
        self.versions = np.full(len(incoming), -1, dtype=np.int64)
        self.changed: list[np.ndarray] = []
        self.base: dict[str, list[pa.Array]] = {
            attribute.name: [] for attribute in layer.attributes if attribute.name not in incoming.values
        }
        self.kept: dict[str, dict[int, str]] = {}
        self.missing: list[str] = []
        self.moved: list[tuple[shapely.Geometry, shapely.Geometry]] = []

    def take(self, block: inforce.Block) -> None:
        at = pc.fill_null(pc.index_in(block.codes, value_set=self.known), -1).to_numpy(zero_copy_only=False)
        absent = np.flatnonzero(at < 0)
        self.missing += block.codes.take(absent).to_pylist()
        present = np.flatnonzero(at >= 0)
        if not len(present):
            return
        rows = self.first_rows[at[present]]
        ours, theirs = self.incoming.geometry[rows], block.geometry[present]
        same = same_shapes(ours, theirs, SAME_PLACE.get(self.incoming.file_format, _TENTH_OF_A_MILLIMETRE))
        for k in np.flatnonzero(~same)[: _SHIFTS_KEPT - len(self.moved)]:
            if ours[k] is not None:
                self.moved.append((ours[k], theirs[k]))
        same &= self._same_values(rows, {name: held.take(present) for name, held in block.values.items()})
        self.kind[rows] = np.where(same, UNCHANGED, CHANGED)
        self.versions[rows] = block.versions[present]
        self.changed.append(rows[~same])
        for name, parts in self.base.items():
            parts.append(block.values[name].take(present[~same]))

    def _same_values(self, rows: np.ndarray, held: Mapping[str, pa.Array]) -> np.ndarray:
        same = np.ones(len(rows), dtype=bool)
        for name, column in self.incoming.values.items():
            attribute = self.layer.attribute(name)
            ours = values.plain(column.take(rows))
            equal = values.same(attribute, ours, held[name])
            if attribute.kind == "text" and self.incoming.file_format == SHP:
                for k in np.flatnonzero(~equal):
                    if self._cut_off(ours[int(k)].as_py(), theirs := held[name][int(k)].as_py()):
                        equal[k] = True
                        self.kept.setdefault(name, {})[int(rows[k])] = theirs
            same &= equal
        return same

    def _cut_off(self, ours: str | None, theirs: str | None) -> bool:
        """Whether ``ours`` is what a shapefile's field could hold of ``theirs``."""
        if not ours or not theirs or not theirs.startswith(ours):
            return False
        encoding = self.incoming.encoding or "utf-8"
        return len(theirs[: len(ours) + 1].encode(encoding, errors="replace")) > _DBF_WIDTH - 3

    def result(self) -> Matched:
        for name, kept in self.kept.items():
            texts = self.incoming.values[name].to_pylist()
            for row, text in kept.items():
                texts[row] = text
            self.incoming.values[name] = pa.array(texts, type=pa.string())
        rows = np.concatenate(self.changed) if self.changed else np.zeros(0, dtype=int)
        at = np.full(len(self.incoming), -1, dtype=np.int64)
        at[rows] = np.arange(len(rows))
        where = pa.array(at, mask=at < 0)
        base = {
            name: (pa.concat_arrays(parts) if parts else pa.array([], type=pa.string())).take(where)
            for name, parts in self.base.items()
        }
        return Matched(self.kind, self.versions, base, sorted(self.missing), self.moved)


def same_shapes(ours: np.ndarray, theirs: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether each pair of polygons (n,), EPSG:4490, is the same outline within ``tolerance`` (degrees).

    Where a ring starts, which way it runs and in what order parts and holes stand makes no difference.
    """
    same = shapely.equals_exact(shapely.normalize(ours), shapely.normalize(theirs), tolerance)
    # So little can decide where a normalised ring starts; then only the outlines can be compared.
    vertices = shapely.get_num_coordinates(ours)
    near = (
        ~same
        & (vertices == shapely.get_num_coordinates(theirs))
        & (shapely.get_num_geometries(ours) == shapely.get_num_geometries(theirs))
        & (np.abs(shapely.bounds(ours) - shapely.bounds(theirs)) <= tolerance).all(axis=1)
    )
    few = np.flatnonzero(near & (vertices <= _FEW_VERTICES))
    same[few] = shapely.hausdorff_distance(shapely.boundary(ours[few]), shapely.boundary(theirs[few])) <= tolerance
    for k in np.flatnonzero(near & (vertices > _FEW_VERTICES)):
        same[k] = _along(ours[k], theirs[k], tolerance) and _along(theirs[k], ours[k], tolerance)
    return same


def _along(one: shapely.Geometry, other: shapely.Geometry, tolerance: float) -> bool:
    """Whether every vertex of ``one`` lies on the outline of ``other``."""
    outline = shapely.boundary(other)
    shapely.prepare(outline)
    return bool(shapely.dwithin(outline, shapely.points(shapely.get_coordinates(one)), tolerance).all())


def count(kind: np.ndarray, refused: np.ndarray, which: int) -> int:
    """How many features are of a kind and not refused."""
    return int(np.count_nonzero((kind == which) & ~refused))
