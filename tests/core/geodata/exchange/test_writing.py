"""What each format holds, what it refuses, and that a file is there whole or not at all."""

import datetime as dt
import zipfile
from decimal import Decimal

import numpy as np
import pyogrio
import pytest
import shapely

from core.geodata.exchange import writing
from core.geodata.exchange.writing import Batch, Field, Unwritable, write

FIELDS = [
    Field("code", "ZDDM", "宗地代码", width=19),
    Field("location", "ZL", "坐落", width=60),
    Field("use_code", "DLBM", "地类编码", width=6),
    Field("area_m2", "MJ", "面积", "real"),
    Field("floors", "CS", "层数", "integer", width=3),
    Field("rent_cny", "ZJ", "租金", "integer", width=15),
    Field("valid_from", "SXRQ", "生效日期", "date"),
    Field("is_m0", "M0", "新型产业用地", "boolean"),
]
SQUARE = shapely.box(113.0, 23.0, 113.001, 23.001)
HOLED = SQUARE - shapely.box(113.0002, 23.0002, 113.0004, 23.0004)


def batch(*geometry, **columns):
    count = len(geometry)
    facts = {
        "code": [f"440605001001GB{n:05d}" for n in range(count)],
        "location": ["佛山市南海区示例路 1 号"] * count,
        "use_code": ["100102"] * count,
        "area_m2": [Decimal("11357.25")] * count,
        "floors": [3] * count,
        "rent_cny": [12_345_678_901] * count,
        "valid_from": [dt.date(2022, 4, 1)] * count,
        "is_m0": [True] * count,
    }
    return Batch(np.array(geometry, dtype=object), {**facts, **columns})


def put(path, format, *batches, **options):
    facts = {"layer_name": "宗地", "code_field": "code", "fields": FIELDS, "dated": dt.date(2026, 11, 22), **options}
    return write(path, format=format, batches=batches, **facts)


def table(path):
    meta, _fids, geometry, values = pyogrio.raw.read(path)
    return {**dict(zip(meta["fields"], values, strict=True)), "geometry": shapely.from_wkb(geometry)}


@pytest.mark.parametrize("format", writing.FORMATS)
def test_a_file_appears_whole_or_not_at_all(tmp_path, format):
    path = tmp_path / "out"
    srid = 4490 if format == "geojson" else 4526

    def cancelled(count):
        raise KeyError("cancelled")

    with pytest.raises(KeyError, match="cancelled"):
        put(path, format, batch(SQUARE), batch(SQUARE), srid=srid, progress=cancelled)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Unwritable, match="没有面"):
        put(path, format, batch(SQUARE, shapely.Point(113, 23)), srid=srid)
    with pytest.raises(Unwritable, match="没有要素"):
        put(path, format, srid=srid)
    assert list(tmp_path.iterdir()) == []
    told = []
    assert put(path, format, batch(SQUARE), batch(HOLED), srid=srid, progress=told.append).count == 2
    assert told == [1, 2]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("format", [each for each in writing.FORMATS if each != "gdb"])
def test_the_same_features_give_the_same_bytes(tmp_path, format):
    srid = 4490 if format == "geojson" else 4526
    for name in ("a", "b"):
        put(tmp_path / name, format, batch(SQUARE, HOLED), srid=srid)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("format", ["gpkg", "gdb", "geojson"])
def test_names_types_and_nulls_survive_where_the_format_has_them(tmp_path, format):
    path = tmp_path / f"out{writing.SUFFIXES[format]}"
    nothing = {field.name: [None] for field in FIELDS if field.name != "code"}
    put(path, format, batch(SQUARE), batch(HOLED, **nothing))
    read = table(path)
    assert list(read) == [*(field.name for field in FIELDS), "geometry"]
    assert read["location"].tolist() == ["佛山市南海区示例路 1 号", None]
    assert read["area_m2"][0] == 11357.25
    assert (read["floors"][0], read["rent_cny"][0], read["is_m0"][0]) == (3, 12_345_678_901, 1)
    assert str(read["valid_from"][0])[:10] == "2022-04-01"
    assert np.isnan(read["area_m2"][1])
    assert str(read["valid_from"][1]) == "NaT"


@pytest.mark.parametrize(("encoding", "label"), [("gbk", b"GBK"), ("utf-8", b"UTF-8")])
def test_a_shapefile_is_five_files_with_short_names_in_the_encoding_asked_for(tmp_path, encoding, label):
    path = tmp_path / "out.zip"
    put(path, "shp", batch(SQUARE), srid=4526, encoding=encoding)
    with zipfile.ZipFile(path) as packed:
        assert packed.namelist() == [f"宗地.{end}" for end in ("cpg", "dbf", "prj", "shp", "shx")]
        assert packed.read("宗地.cpg") == label
        assert "佛山市南海区".encode(encoding) in packed.read("宗地.dbf")
        assert b"CGCS2000_3_Degree_GK_Zone_38" in packed.read("宗地.prj")
        assert {entry.date_time[:3] for entry in packed.infolist()} == {(2026, 11, 22)}
    read = table(path)
    assert list(read) == [*(field.dbf_name for field in FIELDS), "geometry"]
    assert read["ZL"].tolist() == ["佛山市南海区示例路 1 号"]
    assert (read["MJ"][0], read["ZJ"][0], str(read["SXRQ"][0])) == (11357.25, 12_345_678_901, "2022-04-01")


