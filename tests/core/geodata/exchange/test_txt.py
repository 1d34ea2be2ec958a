"""国土 TXT as offices send it: what is read, what is said, what is refused."""

import os
from pathlib import Path

import pytest
import shapely

from core.geodata.exchange import txt
from core.geodata.exchange.formats import ERROR, NOTE, WARNING
from tests.core.geodata.exchange.txt_documents import (
    BESIDE,
    FIRST_ROW,
    HEADER,
    HEADER_LINE,
    HOLE,
    RING,
    box,
    document,
    kinds,
    note,
    points,
    read,
)

SAMPLES = Path(__file__).parent / "samples"
# Real files that may not be in the repository; read where they are.
REAL = Path(os.environ.get("MUCHAN_SAMPLE_DATA", Path(__file__).parents[5] / "shared" / "data")) / "txt"


def test_a_plain_file_is_read_whole_and_nothing_is_remarked():
    file = read(document(HEADER, *points()))
    (plot,) = file.plots
    assert (plot.code, plot.name, plot.kind, plot.sheet) == ("DK-1", "示例地块", "面", "F49G001001")
    assert (plot.use, plot.land_class, plot.extra) == ("工业用地", "0601", ())
    assert (plot.points_declared, plot.points, plot.declared_ha, plot.planar_ha) == (5, 5, 0.8, 0.8)
    assert shapely.equals(plot.geometry, box(RING))
    assert plot.geometry.geom_type == "MultiPolygon"
    assert (file.srid, plot.srid, file.srid_source) == (4526, 4526, "coordinates")
    assert file.notes == []
    assert file.header["带号"] == "38"


def test_every_real_file_at_hand_parses_with_its_area_to_the_last_digit():
    paths = [*SAMPLES.glob("*.txt"), *REAL.glob("*.txt")]
    for path in paths:
        data = path.read_bytes()
        assert txt.looks_like(data[:65536]), path.name
        file = txt.parse(data)
        for plot in file.plots:
            assert shapely.is_valid(plot.geometry), path.name
            assert plot.declared_ha is None or plot.declared_ha == pytest.approx(plot.planar_ha, abs=1e-4), path.name
        assert "area" not in kinds(file), path.name
    assert len(paths) >= len(list(SAMPLES.glob("*.txt"))) == 4


def test_a_gbk_file_keeps_its_hole_its_second_part_and_names_with_a_slash():
    file = txt.parse((SAMPLES / "hole_and_part_gbk.txt").read_bytes())
    first, second = file.plots
    assert (file.encoding, file.encoding_sure, file.notes) == ("gb18030", False, [])
    assert first.name == "狮山示例一号/甲地块"
    assert [len(part.interiors) for part in first.geometry.geoms] == [1, 0]
    assert (second.code, second.planar_ha) == ("440605001001GB00002", pytest.approx(0.968013, abs=1e-6))


def test_full_width_signs_stray_spaces_and_eleven_columns_are_read():
    (plot,) = txt.parse((SAMPLES / "fullwidth.txt").read_bytes()).plots
    assert (plot.code, plot.name, plot.extra) == ("D8-003", "示例", ("440605", "狮山镇"))
    assert (plot.points_declared, plot.declared_ha, plot.srid) == (0, 0.968, 4526)


def test_the_provincial_form_begins_a_plot_where_its_number_changes():
    file = txt.parse((SAMPLES / "provincial.txt").read_bytes())
    assert [plot.code for plot in file.plots] == ["DK-01", "DK-02"]
    assert [plot.points for plot in file.plots] == [5, 5]
    assert kinds(file) == ["crs_assumed"]


def test_the_provincial_form_begins_a_plot_at_a_blank_line_even_under_the_same_number():
    rows = [f"{n},DK,1,{row.replace(',1,', ',')}" for n, row in enumerate(points(), 1)]
    other = [f"{n},DK,1,{row.replace(',1,', ',')}" for n, row in enumerate(points(BESIDE), 1)]
    file = read("\n".join(["序号,地块号,圈号,J点号,X,Y", *rows, "", *other]))
    assert len(file.plots) == 2
    assert kinds(file) == ["crs_assumed", "code_repeated", "code_repeated"]


