"""Areas in a DXF drawing: hatches and closed polylines of any layer.

CAD has no polygons with attributes. A HATCH is one feature with all its loops; a closed polyline is one feature,
unless a hatch of the same layer fills exactly its ground. The layer's name is the attribute ``Layer``, a TEXT or MTEXT
standing inside is ``Text``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from django.utils.translation import gettext as _
from pyogrio.raw import read

from core.geodata.exchange import encoding as encodings
from core.geodata.exchange.formats import DXF, ERROR, NOTE, WARNING, Limits, Remark, Unreadable
from core.geodata.exchange.judging import Judge, decode
from core.geodata.exchange.layers import Choice, Source, describe, finite, judged

UNICODE_SINCE = 1021
"""$ACADVER from which drawings are UTF-8 (AutoCAD 2007)."""
POINT, LINE, POLYGON, MULTIPOLYGON = 0, 1, 3, 6
ROUND = ("Circle", "Ellipse", "Spline")
"""Entities that are arcs as a whole, by their subclass."""
SAME = 1e-6
"""Share of an area, and drawing units of a bound, within which a hatch fills exactly its outline."""


def open_drawing(choice: Choice, names: list[str], asked_encoding: str | None, limits: Limits) -> Source:
    """Open a DXF drawing; raises Unreadable, or RuntimeError (GDAL's) for broken content."""
    path = choice.candidate.path
    content = path.read_bytes()
    encoding = _encoding(content, asked_encoding)
    # The option holds for this process, which reads nothing else.
    pyogrio.set_gdal_config_options({"DXF_ENCODING": encoding.name.upper()})
    meta, _fids, wkb, values = read(path, columns=["Layer", "SubClasses", "EntityHandle", "Text"])
    drawing = _areas(wkb, dict(zip(meta["fields"], values, strict=True)), curved_handles(content))
    count = len(drawing.geometry)
    if count > limits.features:
        raise Unreadable(
            _("共有 %(count)d 个要素，超过上限 %(limit)d 个：请按区或镇街拆分后分别导入。")
            % {"count": count, "limit": limits.features}
        )
    remarks = [*encoding.remarks]
    if drawing.ignored:
        remarks.append(
            Remark(
                "not_an_area",
                _("图中另有 %(count)d 个线、点或注记，不是面，未读取。") % {"count": drawing.ignored},
                NOTE,
                measured=drawing.ignored,
            )
        )
    return Source(
        format=DXF,
        layers=names,
        layer=choice.name,
        encoding=encoding,
        crs=None,
        crs_source="unknown",
        count=count,
        fields=describe(drawing.attributes),
        sample=shapely.get_coordinates(drawing.geometry),
        bounds=finite(shapely.total_bounds(drawing.geometry)),
        batches=drawing.batches,
        remarks=remarks,
    )


def _encoding(content: bytes, asked: str | None) -> encodings.Encoding:
    version = re.search(rb"\$ACADVER\s+1\s+AC(\d{4})", content[:65_536])
    page = re.search(rb"\$DWGCODEPAGE\s+3\s+(\S+)", content[:65_536])
    declared = encodings.UTF8 if version and int(version[1]) >= UNICODE_SINCE else None
    if declared is None and page:
        declared = encodings.KNOWN.get(page[1].decode("ascii", errors="ignore").lower().replace("_", " "))
    texts = list(dict.fromkeys(line.strip() for line in content.splitlines() if not line.isascii()))
    return encodings.decide(texts[: encodings.TEXTS_KEPT], declared=declared, asked=asked)


@dataclass(frozen=True)
class _Drawing:
    """The areas of a drawing, None where an outline does not close; `ends` (n, 4): first and last vertex of those."""

    geometry: Any
    attributes: pa.Table
    curved: Any
    ends: Any
    ignored: int

    def batches(self, judge: Judge) -> Iterator[tuple[Any, pa.Table]]:
        numbers = np.arange(1, len(self.geometry) + 1)
        bounds = shapely.bounds(self.geometry)
        judge.remarks.of_rows(
            "curve",
            WARNING,
            _("含圆弧，已按折线近似：请核对边界。"),
            numbers[self.curved],
            judge.lonlat(bounds[self.curved, :2]),
        )
        unclosed = np.isfinite(self.ends).all(axis=1)
        judge.remarks.of_rows(
            "unclosed_polyline",
            ERROR,
            _("多段线首尾不相接，围不成面：请在 CAD 中闭合后重新导出。"),
            numbers[unclosed],
            judge.lonlat(self.ends[unclosed, :2]),
            measured=np.hypot(*(self.ends[unclosed, 2:] - self.ends[unclosed, :2]).T),
        )
        yield from judged(self.geometry, self.attributes, judge)


def _areas(wkb: Any, fields: dict[str, Any], arcs: set[str]) -> _Drawing:
    decoded, _closed, _broken = decode(wkb, np.array([each is None for each in wkb], dtype=bool))
    geometry = shapely.force_2d(decoded)
    types, vertices = shapely.get_type_id(geometry), shapely.get_num_coordinates(geometry)
    subclasses = [each or "" for each in fields["SubClasses"]]
    line = types == LINE
    closed = line & shapely.is_closed(geometry) & (vertices >= 4)
    hatch = (types == POLYGON) | (types == MULTIPOLYGON)
    # A single stroke is a line of the drawing; three points and more that do not meet were meant as an outline.
    outline = np.array(["Polyline" in each or not each for each in subclasses], dtype=bool)
    unclosed = line & outline & ~closed & (vertices >= 3)
    ends = np.full((len(geometry), 4), np.nan)
    for row in np.flatnonzero(unclosed):
        ends[row] = shapely.get_coordinates(geometry[row])[[0, -1]].ravel()
    shapes = geometry.copy()
    coordinates, index = shapely.get_coordinates(geometry[closed], return_index=True)
    if len(coordinates):
        shapes[closed] = shapely.polygons(shapely.linearrings(coordinates, indices=index))
    shapes[~(hatch | closed)] = None
    kept = np.flatnonzero((hatch | closed | unclosed) & ~_outlines_of_hatches(shapes, hatch, closed, fields["Layer"]))
    texts = (types == POINT) & np.array([bool(each) for each in fields["Text"]], dtype=bool)
    handles = fields["EntityHandle"]
    curved = [handles[row] in arcs or any(word in subclasses[row] for word in ROUND) for row in kept]
    return _Drawing(
        geometry=shapes[kept],
        attributes=pa.table(
            {
                "Layer": pa.array(fields["Layer"][kept], pa.string()),
                "Text": pa.array(_texts_inside(shapes[kept], geometry[texts], fields["Text"][texts]), pa.string()),
                "EntityHandle": pa.array(handles[kept], pa.string()),
            }
        ),
        curved=np.array(curved, dtype=bool),
        ends=ends[kept],
        ignored=len(geometry) - int((hatch | closed | unclosed | texts).sum()),
    )


def _outlines_of_hatches(shapes: Any, hatch: Any, closed: Any, layers: Any) -> Any:
    """Which closed polylines are only the outline of a hatch in the same layer: bool (n,)."""
    outlines = np.zeros(len(shapes), dtype=bool)
    fills, lines = np.flatnonzero(hatch), np.flatnonzero(closed)
    if not len(fills) or not len(lines):
        return outlines
    bounds, areas = shapely.bounds(shapes), shapely.area(shapes)
    found_lines, found_fills = shapely.STRtree(shapes[fills]).query(shapes[lines])
    line, fill = lines[found_lines], fills[found_fills]
    same = (layers[line] == layers[fill]) & (np.abs(areas[line] - areas[fill]) <= SAME * areas[line])
    same &= (np.abs(bounds[line] - bounds[fill]) <= SAME).all(axis=1)
    outlines[line[same]] = True
    return outlines


def _texts_inside(shapes: Any, points: Any, texts: Any) -> list[str | None]:
    """The first text whose insertion point lies inside each shape."""
    inside: list[str | None] = [None] * len(shapes)
    if len(points):
        found_points, found_shapes = shapely.STRtree(shapes).query(points, predicate="within")
        for point, shape in sorted(zip(found_points.tolist(), found_shapes.tolist(), strict=True), reverse=True):
            inside[shape] = texts[point]
    return inside


def curved_handles(content: bytes) -> set[str]:
    """Handles of polylines and hatches with arcs: GDAL has turned these into chords and does not say so.

    A DXF is pairs of lines, a group code and its value; 42 is the bulge of a segment, 72 the kind of a hatch's edge.
    """
    found, kind, handle = set(), b"", ""
    lines = iter(content.splitlines())
    for code, value in zip(lines, lines, strict=False):
        code = code.strip()
        if code == b"0":
            kind = value.strip()
        elif code == b"5" and kind in {b"LWPOLYLINE", b"POLYLINE", b"HATCH"}:
            handle = value.strip().decode("ascii", errors="ignore")
        elif (code == b"42" and kind in {b"LWPOLYLINE", b"VERTEX", b"HATCH"} and value.strip(b" 0.-+eE\r")) or (
            code == b"72" and kind == b"HATCH" and value.strip() in {b"2", b"3", b"4"}
        ):
            found.add(handle)
    return found
