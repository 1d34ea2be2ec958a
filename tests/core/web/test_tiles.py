"""Vector tiles: who gets what, what a tile holds, when it is not drawn again, and what a bad address is told."""

import math
from typing import Any

import pyogrio
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.accounts.models import CITY_CODE, Role
from core.geodata.tiles import TileAddress, TileAddressError
from core.web import tiles
from efficiency.returns.models import YearlyReturn
from efficiency.returns.services import refresh_plot_figures
from landuse.plots.models import Occupation, Plot, PlotVersion
from parks.enterprises.models import Enterprise
from tests.places import NANHAI, SANSHUI, START, account, enterprise, plot, publication, square, tract, zone

pytestmark = pytest.mark.django_db

CORNERS = {NANHAI: (113.00, 23.05), SANSHUI: (112.88, 23.20)}


def address(lon: float, lat: float, z: int, layer: str = "plots") -> str:
    size = 2**z
    x = int((lon + 180) / 360 * size)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * size)
    return f"/tiles/{layer}/{z}/{x}/{y}.mvt"


@pytest.fixture
def two_districts() -> None:
    """A zone, a tract, a plot with occupant and return in Nanhai and in Sanshui."""
    for number, district in ((1, NANHAI), (2, SANSHUI)):
        lon, lat = CORNERS[district]
        zone(f"Z-{number}", square(lon, lat, 0.03), districts=(district,))
        tract(f"T-{number}", square(lon, lat, 0.01), district=district)
        version = plot(number, square(lon, lat), district=district, location=f"示例路 {number} 号")
        firm = enterprise(number, district=district)
        Occupation.objects.create(plot=version.plot, enterprise=firm, kind="owner", share=1, valid_from=START)
        YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny=1_000_000)
    refresh_plot_figures(year=2025)


@pytest.fixture
def decode(tmp_path: Any) -> Any:
    """``decode(response)`` reads a tile through GDAL: feature ids and properties, one dict a feature."""

    def read(response: Any) -> list[dict[str, Any]]:
        if not response.content:
            return []
        file = tmp_path / "tile.mvt"
        file.write_bytes(response.content)
        meta, _fids, _shapes, columns = pyogrio.raw.read(file)
        names = list(meta["fields"])
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    return read


def codes(rows: list[dict[str, Any]]) -> set[str]:
    return {row["code"] for row in rows}


@pytest.mark.usefixtures("two_districts")
class TestPermissions:
    @pytest.mark.parametrize(
        ("role", "places", "district", "seen"),
        [
            (Role.PLANNER, [CITY_CODE], NANHAI, 1),
            (Role.PLANNER, [CITY_CODE], SANSHUI, 1),
            (Role.HEAD, [NANHAI], NANHAI, 1),
            (Role.HEAD, [NANHAI], SANSHUI, 0),
            (Role.AUDITOR, [CITY_CODE], SANSHUI, 1),
            (Role.MONITOR, [SANSHUI], NANHAI, 0),
        ],
    )
    def test_a_plot_tile_holds_the_plots_of_the_readers_places(self, client, decode, role, places, district, seen):
        client.force_login(account(role, *places))
        response = client.get(address(*CORNERS[district], 14))
        assert response.status_code == 200
        assert len(decode(response)) == seen

    @pytest.mark.parametrize(("district", "seen"), [(NANHAI, 1), (SANSHUI, 0)])
    def test_an_enterprise_gets_the_plots_it_occupies(self, client, decode, district, seen):
        client.force_login(account(Role.ENTERPRISE, enterprise=Enterprise.objects.get(district_id=NANHAI)))
        assert len(decode(client.get(address(*CORNERS[district], 14)))) == seen

    def test_an_aggregated_tile_counts_only_what_the_reader_may_see(self, client, decode):
        client.force_login(account(Role.HEAD, NANHAI))
        own = decode(client.get(address(*CORNERS[NANHAI], 9)))
        client.force_login(account(Role.PLANNER, CITY_CODE))
        whole = decode(client.get(address(*CORNERS[NANHAI], 9)))
        assert sum(cell["count"] for cell in own) == 1
        assert sum(cell["count"] for cell in whole) == 2

    def test_the_system_administrator_is_refused_plots_but_given_outlines(self, client, decode):
        client.force_login(account(Role.SYSADMIN, CITY_CODE))
        refused = client.get(address(*CORNERS[NANHAI], 14))
        assert refused.status_code == 403
        assert "宗地" in refused.content.decode()
        assert codes(decode(client.get(address(*CORNERS[NANHAI], 14, "zones")))) == {"Z-1"}

    def test_per_mu_colours_are_not_offered_to_enterprises(self, client):
        client.force_login(account(Role.ENTERPRISE, enterprise=Enterprise.objects.get(district_id=NANHAI)))
        assert client.get(address(*CORNERS[NANHAI], 14) + "?by=tax_per_mu").status_code == 400

    @pytest.mark.parametrize("layer", ["districts", "zones", "redline", "plots"])
    def test_a_stranger_is_told_to_sign_in_not_sent_a_page(self, client, layer):
        response = client.get(address(*CORNERS[NANHAI], 14, layer))
        assert response.status_code == 401
        assert response["Content-Type"].startswith("text/plain")


