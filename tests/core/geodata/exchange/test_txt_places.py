"""Where a 国土 TXT lies, what is refused, and lines that hold no place."""

import pytest
import shapely

from core.geodata.exchange import txt
from core.geodata.exchange.formats import ERROR, NOTE, WARNING
from tests.core.geodata.exchange.txt_documents import (
    BESIDE,
    FIRST_ROW,
    HEADER,
    RING,
    document,
    kinds,
    note,
    points,
    read,
)


def test_a_zone_in_the_eastings_decides_and_a_header_that_says_otherwise_is_an_error():
    file = read(document(HEADER, *points(), 带号="37"))
    found = note(file, "zone_contradiction")
    assert (file.srid, found.severity, found.line, found.measured, found.required) == (4526, ERROR, FIRST_ROW, 38, 37)


@pytest.mark.parametrize(
    ("keys", "asked", "srid", "source"),
    [
        ({"带号": "38"}, None, 4547, "header"),
        ({"带号": "37带"}, None, 4546, "header"),
        ({"带号": "114"}, None, 4547, "header"),
        ({"带号": ""}, 4546, 4546, "asked"),
        ({"带号": ""}, None, None, "unknown"),
    ],
)
def test_bare_eastings_take_their_zone_from_the_header_or_from_whoever_is_asked(keys, asked, srid, source):
    file = read(document(HEADER, *points(zone=""), **keys), srid=asked)
    assert (file.srid, file.srid_source, file.plots[0].srid) == (srid, source, srid)
    assert file.plots[0].planar_ha == 0.8


def test_plots_of_two_zones_keep_their_own():
    file = read(document(HEADER, *points(), HEADER.replace("DK-1", "DK-2"), *points(zone="37"), 带号="37、38"))
    assert [plot.srid for plot in file.plots] == [4526, 4525]
    assert (file.srid, file.notes) == (None, [])


def test_six_degree_zones_are_known_by_their_number():
    assert read(document(HEADER, *points(zone="19"), 几度分带="6", 带号="19")).srid == 4497


@pytest.mark.parametrize(
    "keys",
    [
        {"坐标系": "80国家大地坐标系"},
        {"坐标系": "1980西安坐标系"},
        {"坐标系": "1954北京坐标系"},
        {"坐标系": "佛山2000独立坐标系"},
        {"投影类型": "墨卡托"},
        {"计量单位": "千米"},
    ],
)
def test_what_cannot_be_taken_to_cgcs2000_is_refused_with_a_way_out(keys):
    with pytest.raises(txt.TxtUnreadable, match="请") as refused:
        read(document(HEADER, *points(), **keys))
    assert next(iter(keys.values())) in refused.value.sentence


def test_wgs84_no_datum_and_transformation_parameters_are_said():
    assert kinds(read(document(HEADER, *points(), 坐标系="WGS84"))) == ["crs_assumed"]
    assert kinds(read(document(HEADER, *points(), 坐标系=None))) == ["crs_assumed"]
    assert kinds(read(document(HEADER, *points(), 转换参数="1.2,0,0,0,0,0,0"))) == ["transform_parameters"]
    assert kinds(read(document(HEADER, *points(), 转换参数="0,0,0,0,0,0,0"))) == []


def test_degrees_are_read_and_said():
    rows = [f"J{n},1,{lat},{lon}" for n, (lat, lon) in enumerate([(23.01, 113.0), (23.01, 113.01), (23.0, 113.0)], 1)]
    file = read(document("0,,DK-1,度,面,,,,@", *rows))
    assert file.srid == 4490
    assert shapely.equals(file.plots[0].geometry, shapely.Polygon([(113, 23.01), (113.01, 23.01), (113, 23)]))
    assert note(file, "degrees").severity == WARNING
    assert file.plots[0].planar_ha is None


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("J2,1,abc,38397100.000", "bad_number"),
        ("J2,外,2551080.000,38397100.000", "bad_number"),
        ("J2,1", "bad_row"),
        ("J2,1,nan,38397100.000", "implausible"),
        ("J2,1,inf,38397100.000", "implausible"),
        ("J2,1,31245.2,45231.7", "implausible"),
        ("J2,1,1e308,1e308", "implausible"),
        ("J2,1,38397100.000,2551080.000", "mixed_axes"),
        ("J2,1,2551080.000,397100.000", "mixed_axes"),
    ],
)
def test_a_row_that_is_no_place_takes_its_plot_out_with_its_line(row, kind):
    rows = points()
    rows[1] = row
    file = read(document(HEADER, *rows, HEADER.replace("DK-1", "DK-2"), *points()))
    broken, whole = file.plots
    assert broken.geometry is None
    assert whole.geometry is not None
    found = note(file, kind)
    assert (found.severity, found.line, found.plot) == (ERROR, FIRST_ROW + 1, 0)
    assert f"第 {FIRST_ROW + 1} 行" in found.message


