"""Bad files: one clear sentence, or a remark with its place. Never a traceback, never a hang."""

from __future__ import annotations

import sqlite3
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import shapely

from core import confined
from core.geodata.exchange.formats import ERROR, NOTE, WARNING, Limits, Reading, Unreadable
from core.geodata.exchange.reading import _environment, detect, read
from tests.core.geodata.exchange import making

SQUARE = [[113.0, 23.05], [113.002, 23.05], [113.002, 23.052], [113.0, 23.052], [113.0, 23.05]]


def polygon(*rings: list) -> dict:
    return {"type": "Polygon", "coordinates": list(rings)}


def refused(path: Path, words: str, *, way: Any = read, **choices: object) -> None:
    """The file is refused with one sentence that holds `words`."""
    with pytest.raises(Unreadable, match=words) as caught:
        way(path, **choices)
    assert caught.value.sentence.endswith("。")
    assert "Traceback" not in caught.value.sentence


def said(reading: Reading, feature: int | None = None) -> list[tuple[str, str]]:
    return [(each.kind, each.severity) for each in reading.remarks if feature is None or each.feature == feature]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nothing.gpkg"
    path.write_bytes(b"")
    refused(path, "0 字节")
    refused(path, "0 字节", way=detect)
    refused(tmp_path / "absent.gpkg", "找不到文件")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Rar!\x1a\x07\x00", "rar"),
        (b"AC1027" + bytes(100), "另存为 DXF"),
        (b"%PDF-1.7", "PDF"),
        (b"AutoCAD Binary DXF\r\n\x1a\0", "二进制 DXF"),
        (b"SQLite format 3\0" + bytes(84), "不是 GeoPackage"),
        (b"<kml><Placemark/></kml>", "XML"),
        (b"just a letter\nto the office\n", "认不出"),
        (bytes(range(256)) * 20, "认不出"),
    ],
)
def test_what_people_upload_by_mistake_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "upload.shp"
    path.write_bytes(content)
    refused(path, words)


def test_a_vrt_renamed_geojson_opens_nothing(tmp_path: Path) -> None:
    secret = making.write(tmp_path / "secret.gpkg", making.plots(), driver="GPKG")
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="s"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'
    path = tmp_path / "harmless.geojson"
    path.write_text(vrt)
    refused(path, "XML")
    refused(making.zipped(tmp_path / "harmless.zip", {"harmless.geojson": path}), "XML")


def test_a_geopackage_with_a_virtual_table_is_refused(tmp_path: Path) -> None:
    path = making.write(tmp_path / "plots.gpkg", making.plots(), driver="GPKG")
    with sqlite3.connect(path) as database:
        database.execute("pragma writable_schema = 1")
        database.execute(
            "insert into sqlite_master (type, name, tbl_name, rootpage, sql) values"
            " ('table', 'x', 'x', 0, 'CREATE VIRTUAL TABLE x USING VirtualOGR(''/etc/hosts'')')"
        )
    refused(path, "虚拟表")


def test_a_truncated_zip_and_a_truncated_geopackage_are_refused(tmp_path: Path) -> None:
    whole = making.zipped(tmp_path / "whole.zip", making.parts(making.shapefile(tmp_path / "s", making.plots())))
    path = tmp_path / "half.zip"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    refused(path, "不完整")
    gpkg = making.write(tmp_path / "plots.gpkg", making.plots(), driver="GPKG")
    gpkg.write_bytes(gpkg.read_bytes()[:9_000])
    refused(gpkg, "损坏或不完整")


def test_a_truncated_geojson_is_refused(tmp_path: Path) -> None:
    path = making.geojson(tmp_path / "half.geojson", making.plots())
    path.write_bytes(path.read_bytes()[:-120])
    refused(path, "损坏或不完整")


def test_a_zip_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("plots.shp", bytes(40 * 1024**2))
    refused(path, "倍，不像正常数据")
    refused(path, "超过上限", limits=Limits(unpacked_bytes=1024**2))


