"""Exports hold what is in force for their reader on a date; read back, they change nothing."""

import datetime as dt
import io
import zipfile

import numpy as np
import pyogrio
import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.core.management import CommandError, call_command
from django.urls import reverse

from core.accounts.models import Role
from core.geodata.exchange.writing import SUFFIXES, Unwritable
from core.mapedit.models import Change, ChangeSet
from core.mapedit.services import exporting, importing
from tests import places
from tests.core.mapedit.files import code, feature, geojson

pytestmark = pytest.mark.django_db

LAYERS = ("districts", "zones", "redline", "plots")
SYSTEMS = {
    "shp": (4490, 4526, 4525, 4547, 4546, 4326),
    "gpkg": (4490, 4547),
    "geojson": (4490, 4326),
    "gdb": (4490, 4526),
    "dxf": (4526, 4547),
    "txt": (4526, 4525, 4547, 4546),
}
CASES = [
    pytest.param(file_format, srid, encoding, id=f"{file_format}-{srid}-{encoding}")
    for file_format, srids in SYSTEMS.items()
    for srid in srids
    for encoding in (("utf-8", "gbk") if file_format in {"shp", "dxf", "txt"} else ("utf-8",))
]


def ragged(lon: float, lat: float, corners: int = 40) -> MultiPolygon:
    """A plot with uneven corners, a hole, and a second part beside it."""
    rng = np.random.default_rng(int(lon * 1e6) % 1000)
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radius = rng.uniform(0.0004, 0.0006, corners)
    outer = [(lon + r * np.cos(a), lat + r * np.sin(a)) for a, r in zip(angle, radius, strict=True)]
    hole = Polygon.from_bbox((lon - 0.0001, lat - 0.0001, lon + 0.0001, lat + 0.0001))
    apart = Polygon.from_bbox((lon + 0.0007, lat, lon + 0.0009, lat + 0.0003))
    return MultiPolygon(Polygon([*outer, outer[0]], hole.coords[0]), apart, srid=4490)


@pytest.fixture
def world():
    lon, lat = places.CORNER[places.NANHAI]
    places.zone("FS-NH-01", ragged(lon, lat + 0.02), leading_industry="装备制造", managing_body="示例管委会")
    places.zone(
        "FS-NH-02", places.square(lon, lat + 0.03), districts=(places.NANHAI, places.SANSHUI), name="沿江“示例”区"
    )
    places.tract("RL-NH-0001", ragged(lon + 0.01, lat + 0.02), name="北片")
    places.tract("RL-SS-0001", places.square(*places.CORNER[places.SANSHUI]), district=places.SANSHUI)
    places.plot(1, ragged(lon, lat), location="狮山镇示例路 1 号", is_m0=True, height_limit_m="36.50")
    places.plot(
        2,
        location="里水镇示例“工业大道”，东侧",
        plot_ratio_planned="2.500",
        term_years=30,
        term_from=dt.date(2020, 1, 1),
        term_to=dt.date(2050, 1, 1),
        registered_area_m2="45512.37",
        supply_mode="lease_then_sell",
    )
    places.plot(3, district=places.SANSHUI, town_id=None)


@pytest.mark.parametrize(("file_format", "srid", "encoding"), CASES)
def test_every_layer_read_back_from_every_format_shows_no_difference(tmp_path, world, file_format, srid, encoding):
    for layer in LAYERS:
        path = tmp_path / f"{layer}{SUFFIXES[file_format]}"
        written = exporting.export_layer(
            path, layer=layer, file_format=file_format, by=None, srid=srid, encoding=encoding
        )
        asked = importing.Options(srid=srid if file_format == "dxf" else None)
        examined = importing.examine(path, layer=layer, options=asked)
        assert [f.message for f in examined.remarks.findings if f.is_error] == []
        assert examined.counts == {
            "read": written.count,
            "new": 0,
            "changed": 0,
            "unchanged": written.count,
            "missing": 0,
            "refused": 0,
        }


def test_a_text_longer_than_a_shapefile_holds_stays_whole(tmp_path):
    location = "示例街道" * 30
    places.plot(1, location=location)
    path = tmp_path / "plots.zip"
    written = exporting.export_layer(path, layer="plots", file_format="shp", by=None)
    assert "已截短" in written.losses[0]
    assert importing.examine(path, layer="plots").counts["unchanged"] == 1


def test_an_export_is_as_of_its_date(tmp_path):
    old = places.plot(1, location="旧址", valid_to=dt.date(2024, 1, 1))
    places.plot(1, location="新址", valid_from=dt.date(2024, 1, 1))
    for on, location in ((dt.date(2023, 6, 1), "旧址"), (dt.date(2024, 1, 1), "新址")):
        path = tmp_path / "plots.gpkg"
        exporting.export_layer(path, layer="plots", file_format="gpkg", by=None, on=on)
        assert pyogrio.read_dataframe(path)["location"].tolist() == [location], old
        path.unlink()


