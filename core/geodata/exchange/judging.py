"""From geometry as a file holds it to (Multi)Polygons in EPSG:4490, with a remark for everything that was amiss.

Works on whole batches: a million features pass through numpy and GEOS, and only faulty rows cost Python time.
Whether a polygon is valid is not judged here but by the topology checks, which need it as it was drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from django.utils.translation import gettext as _

from core.geodata.crs import CGCS2000
from core.geodata.exchange.crs_detection import WGS84, Guess, guess, inside, to_lonlat
from core.geodata.exchange.formats import ERROR, NOTE, WARNING, Limits, Remark, Unreadable

POLYGON, MULTIPOLYGON, COLLECTION = 3, 6, 7
CURVED = np.arange(8, 15)
"""ISO WKB types with arcs: CIRCULARSTRING to SURFACE."""


class Remarks:
    """Remarks of a file; past `limit` of one kind only their number is told."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.told: list[Remark] = []
        self.counts: Counter[tuple[str, str]] = Counter()

    def of_rows(self, kind: str, severity: str, message: str, rows: Any, places: Any, *, measured: Any = None) -> None:
        """One remark for each row of `rows` (numbers in the file), at `places` (n, 2) lon/lat."""
        seen = self.counts[kind, severity]
        self.counts[kind, severity] += len(rows)
        for index, row in enumerate(rows[: max(self.limit - seen, 0)]):
            lon, lat = place(places[index])
            figure = None if measured is None else float(measured[index])
            self.told.append(Remark(kind, message, severity, feature=int(row), lon=lon, lat=lat, measured=figure))

    def all(self) -> list[Remark]:
        """Everything told, and a line for each kind of which only some were."""
        rest = [
            Remark(
                kind,
                _("同类问题另有 %(count)d 处，未逐条列出。") % {"count": count - self.limit},
                severity,
                measured=count,
                required=0,
            )
            for (kind, severity), count in self.counts.items()
            if count > self.limit
        ]
        return self.told + rest


def place(position: Any) -> tuple[float | None, float | None]:
    """A lon/lat position as a remark gives it: None where it is no place on Earth."""
    lon, lat = float(position[0]), float(position[1])
    usable = np.isfinite([lon, lat]).all() and abs(lon) <= 180 and abs(lat) <= 90
    return (lon, lat) if usable else (None, None)


