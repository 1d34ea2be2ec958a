"""Writing a layer as offices exchange it: SHP, GPKG, GeoJSON, FileGDB, DXF and 国土 TXT.

`write` streams: batches come from the caller one at a time, are taken to the coordinate system asked for, and go
into the file before the next one is asked for. The file appears under its name only when it is whole. The same
features give the same bytes, but for FileGDB, whose tables carry random identifiers.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import shapely
from django.utils.translation import gettext as _

from core.geodata.exchange.dxf_writing import write_dxf
from core.geodata.exchange.formats import DRIVERS, DXF, GDB, GEOJSON, GPKG, SHP, TXT
from core.geodata.exchange.outgoing import (
    GEOGRAPHIC,
    SRIDS,
    Batch,
    Field,
    Outgoing,
    Unwritable,
    Written,
    safe_name,
    texts,
)
from core.geodata.exchange.txt_writing import write_txt

__all__ = ["ENCODINGS", "FORMATS", "SUFFIXES", "Batch", "Field", "Unwritable", "Written", "write"]

SUFFIXES = {SHP: ".zip", GPKG: ".gpkg", GEOJSON: ".geojson", GDB: ".gdb.zip", DXF: ".dxf", TXT: ".txt"}
"""How the file of each format is named by those who open it."""
FORMATS = tuple(SUFFIXES)
ENCODINGS = ("utf-8", "gbk")
"""For SHP, DXF and TXT; the others are Unicode by their own definition."""

_GEOMETRY = "geometry"
_DBF_TEXT = 254
_DBF_BYTES = {"utf-8": 3, "gbk": 2}
_INT32_DIGITS = 9
_GEOJSON_DECIMALS = 12
_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "real": pa.float64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}
_IN_GDB = {"date": pa.timestamp("ms"), "boolean": pa.int16()}
_UNDATED = dt.date(1980, 1, 1)  # the first day a zip archive can name


def write(
    path: Path | str,
    *,
    format: str,
    batches: Iterable[Batch],
    fields: Sequence[Field],
    layer_name: str,
    code_field: str,
    srid: int = 4490,
    encoding: str = "utf-8",
    name_field: str | None = None,
    use_field: str | None = None,
    class_field: str | None = None,
    producer: str = "",
    dated: dt.date | None = None,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write features to `path` in `format` (one of FORMATS) and say what the format could not hold.

    `batches` are in EPSG:4490; `srid` is 4490, 4326, 4526, 4525 (3° zones 38 and 37, zone in the easting), 4547 or
    4546 (the same, bare). GeoJSON is longitude and latitude only (RFC 7946), TXT metres only. `encoding` is utf-8 or
    gbk. `name_field`, `use_field`, `class_field`, `producer`: 地块名称, 地块用途, 地类编码 and 数据产生单位 of TXT.
    `dated` is the day the file speaks of; it stands wherever the format keeps a time. `progress` gets the number of
    features after each batch; what it raises ends the writing, and no file is left.
    Raises Unwritable when there is nothing to write or the format cannot hold it.
    """
    if format not in FORMATS or srid not in SRIDS or encoding not in ENCODINGS:
        raise ValueError(f"cannot write {format!r} in EPSG:{srid} and {encoding!r}")
    if format == GEOJSON and srid not in GEOGRAPHIC:
        raise Unwritable(_("GeoJSON 只能使用经纬度（RFC 7946），请选择 CGCS2000 或 WGS84 经纬度，或改用其他格式。"))
    path = Path(path)
    outgoing = Outgoing(batches, fields, srid, code_field, progress)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
        draft = Path(folder) / "draft"
        if format == TXT:
            with draft.open("wb") as file:
                write_txt(
                    file,
                    outgoing,
                    encoding=encoding,
                    name_field=name_field,
                    use_field=use_field,
                    class_field=class_field,
                    producer=producer,
                    dated=dated,
                )
        elif format == DXF:
            write_dxf(draft, outgoing, encoding=encoding)
        else:
            draft = _write_by_gdal(Path(folder), outgoing, format, safe_name(layer_name), encoding, dated or _UNDATED)
        if not outgoing.count:
            raise Unwritable(_("没有要素可导出。"))
        os.replace(draft, path)
    return Written(outgoing.count, outgoing.sentences())