def test_a_selection_takes_codes_districts_and_boxes(tmp_path, world):
    lon, lat = places.CORNER[places.SANSHUI]
    for selection in (
        exporting.Selection(codes=(code(3, district=places.SANSHUI),)),
        exporting.Selection(district=places.SANSHUI),
        exporting.Selection(bbox=(lon, lat, lon + 0.02, lat + 0.02)),
    ):
        path = tmp_path / "plots.geojson"
        assert (
            exporting.export_layer(path, layer="plots", file_format="geojson", by=None, selection=selection).count == 1
        )


@pytest.mark.parametrize(
    ("role", "scope", "count"),
    [
        (Role.PLANNER, ["440600"], 3),
        (Role.HEAD, [places.NANHAI], 2),
        (Role.PARKS, [places.SANSHUI], 1),
        (Role.AUDITOR, ["440600"], 3),
    ],
)
def test_a_reader_exports_the_plots_of_their_places(tmp_path, world, role, scope, count):
    user = places.account(role, *scope)
    path = tmp_path / "plots.gpkg"
    assert exporting.export_layer(path, layer="plots", file_format="gpkg", by=user).count == count


def test_an_administrator_of_accounts_has_nothing_to_export(tmp_path, world):
    user = places.account(Role.SYSADMIN, "440600")
    with pytest.raises(Unwritable, match="没有要素"):
        exporting.export_layer(tmp_path / "plots.gpkg", layer="plots", file_format="gpkg", by=user)
    assert not (tmp_path / "plots.gpkg").exists()


def test_a_change_set_exports_what_it_would_have_in_force(tmp_path, client):
    planner = places.account(Role.PLANNER, "440600")
    file = geojson(tmp_path / "plots.geojson", feature(1), feature(2))
    outcome = importing.write(importing.examine(file, layer="plots", by=planner), by=planner, title="导入")
    client.force_login(planner)
    answer = client.get(reverse("mapedit:export_change_set", args=[outcome.change_set.pk]), {"as_": "geojson"})
    path = tmp_path / "set.geojson"
    path.write_bytes(b"".join(answer.streaming_content))
    assert sorted(pyogrio.read_dataframe(path)["code"]) == [code(1), code(2)]
    assert Change.objects.count() == 2
    client.force_login(places.account(Role.HEAD, places.NANHAI))
    assert client.get(reverse("mapedit:export_change_set", args=[ChangeSet.objects.get().pk])).status_code == 404


def test_the_page_hands_out_the_file_under_a_chinese_name(client, world):
    client.force_login(places.account(Role.HEAD, places.NANHAI))
    address = reverse("mapedit:export", args=["plots"])
    page = client.get(address).content.decode()
    assert "导出宗地" in page
    assert "禅城区" not in page
    answer = client.get(address, {"as_": "shp", "encoding": "gbk", "on": "2026-03-31", "district": places.NANHAI})
    assert answer.status_code == 200
    assert "%E5%AE%97%E5%9C%B0_%E5%8D%97%E6%B5%B7%E5%8C%BA_2026-03-31.zip" in answer.headers["Content-Disposition"]
    names = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist()
    assert {name.rsplit(".", 1)[1] for name in names} >= {"shp", "shx", "dbf", "prj", "cpg"}


def test_what_cannot_be_exported_is_said_on_the_page(client, world):
    client.force_login(places.account(Role.PLANNER, "440600"))
    address = reverse("mapedit:export", args=["plots"])
    for query, sentence in (
        ({"as_": "geojson", "srid": "4547"}, "GeoJSON 只能使用经纬度"),
        ({"as_": "txt", "srid": "4490"}, "三度带"),
        ({"as_": "shp", "on": "1990-01-01"}, "没有要素可导出"),
    ):
        answer = client.get(address, query)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
    assert client.get(reverse("mapedit:export", args=["roads"])).status_code == 404


def test_the_command_tells_the_format_by_the_name(tmp_path, world, capsys):
    call_command("export_layer", "plots", str(tmp_path / "plots.gdb.zip"))
    assert "已导出 3 个要素" in capsys.readouterr().out
    with pytest.raises(CommandError, match="看不出") as refused:
        call_command("export_layer", "plots", str(tmp_path / "plots.xyz"))
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="zip") as refused:
        call_command("export_layer", "plots", str(tmp_path / "plots.shp"))
    assert refused.value.returncode == 2
