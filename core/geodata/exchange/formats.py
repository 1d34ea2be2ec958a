"""What is said about an exchange file: its limits, what was found in it, and what is wrong with it.

Formats are named as the commands and pages name them: ``shp``, ``gpkg``, ``geojson``, ``gdb``, ``dxf``, ``txt``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.confined import Unreadable

__all__ = [
    "DRIVERS", "DXF", "ERROR", "GDB", "GEOJSON", "GIB", "GPKG", "LIMITS", "MIB", "NOTE", "SHP", "TXT", "WARNING",
    "Detected", "Field", "Limits", "Reading", "Remark", "Unreadable",
]  # fmt: skip

SHP, GPKG, GEOJSON, GDB, DXF, TXT = "shp", "gpkg", "geojson", "gdb", "dxf", "txt"

DRIVERS = {SHP: "ESRI Shapefile", GPKG: "GPKG", GEOJSON: "GeoJSON", GDB: "OpenFileGDB", DXF: "DXF"}
"""GDAL's drivers that may open an upload. Every other one is switched off in the reading process."""

ERROR, WARNING, NOTE = "error", "warning", "note"
"""Severities: the feature must not go in as it is; somebody should look; said for the record, no finding."""

MIB = 1024**2
GIB = 1024**3


@dataclass(frozen=True)
class Limits:
    """What one file may cost. Bytes, counts, seconds; a limit is the last value still accepted."""

    bytes: int = GIB
    unpacked_bytes: int = 4 * GIB
    ratio: int = 200
    """Unpacked over packed size, judged once an archive unpacks to more than `ratio_from_bytes`."""
    ratio_from_bytes: int = 32 * MIB
    entries: int = 2_000
    features: int = 3_000_000
    vertices: int = 40_000_000
    seconds: float = 600
    memory_bytes: int = 6 * GIB
    """Address space of the reading process."""
    remarks_per_kind: int = 1_000
    """Remarks of one kind told feature by feature; the rest is told once, as a number."""


LIMITS = Limits()


@dataclass(frozen=True)
class Field:
    """A column of the file: its name, its type (text, integer, real, boolean, date, datetime, binary) and a value."""

    name: str
    type: str
    sample: str


@dataclass(frozen=True)
class Remark:
    """Something about the file or one of its features that a person should know.

    `feature` is the row in the file, from 1; None speaks of the whole file. `lon`/`lat` are EPSG:4490 degrees
    of the place, None when there is none or the coordinate system is unknown.
    """

    kind: str
    message: str
    severity: str
    feature: str | int | None = None
    lon: float | None = None
    lat: float | None = None
    measured: float | None = None
    required: float | None = None


@dataclass(frozen=True)
class Detected:
    """What a file is, before anything is taken from it.

    `layer` is empty when the file holds several and none was asked for; everything after it is then empty too.
    `bounds` is (west, south, east, north) in EPSG:4490, None when the coordinate system is unknown or nothing
    is there. `srid_source` is prj (the file's own definition), header, coordinates, asked or unknown.
    """

    format: str
    layers: list[str]
    layer: str
    encoding: str
    encoding_sure: bool
    encoding_sample: list[str]
    srid: int | None
    srid_source: str
    count: int
    fields: list[Field]
    bounds: tuple[float, float, float, float] | None
    warnings: list[Remark]

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Detected:
        """The inverse of `dataclasses.asdict`, for what came out of the reading process."""
        return cls(
            **{
                **content,
                "fields": [Field(**each) for each in content["fields"]],
                "warnings": [Remark(**each) for each in content["warnings"]],
                "bounds": tuple(content["bounds"]) if content["bounds"] else None,
            }
        )


@dataclass
class Reading:
    """The features of a file, row by row in the file's order.

    `geometry`: Shapes (n,), which read like an object array of shapely (Multi)Polygons, EPSG:4490 lon/lat, 2D, as they
    lie in the file (validity is not judged here); None where there is none to use, and then a remark says why.
    `attributes`: pyarrow.Table of n rows, columns as named in the file. `numbers`: int64 array (n,), row in the
    file from 1. `remarks` holds those of `detected.warnings` too.
    """

    detected: Detected
    geometry: Any
    attributes: Any
    numbers: Any
    remarks: list[Remark] = field(default_factory=list)