def test_what_a_dbf_cannot_hold_is_cut_between_characters_and_told(tmp_path):
    fields = [FIELDS[0], Field("location", "ZL", "坐落", width=200)]
    places = ["长" * 200, "𠮷祥路", "甲乙"]
    written = put(
        tmp_path / "out.zip", "shp", batch(SQUARE, SQUARE, SQUARE, location=places), fields=fields, encoding="gbk"
    )
    assert table(tmp_path / "out.zip")["ZL"].tolist() == ["长" * 127, "?祥路", "甲乙"]
    assert len(written.losses) == 2
    assert "1 条超过 DBF 的 254 字节" in written.losses[0]
    assert "1 条含有 GBK 没有的字" in written.losses[1]
    assert put(tmp_path / "out.gpkg", "gpkg", batch(SQUARE, SQUARE, SQUARE, location=places)).losses == []


@pytest.mark.parametrize(
    ("format", "code"),
    [("shp", "长" * 40), ("txt", "甲,乙"), ("txt", ""), ("dxf", "a/b"), ("dxf", "0"), ("dxf", "𠮷"), ("shp", "𠮷")],
)
def test_a_code_that_would_not_survive_refuses_the_whole_file(tmp_path, format, code):
    with pytest.raises(Unwritable, match="编号"):
        put(tmp_path / "out", format, batch(SQUARE, code=[code]), srid=4526, encoding="gbk")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("format", "srid"), [("geojson", 4526), ("geojson", 4547), ("txt", 4490), ("txt", 4326)])
def test_a_coordinate_system_the_format_does_not_know_is_refused_with_a_way_out(tmp_path, format, srid):
    with pytest.raises(Unwritable, match="请选择"):
        put(tmp_path / "out", format, batch(SQUARE), srid=srid)


def test_what_nobody_offers_is_a_mistake_of_the_caller(tmp_path):
    for options in ({"format": "kml"}, {"format": "shp", "srid": 3857}, {"format": "shp", "encoding": "big5"}):
        with pytest.raises(ValueError, match="cannot write"):
            put(tmp_path / "out", options.pop("format"), batch(SQUARE), **options)
    with pytest.raises(ValueError, match="DBF"):
        Field("location", "坐落", "坐落")


def test_geojson_runs_counter_clockwise_and_loses_less_than_a_billionth_of_a_degree(tmp_path):
    path = tmp_path / "out.geojson"
    fine = shapely.affinity.translate(shapely.reverse(HOLED), 1.23456789e-7, 9.87654321e-8)
    put(path, "geojson", batch(fine))
    (read,) = table(path)["geometry"]
    assert read.geoms[0].exterior.is_ccw
    assert shapely.hausdorff_distance(read, fine) < 1e-11
    assert "CRS84" not in path.read_text(encoding="utf-8")
    put(path, "geojson", batch(fine), srid=4326)
    assert "CRS84" in path.read_text(encoding="utf-8")


def test_a_txt_is_what_an_office_expects_line_by_line(tmp_path):
    path = tmp_path / "out.txt"
    put(
        path,
        "txt",
        batch(HOLED, location=["示例路 1 号,东侧"]),
        srid=4526,
        encoding="gbk",
        name_field="location",
        class_field="use_code",
        producer="佛山市自然资源局",
    )
    text = path.read_bytes().decode("gbk")
    assert text.count("\n") == text.count("\r\n")
    lines = text.splitlines()
    assert lines[:12] == [
        "[属性描述]",
        "格式版本号=1.01版本",
        "数据产生单位=佛山市自然资源局",
        "数据产生日期=2026-11-22",
        "坐标系=2000国家大地坐标系",
        "几度分带=3",
        "投影类型=高斯克吕格",
        "计量单位=米",
        "带号=38",
        "精度=0.001",
        "转换参数=0,0,0,0,0,0,0",
        "[地块坐标]",
    ]
    count, area, *rest = lines[12].split(",")
    assert (count, rest) == ("10", ["440605001001GB00000", "示例路 1 号，东侧", "面", "", "", "100102", "@"])
    assert float(area) == pytest.approx(1.0906, abs=5e-4)
    assert len(area.partition(".")[2]) == 4
    rows = [line.split(",") for line in lines[13:]]
    assert [row[0] for row in rows] == ["J1", "J2", "J3", "J4", "J1", "J5", "J6", "J7", "J8", "J5"]
    assert [row[1] for row in rows] == ["1"] * 5 + ["2"] * 5
    assert rows[0][2:] == rows[4][2:]
    north, east = [float(row[2]) for row in rows], [float(row[3]) for row in rows]
    assert all(2_540_000 < value < 2_550_000 for value in north)
    assert all(38_390_000 < value < 38_400_000 for value in east)
    # From the north-west corner, clockwise: first eastwards.
    assert east[1] > east[0] + 90
    assert north[2] < north[1] - 90


def test_bare_eastings_still_name_their_zone_in_the_header(tmp_path):
    for srid, zone in ((4546, "37"), (4547, "38")):
        put(tmp_path / "out.txt", "txt", batch(SQUARE), srid=srid)
        lines = (tmp_path / "out.txt").read_text(encoding="utf-8").splitlines()
        assert f"带号={zone}" in lines
        assert float(lines[13].split(",")[3]) < 1_000_000


def test_a_dxf_holds_a_feature_in_one_hatch_on_the_layer_of_its_code(tmp_path):
    path = tmp_path / "out.dxf"
    two = shapely.MultiPolygon([HOLED, shapely.affinity.translate(SQUARE, 0.01)])
    put(path, "dxf", batch(two, SQUARE, code=["FS-NH-07", "佛山-1"]), srid=4526, encoding="gbk")
    read = table(path)
    assert read["Layer"].tolist() == ["FS-NH-07", "佛山-1"]
    assert [len(part.interiors) for part in read["geometry"][0].geoms] == [1, 0]
