"""What comes out of good files, and how it got there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import shapely

from core.geodata.exchange.formats import ERROR, NOTE, WARNING, Limits, Unreadable
from core.geodata.exchange.reading import detect, read
from tests.core.geodata.exchange import making

SAMPLE_DATA = Path(os.environ.get("MUCHAN_SAMPLE_DATA") or Path(__file__).parents[5] / "shared" / "data")
"""Real files that are not ours to commit; where they are absent, only the project's own are read."""
FIXTURES = Path(__file__).parents[4] / "fixtures"
SAMPLES = Path(__file__).parent / "samples"

FORMATS = {
    "shp": ("ESRI Shapefile", "plots.shp"),
    "gpkg": ("GPKG", "plots.gpkg"),
    "geojson": ("GeoJSON", "plots.geojson"),
    "gdb": ("OpenFileGDB", "plots.gdb"),
}
MILLIMETRE = 1e-8
"""Degrees."""


def kinds(remarks: list) -> set[tuple[str, str]]:
    return {(remark.kind, remark.severity) for remark in remarks}


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_gives_its_polygons_codes_and_coordinate_system(kind: str, tmp_path: Path) -> None:
    driver, name = FORMATS[kind]
    path = making.write(tmp_path / name, making.plots(), driver=driver)
    found, reading = detect(path), read(path)
    assert (found.format, found.srid, found.count) == (kind, 4490, 3)
    assert found.bounds == pytest.approx(shapely.total_bounds(making.plots()))
    assert [
        shape.equals_exact(plot.normalize(), MILLIMETRE)
        for shape, plot in zip(shapely.normalize(shapely.get_parts(reading.geometry)), making.plots(), strict=True)
    ] == [True] * 3
    assert reading.attributes.column("code").to_pylist() == ["P1", "P2", "P3"]
    assert reading.numbers.tolist() == [1, 2, 3]
    assert [remark for remark in reading.remarks if remark.severity != NOTE] == []


@pytest.mark.parametrize("srid", [4526, 4525, 4547, 4546, 4497, 4326, 3857, 32649])
def test_a_declared_system_is_turned_into_cgcs2000_degrees(srid: int, tmp_path: Path) -> None:
    path = making.shapefile(tmp_path, making.turned(making.plots(), srid), srid=srid)
    reading = read(path)
    assert (reading.detected.srid, reading.detected.srid_source) == (srid, "prj")
    assert shapely.get_coordinates(reading.geometry) == pytest.approx(
        shapely.get_coordinates(read(making.shapefile(tmp_path / "degrees", making.plots())).geometry), abs=MILLIMETRE
    )
    said = kinds(reading.remarks)
    assert said == ({("wgs84", WARNING)} if srid in {4326, 3857, 32649} else set())


@pytest.mark.parametrize("srid", [4490, 4526, 4525, 4547, 4546])
def test_without_a_prj_the_coordinates_tell_the_system(srid: int, tmp_path: Path) -> None:
    path = making.shapefile(tmp_path, making.turned(making.plots(), srid), srid=None)
    found = detect(path)
    assert (found.srid, found.srid_source) == (srid, "coordinates")
    assert kinds(found.warnings) == {("crs_guessed", WARNING)}


def test_bare_eastings_that_fit_neither_meridian_have_to_be_asked_about(tmp_path: Path) -> None:
    path = making.shapefile(tmp_path, [shapely.box(500_000, 4_400_000, 500_100, 4_400_100)], srid=None)
    found = detect(path)
    assert (found.srid, found.srid_source, found.bounds) == (None, "unknown", None)
    with pytest.raises(Unreadable, match="请指定坐标系"):
        read(path)
    assert kinds(read(path, srid=4547).remarks) == {("outside_city", ERROR)}


def test_an_asked_system_overrules_the_file_and_says_so(tmp_path: Path) -> None:
    path = making.shapefile(tmp_path, making.turned(making.plots(), 4547), srid=4546)
    reading = read(path, srid=4547)
    assert (reading.detected.srid, reading.detected.srid_source) == (4547, "asked")
    assert kinds(reading.remarks) == {("crs_overridden", WARNING)}
    assert reading.detected.bounds == pytest.approx(shapely.total_bounds(making.plots()), abs=MILLIMETRE)


