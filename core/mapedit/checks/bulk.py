"""Checks of many features at once, before they are written: the rules of `live` and `complete` over arrays.

A file of a million plots is judged in seconds: shapes and overlaps by `core.geodata.topology`, districts by prepared
cover tests. Sentences, thresholds and severities are those of every other check (`wording`, `thresholds`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from core.geodata.exchange.crs_detection import EXTENT
from core.geodata.topology import coverage, measure, shape
from core.geodata.topology.faults import Fault
from core.mapedit.checks import thresholds as keys
from core.mapedit.checks import wording
from core.mapedit.checks.thresholds import Thresholds
from core.mapedit.findings import Finding
from core.mapedit.layers import EditableLayer
from core.policy.models import Jurisdiction

Found = Iterator[tuple[int, Finding]]
"""Rows of the checked array with what was found there."""


Pairs = tuple[list[Fault], list[Fault]]
"""Overlaps within the checked array, and of its rows with neighbours."""


@dataclass(frozen=True)
class Features:
    """Features side by side (n,): what findings call them, their labels (null for none), MultiPolygons EPSG:4490."""

    names: pa.Array
    labels: pa.Array
    geometry: np.ndarray

    def called(self, row: int) -> tuple[str, str | None]:
        """Name and label of one."""
        return self.names[row].as_py(), self.labels[row].as_py()


def shapes(features: Features, thresholds: Thresholds) -> tuple[Found, np.ndarray]:
    """Findings about each shape by itself, and which rows (n,) can be measured at all."""
    limits = shape.Limits(
        acute_deg=thresholds.limit(keys.ACUTE_DEG),
        close_m=thresholds.limit(keys.CLOSE_M),
        sliver_m=thresholds.limit(keys.SLIVER_M),
        bounds=EXTENT,
    )
    faults = shape.shape_faults(features.geometry, limits)
    usable = np.ones(len(features.geometry), dtype=bool)
    usable[[fault.index for fault in faults if wording.is_broken(fault.kind)]] = False
    return _worded(features, faults, thresholds), usable


def _worded(features: Features, faults: list[Fault], thresholds: Thresholds) -> Found:
    for fault in faults:
        for finding in wording.shape_findings(features.names[fault.index].as_py(), [fault], thresholds):
            yield fault.index, finding


@dataclass(frozen=True)
class OverlapSearch:
    """Overlaps of ``features`` among themselves and with ``neighbours``, valid features that stay in force.

    Apart from the other checks because it is most of the work and needs no database: it may run in a thread of its
    own while the features are being written. ``usable`` (n,) masks features that can be measured.
    """

    layer: EditableLayer
    features: Features
    usable: np.ndarray
    neighbours: Features
    thresholds: Thresholds

    def faults(self) -> Pairs:
        """Pairs within ``features``, and pairs of one of them with a neighbour."""
        within = coverage.overlapping_pairs(self.features.geometry, self.usable)
        if not len(self.neighbours.geometry):
            return within, []
        return within, coverage.overlapping_pairs(self.features.geometry, self.usable, self.neighbours.geometry)

    def findings(self, faults: Pairs) -> Found:
        """What to say of ``faults``. A pair within is told of both, since either may be the wrong one."""
        within, beyond = faults
        for fault in within:
            if fault.other is not None:
                yield fault.index, self._overlap(fault.index, self.features.called(fault.other), fault)
                yield fault.other, self._overlap(fault.other, self.features.called(fault.index), fault)
        for fault in beyond:
            if fault.other is not None:
                yield fault.index, self._overlap(fault.index, self.neighbours.called(fault.other), fault)

    def _overlap(self, row: int, other: tuple[str, str | None], fault: Fault) -> Finding:
        return wording.overlap_finding(
            self.layer,
            self.features.names[row].as_py(),
            other,
            area_m2=fault.measured or 0.0,
            width_m=fault.width_m or 0.0,
            lon=fault.lon or 0.0,
            lat=fault.lat or 0.0,
            geometry=wording.outline(fault.geometry),
            thresholds=self.thresholds,
        )


class Districts:
    """The boundaries features must lie in."""

    def __init__(self) -> None:
        rows = Jurisdiction.objects.districts().values_list("code", "name", "geom")
        self.names: dict[str, str] = {}
        self.geometry: dict[str, shapely.Geometry] = {}
        for code, name, geom in rows:
            self.names[code] = name
            if geom is not None:
                self.geometry[code] = shapely.from_wkb(bytes(geom.wkb))

    def outside(self, features: Features, places: pa.Array, usable: np.ndarray, thresholds: Thresholds) -> Found:
        """What of each feature lies outside the districts ``places`` (n,) names, joined with "、"."""
        coded = places.dictionary_encode()
        which = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        for at, text in enumerate(coded.dictionary.to_pylist()):
            rows = np.flatnonzero((which == at) & usable)
            codes = text.split("、")
            called = "、".join(self.names.get(code, code) for code in codes)
            known = [self.geometry[code] for code in codes if code in self.geometry]
            if not known:
                for row in rows:
                    yield int(row), _outside(features, int(row), called, None, None, thresholds)
                continue
            for boundary in known:
                shapely.prepare(boundary)
                rows = rows[~shapely.covers(boundary, features.geometry[rows])]
            place = known[0] if len(known) == 1 else shapely.union_all(known)
            rest = shapely.difference(features.geometry[rows], place)
            areas = measure.areas_m2(rest)
            for k in np.flatnonzero(areas > thresholds.tolerance(keys.OUTSIDE_M2)):
                yield int(rows[k]), _outside(features, int(rows[k]), called, float(areas[k]), rest[k], thresholds)

    def around(self, geometry: np.ndarray) -> pa.Array:
        """The district (n,) that holds an inner point of each geometry; null where none does."""
        points = np.full(len(geometry), None, dtype=object)
        valid = shapely.is_valid(geometry)
        points[valid] = shapely.point_on_surface(geometry[valid])
        x, y = shapely.get_x(points), shapely.get_y(points)
        found = np.full(len(geometry), None, dtype=object)
        for code, boundary in self.geometry.items():
            shapely.prepare(boundary)
            found[shapely.contains_xy(boundary, x, y)] = code
        return pa.array(found, type=pa.string())


def _outside(
    features: Features,
    row: int,
    places: str,
    area_m2: float | None,
    rest: shapely.Geometry | None,
    thresholds: Thresholds,
) -> Finding:
    point = shapely.point_on_surface(rest) if rest is not None else shapely.centroid(features.geometry[row])
    return wording.outside_finding(
        features.names[row].as_py(),
        places,
        area_m2=area_m2,
        lon=float(point.x),
        lat=float(point.y),
        geometry=wording.outline(rest),
        thresholds=thresholds,
    )