def test_a_zip_whose_directory_lies_about_sizes_is_refused(tmp_path: Path) -> None:
    shp = making.shapefile(tmp_path, making.plots())
    path = making.zipped(tmp_path / "lie.zip", making.parts(shp))
    size = struct.pack("<I", shp.stat().st_size)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<I", 10)))
    refused(path, "损坏|不是 Shapefile")


@pytest.mark.parametrize(
    "name", ["../plots.shp", "/etc/plots.shp", "a/../../plots.shp", "C:\\plots.shp", "..\\plots.shp"]
)
def test_names_that_leave_the_folder_are_refused(name: str, tmp_path: Path) -> None:
    refused(making.zipped(tmp_path / "escape.zip", {name: b"x"}), "越出文件夹")


def test_a_symbolic_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("plots.shp")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    refused(path, "链接或设备")


def test_too_many_entries_a_password_and_archives_in_archives_are_refused(tmp_path: Path) -> None:
    crowd = making.zipped(tmp_path / "crowd.zip", {f"{n}.txt": b"x" for n in range(20)})
    refused(crowd, "超过上限 10 个", limits=Limits(entries=10))
    inner = making.zipped(tmp_path / "inner.zip", making.parts(making.shapefile(tmp_path / "s", making.plots())))
    refused(making.zipped(tmp_path / "outer.zip", {"inner.zip": inner}), "压缩包里还是压缩包")
    locked = tmp_path / "locked.zip"
    locked.write_bytes(
        inner.read_bytes().replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")
    )
    refused(locked, "密码")
    refused(making.zipped(tmp_path / "empty.zip", {}), "没有文件")
    refused(making.zipped(tmp_path / "office.zip", {"[Content_Types].xml": b"<x/>"}), "Office")


def test_files_over_the_limits_are_refused(tmp_path: Path) -> None:
    path = making.write(tmp_path / "plots.gpkg", making.plots(30), driver="GPKG")
    refused(path, "MB，超过上限", limits=Limits(bytes=10_000))
    refused(path, "30 个要素，超过上限 10 个", limits=Limits(features=10))
    with pytest.raises(Unreadable, match="顶点超过 100 个"):
        read(path, limits=Limits(vertices=100))


def test_a_file_that_needs_too_much_memory_or_time_is_stopped(tmp_path: Path) -> None:
    path = making.geojson(tmp_path / "plots.geojson", making.plots(20_000))
    refused(path, "内存超过上限", limits=Limits(memory_bytes=300 * 1024**2))
    dense = making.geojson(tmp_path / "dense.geojson", [making.dense(1_000_000)])
    refused(dense, "内存", limits=Limits(memory_bytes=700 * 1024**2))
    refused(path, "秒仍未完成", limits=Limits(seconds=0.05))