def test_swapped_columns_are_read_by_their_numbers_and_never_silently():
    rows = [",".join([*row.split(",")[:2], *row.split(",")[:1:-1]]) for row in points()]
    file = read(document(HEADER, *rows))
    assert shapely.equals(file.plots[0].geometry, box(RING))
    found = note(file, "swapped")
    assert (found.severity, found.line, found.plot) == (ERROR, FIRST_ROW, 0)
    assert (found.east, found.north) == (38397000.0, 2551080.0)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_encoding_and_any_line_end_reads_the_same(codec, end):
    data = document(HEADER, *points()).replace("\n", end).encode(codec)
    file = txt.parse(data)
    assert file.plots[0].name == "示例地块"
    assert file.notes == []
    assert txt.looks_like(data)


def test_utf_16_without_a_mark_is_found_by_its_zeros():
    data = document(HEADER, *points()).encode("utf-16-be")
    assert txt.parse(data).encoding == "utf-16-be"
    assert txt.looks_like(data)


def test_an_encoding_asked_for_wins_and_one_that_does_not_fit_is_refused():
    data = document(HEADER, *points()).encode("gbk")
    assert txt.parse(data, encoding="GBK").encoding_sure
    with pytest.raises(txt.TxtUnreadable, match="UTF-8"):
        txt.parse(data, encoding="utf-8")
    with pytest.raises(txt.TxtUnreadable, match="不认识编码"):
        txt.parse(data, encoding="klingon")


@pytest.mark.parametrize(
    "header",
    [
        "5,0.8000,DK-1,示例地块,面,,,@",
        "5,0.8000,DK-1,示例地块,面, , , ,@",
        "0,0,330106104,横桥村,DK-1,示例地块,面,,,,@",
        "5,0.8000,DK-1,示例地块,面,,工业用地,0601,甲,乙,,,,@",
        "５，0.8000，DK-1，示例地块，面，，，，＠",
    ],
)
def test_a_plot_header_is_known_by_its_ending_whatever_its_width(header):
    (plot,) = read(document(header, *points())).plots
    assert (plot.code, plot.name, plot.kind) == ("DK-1", "示例地块", "面")


@pytest.mark.parametrize("names", ["J{n}", "J0{n}", "{n}", ""])
@pytest.mark.parametrize("closing", ["J{first}", "J{next}", None])
def test_points_may_be_named_anyhow_and_close_under_either_name_or_not_at_all(names, closing):
    file = read(document(HEADER, *points(name=names, closing=closing)))
    assert shapely.equals(file.plots[0].geometry, box(RING))
    assert kinds(file, ERROR) == kinds(file, WARNING) == []
    assert ("ring_open" in kinds(file, NOTE)) is (closing is None)


def test_a_row_that_names_the_columns_is_no_point():
    assert read(document(HEADER, "点号,圈号,X,Y", *points())).notes == []


def test_six_columns_are_read_by_the_first_four_and_said_once():
    rows = [f"{row},甲,界址线" for row in points()]
    file = read(document(HEADER, *rows))
    assert shapely.equals(file.plots[0].geometry, box(RING))
    assert [note.line for note in file.notes] == [FIRST_ROW]


@pytest.mark.parametrize("first", [1, 5])
def test_a_second_ring_inside_is_a_hole_whether_numbers_run_on_or_restart(first):
    file = read(document("10,0.5600,DK-1,洞,面,,,,@", *points(), *points(HOLE, number=2, first=first)))
    assert shapely.equals(file.plots[0].geometry, box(RING) - box(HOLE))
    assert file.notes == []


def test_a_second_ring_outside_is_another_part():
    file = read(document("10,1.6000,DK-1,两块,面,,,,@", *points(), *points(BESIDE, number=2)))
    assert len(file.plots[0].geometry.geoms) == 2
    assert file.notes == []


def test_the_outer_ring_need_not_come_first_and_an_island_in_a_hole_is_a_part():
    island = [(2551030.0, 397030.0), (2551050.0, 397030.0), (2551050.0, 397070.0), (2551030.0, 397070.0)]
    file = read(document("0,,DK-1,岛,面,,,,@", *points(island), *points(HOLE, number=2), *points(number=3)))
    expected = (box(RING) - box(HOLE)) | box(island)
    assert shapely.equals(file.plots[0].geometry, expected)


