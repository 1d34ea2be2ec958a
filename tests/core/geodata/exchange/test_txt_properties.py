"""Whatever bytes come in, 国土 TXT is read or refused; whatever is written comes back."""

import contextlib
import datetime as dt

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from core.geodata.exchange import txt
from core.geodata.exchange.formats import ERROR
from core.geodata.exchange.writing import Batch, Field, write
from tests.core.geodata.exchange.txt_documents import HEADER, document, points

FIELDS = [Field("code", "ZDDM", "宗地代码", width=40), Field("name", "ZDMC", "名称", width=200)]

numbers = st.one_of(
    st.floats(width=64).map(repr),
    st.floats(2.5e6, 2.6e6).map("{:.3f}".format),
    st.floats(3.83e7, 3.85e7).map("{:.3f}".format),
    st.sampled_from(
        ["", " ", "2551080.000", "38397000.000", "397000", "23.05", "113.1", "２５５１０００", "1e400", "-0"]
    ),
)
cells = st.one_of(
    numbers, st.sampled_from(["J1", "J2", "1", "2", "面", "线", "@", "公顷", "DK-1"]), st.text(max_size=5)
)
rows = st.one_of(
    st.tuples(st.sampled_from(["J1", "J2", "J3", ""]), st.sampled_from(["1", "2", "-1", "9" * 30]), numbers, numbers),
    st.lists(cells, max_size=14),
).map(",".join)
lines = st.one_of(
    rows,
    rows.map(lambda row: f"{row},@"),
    st.sampled_from(
        ["", "[属性描述]", "[地块坐标]", "【地块坐标】", "[其他]", "带号=37", "坐标系=2000", HEADER, *points()]
    ),
    st.text(max_size=20),
)


def parse_or_refuse(data):
    """Parse; only the one named error may come, and a plot without a geometry has an error note that says why."""
    with contextlib.suppress(txt.TxtUnreadable):
        file = txt.parse(data)
        faulty = {note.plot for note in file.notes if note.severity == ERROR}
        assert all(plot.geometry is not None or index in faulty for index, plot in enumerate(file.plots))
        assert all(np.isfinite(shapely.get_coordinates(plot.geometry)).all() for plot in file.plots)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    parse_or_refuse(data)
    txt.looks_like(data)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(lines, max_size=30).map("\n".join),
    st.sampled_from(["utf-8", "gb18030", "utf-16", "utf-8-sig"]),
    st.integers(0, 3),
)
def test_any_lines_that_look_like_a_txt_are_read_or_refused(text, codec, cut):
    data = text.encode(codec, "ignore")
    parse_or_refuse(data[: len(data) - cut])


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_a_file_with_some_bytes_overwritten_is_read_or_refused(place, bytes_):
    data = document(HEADER, *points(), HEADER, *points()).encode("gbk")
    place %= len(data)
    parse_or_refuse(data[:place] + bytes_ + data[place + len(bytes_) :])


@st.composite
def multipolygons(draw):
    """Realistic ground near Foshan, EPSG:4490: one to three parts apart from each other, each with up to two holes."""
    west, south = draw(st.floats(112.6, 113.3)), draw(st.floats(22.7, 23.5))
    parts = []
    for part in range(draw(st.integers(1, 3))):
        corners = draw(st.integers(3, 12))
        reach = draw(st.lists(st.floats(0.5, 1), min_size=corners, max_size=corners))
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        size = 0.002
        x = west + part * 0.005 + size * np.array(reach) * np.cos(angle)
        y = south + size * np.array(reach) * np.sin(angle)
        shell = np.column_stack((x, y))
        # Within 0.1 of the reach even a triangle with short arms is solid.
        holes = [
            shapely.box(
                west + part * 0.005 + side * 1e-4, south - 5e-5, west + part * 0.005 + side * 1e-4 + 6e-5, south
            )
            for side in range(draw(st.integers(0, 2)))
        ]
        parts.append(shapely.Polygon(shell, [hole.exterior.coords for hole in holes]))
    return shapely.MultiPolygon([parts[index] for index in draw(st.permutations(range(len(parts))))])


plain = st.text(
    st.characters(blacklist_categories=["Cs", "Cc", "Z"], blacklist_characters=",，@"), min_size=1, max_size=20
)


@pytest.mark.parametrize(("srid", "encoding"), [(4526, "gbk"), (4525, "utf-8"), (4547, "utf-8"), (4546, "gbk")])
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(geometry=st.lists(multipolygons().filter(shapely.is_valid), min_size=1, max_size=4), name=plain)
def test_what_is_written_comes_back_within_a_millimetre(tmp_path, srid, encoding, geometry, name):
    path = tmp_path / "plots.txt"
    codes = [f"440605001001GB{n:05d}" for n in range(len(geometry))]
    columns = {"code": codes, "name": [name] * len(codes)}
    write(
        path,
        format="txt",
        batches=[Batch(np.array(geometry, dtype=object), columns)],
        fields=FIELDS,
        layer_name="plots",
        code_field="code",
        name_field="name",
        srid=srid,
        encoding=encoding,
        dated=dt.date(2026, 11, 22),
    )
    file = txt.parse(path.read_bytes())
    assert file.notes == []
    assert file.srid == srid
    assert [(plot.code, plot.name) for plot in file.plots] == [(code, name) for code in codes]
    transformer = Transformer.from_crs(4490, srid, always_xy=True)
    for plot, original in zip(file.plots, geometry, strict=True):
        expected = shapely.transform(original, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))
        assert shapely.get_num_coordinates(plot.geometry) == shapely.get_num_coordinates(expected)
        assert shapely.get_num_geometries(plot.geometry) == shapely.get_num_geometries(expected)
        there, back = shapely.get_coordinates(expected), shapely.get_coordinates(plot.geometry)
        nearest = shapely.distance(shapely.points(there), shapely.multipoints(back))
        assert nearest.max() < 0.001
        assert plot.planar_ha * 10_000 == pytest.approx(shapely.area(expected), abs=0.001 * shapely.length(expected))
        assert plot.declared_ha == round(plot.planar_ha, 4)
