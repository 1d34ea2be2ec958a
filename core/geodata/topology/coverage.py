"""Overlaps within a whole layer, and between new features and those in force: for a million plots in seconds.

Which pairs have common area is settled exactly, on the stored coordinates, as the database's guard settles it. Nearly
all pairs whose bounding boxes meet only share a boundary; asking GEOS about each would be most of the work. Of nearly
all, arrays tell as much (`dividing`). Tried and slower or no faster on a real cadastre: `coverage_invalid_edges`,
prepared geometry.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from core.geodata.topology.dividing import apart
from core.geodata.topology.faults import Fault, Kind
from core.geodata.topology.measure import areas_m2, perimeters_m
from core.geodata.topology.neighbours import NOISE_M, NOISE_M2
from core.geodata.topology.outlines import Outlines
from core.geodata.topology.rings import MULTIPOLYGON, POLYGON
from core.geodata.topology.vertices import polygonal

_BLOCK = 20_000
_NOISE_DEG = NOISE_M / 111_320


def overlapping_pairs(
    geometries: np.ndarray, usable: np.ndarray | None = None, existing: np.ndarray | None = None
) -> list[Fault]:
    """Pairs of ``geometries`` (n,), EPSG:4490, with common area; with ``existing`` (m,), pairs of one with the other.

    ``usable`` (n,) masks rows to leave out, those with validity faults; ``existing`` has to be valid throughout.
    Each pair is one fault: ``index`` < ``other`` within one array, ``other`` a row of ``existing`` otherwise;
    ``measured`` m² on the ellipsoid, ``width_m`` mean width, place and geometry as for `neighbours.overlaps`.
    Thinner than a micrometre or smaller than a square centimetre counts as touching.
    """
    geometries = np.asarray(geometries, dtype=object)
    rows = np.arange(len(geometries)) if usable is None else np.flatnonzero(usable)
    rows = rows[np.isin(shapely.get_type_id(geometries[rows]), (POLYGON, MULTIPOLYGON))]
    mine = geometries[rows]
    theirs = mine if existing is None else np.asarray(existing, dtype=object)
    outlines = Outlines.of(mine)
    other_outlines = outlines if existing is None else Outlines.of(theirs)
    faults: list[Fault] = []
    for a, b in _candidates(mine, theirs, outlines.bounds, other_outlines.bounds, among=existing is None):
        unsure = ~apart(outlines, other_outlines, a, b, _NOISE_DEG / 4)
        a, b = a[unsure], b[unsure]
        inner = shapely.relate_pattern(mine[a], theirs[b], "2********")
        a, b = a[inner], b[inner]
        faults += _measured(mine[a], theirs[b], rows[a], rows[b] if existing is None else b)
    return sorted(faults, key=lambda fault: (fault.index, fault.other or 0))


def _candidates(
    mine: np.ndarray, theirs: np.ndarray, box: np.ndarray, other_box: np.ndarray, *, among: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs whose bounding boxes have more in common than rounding, block by block."""
    tree = shapely.STRtree(theirs)
    for first in range(0, len(mine), _BLOCK):
        a, b = tree.query(mine[first : first + _BLOCK])
        a = a + first
        if among:
            a, b = a[a < b], b[a < b]
        low = np.maximum(box[a, :2], other_box[b, :2])
        high = np.minimum(box[a, 2:], other_box[b, 2:])
        deep = (high - low > _NOISE_DEG).all(axis=1)
        yield a[deep], b[deep]


def _measured(ones: np.ndarray, others: np.ndarray, index: np.ndarray, other: np.ndarray) -> list[Fault]:
    common = shapely.intersection(ones, others)
    mixed = ~np.isin(shapely.get_type_id(common), (POLYGON, MULTIPOLYGON))
    common[mixed] = [polygonal(geometry) for geometry in common[mixed]]
    area, perimeter = areas_m2(common), perimeters_m(common)
    width = np.divide(2 * area, perimeter, out=np.zeros(len(area)), where=perimeter > 0)
    kept = np.flatnonzero((area >= NOISE_M2) & (width >= NOISE_M))
    places = shapely.get_coordinates(shapely.point_on_surface(common[kept]))
    return [
        Fault(
            int(index[k]),
            Kind.OVERLAP,
            float(lon),
            float(lat),
            float(area[k]),
            int(other[k]),
            common[k],
            float(width[k]),
        )
        for k, (lon, lat) in zip(kept, places, strict=True)
    ]
