"""One layer of a data set, opened through GDAL: what it says of itself, and its rows in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from django.utils.translation import gettext as _
from pyogrio.raw import open_arrow, read

from core.geodata.exchange import encoding as encodings
from core.geodata.exchange.crs_detection import WGS84, Identified, guess, identify
from core.geodata.exchange.formats import GDB, GEOJSON, GPKG, NOTE, SHP, Field, Limits, Remark, Unreadable
from core.geodata.exchange.intake import Candidate
from core.geodata.exchange.judging import Judge, decode
from core.geodata.exchange.recoding import as_utf8

BATCH_ROWS = 65_536
SAMPLE_ROWS = 200

POLYGONAL = ("Polygon", "Surface", "Unknown")
"""What a layer's geometry type contains when areas can lie in it."""


@dataclass
class Source:
    """An opened layer.

    `sample` is vertices (n, 2) in the file's own coordinates; `bounds` likewise (west, south, east, north) or None.
    `batches` yields (WKB in EPSG:4490, null where unusable; attribute columns), given the Judge of the rows.
    """

    format: str
    layers: list[str]
    layer: str
    encoding: encodings.Encoding
    crs: Identified | None
    crs_source: str
    count: int
    fields: list[Field]
    sample: Any
    bounds: tuple[float, float, float, float] | None
    batches: Callable[[Judge], Iterator[tuple[Any, pa.Table]]]
    remarks: list[Remark] = field(default_factory=list)
    turned_from: int | None = None
    """The system the file is in, when `sample`, `bounds` and rows were already turned into EPSG:4490 from it."""


@dataclass(frozen=True)
class Choice:
    """A layer of a data set: `name` in the sender's words, `inner` for GDAL."""

    name: str
    candidate: Candidate
    inner: str | None
    polygonal: bool


def choices(candidates: list[Candidate]) -> list[Choice]:
    """Every layer with geometry in `candidates`; raises Unreadable when a data set cannot be opened or none has any."""
    found = []
    for candidate in candidates:
        if candidate.format not in {GPKG, GDB}:
            found.append(Choice(candidate.name, candidate, None, True))
            continue
        for inner, kind in pyogrio.list_layers(candidate.path):
            if kind is not None:
                name = f"{candidate.name}/{inner}" if len(candidates) > 1 else inner
                found.append(Choice(name, candidate, inner, any(word in kind for word in POLYGONAL)))
    if not found:
        raise Unreadable(_("文件里没有带图形的图层：请检查导出时是否选中了图层。"))
    return found


def choose(found: list[Choice], asked: str | None) -> Choice | None:
    """The layer asked for, else the only one with areas; None when a person has to choose. Unreadable if not there."""
    if asked:
        for choice in found:
            if asked == choice.name:
                return choice
        raise Unreadable(
            _("文件里没有图层“%(asked)s”：现有 %(layers)s。")
            % {"asked": asked[:80], "layers": "、".join(choice.name for choice in found[:20])}
        )
    areas = [choice for choice in found if choice.polygonal] or found
    return areas[0] if len(areas) == 1 else None


def open_layer(choice: Choice, names: list[str], asked_encoding: str | None, limits: Limits) -> Source:
    """Open a layer of a shapefile, GeoPackage, GeoJSON or FileGDB. Raises RuntimeError (GDAL's) for broken content."""
    candidate = choice.candidate
    path, encoding = candidate.path, _encoding(candidate, asked_encoding)
    remarks = [*encoding.remarks]
    if candidate.format == GEOJSON:
        path, encoding = as_utf8(path, asked_encoding)
        remarks = [*encoding.remarks]
    options: dict[str, Any] = {"layer": choice.inner}
    if candidate.format == SHP:
        options["encoding"] = encoding.name.upper()
    if candidate.format == GPKG:
        # Read as it is: no journal, no lock file beside the sender's file.
        options["IMMUTABLE"] = "YES"
    info = pyogrio.read_info(path, force_feature_count=True, force_total_bounds=True, **options)
    if info["features"] > limits.features:
        raise Unreadable(
            _("共有 %(count)d 个要素，超过上限 %(limit)d 个：请按区或镇街拆分后分别导入。")
            % {"count": info["features"], "limit": limits.features}
        )
    head, head_wkb = _head(path, options)
    sample = _vertices(head_wkb)
    crs, crs_source = _declared_crs(candidate.format, path, info, sample)
    if info["features"] == 0:
        remarks.append(Remark("no_features", _("图层里没有要素。"), NOTE))
    return Source(
        format=candidate.format,
        layers=names,
        layer=choice.name,
        encoding=encoding,
        crs=crs,
        crs_source=crs_source,
        count=int(info["features"]),
        fields=describe(head),
        sample=sample,
        bounds=finite(info["total_bounds"]),
        batches=lambda judge: _batches(path, options, judge),
        remarks=remarks,
    )


