"""Checks of many features at once, before they are written: the rules of `live` and `complete` over arrays.

A file of a million plots is judged in seconds: shapes and overlaps by `core.geodata.topology`, districts by prepared
cover tests. Sentences, thresholds and severities are those of every other check (`wording`, `thresholds`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from core.geodata.exchange.crs_detection import EXTENT
from core.geodata.topology import measure, shape
from core.geodata.topology.faults import Fault
from core.mapedit.checks import thresholds as keys
from core.mapedit.checks import wording
from core.mapedit.checks.thresholds import Thresholds
from core.mapedit.findings import Finding
from core.mapedit.layers import EditableLayer
from core.policy.models import Jurisdiction

Found = Iterator[tuple[int, Finding]]
"""Rows of the checked array with what was found there."""


Called = tuple[str, str | None]
"""A feature's name and its label, None for none."""


@dataclass(frozen=True)
class Features:
    """Features side by side (n,): what findings call them, their labels (null for none), MultiPolygons EPSG:4490."""

    names: pa.Array
    labels: pa.Array
    geometry: np.ndarray

    def called(self, row: int) -> Called:
        """Name and label of one."""
        return self.names[row].as_py(), self.labels[row].as_py()


def shape_faults(geometry: np.ndarray, thresholds: Thresholds) -> list[Fault]:
    """Faults of each geometry (n,), EPSG:4490, by itself."""
    limits = shape.Limits(
        acute_deg=thresholds.limit(keys.ACUTE_DEG),
        close_m=thresholds.limit(keys.CLOSE_M),
        sliver_m=thresholds.limit(keys.SLIVER_M),
        bounds=EXTENT,
    )
    return shape.shape_faults(geometry, limits)


def shape_findings(names: pa.Array, faults: Iterable[Fault], thresholds: Thresholds) -> Found:
    """What to say of ``faults`` of features called ``names`` (n,)."""
    for fault in faults:
        for finding in wording.shape_findings(names[fault.index].as_py(), [fault], thresholds):
            yield fault.index, finding


def overlap_finding(layer: EditableLayer, name: str, other: Called, fault: Fault, thresholds: Thresholds) -> Finding:
    """What to say of the feature ``name`` of the ``fault`` it has in common with ``other``."""
    return wording.overlap_finding(
        layer,
        name,
        other,
        area_m2=fault.measured or 0.0,
        width_m=fault.width_m or 0.0,
        lon=fault.lon or 0.0,
        lat=fault.lat or 0.0,
        geometry=wording.outline(fault.geometry),
        thresholds=thresholds,
    )


@dataclass(frozen=True, slots=True)
class Outside:
    """What of feature ``row`` lies outside its ``places`` (named): ``area_m2`` and ``rest``, None for all of it."""

    row: int
    places: str
    area_m2: float | None
    rest: shapely.Geometry | None


class Districts:
    """The boundaries features must lie in."""

    def __init__(self) -> None:
        rows = Jurisdiction.objects.districts().values_list("code", "name", "geom")
        self._one_at_a_time = Lock()
        self.names: dict[str, str] = {}
        self.geometry: dict[str, shapely.Geometry] = {}
        for code, name, geom in rows:
            self.names[code] = name
            if geom is not None:
                self.geometry[code] = shapely.from_wkb(bytes(geom.wkb))

    def outside(
        self, geometry: np.ndarray, places: pa.Array, usable: np.ndarray, thresholds: Thresholds
    ) -> list[Outside]:
        """What of each geometry (n,) lies outside the districts ``places`` (n,) names, joined with "、".

        ``usable`` (n,) masks geometries that can be measured.
        """
        coded = places.dictionary_encode()
        which = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        found: list[Outside] = []
        for at, text in enumerate(coded.dictionary.to_pylist()):
            rows = np.flatnonzero((which == at) & usable)
            codes = text.split("、")
            called = "、".join(self.names.get(code, code) for code in codes)
            known = [self.geometry[code] for code in codes if code in self.geometry]
            if not known:
                found += [Outside(int(row), called, None, None) for row in rows]
                continue
            for boundary in known:
                rows = rows[~self._covers(boundary, geometry[rows])]
            if not len(rows):
                continue
            place = known[0] if len(known) == 1 else shapely.union_all(known)
            rest = shapely.difference(geometry[rows], place)
            areas = measure.areas_m2(rest)
            for k in np.flatnonzero(areas > thresholds.tolerance(keys.OUTSIDE_M2)):
                found.append(Outside(int(rows[k]), called, float(areas[k]), rest[k]))
        return found

    def _covers(self, boundary: shapely.Geometry, geometry: np.ndarray) -> np.ndarray:
        # Two threads must not share a prepared geometry.
        with self._one_at_a_time:
            shapely.prepare(boundary)
            covered: np.ndarray = shapely.covers(boundary, geometry)
            return covered

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


def outside_finding(name: str, geometry: shapely.Geometry, found: Outside, thresholds: Thresholds) -> Finding:
    """What to say of feature ``name`` whose ``geometry`` lies outside its places."""
    point = shapely.point_on_surface(found.rest) if found.rest is not None else shapely.centroid(geometry)
    return wording.outside_finding(
        name,
        found.places,
        area_m2=found.area_m2,
        lon=float(point.x),
        lat=float(point.y),
        geometry=wording.outline(found.rest),
        thresholds=thresholds,
    )