def test_a_gbk_shapefile_without_cpg_reads_in_chinese_and_shows_a_sample(tmp_path: Path) -> None:
    shp = making.shapefile(tmp_path, making.plots(), columns={"名称": ["狮山镇", "丹灶镇", "里水镇"]}, encoding="GBK")
    path = making.zipped(tmp_path / "上传.zip", making.parts(shp, without=(".cpg",)))
    found, reading = detect(path), read(path)
    assert (found.encoding, found.encoding_sure) == ("gb18030", False)
    assert "丹灶镇" in found.encoding_sample
    assert reading.attributes.to_pydict() == {"名称": ["狮山镇", "丹灶镇", "里水镇"]}


def test_a_cpg_that_lies_is_found_out(tmp_path: Path) -> None:
    shp = making.shapefile(tmp_path, making.plots(1), columns={"name": ["狮山镇"]}, encoding="GBK")
    shp.with_suffix(".cpg").write_text("UTF-8")
    reading = read(shp)
    assert reading.attributes.column("name").to_pylist() == ["狮山镇"]
    assert kinds(reading.remarks) == {("encoding_lies", WARNING)}


def test_an_asked_encoding_wins_when_it_decodes_and_is_refused_when_not(tmp_path: Path) -> None:
    shp = making.shapefile(tmp_path, making.plots(1), columns={"name": ["狮山镇"]}, encoding="GBK")
    shp.with_suffix(".cpg").unlink()
    assert detect(shp, encoding="GBK").encoding_sure
    with pytest.raises(Unreadable, match="请改选其他编码"):
        read(shp, encoding="UTF-8")
    with pytest.raises(Unreadable, match="不支持编码"):
        read(shp, encoding="EBCDIC")


def test_several_shapefiles_in_one_zip_are_asked_about(tmp_path: Path) -> None:
    zones = making.shapefile(tmp_path / "a", making.plots(2), name="集聚区")
    plots = making.shapefile(tmp_path / "b", making.plots(3), name="宗地")
    path = making.zipped(tmp_path / "both.zip", {**making.parts(zones), **making.parts(plots)})
    found = detect(path)
    assert (sorted(found.layers), found.layer) == (["宗地", "集聚区"], "")
    with pytest.raises(Unreadable, match="请指定要导入哪一个"):
        read(path)
    assert len(read(path, layer="宗地").geometry) == 3
    with pytest.raises(Unreadable, match="没有图层"):
        read(path, layer="别的")


def test_a_missing_dbf_or_shx_is_remarked_and_the_shapes_still_read(tmp_path: Path) -> None:
    shp = making.shapefile(tmp_path, making.plots())
    path = making.zipped(tmp_path / "bare.zip", making.parts(shp, without=(".dbf", ".shx")))
    reading = read(path)
    assert [shape.equals(plot) for shape, plot in zip(reading.geometry, making.plots(), strict=True)] == [True] * 3
    assert {("no_dbf", WARNING), ("no_shx", WARNING)} <= kinds(reading.remarks)


def test_a_zipped_filegdb_reads_whatever_folder_it_lies_in(tmp_path: Path) -> None:
    gdb = making.write(tmp_path / "plots.gdb", making.plots(), driver="OpenFileGDB")
    path = making.zipped(tmp_path / "up.gdb.zip", {f"导出/宗地.gdb/{each.name}": each for each in gdb.iterdir()})
    reading = read(path)
    assert (reading.detected.format, len(reading.geometry)) == ("gdb", 3)


def test_names_in_a_zip_are_read_in_gbk_when_windows_wrote_them(tmp_path: Path) -> None:
    shp = making.shapefile(tmp_path, making.plots())
    path = making.zipped(tmp_path / "gbk.zip", {f"AAAA{each.suffix}": each for each in making.parts(shp).values()})
    path.write_bytes(path.read_bytes().replace(b"AAAA", "宗地".encode("gbk")))
    assert detect(path).layer == "宗地"


def test_the_polygon_layer_of_a_geopackage_is_taken_without_asking(tmp_path: Path) -> None:
    path = making.write(tmp_path / "two.gpkg", making.plots(), driver="GPKG", layer="plots")
    points = [shapely.Point(113, 23)]
    making.write(path, points, driver="GPKG", layer="points", kind="Point", append=True)
    found = detect(path)
    assert (found.layer, sorted(found.layers)) == ("plots", ["plots", "points"])