def _encoding(candidate: Candidate, asked: str | None) -> encodings.Encoding:
    folder = candidate.path.parent
    if candidate.format == SHP and (folder / "data.dbf").exists():
        texts = encodings.dbf_texts(folder / "data.dbf")
        return encodings.decide(texts, declared=encodings.declared_by_shapefile(folder), asked=asked)
    return encodings.Encoding(encodings.UTF8, True, [], [])


def _declared_crs(kind: str, path: Path, info: dict[str, Any], sample: Any) -> tuple[Identified | None, str]:
    """The system a layer declares, and where it says so (prj, header)."""
    crs = identify(info["crs"])
    if kind == SHP:
        return crs, "prj"
    if kind == GEOJSON and crs and crs.srid == WGS84 and not _has_crs_member(path):
        # RFC 7946 says longitude and latitude; files that hold metres all the same are asked about.
        degrees = not len(sample) or bool((np.abs(sample) <= 180).all()) or guess(sample).srid is None
        return (crs, "header") if degrees else (None, "unknown")
    return crs, "header"


def _has_crs_member(path: Path) -> bool:
    with path.open("rb") as stream:
        return b'"crs"' in stream.read(65_536)


def finite(bounds: Any) -> tuple[float, float, float, float] | None:
    """Bounds (west, south, east, north) when all four are numbers."""
    if bounds is None or not np.isfinite(bounds).all():
        return None
    west, south, east, north = (float(each) for each in bounds)
    return west, south, east, north


def _head(path: Path, options: dict[str, Any]) -> tuple[pa.Table, Any]:
    """The first rows: attribute columns and the WKB column."""
    with open_arrow(path, use_pyarrow=True, batch_size=SAMPLE_ROWS, return_fids=True, **options) as (meta, reader):
        batch = next(iter(reader), None)
        if batch is None:
            batch = pa.RecordBatch.from_pylist([], schema=reader.schema)
    columns, geometry = _split(meta, batch)
    return columns, geometry


def _vertices(column: Any) -> Any:
    null = column.is_null().to_numpy(zero_copy_only=False)
    geometry, _closed, _broken = decode(column.to_numpy(zero_copy_only=False), null)
    return shapely.get_coordinates(shapely.force_2d(geometry))


def _split(meta: dict[str, Any], table: Any) -> tuple[pa.Table, Any]:
    """Attribute columns without the feature id, and the geometry column, of a record batch."""
    geometry_name = meta["geometry_name"] or "wkb_geometry"
    fid_name = meta["fid_column"] or "OGC_FID"
    names, columns = [], []
    geometry = None
    for index, name in enumerate(table.schema.names):
        column = table.column(index)
        if name == geometry_name:
            geometry = column
        elif not (index == 0 and name == fid_name):
            names.append(name)
            columns.append(column.storage if isinstance(column.type, pa.ExtensionType) else column)
    if geometry is None:
        raise Unreadable(_("图层没有图形字段，只有属性表。"))
    if not columns:
        return pa.table({"__none": pa.nulls(table.num_rows)}).drop_columns("__none"), geometry
    return pa.table(columns, names=names), geometry


def _batches(path: Path, options: dict[str, Any], judge: Judge) -> Iterator[tuple[Any, pa.Table]]:
    with open_arrow(path, use_pyarrow=True, return_fids=True, batch_size=BATCH_ROWS, **options) as (meta, reader):
        for batch in reader:
            start = judge.rows
            columns, geometry = _split(meta, batch)
            fids = batch.column(0).to_numpy()

            def straighten(rows: Any, fids: Any = fids, start: int = start) -> Any:
                # GDAL's row interface turns arcs into chords, its column interface does not.
                _meta, order, wkb, _fields = read(
                    path, columns=[], fids=fids[rows - start], return_fids=True, **options
                )
                by_fid = dict(zip(order.tolist(), wkb, strict=True))
                return np.array([by_fid.get(fid) for fid in fids[rows - start].tolist()], dtype=object)

            yield judge.wkb(geometry, straighten), columns


def judged(geometry: Any, columns: pa.Table, judge: Judge) -> Iterator[tuple[Any, pa.Table]]:
    """Batches of rows already held as shapely geometries, in the file's own coordinates."""
    for start in range(0, len(geometry), BATCH_ROWS):
        placed, _changed = judge.geometry(geometry[start : start + BATCH_ROWS])
        yield pa.array(shapely.to_wkb(placed), pa.binary()), columns.slice(start, BATCH_ROWS)


KINDS: list[tuple[Callable[[Any], bool], str]] = [
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "real"),
    (pa.types.is_decimal, "real"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "datetime"),
    (pa.types.is_binary, "binary"),
    (pa.types.is_large_binary, "binary"),
]


def describe(columns: pa.Table) -> list[Field]:
    """Name, type and first value of each column."""
    fields = []
    for name, column in zip(columns.column_names, columns.columns, strict=True):
        kind = next((kind for matches, kind in KINDS if matches(column.type)), "text")
        value = next((value for value in column.to_pylist() if value not in (None, "")), None)
        fields.append(Field(name, kind, "" if value is None or kind == "binary" else str(value)[:80]))
    return fields