def _write_by_gdal(
    folder: Path, outgoing: Outgoing, format: str, layer_name: str, encoding: str, dated: dt.date
) -> Path:
    """Write through GDAL and return the one file that came of it."""
    columns = [_Column(field, format, encoding, outgoing) for field in outgoing.fields]
    schema = pa.schema([pa.field(_GEOMETRY, pa.binary()), *(column.arrow for column in columns)])

    # GDAL asks for batches from C, where an exception loses its type and its words.
    failures: list[Exception] = []

    def records() -> Iterator[pa.RecordBatch]:
        try:
            for batch in outgoing.projected():
                arrays = [pa.array(shapely.to_wkb(batch.geometry), pa.binary())]
                arrays += [column.array(batch.columns[column.field.name]) for column in columns]
                yield pa.record_batch(arrays, schema=schema)
        except Exception as failure:
            failures.append(failure)
            raise

    unpacked = folder / "unpacked"
    unpacked.mkdir()
    target = unpacked / f"{layer_name}.{format}"
    options: dict[str, Any] = {}
    if format == SHP:
        options = {"encoding": encoding.upper(), "DBF_DATE_LAST_UPDATE": dated.isoformat()}
    elif format == GEOJSON:
        options = {"COORDINATE_PRECISION": str(_GEOJSON_DECIMALS)}
    with _dated(dated):
        try:
            pyogrio.write_arrow(
                pa.RecordBatchReader.from_batches(schema, records()),
                target,
                layer=layer_name,
                driver=DRIVERS[format],
                geometry_name=_GEOMETRY,
                geometry_type="MultiPolygon",
                crs=f"EPSG:{outgoing.srid}",
                **options,
            )
        finally:
            if failures:
                raise failures[0]
    if format in (GPKG, GEOJSON):
        return target
    draft = folder / "draft"
    _pack(unpacked, draft, dated)
    return draft


@contextmanager
def _dated(day: dt.date) -> Iterator[None]:
    """Let GDAL stamp GeoPackages with `day`, so that equal layers give equal bytes."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{day.isoformat()}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _pack(folder: Path, archive: Path, day: dt.date) -> None:
    """Zip what is in `folder`, in the order of names, every entry dated `day`."""
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(
                file.relative_to(folder).as_posix(), (max(day.year, 1980), day.month, day.day, 0, 0, 0)
            )
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            with file.open("rb") as source, packed.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, 1 << 20)


class _Column:
    """One attribute on its way into Arrow: named and typed as `format` can hold it."""

    def __init__(self, field: Field, format: str, encoding: str, outgoing: Outgoing) -> None:
        self.field = field
        self._outgoing = outgoing
        self._dbf = format == SHP
        self._encoding = encoding
        self._width = min(_DBF_TEXT, field.width * _DBF_BYTES[encoding])
        metadata = {"GDAL:OGR:alternative_name": field.label}
        if self._dbf and field.type == "text":
            metadata = {"GDAL:OGR:width": str(self._width)}
        self.arrow = pa.field(field.dbf_name if self._dbf else field.name, self._type(format), metadata=metadata)

    def _type(self, format: str) -> pa.DataType:
        # File geodatabases before ArcGIS Pro 3.2 know neither 64-bit integers, plain dates nor booleans.
        if format == GDB and self.field.type == "integer":
            return pa.int32() if self.field.width <= _INT32_DIGITS else pa.float64()
        if format == GDB and self.field.type in _IN_GDB:
            return _IN_GDB[self.field.type]
        return _TYPES[self.field.type]

    def array(self, values: Sequence[Any]) -> pa.Array:
        """`values` as an Arrow array; None is null."""
        if self.field.type == "text":
            written = [None if value is None else str(value) for value in values]
            return pa.array(self._fitted(written) if self._dbf else written, pa.string())
        if self.field.type == "real":
            values = [None if value is None else float(value) for value in values]
        return pa.array(values, _TYPES[self.field.type]).cast(self.arrow.type)

    def _fitted(self, values: list[str | None]) -> list[str | None]:
        """Texts that fit the DBF column: within its bytes, cut between characters, and in its encoding."""
        joined = "".join(texts(values))
        if joined.isascii() and max(map(len, texts(values)), default=0) <= self._width:
            return values
        return [value if value is None else self._fit(value) for value in values]

    def _fit(self, value: str) -> str:
        encoded = value.encode(self._encoding, "replace")
        kept = encoded[: self._width].decode(self._encoding, "ignore")
        if kept == value:
            return value
        if self.field.name == self._outgoing.code_field:
            raise Unwritable(
                _("编号“%(code)s”超出 DBF 字段能保存的长度或编码，请改用其他格式或编码。") % {"code": value}
            )
        if len(encoded) > self._width:
            sentence = _("字段“%(label)s”有 %(count)s 条超过 DBF 的 %(width)s 字节，已截短。")
        else:
            sentence = _("字段“%(label)s”有 %(count)s 条含有 GBK 没有的字，已写成“?”。")
        self._outgoing.losses[sentence, self.field.label, self._width] += 1
        return kept