def test_closed_polylines_and_hatches_of_a_drawing_are_its_polygons(tmp_path: Path) -> None:
    rings = [list(map(tuple, plot.exterior.coords))[:-1] for plot in making.turned(making.plots(), 4526)]
    entities = making.polyline("440605001001GB00001", rings[0]) + making.polyline("弧", rings[1], bulge=0.5)
    entities += making.polyline("开口", rings[2], closed=False)
    x, y = shapely.centroid(making.turned(making.plots(1), 4526)[0]).coords[0]
    entities += f"0 TEXT\n5 1F\n100 AcDbEntity\n8 注记\n100 AcDbText\n10 {x}\n20 {y}\n40 2\n1 一号地\n100 AcDbText\n"
    reading = read(making.dxf(tmp_path / "plan.dxf", entities))
    assert (reading.detected.srid, reading.detected.srid_source) == (4526, "coordinates")
    assert reading.attributes.column("Layer").to_pylist() == ["440605001001GB00001", "弧", "开口"]
    assert reading.attributes.column("Text").to_pylist() == ["一号地", None, None]
    assert shapely.get_coordinates(reading.geometry[0])[:4] == pytest.approx(
        shapely.get_coordinates(making.plots()[0])[:4], abs=MILLIMETRE
    )
    assert reading.geometry[2] is None
    assert {(r.kind, r.feature) for r in reading.remarks if r.feature} == {("curve", 2), ("unclosed_polyline", 3)}


def test_a_gbk_drawing_of_an_old_cad_reads_its_layer_names(tmp_path: Path) -> None:
    ring = list(map(tuple, making.turned(making.plots(1), 4526)[0].exterior.coords))[:-1]
    path = making.dxf(tmp_path / "old.dxf", making.polyline("工业用地", ring), encoding="gbk", version="AC1015")
    reading = read(path)
    assert reading.attributes.column("Layer").to_pylist() == ["工业用地"]
    assert reading.detected.encoding == "gb18030"


def test_a_txt_gives_code_name_and_declared_hectares(tmp_path: Path) -> None:
    (plot,) = making.turned(making.plots(1), 4526)
    rows = "".join(f"J{n},1,{y:.3f},{x:.3f}\n" for n, (x, y) in enumerate(plot.exterior.coords, 1))
    header = "5,4.5378,GB00001,一号地,面,,工业用地,100102,@"
    text = f"[属性描述]\n坐标系=2000国家大地坐标系\n带号=38\n[地块坐标]\n{header}\n{rows}"
    path = tmp_path / "plot.txt"
    path.write_bytes(text.encode("gbk"))
    reading = read(path)
    (row,) = reading.attributes.to_pylist()
    assert (row["编号"], row["名称"], row["面积公顷"], row["地类编码"]) == ("GB00001", "一号地", 4.5378, "100102")
    assert (reading.detected.format, reading.detected.srid, reading.detected.encoding) == ("txt", 4526, "gb18030")
    assert reading.geometry[0].bounds == pytest.approx(making.plots(1)[0].bounds, abs=MILLIMETRE)


def test_the_real_districts_read_without_an_error() -> None:
    beside = sorted((SAMPLE_DATA / "districts").glob("*.geojson"))
    for path in [FIXTURES / "districts.geojson", *beside]:
        reading = read(path)
        assert len(reading.geometry) == 5
        assert "禅城区" in reading.attributes.column("name").to_pylist()
        assert [remark for remark in reading.remarks if remark.severity != NOTE] == []


def test_txt_files_of_zone_38_read_in_it() -> None:
    own = [SAMPLES / "fullwidth.txt", SAMPLES / "hole_and_part_gbk.txt", SAMPLES / "provincial.txt"]
    for path in [*own, *sorted((SAMPLE_DATA / "txt").glob("*.txt"))]:
        reading = read(path)
        assert reading.detected.srid == 4526
        assert [remark for remark in reading.remarks if remark.severity == ERROR] == []


def test_progress_is_told_and_may_stop_the_reading(tmp_path: Path) -> None:
    path = making.write(tmp_path / "plots.gpkg", making.plots(), driver="GPKG")
    told: list[tuple[int, int]] = []
    read(path, progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 3)]

    def stop(_done: int, _total: int) -> None:
        raise InterruptedError("cancelled")

    with pytest.raises(InterruptedError):
        read(path, progress=stop)


def test_a_polygon_of_a_million_vertices_reads(tmp_path: Path) -> None:
    path = making.write(tmp_path / "dense.gpkg", [making.dense(1_000_000)], driver="GPKG")
    assert shapely.get_num_coordinates(read(path).geometry[0]) == 1_000_001
    with pytest.raises(Unreadable, match="顶点超过"):
        read(path, limits=Limits(vertices=100_000))