class Judge:
    """Judges the batches of one layer whose coordinates are in `srid`."""

    def __init__(self, srid: int, limits: Limits, remarks: Remarks) -> None:
        self.srid, self.limits, self.remarks = srid, limits, remarks
        self.rows = 0
        self.vertices = 0
        self.raised = 0
        self.bounds = [np.inf, np.inf, -np.inf, -np.inf]
        self.elsewhere: Guess | None = None

    def wkb(self, column: Any, straighten: Callable[[Any], Any]) -> Any:
        """Judge a pyarrow binary array of WKB; returns one in EPSG:4490, null where unusable.

        `straighten` gives WKB without arcs for the rows (0-based in the file) it is handed.
        """
        wkb = column.to_numpy(zero_copy_only=False)
        curved: Any = np.flatnonzero(np.isin(wkb_types(column), CURVED))
        if len(curved):
            wkb = wkb.copy()
            wkb[curved] = straighten(curved + self.rows)
        null = column.is_null().to_numpy(zero_copy_only=False)
        geometry, closed, broken = decode(wkb, null)
        rows = np.arange(self.rows + 1, self.rows + len(wkb) + 1)
        self._say("null_geometry", ERROR, _("没有图形。"), rows, null, geometry)
        self._say("broken_geometry", ERROR, _("图形数据损坏，无法读取。"), rows, broken, geometry)
        self._say("ring_closed", WARNING, _("环未闭合，已用首点闭合：请核对。"), rows, closed, geometry)
        bent: Any = np.zeros(len(wkb), dtype=bool)
        np.put(bent, curved, True)
        self._say("curve", WARNING, _("含圆弧，已按折线近似：请核对边界。"), rows, bent, geometry)
        placed, changed = self.geometry(geometry)
        changed |= closed | bent
        unusable = shapely.is_missing(placed)
        if not changed.any() and (unusable == null).all():
            return column
        result: Any = np.where(unusable, None, wkb)
        rewrite = changed & ~unusable
        result[rewrite] = shapely.to_wkb(placed[rewrite])
        return pa.array(result, column.type)

    def geometry(self, geometry: Any) -> tuple[Any, Any]:
        """Judge shapely geometries (n,) in the file's own coordinates.

        Returns them in EPSG:4490, None where unusable, and a bool array saying which differ from what was given.
        Raises Unreadable once the file exceeds its limits on features or vertices.
        """
        rows = np.arange(self.rows + 1, self.rows + len(geometry) + 1)
        self.rows += len(geometry)
        if self.rows > self.limits.features:
            raise Unreadable(
                _("要素超过 %(limit)d 个的上限：请按区或镇街拆分后分别导入。") % {"limit": self.limits.features}
            )
        geometry = geometry.copy()
        changed = np.zeros(len(geometry), dtype=bool)
        self._flatten(geometry, changed)
        self._keep_polygons(geometry, changed, rows)
        coordinates = shapely.get_coordinates(geometry)
        self.vertices += len(coordinates)
        if self.vertices > self.limits.vertices:
            raise Unreadable(
                _("顶点超过 %(limit)d 个的上限：请拆分文件，或先抽稀过密的顶点。") % {"limit": self.limits.vertices}
            )
        if not np.isfinite(coordinates).all():
            self._drop_not_finite(geometry, rows)
            coordinates = shapely.get_coordinates(geometry)
        given = geometry
        if self.srid not in {CGCS2000, WGS84}:
            geometry = shapely.set_coordinates(given.copy(), to_lonlat(coordinates, self.srid))
            changed[:] = True
        self._drop_misplaced(geometry, given, rows)
        return geometry, changed

    def lonlat(self, coordinates: Any) -> Any:
        """Positions (n, 2) of the file as EPSG:4490 lon/lat."""
        return to_lonlat(coordinates, self.srid)

    def finish(self) -> None:
        """Tell what is told once for the whole file."""
        if self.raised:
            self.remarks.told.append(
                Remark(
                    "z_dropped",
                    _("%(count)d 个要素带高程或测量值（Z/M），只取平面坐标。") % {"count": self.raised},
                    NOTE,
                    measured=self.raised,
                )
            )

    def _flatten(self, geometry: Any, changed: Any) -> None:
        raised = shapely.has_z(geometry) | shapely.has_m(geometry)
        if raised.any():
            geometry[raised] = shapely.force_2d(geometry[raised])
            changed |= raised
            self.raised += int(raised.sum())

    def _keep_polygons(self, geometry: Any, changed: Any, rows: Any) -> None:
        """Leave only polygons: areas are taken out of collections; lines, points and empty shapes become None."""
        empty = shapely.is_empty(geometry)
        self._say("empty", ERROR, _("图形为空。"), rows, empty, geometry)
        geometry[empty] = None
        types = shapely.get_type_id(geometry)
        mixed = types == COLLECTION
        for index in np.flatnonzero(mixed):
            geometry[index] = _areas(geometry[index])
        mixed_areas = mixed & ~shapely.is_missing(geometry)
        changed |= mixed_areas
        self._say("mixed_geometry", WARNING, _("图形由面和线、点混合而成，只取其中的面。"), rows, mixed_areas, geometry)
        other = (types >= 0) & (types != POLYGON) & (types != MULTIPOLYGON) & ~mixed_areas
        self._say("not_polygonal", ERROR, _("图形是线或点，不是面：请以面要素导出。"), rows, other, geometry)
        geometry[other] = None

    def _drop_not_finite(self, geometry: Any, rows: Any) -> None:
        coordinates, index = shapely.get_coordinates(geometry, return_index=True)
        finite = np.isfinite(coordinates).all(axis=1)
        bad = np.zeros(len(geometry), dtype=bool)
        bad[index[~finite]] = True
        self._say("not_finite", ERROR, _("坐标中有不是数字的值（NaN 或无穷大）。"), rows, bad, geometry)
        geometry[bad] = None

    def _drop_misplaced(self, geometry: Any, given: Any, rows: Any) -> None:
        """Remark what does not lie in the city; what is swapped or has no place on Earth becomes None.

        `geometry` is in EPSG:4490, `given` the same in the file's coordinates.
        """
        bounds = shapely.bounds(geometry)
        outside = ~shapely.is_missing(geometry) & ~inside((bounds[:, :2] + bounds[:, 2:]) / 2)
        if outside.any():
            strangers = np.flatnonzero(outside)
            box = shapely.bounds(given[strangers])
            centres = (box[:, :2] + box[:, 2:]) / 2
            turned = to_lonlat(centres[:, ::-1], self.srid)
            swapped = inside(turned)
            self.remarks.of_rows(
                "swapped_axes",
                ERROR,
                _("X、Y 颠倒（先北后东）：对调后落在本市，请在源文件中对调两列坐标后重新导入。"),
                rows[strangers[swapped]],
                turned[swapped],
            )
            if not swapped.all():
                self.elsewhere = self.elsewhere or guess(centres[~swapped])
                there = to_lonlat(centres[~swapped], self.srid)
                self.remarks.of_rows("outside_city", ERROR, self._elsewhere(), rows[strangers[~swapped]], there)
            lost = swapped | ~(np.abs(bounds[strangers]) <= (180, 90, 180, 90)).all(axis=1)
            geometry[strangers[lost]] = None
            bounds[strangers[lost]] = np.nan
        self._widen(bounds)

    def _elsewhere(self) -> str:
        """The sentence for features outside the city, naming the system in which they would lie inside."""
        better = self.elsewhere
        if better and better.inside and better.srid != self.srid and better.srid is not None:
            facts = {"given": self.srid, "better": better.srid}
            if better.swapped:
                return (
                    _("按 EPSG:%(given)s 不在本市；X、Y 对调并按 EPSG:%(better)s 则在：请核对坐标顺序和坐标系。")
                    % facts
                )
            return _("按 EPSG:%(given)s 不在本市，按 EPSG:%(better)s 则在：请核对坐标系或带号后重新导入。") % facts
        return _("图形不在本市范围内：请核对坐标系、带号和数据所属城市。")

    def _widen(self, bounds: Any) -> None:
        """Take the bounds (n, 4) of rows into those of the layer; NaN where a row has none."""
        bounds = bounds[np.isfinite(bounds).all(axis=1)]
        if len(bounds):
            low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
            self.bounds = [*np.minimum(self.bounds[:2], low).tolist(), *np.maximum(self.bounds[2:], high).tolist()]

    def _say(self, kind: str, severity: str, message: str, rows: Any, which: Any, geometry: Any) -> None:
        """Remark on rows `which` (bool array), each at its first vertex with two numbers."""
        if not which.any():
            return
        places = np.full((int(which.sum()), 2), np.nan)
        for position, shape in zip(places[: self.remarks.limit], geometry[which], strict=False):
            vertices = shapely.get_coordinates(shape)
            usable = vertices[np.isfinite(vertices).all(axis=1)]
            if len(usable):
                position[:] = to_lonlat(usable[:1], self.srid)[0]
        self.remarks.of_rows(kind, severity, message, rows[which], places)


