"""What is exported in any format, coordinate system and encoding comes back: within a millimetre, under its code."""

import datetime as dt

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from core.geodata.exchange import writing
from core.geodata.exchange.reading import read
from core.geodata.exchange.writing import Batch, Field, write

COUNT = 120
FIELDS = [
    Field("code", "ZDDM", "宗地代码", width=40),
    Field("name", "ZDMC", "地块名称", width=60),
    Field("area_m2", "MJ", "面积", "real"),
    Field("year", "ND", "年度", "integer", width=4),
]
CODE_AS_READ = {"shp": "ZDDM", "dxf": "Layer", "txt": "编号"}
NAME_AS_READ = {"shp": "ZDMC", "txt": "名称"}
CHOICES = [
    (format, srid, encoding)
    for format in writing.FORMATS
    for srid in (4490, 4326, 4526, 4525, 4547, 4546)
    for encoding in ("gbk", "utf-8")
    if not (format == "geojson" and srid not in (4490, 4326))
    and not (format == "txt" and srid in (4490, 4326))
    and not (format in ("gpkg", "geojson", "gdb") and encoding == "gbk")
]


def ground(seed):
    """Plots around Foshan: crooked, some with a hole, some in two parts, some tiny; EPSG:4490."""
    rng = np.random.default_rng(seed)
    shapes = []
    for n in range(COUNT):
        # West of 112.5° is zone 37's own ground; both planes must serve either side.
        x, y = 112.40 + 0.008 * (n % 12), 22.9 + 0.004 * (n // 12)
        corners = rng.integers(3, 40)
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        reach = rng.uniform(0.6, 1, corners) * (0.0012 if n % 10 else 0.00002)
        shape = shapely.Polygon(np.column_stack((x + reach * np.cos(angle), y + reach * np.sin(angle))))
        if n % 3 == 0 and n % 10:
            shape -= shapely.box(x - 1e-4, y - 1e-4, x + 1e-4, y + 1e-4)
        if n % 4 == 0:
            shape |= shapely.box(x + 0.002, y, x + 0.0025, y + 0.0007)
        shapes.append(shape)
    return np.array(shapes, dtype=object)


@pytest.mark.parametrize(("format", "srid", "encoding"), CHOICES)
def test_every_feature_comes_back_under_its_code_within_a_millimetre(tmp_path, format, srid, encoding):
    geometry = ground(srid)
    columns = {
        "code": [f"佛山-{n:04d}" for n in range(COUNT)],
        "name": [f"狮山镇“示例”{n}号／地块" for n in range(COUNT)],
        "area_m2": [n / 7 for n in range(COUNT)],
        "year": [2000 + n for n in range(COUNT)],
    }
    path = tmp_path / f"layer{writing.SUFFIXES[format]}"
    half = COUNT // 2
    written = write(
        path,
        format=format,
        batches=[
            Batch(geometry[part], {name: values[part] for name, values in columns.items()})
            for part in (slice(half), slice(half, None))
        ],
        fields=FIELDS,
        layer_name="宗地",
        code_field="code",
        name_field="name",
        srid=srid,
        encoding=encoding,
        dated=dt.date(2026, 11, 22),
    )
    assert (written.count, written.losses) == (COUNT, [])

    # CAD drawings do not say where they are, and degrees, zone or none all look like numbers.
    reading = read(path, srid=srid if format == "dxf" else None)
    assert [remark for remark in reading.remarks if remark.severity == "error"] == []
    attributes = reading.attributes.to_pydict()
    assert attributes[CODE_AS_READ.get(format, "code")] == columns["code"]
    if format != "dxf":
        assert attributes[NAME_AS_READ.get(format, "name")] == columns["name"]
    if format not in ("dxf", "txt"):
        assert [int(each) for each in attributes[FIELDS[3].dbf_name if format == "shp" else "year"]] == columns["year"]
        area = attributes[FIELDS[2].dbf_name if format == "shp" else "area_m2"]
        assert area == pytest.approx(columns["area_m2"], abs=1e-12)

    plane = Transformer.from_crs(4490, 4547, always_xy=True)

    def metres(shapes):
        return shapely.transform(shapes, lambda xy: np.column_stack(plane.transform(xy[:, 0], xy[:, 1])))

    before, after = metres(geometry), metres(reading.geometry)
    assert shapely.get_num_coordinates(after).tolist() == shapely.get_num_coordinates(before).tolist()
    assert max(farthest(*pair) for pair in zip(before, after, strict=True)) < 0.001
    assert all(map(same_rings, geometry, reading.geometry))


def farthest(before, after):
    """The greatest distance from a vertex of one geometry to the nearest vertex of the other, both ways, metres."""
    one, other = (shapely.multipoints(shapely.get_coordinates(each)) for each in (before, after))
    return shapely.hausdorff_distance(one, other)


def same_rings(before, after):
    """Whether two geometries have as many parts, and parts as many holes, in any order."""
    return sorted(map(shapely.get_num_interior_rings, shapely.get_parts(before).tolist())) == sorted(
        map(shapely.get_num_interior_rings, shapely.get_parts(after).tolist())
    )