def test_null_empty_and_shapes_that_are_no_areas_become_none_with_a_remark(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": SQUARE}
    path = making.geojson(tmp_path / "mixed.geojson", [None, polygon(), line, polygon(SQUARE)])
    reading = read(path)
    assert [shape is None for shape in reading.geometry] == [True, True, True, False]
    assert [said(reading, row) for row in (1, 2, 3)] == [
        [("null_geometry", ERROR)],
        [("empty", ERROR)],
        [("not_polygonal", ERROR)],
    ]
    (remark,) = [each for each in reading.remarks if each.feature == 3]
    assert (remark.lon, remark.lat) == (113.0, 23.05)


def test_the_areas_of_a_mixed_collection_are_taken_and_the_rest_told(tmp_path: Path) -> None:
    collection = {
        "type": "GeometryCollection",
        "geometries": [polygon(SQUARE), {"type": "Point", "coordinates": [113, 23]}],
    }
    reading = read(making.geojson(tmp_path / "mixed.geojson", [collection]))
    assert reading.geometry[0].equals(shapely.Polygon(SQUARE))
    assert said(reading, 1) == [("mixed_geometry", WARNING)]


def test_a_bow_tie_and_duplicate_codes_pass_through_as_drawn(tmp_path: Path) -> None:
    bow_tie = [[113.0, 23.05], [113.002, 23.052], [113.002, 23.05], [113.0, 23.052], [113.0, 23.05]]
    path = making.write(
        tmp_path / "plots.gpkg",
        [shapely.Polygon(bow_tie), shapely.Polygon(SQUARE)],
        driver="GPKG",
        columns={"code": ["A", "A"]},
    )
    reading = read(path)
    assert shapely.get_coordinates(reading.geometry[0]).tolist() == bow_tie
    assert reading.attributes.column("code").to_pylist() == ["A", "A"]
    assert said(reading) == []


def test_an_unclosed_ring_is_closed_and_told(tmp_path: Path) -> None:
    reading = read(making.geojson(tmp_path / "open.geojson", [polygon(SQUARE[:-1])]))
    assert reading.geometry[0].equals(shapely.Polygon(SQUARE))
    (remark,) = [each for each in reading.remarks if each.feature == 1]
    assert (remark.kind, remark.severity, remark.lon, remark.lat) == ("ring_closed", WARNING, 113.0, 23.05)


def test_heights_and_measures_are_dropped_and_told_once(tmp_path: Path) -> None:
    wkt = "POLYGON ZM ((113 23.05 5 1, 113.002 23.05 5 2, 113.002 23.052 5 3, 113 23.05 5 1))"
    path = making.by_ogr2ogr(tmp_path / "zm.gpkg", [wkt, wkt], "-a_srs", "EPSG:4490", "-nlt", "POLYGONZM")
    reading = read(path)
    assert not shapely.has_z(reading.geometry).any()
    assert not shapely.has_m(reading.geometry).any()
    (remark,) = reading.remarks
    assert (remark.kind, remark.severity, remark.measured) == ("z_dropped", NOTE, 2)


def test_arcs_become_chords_and_are_told(tmp_path: Path) -> None:
    arc = "CIRCULARSTRING (113 23.05,113.001 23.051,113.002 23.05)"
    curve = f"CURVEPOLYGON (COMPOUNDCURVE ({arc},(113.002 23.05,113 23.05)))"
    plain = "POLYGON ((113.01 23.05,113.012 23.05,113.012 23.052,113.01 23.05))"
    path = making.by_ogr2ogr(tmp_path / "curve.gpkg", [plain, curve], "-a_srs", "EPSG:4490", "-nlt", "GEOMETRY")
    reading = read(path)
    assert shapely.get_num_coordinates(reading.geometry[1]) > 20
    assert reading.geometry[1].area == pytest.approx(3.14159 * 0.001**2 / 2, rel=1e-3)
    assert said(reading, 2) == [("curve", WARNING)]
    assert said(reading, 1) == []


def test_coordinates_that_are_no_numbers_are_errors_with_a_place(tmp_path: Path) -> None:
    nan, infinite = [list(map(list, SQUARE)) for _ in range(2)]
    nan[2] = [float("nan"), 23.052]
    infinite[1] = [113.002, float("inf")]
    path = making.write(
        tmp_path / "nan.gpkg",
        [shapely.Polygon(nan), shapely.Polygon(infinite), shapely.Polygon(SQUARE)],
        driver="GPKG",
    )
    reading = read(path)
    assert [shape is None for shape in reading.geometry] == [True, True, False]
    for row in (1, 2):
        (remark,) = [each for each in reading.remarks if each.feature == row]
        assert (remark.kind, remark.lon, remark.lat) == ("not_finite", 113.0, 23.05)


@pytest.mark.parametrize("srid", [4490, 4526, 4547])
@pytest.mark.parametrize("declared", [True, False])
def test_swapped_axes_are_an_error_and_never_turned_silently(srid: int, declared: bool, tmp_path: Path) -> None:
    shapes = making.turned(making.plots(), srid, swapped=True)
    path = making.shapefile(tmp_path, shapes, srid=srid if declared else None)
    reading = read(path)
    assert [shape is None for shape in reading.geometry] == [True] * 3
    errors = [each for each in reading.remarks if each.severity == ERROR]
    assert {each.kind for each in errors} == {"swapped_axes"}
    assert (errors[0].lon, errors[0].lat) == pytest.approx((113.001, 23.051), abs=1e-6)
    assert ("swapped_axes", ERROR) in [(each.kind, each.severity) for each in detect(path).warnings]


@pytest.mark.parametrize(("declared", "truly"), [(4525, 4526), (4547, 4526), (4526, 4547), (4546, 4547)])
def test_a_wrong_zone_or_missing_prefix_names_the_right_system(declared: int, truly: int, tmp_path: Path) -> None:
    path = making.shapefile(tmp_path, making.turned(making.plots(), truly), srid=declared)
    reading = read(path)
    errors = [each for each in reading.remarks if each.severity == ERROR]
    assert [each.kind for each in errors] == ["outside_city"] * 3
    assert f"EPSG:{truly}" in errors[0].message


def test_another_city_is_an_error_at_its_place(tmp_path: Path) -> None:
    path = making.write(tmp_path / "beijing.gpkg", [shapely.box(116.4, 39.9, 116.41, 39.91)], driver="GPKG")
    (remark,) = read(path).remarks
    assert (remark.kind, remark.severity) == ("outside_city", ERROR)
    assert (remark.lon, remark.lat) == pytest.approx((116.405, 39.905))


@pytest.mark.parametrize(
    ("srid", "words"), [(2383, "转换参数"), (2435, "转换参数"), (4610, "转换参数"), (27700, "不能直接使用")]
)
def test_other_coordinate_systems_are_refused(srid: int, words: str, tmp_path: Path) -> None:
    path = making.write(tmp_path / "other.gpkg", [shapely.box(0, 0, 1, 1)], driver="GPKG", srid=srid)
    refused(path, words)
    refused(path, words, way=detect)
    refused(path, "不支持按 EPSG", srid=srid)


@pytest.mark.parametrize("encoding", ["utf-16", "gbk"])
def test_geojson_that_is_not_utf8_is_read_and_told(encoding: str, tmp_path: Path) -> None:
    path = making.geojson(tmp_path / "odd.geojson", [polygon(SQUARE)], encoding=encoding)
    reading = read(path)
    assert reading.attributes.column("name").to_pylist() == ["狮山镇"]
    assert reading.detected.encoding_sample == ["狮山镇"]
    assert ("recoded", WARNING) in said(reading)


def test_geojson_in_no_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bytes.geojson"
    path.write_bytes(b'{"type": "FeatureCollection", "name": "\xff\xff\xff"}')
    refused(path, "UTF-8")


def test_a_utf16_txt_reads(tmp_path: Path) -> None:
    (plot,) = making.turned(making.plots(1), 4526)
    rows = "".join(f"J{n},1,{y:.3f},{x:.3f}\r\n" for n, (x, y) in enumerate(plot.exterior.coords, 1))
    path = tmp_path / "plot.txt"
    path.write_bytes(f"[地块坐标]\r\n5,,GB1,一号地,面,,,,@\r\n{rows}".encode("utf-16"))
    assert read(path).attributes.column("名称").to_pylist() == ["一号地"]


def test_a_thousand_equal_faults_are_told_one_by_one_and_the_rest_as_a_number(tmp_path: Path) -> None:
    path = making.geojson(tmp_path / "nulls.geojson", [None] * 30 + [polygon(SQUARE)])
    reading = read(path, limits=Limits(remarks_per_kind=10))
    faults = [each for each in reading.remarks if each.kind == "null_geometry"]
    assert [each.feature for each in faults] == [*range(1, 11), None]
    assert faults[-1].measured == 30
    assert "另有 20 处" in faults[-1].message


def test_the_reading_process_knows_no_secret_and_only_the_allowed_formats(tmp_path: Path) -> None:
    program = "import os, pyogrio; print(*sorted(os.environ)); print(*sorted(pyogrio.list_drivers()), sep=',')"
    told = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env=confined._environment(tmp_path) | _environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names, drivers = told.splitlines()
    assert not {name for name in names.split() if "DATABASE" in name or "SECRET" in name or name.startswith("MUCHAN")}
    assert drivers == "DXF,ESRI Shapefile,GPKG,GeoJSON,OpenFileGDB"