@pytest.mark.usefixtures("two_districts")
class TestContent:
    @pytest.fixture(autouse=True)
    def _planner(self, client):
        client.force_login(account(Role.PLANNER, CITY_CODE))

    @pytest.mark.parametrize(
        ("layer", "code"),
        [("districts", NANHAI), ("zones", "Z-1"), ("redline", "T-1"), ("plots", f"{NANHAI}001001GB00001")],
    )
    def test_each_layer_answers_a_tile_that_gdal_reads(self, client, decode, layer, code):
        response = client.get(address(113.001, 23.051, 14, layer))
        assert response["Content-Type"] == tiles.CONTENT_TYPE
        rows = decode(response)
        assert code in codes(rows)
        assert all(row["mvt_id"] > 0 for row in rows)

    def test_a_theme_adds_its_value_in_its_unit(self, client, decode):
        (row,) = decode(client.get(address(113.001, 23.051, 14) + "?by=tax_per_mu&year=2025"))
        version = plot_in_force()
        assert row["value"] == pytest.approx(100 / (version.area_m2 * 3 / 2000), rel=1e-6)

    def test_a_year_without_figures_leaves_the_plot_without_a_value(self, client, decode):
        (row,) = decode(client.get(address(113.001, 23.051, 14) + "?by=tax_per_mu&year=2010"))
        assert row.get("value") is None

    def test_a_date_before_the_plot_gives_an_empty_tile(self, client, decode):
        assert decode(client.get(address(113.001, 23.051, 14) + "?on=2022-03-31")) == []
        assert len(decode(client.get(address(113.001, 23.051, 14) + "?on=2022-04-01"))) == 1

    def test_below_zoom_twelve_a_cell_carries_count_area_and_the_mean_weighted_by_area(self, client, decode):
        small = plot(3, square(113.0021, 23.05, 0.001))
        firm = enterprise(3)
        Occupation.objects.create(plot=small.plot, enterprise=firm, kind="owner", share=1, valid_from=START)
        YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny=5_000_000)
        refresh_plot_figures(year=2025)
        rows = decode(client.get(address(113.001, 23.051, 3) + "?by=tax_per_mu&year=2025"))
        (cell,) = rows
        everything = list(PlotVersion.objects.values_list("area_m2", flat=True))
        assert cell["count"] == 3
        assert cell["area_m2"] == pytest.approx(sum(everything))
        assert cell["value"] == pytest.approx(700 / (sum(everything) * 3 / 2000), rel=1e-6)

    def test_a_plot_counts_in_one_aggregated_tile_only(self, client, decode):
        z, x, y = (int(part) for part in address(113.001, 23.051, 11)[:-4].split("/")[3:])
        total = 0
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                rows = decode(client.get(f"/tiles/plots/{z}/{x + dx}/{y + dy}.mvt"))
                total += sum(row["count"] for row in rows)
        assert total == 2


def plot_in_force() -> Any:
    return PlotVersion.objects.get(plot_id=f"{NANHAI}001001GB00001")