def decode(wkb: Any, null: Any) -> tuple[Any, Any, Any]:
    """Shapely geometries of WKB (n,), which rings had to be closed, and which rows are beyond reading (then None).

    `null` says where there is no WKB: bool (n,).
    """
    geometry = _from_wkb(wkb, "ignore")
    failed = shapely.is_missing(geometry) & ~null
    closed = np.zeros(len(wkb), dtype=bool)
    if failed.any():
        geometry[failed] = _from_wkb(wkb[failed], "fix")
        closed = failed & ~shapely.is_missing(geometry)
    return geometry, closed, failed & ~closed


def _from_wkb(wkb: Any, on_invalid: str) -> Any:
    with np.errstate(invalid="ignore"):
        try:
            return shapely.from_wkb(wkb, on_invalid=on_invalid)
        except NotImplementedError:
            # An arc inside a collection stops the whole array: one by one, that one alone is beyond reading.
            return np.array([_one(each, on_invalid) for each in wkb], dtype=object)


def _one(wkb: bytes | None, on_invalid: str) -> Any:
    try:
        return shapely.from_wkb(wkb, on_invalid=on_invalid)
    except NotImplementedError:
        return None


def _areas(collection: Any) -> Any:
    """The polygons inside a geometry collection as one MultiPolygon; None when it has none."""
    parts = list(shapely.get_parts(collection))
    polygons = []
    while parts:
        part = parts.pop(0)
        kind = shapely.get_type_id(part)
        if kind == POLYGON and not part.is_empty:
            polygons.append(part)
        elif kind in {MULTIPOLYGON, COLLECTION}:
            parts[:0] = shapely.get_parts(part)
    return shapely.multipolygons(polygons) if polygons else None


def wkb_types(column: Any) -> Any:
    """ISO WKB type without dimension (3 polygon, 10 curve polygon…) of a pyarrow binary array; -1 for null."""
    types = np.full(len(column), -1)
    present = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    if not len(present):
        return types
    _validity, offset_buffer, data_buffer = column.buffers()
    offsets: Any = np.frombuffer(offset_buffer, dtype=np.int64 if "large" in str(column.type) else np.int32)
    starts, ends = (offsets[column.offset + shift :][: len(column)][present] for shift in (0, 1))
    long_enough = ends - starts >= 5
    present, starts = present[long_enough], starts[long_enough].astype(np.int64)
    data = np.frombuffer(data_buffer, dtype=np.uint8)
    codes = data[starts[:, None] + np.arange(1, 5)]
    little = data[starts] == 1
    value = np.where(little, codes.copy().view("<u4")[:, 0], codes.copy().view(">u4")[:, 0])
    # The high bits are PostGIS's flags for Z, M and SRID.
    types[present] = (value & 0x0FFFFFFF) % 1000
    return types