def test_plots_without_points_of_two_points_or_of_lines_are_errors():
    file = read(
        document(
            "0,,DK-1,空,面,,,,@",
            "0,,DK-2,两点,面,,,,@",
            *points(RING[:2]),
            "0,,DK-3,线,线,,,,@",
            *points(),
        )
    )
    assert [plot.geometry for plot in file.plots] == [None, None, None]
    assert kinds(file, ERROR) == ["no_points", "ring_short", "not_polygonal"]


def test_a_bow_tie_comes_through_for_topology_to_judge():
    (plot,) = read(document(HEADER, *points([RING[0], RING[2], RING[1], RING[3]]))).plots
    assert not shapely.is_valid(plot.geometry)


def test_rows_without_a_header_make_a_plot_and_a_blank_line_the_next():
    file = read("\n".join([*points(), "", *points(BESIDE)]))
    assert [plot.points for plot in file.plots] == [5, 5]
    assert kinds(file, NOTE) == ["no_header", "no_header"]


def test_other_sections_and_broken_keys_are_passed_over_with_a_word():
    text = "[项目信息]\n项目名称,示例,1,2\n" + document(HEADER, *points()).replace("精度=0.001", "精度")
    assert kinds(read(text)) == ["bad_section", "bad_key"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf",
        b"PK\x03\x04\x00\x00\x00\x00" * 20,
        bytes(range(256)),
        "[属性描述]\n坐标系=2000国家大地坐标系\n[地块坐标]\n".encode(),
        document(HEADER, *points()).encode()[:128].rstrip(b"\n=")[:-1],
    ],
)
def test_what_holds_no_plot_is_refused_in_one_sentence(data):
    with pytest.raises(txt.TxtUnreadable) as refused:
        txt.parse(data)
    assert refused.value.sentence.endswith("。")


def test_more_plots_or_points_than_allowed_are_refused():
    text = document(HEADER, *points(), HEADER, *points())
    with pytest.raises(txt.TxtUnreadable, match="1 个"):
        read(text, max_plots=1)
    with pytest.raises(txt.TxtUnreadable, match="9 个"):
        read(text, max_points=9)
    assert len(read(text, max_plots=2, max_points=10).plots) == 2


def test_thousands_of_bad_lines_are_counted_not_listed():
    file = read(document(HEADER, *points(), *["J9,1,x,y"] * 3000))
    assert kinds(file).count("bad_number") == 1001
    assert note(read(document(HEADER, *points(), "J9,1,x,y")), "bad_number").line == FIRST_ROW + 5
    assert "3000" in file.notes[-1].message


def test_other_text_is_not_taken_for_a_txt_of_points():
    for text in (
        '{"type": "FeatureCollection", "features": []}',
        "0\nSECTION\n2\nHEADER\n",
        "name,a,b,c\nx,1,2,3\n",
        "",
    ):
        assert not txt.looks_like(text.encode())


def test_what_a_sentence_quotes_from_the_file_is_cut_to_a_readable_length():
    with pytest.raises(txt.TxtUnreadable) as refused:
        read(document(HEADER, *points(), 坐标系="1980西安" * 100))
    assert len(refused.value.sentence) < 120
    (found,) = read(document(HEADER.replace("0.8000", "9" * 500), *points())).notes
    assert len(found.message) < 80
