"""A 国土 TXT as a layer: its plots turned into longitude and latitude, its notes into remarks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from core.geodata.crs import CGCS2000
from core.geodata.exchange import txt
from core.geodata.exchange.crs_detection import Identified, guess, to_lonlat
from core.geodata.exchange.encoding import Encoding
from core.geodata.exchange.formats import TXT, Limits, Remark
from core.geodata.exchange.judging import place
from core.geodata.exchange.layers import Choice, Source, describe, finite, judged

SAMPLE = 8


def open_txt(choice: Choice, names: list[str], asked_encoding: str | None, srid: int | None, limits: Limits) -> Source:
    """Open a TXT; raises txt.TxtUnreadable, which is an Unreadable.

    `srid` is asked for plots without zone prefix. Plots may lie in different zones; each is turned from its own.
    """
    file = txt.parse(
        choice.candidate.path.read_bytes(),
        encoding=asked_encoding,
        srid=srid,
        max_plots=limits.features,
        max_points=limits.vertices,
    )
    bare = [plot.geometry for plot in file.plots if plot.srid is None and plot.geometry is not None]
    found = guess(shapely.get_coordinates(bare)) if bare else None
    landed = found.srid if found and found.inside and not found.swapped else None
    srids = [plot.srid or landed for plot in file.plots]
    known = {each for each, plot in zip(srids, file.plots, strict=True) if plot.geometry is not None}
    geometry = np.array(
        [_turned(plot.geometry, each) for plot, each in zip(file.plots, srids, strict=True)], dtype=object
    )
    columns = _columns(file.plots)
    unknown = None in known or not known
    return Source(
        format=TXT,
        layers=names,
        layer=choice.name,
        encoding=Encoding(file.encoding, file.encoding_sure, _sample(file), []),
        crs=None if unknown else Identified(CGCS2000, ""),
        crs_source="unknown" if unknown else "coordinates" if file.srid is None else file.srid_source,
        count=len(file.plots),
        fields=describe(columns),
        sample=shapely.get_coordinates(geometry),
        bounds=finite(shapely.total_bounds(geometry)) if len(geometry) else None,
        batches=lambda judge: judged(geometry, columns, judge),
        remarks=[_remark(note, srids) for note in file.notes],
        turned_from=None if unknown else file.srid or next(iter(known)),
    )


def _turned(geometry: Any, srid: int | None) -> Any:
    if geometry is None or srid is None:
        return geometry
    return shapely.transform(geometry, lambda coordinates: to_lonlat(coordinates, srid))


def _columns(plots: list[txt.TxtPlot]) -> pa.Table:
    return pa.table(
        {
            "编号": pa.array([plot.code for plot in plots], pa.string()),
            "名称": pa.array([plot.name for plot in plots], pa.string()),
            "用途": pa.array([plot.use for plot in plots], pa.string()),
            "地类编码": pa.array([plot.land_class for plot in plots], pa.string()),
            "图幅号": pa.array([plot.sheet for plot in plots], pa.string()),
            "面积公顷": pa.array([plot.declared_ha for plot in plots], pa.float64()),
            "界址点数": pa.array([plot.points_declared for plot in plots], pa.int64()),
        }
    )


def _sample(file: txt.TxtFile) -> list[str]:
    texts = [text for plot in file.plots for text in (plot.name, plot.code, plot.use)] + list(file.header.values())
    return list(dict.fromkeys(text for text in texts if text and not text.isascii()))[:SAMPLE]


def _remark(note: txt.Note, srids: list[int | None]) -> Remark:
    srid = srids[note.plot] if note.plot is not None else next((each for each in srids if each), None)
    lon, lat = None, None
    if srid and note.east is not None and note.north is not None:
        lon, lat = place(to_lonlat(np.array([[note.east, note.north]]), srid)[0])
    return Remark(
        note.kind,
        note.message,
        note.severity,
        feature=None if note.plot is None else note.plot + 1,
        lon=lon,
        lat=lat,
        measured=note.measured,
        required=note.required,
    )