def test_a_hole_touching_its_outer_ring_is_still_a_hole():
    corner = [RING[0], (2551060.0, 397080.0), (2551020.0, 397020.0)]
    (plot,) = read(document("0,,DK-1,角,面,,,,@", *points(), *points(corner, number=2))).plots
    assert len(plot.geometry.geoms[0].interiors) == 1


def test_a_hole_that_reaches_out_of_its_outer_ring_is_an_error_at_its_line():
    across = [(north, east + 30) for north, east in HOLE]
    file = read(document("0,,DK-1,相交,面,,,,@", *points(), *points(across, number=2)))
    found = note(file, "ring_crossing")
    assert (found.severity, found.line) == (ERROR, FIRST_ROW + 5)


def test_parts_that_overlap_come_through_for_topology_to_judge():
    across = [(north + 40, east + 50) for north, east in RING]
    (plot,) = read(document("0,,DK-1,相交,面,,,,@", *points(), *points(across, number=2))).plots
    assert len(plot.geometry.geoms) == 2
    assert not shapely.is_valid(plot.geometry)


def test_rings_closed_one_after_another_under_one_number_are_taken_apart():
    file = read(document("10,1.6000,DK-1,两块,面,,,,@", *points(), *points(BESIDE)))
    assert len(file.plots[0].geometry.geoms) == 2
    assert kinds(file) == ["ring_repeated_number"]


def test_a_closing_point_elsewhere_is_an_error_with_its_distance():
    rows = [*points(closing=None), "J1,1,2551080.000,38397000.250"]
    found = note(read(document(HEADER, *rows)), "ring_not_closed")
    assert (found.severity, found.line, found.measured) == (ERROR, FIRST_ROW + 4, pytest.approx(0.25))


def test_a_closing_point_a_millimetre_off_closes_and_is_said():
    rows = [*points(closing=None), "J1,1,2551080.000,38397000.001"]
    file = read(document(HEADER, *rows))
    assert shapely.equals(file.plots[0].geometry, box(RING))
    assert note(file, "ring_not_closed").severity == WARNING


def test_winding_does_not_matter():
    file = read(document(HEADER, *points(RING[::-1])))
    assert shapely.equals(file.plots[0].geometry, box(RING))
    assert file.notes == []


@pytest.mark.parametrize(("count", "severity"), [("0", NOTE), ("", NOTE), ("4", NOTE), ("7", WARNING), ("3", WARNING)])
def test_a_count_that_is_wrong_is_a_finding_not_a_refusal(count, severity):
    file = read(document(HEADER.replace("5,", f"{count},", 1), *points()))
    found = note(file, "count")
    assert (found.severity, found.line, found.measured) == (severity, HEADER_LINE, 5)
    assert file.plots[0].geometry is not None


def test_a_count_too_high_with_an_area_that_is_off_means_rows_were_lost():
    file = read(document(HEADER, *points()[:3]))
    assert (note(file, "count").severity, note(file, "area").severity) == (ERROR, WARNING)


@pytest.mark.parametrize(
    ("area", "hectares", "expected"),
    [
        ("0.8000", 0.8, []),
        ("0.8000公顷", 0.8, []),
        ("0.8001", 0.8001, []),
        ("0.8", 0.8, []),
        ("", None, ["area_missing"]),
        ("0", None, ["area_missing"]),
        ("8000", 0.8, ["area_unit"]),
        ("8000.00平方米", 0.8, ["area_unit"]),
        ("8000㎡", 0.8, ["area_unit"]),
        ("12.0亩", 0.8, ["area_unit"]),
        ("0.8102", 0.8102, ["area"]),
        ("约一公顷", None, ["area"]),
    ],
)
def test_the_area_is_understood_in_hectares_and_held_against_the_plane(area, hectares, expected):
    file = read(document(HEADER.replace("0.8000", area), *points()))
    assert file.plots[0].declared_ha == (None if hectares is None else pytest.approx(hectares))
    assert kinds(file) == expected
