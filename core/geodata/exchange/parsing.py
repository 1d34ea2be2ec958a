"""What the reading process does: open the file, settle its coordinate system, write its rows as Arrow columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.utils.translation import gettext as _

from core.geodata.crs import CGCS2000, WEB_MERCATOR
from core.geodata.exchange import crs_detection
from core.geodata.exchange.crs_detection import UTM_49N, WGS84, guess, refusal, require_accepted, to_lonlat
from core.geodata.exchange.dxf_reading import open_drawing
from core.geodata.exchange.encoding import known
from core.geodata.exchange.formats import DXF, ERROR, GEOJSON, NOTE, TXT, WARNING, Detected, Limits, Remark, Unreadable
from core.geodata.exchange.intake import take_in
from core.geodata.exchange.judging import Judge, Remarks
from core.geodata.exchange.layers import Choice, Source, choices, choose, open_layer
from core.geodata.exchange.txt_source import open_txt

GEOMETRY = "__wkb"
"""Name of the last column of the rows written: WKB in EPSG:4490."""


def parse(
    path: Path,
    *,
    scratch: Path,
    layer: str | None,
    srid: int | None,
    encoding: str | None,
    limits: Limits,
    rows_into: Path | None,
    progress: Callable[[int, int], None],
) -> tuple[Detected, list[Remark]]:
    """Detect what `path` is and, when `rows_into` is given, write its rows there (Arrow IPC stream, one batch a block).

    Raises Unreadable with the sentence for the person, and RuntimeError or pyarrow's errors for broken content.
    """
    asked_srid = require_accepted(srid) if srid else None
    asked_encoding = known(encoding) if encoding else None
    intake = take_in(path, scratch, limits)
    found = choices(intake.candidates)
    names = [choice.name for choice in found]
    choice = choose(found, layer)
    if choice is None:
        return _undecided(intake.candidates[0].format, names, reading=rows_into is not None), []
    source = _open(choice, names, asked_srid, asked_encoding, limits)
    if len(found) > 1 and not layer:
        sentence = _("只读取含面要素的图层“%(name)s”。") % {"name": choice.name}
        source.remarks.append(Remark("other_layers", sentence, NOTE))
    settled, settled_by = _settle(source, asked_srid)
    source.remarks[:0] = intake.remarks
    if rows_into is None:
        return _detected(source, settled, settled_by), []
    if settled is None:
        raise Unreadable(_("文件没有说明坐标系，从坐标也判断不出：请指定坐标系（如 EPSG:4526、4547、4490）后再导入。"))
    remarks = Remarks(limits.remarks_per_kind)
    judge = Judge(CGCS2000 if source.turned_from else settled, limits, remarks)
    _write(source, judge, rows_into, progress)
    judge.finish()
    detected = _detected(source, settled, settled_by, judge)
    return detected, [*detected.warnings, *remarks.all()]


def _open(choice: Choice, names: list[str], srid: int | None, encoding: str | None, limits: Limits) -> Source:
    if choice.candidate.format == TXT:
        return open_txt(choice, names, encoding, srid, limits)
    if choice.candidate.format == DXF:
        return open_drawing(choice, names, encoding, limits)
    return open_layer(choice, names, encoding, limits)


def _undecided(kind: str, names: list[str], *, reading: bool) -> Detected:
    sentence = _("文件里有多个图层（%(layers)s）：请指定要导入哪一个。") % {"layers": "、".join(names[:20])}
    if reading:
        raise Unreadable(sentence)
    warning = Remark("several_layers", sentence, WARNING)
    return Detected(kind, names, "", "", False, [], None, "unknown", 0, [], None, [warning])


def _settle(source: Source, asked: int | None) -> tuple[int | None, str]:
    """The file's coordinate system and who says so; adds remarks to `source`. Unreadable for a refused one."""
    if source.turned_from:
        return source.turned_from, source.crs_source
    declared = source.crs
    if asked:
        if declared and declared.srid != asked and source.format != GEOJSON:
            source.remarks.append(
                Remark(
                    "crs_overridden",
                    _("文件写明的坐标系是 %(name)s，已按指定的 EPSG:%(srid)s 读取。")
                    % {"name": declared.name, "srid": asked},
                    WARNING,
                )
            )
        return asked, "asked"
    if declared is None:
        return _by_coordinates(source)
    if declared.srid is None:
        raise Unreadable(refusal(declared.name))
    if declared.srid in {WGS84, WEB_MERCATOR, UTM_49N}:
        # What RFC 7946 prescribes is no surprise worth a warning.
        severity = NOTE if source.format == GEOJSON and declared.srid == WGS84 else WARNING
        source.remarks.append(
            Remark(
                "wgs84",
                _("坐标系是 %(name)s，按与 CGCS2000 相同处理（相差在厘米级）。") % {"name": declared.name},
                severity,
            )
        )
    return declared.srid, source.crs_source