@pytest.mark.usefixtures("two_districts")
class TestCaching:
    @pytest.fixture(autouse=True)
    def _planner(self, client):
        client.force_login(account(Role.PLANNER, CITY_CODE))

    @pytest.mark.parametrize("zoom", [9, 14])
    def test_an_unchanged_tile_is_answered_304_without_its_sql(self, client, zoom):
        first = client.get(address(113.001, 23.051, zoom))
        assert first["Cache-Control"] == "private, no-cache"
        with CaptureQueriesContext(connection) as queries:
            again = client.get(address(113.001, 23.051, zoom), headers={"if-none-match": first["ETag"]})
        assert again.status_code == 304
        assert again.content == b""
        assert not [query for query in queries.captured_queries if "ST_AsMVT" in query["sql"]]

    def test_a_write_to_the_layer_changes_the_etag(self, client):
        first = client.get(address(113.001, 23.051, 14))
        plot(7, square(113.004, 23.054))
        again = client.get(address(113.001, 23.051, 14), headers={"if-none-match": first["ETag"]})
        assert again.status_code == 200
        assert again["ETag"] != first["ETag"]

    def test_new_figures_change_the_etag_of_a_coloured_tile(self, client):
        coloured = address(113.001, 23.051, 14) + "?by=tax_per_mu&year=2025"
        first = client.get(coloured)
        YearlyReturn.objects.filter(enterprise__district_id=NANHAI).update(tax_cny=9_000_000)
        refresh_plot_figures(year=2025)
        assert client.get(coloured, headers={"if-none-match": first["ETag"]}).status_code == 200

    def test_readers_of_different_scope_never_share_an_etag(self, client):
        city = client.get(address(113.001, 23.051, 14))["ETag"]
        client.force_login(account(Role.HEAD, NANHAI))
        assert client.get(address(113.001, 23.051, 14))["ETag"] != city

    def test_first_and_later_requests_name_the_same_tile_alike(self, client):
        first = client.get(address(113.001, 23.051, 14))
        other = client.get(address(113.001, 23.051, 14), headers={"if-none-match": '"another"'})
        assert other.status_code == 200
        assert other["ETag"] == first["ETag"]
        assert other.content == first.content

    def test_a_leaving_occupant_changes_what_its_enterprise_is_shown(self, client):
        own = Enterprise.objects.get(district_id=NANHAI)
        client.force_login(account(Role.ENTERPRISE, enterprise=own))
        first = client.get(address(113.001, 23.051, 14))
        Occupation.objects.filter(enterprise=own).update(valid_to="2023-01-01")
        again = client.get(address(113.001, 23.051, 14), headers={"if-none-match": first["ETag"]})
        assert again.status_code == 200
        assert again.content == b""


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tiles/plots/a/b/c.mvt", 400),
        ("/tiles/plots/-1/0/0.mvt", 400),
        ("/tiles/plots/23/0/0.mvt", 400),
        ("/tiles/plots/3/8/0.mvt", 400),
        ("/tiles/plots/3/0/8.mvt", 400),
        ("/tiles/plots/3/99999999999999999999/0.mvt", 400),
        ("/tiles/plots/３/0/0.mvt", 400),
        ("/tiles/nothing/3/1/1.mvt", 404),
        ("/tiles/enterprises/3/1/1.mvt", 404),
        ("/tiles/plots/3/1.mvt", 404),
        ("/tiles/plots/3/1/1.png", 404),
        ("/tiles/plots/3/1/1.mvt?on=yesterday", 400),
        ("/tiles/plots/3/1/1.mvt?on=1066-10-14", 400),
        ("/tiles/plots/3/1/1.mvt?by=nothing", 400),
        ("/tiles/plots/3/1/1.mvt?by=tax_per_mu&year=20x5", 400),
        ("/tiles/plots/3/1/1.mvt?by=tax_per_mu&year=99999999999", 400),
    ],
)
def test_a_malformed_address_gets_one_sentence(client, path, status):
    client.force_login(account(Role.PLANNER, CITY_CODE))
    response = client.get(path)
    assert response.status_code == status
    text = response.content.decode().strip()
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert text.endswith("。")
    assert "\n" not in text


def test_the_limits_of_an_address_belong_to_it():
    assert TileAddress.parse("0", "0", "0") == TileAddress(0, 0, 0)
    assert TileAddress.parse("22", "4194303", "4194303").z == 22
    with pytest.raises(TileAddressError):
        TileAddress.parse("22", "4194304", "0")


def many_plots(sub_area: str, count: int) -> None:
    """``count`` small plots side by side north of (113.0, 23.05 or 23.056), one row of 75 above the other."""
    south = {"001": 23.050, "002": 23.056}[sub_area]
    paper = publication("plots")
    plots = [Plot(code=f"{NANHAI}001{sub_area}GB{number:05d}") for number in range(count)]
    Plot.objects.bulk_create(plots)
    PlotVersion.objects.bulk_create(
        PlotVersion(
            plot=lasting,
            geom=square(113.0 + 0.0003 * (number % 75), south + 0.0003 * (number // 75), 0.0002),
            district_id=NANHAI,
            publication=paper,
            valid_from=START,
            use_code="100102",
            supply_mode="grant",
        )
        for number, lasting in enumerate(plots)
    )


@pytest.mark.parametrize(
    "path",
    [
        address(113.01, 23.055, 12),
        address(113.01, 23.055, 9),
        address(113.01, 23.055, 12) + "?by=tax_per_mu&year=2025",
        "/map/features/plots/?bbox=112.9,22.9,113.2,23.3",
        f"/map/features/plots/?bbox=112.9,22.9,113.2,23.3&within=districts:{NANHAI}",
        "/map/legend/plots/?by=use",
        "/map/labels/",
        "/map/at/?lon=113.01&lat=23.055&layers=plots,zones,redline,districts",
    ],
)
def test_queries_do_not_grow_from_50_to_5000_plots(client, path):
    client.force_login(account(Role.PLANNER, CITY_CODE))
    counted = []
    for sub_area, rows in (("001", 50), ("002", 4950)):
        many_plots(sub_area, rows)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 6
