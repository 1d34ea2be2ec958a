"""Real exchange files for tests, written byte by byte or by GDAL; places lie in Nanhai unless a test says otherwise."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from pyproj import Transformer

WEST, SOUTH = 113.0, 23.05


def plots(number: int = 3) -> list[shapely.Polygon]:
    """Squares of 0.002° in a row, lon/lat."""
    return [shapely.box(WEST + 0.003 * i, SOUTH, WEST + 0.003 * i + 0.002, SOUTH + 0.002) for i in range(number)]


def dense(vertices: int) -> shapely.Polygon:
    """A circle of so many vertices."""
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    return shapely.Polygon(np.column_stack((WEST + 0.01 * np.cos(angle), SOUTH + 0.01 * np.sin(angle))))


def turned(shapes: list[Any], srid: int, *, swapped: bool = False) -> list[Any]:
    """The shapes in `srid`, easting first, or northing first when `swapped`."""
    to = Transformer.from_crs(4490, srid, always_xy=True).transform
    flat = [shapely.transform(shape, to, interleaved=False) for shape in shapes]
    return [shapely.transform(shape, lambda x, y: (y, x), interleaved=False) for shape in flat] if swapped else flat


def write(
    path: Path,
    shapes: list[Any],
    *,
    driver: str,
    srid: int | None = 4490,
    columns: dict[str, list[Any]] | None = None,
    kind: str = "Polygon",
    **options: Any,
) -> Path:
    """Write a layer with GDAL, without a .prj when `srid` is None; `columns` defaults to codes P1, P2 …"""
    columns = columns or {"code": [f"P{number}" for number in range(1, len(shapes) + 1)]}
    table = pa.table({**columns, "geometry": pa.array([shapely.to_wkb(shape) for shape in shapes], pa.binary())})
    pyogrio.write_arrow(
        table,
        path,
        driver=driver,
        geometry_name="geometry",
        geometry_type=kind,
        crs=f"EPSG:{srid or 4490}",
        **options,
    )
    if srid is None:
        path.with_suffix(".prj").unlink()
    return path


def shapefile(folder: Path, shapes: list[Any], *, name: str = "plots", **facts: Any) -> Path:
    """A shapefile set in `folder`; the path of its .shp."""
    folder.mkdir(parents=True, exist_ok=True)
    return write(folder / f"{name}.shp", shapes, driver="ESRI Shapefile", **facts)


def zipped(path: Path, members: dict[str, Path | bytes]) -> Path:
    """A zip of `members`, by the names given."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content if isinstance(content, bytes) else content.read_bytes())
    return path


def parts(shp: Path, *, without: tuple[str, ...] = ()) -> dict[str, Path | bytes]:
    """The files of a shapefile set by their names, some left out."""
    return {each.name: each for each in sorted(shp.parent.glob(f"{shp.stem}.*")) if each.suffix not in without}


def geojson(path: Path, geometries: list[Any], *, encoding: str = "utf-8", **members: Any) -> Path:
    """A FeatureCollection of raw GeoJSON geometries (or shapely ones), each with a code and a Chinese name."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": f"P{number}", "name": "狮山镇"},
            "geometry": each if each is None or isinstance(each, dict) else json.loads(shapely.to_geojson(each)),
        }
        for number, each in enumerate(geometries, 1)
    ]
    content = {"type": "FeatureCollection", **members, "features": features}
    path.write_bytes(json.dumps(content, ensure_ascii=False).encode(encoding))
    return path


def by_ogr2ogr(path: Path, wkt: list[str], *arguments: str) -> Path:
    """A file written by ogr2ogr from WKT rows, for what our own libraries cannot write (arcs, Z, M)."""
    rows = path.with_suffix(".rows.csv")
    rows.write_text("code,wkt\n" + "".join(f'P{n},"{each}"\n' for n, each in enumerate(wkt, 1)), encoding="utf-8")
    command = ["ogr2ogr", *arguments, str(path), str(rows), "-oo", "GEOM_POSSIBLE_NAMES=wkt"]
    subprocess.run(command, check=True, capture_output=True)
    return path


def dxf(path: Path, entities: str, *, encoding: str = "utf-8", version: str = "AC1021") -> Path:
    """A DXF drawing of raw entities, given as one line a pair: ``code value``."""
    header = f"0 SECTION\n2 HEADER\n9 $ACADVER\n1 {version}\n0 ENDSEC\n0 SECTION\n2 ENTITIES\n"
    pairs = (header + entities.strip() + "\n0 ENDSEC\n0 EOF").splitlines()
    lines = [part for pair in pairs for part in pair.strip().split(" ", 1)]
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def polyline(layer: str, vertices: list[tuple[float, float]], *, closed: bool = True, bulge: float = 0) -> str:
    """An LWPOLYLINE as `dxf` takes it; `bulge` bends its first segment."""
    head = (
        f"0 LWPOLYLINE\n5 {abs(hash((layer, vertices[0]))) % 0xFFFF:X}\n100 AcDbEntity\n8 {layer}\n100 AcDbPolyline\n"
    )
    rows = [f"10 {x}\n20 {y}" + (f"\n42 {bulge}" if bulge and not n else "") for n, (x, y) in enumerate(vertices)]
    return head + f"90 {len(vertices)}\n70 {int(closed)}\n" + "\n".join(rows) + "\n"