def _by_coordinates(source: Source) -> tuple[int | None, str]:
    found = guess(source.sample)
    if found.srid is None:
        if source.count:
            source.remarks.append(
                Remark("crs_unknown", _("文件没有说明坐标系，从坐标也判断不出：请指定坐标系。"), WARNING)
            )
            return None, "unknown"
        return CGCS2000, "coordinates"
    source.remarks.append(
        Remark(
            "crs_guessed",
            _("文件没有说明坐标系，按坐标数值判断为 EPSG:%(srid)s：请核对。") % {"srid": found.srid},
            WARNING,
        )
    )
    return found.srid, "coordinates"


def _detected(source: Source, srid: int | None, srid_source: str, judge: Judge | None = None) -> Detected:
    turn = CGCS2000 if source.turned_from else srid
    bounds = _turned_bounds(source.bounds, turn)
    warnings = [*source.remarks]
    if judge is None and turn is not None and len(source.sample):
        warnings += _misplaced(source, turn)
    if judge is not None:
        bounds = (judge.bounds[0], judge.bounds[1], judge.bounds[2], judge.bounds[3])
    return Detected(
        format=source.format,
        layers=source.layers,
        layer=source.layer,
        encoding=source.encoding.name,
        encoding_sure=source.encoding.sure,
        encoding_sample=source.encoding.sample,
        srid=srid,
        srid_source=srid_source,
        count=source.count,
        fields=source.fields,
        bounds=bounds if bounds and np.isfinite(bounds).all() else None,
        warnings=warnings,
    )


def _turned_bounds(
    bounds: tuple[float, float, float, float] | None, srid: int | None
) -> tuple[float, float, float, float] | None:
    if bounds is None or srid is None:
        return None
    west, south, east, north = bounds
    corners = to_lonlat(np.array([[west, south], [west, north], [east, south], [east, north]]), srid)
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    return float(west), float(south), float(east), float(north)


def _misplaced(source: Source, srid: int) -> list[Remark]:
    """A warning for the preview when the first rows, read in `srid`, lie outside the city."""
    middle = np.nanmedian(source.sample, axis=0)[None, :]
    if crs_detection.inside(to_lonlat(middle, srid)).all():
        return []
    if crs_detection.inside(to_lonlat(middle[:, ::-1], srid)).all():
        return [Remark("swapped_axes", _("X、Y 颠倒（先北后东）：请在源文件中对调两列坐标后重新导入。"), ERROR)]
    return [Remark("outside_city", _("图形不在本市范围内：请核对坐标系、带号和数据所属城市。"), ERROR)]


def _write(source: Source, judge: Judge, target: Path, progress: Callable[[int, int], None]) -> None:
    writer: Any = None
    with pa.OSFile(str(target), "wb") as sink:
        for column, columns in source.batches(judge):
            # A table without columns has no rows to append to.
            table = columns.append_column(GEOMETRY, column) if columns.num_columns else pa.table({GEOMETRY: column})
            if writer is None:
                writer = pa.ipc.new_stream(sink, table.schema)
            writer.write_table(table)
            # Only now: whoever hears of the rows may read them.
            progress(judge.rows, max(source.count, judge.rows))
        if writer is None:
            writer = pa.ipc.new_stream(sink, pa.schema([(GEOMETRY, pa.binary())]))
        writer.close()
