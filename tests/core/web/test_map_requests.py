"""The map's other requests: page, cards, list twin, legend, what lies at a point, measuring, search."""

import json
from typing import Any

import pytest

from core.accounts.models import CITY_CODE, Role
from efficiency.returns.models import YearlyReturn
from efficiency.returns.services import refresh_plot_figures
from landuse.plots.models import Occupation
from parks.enterprises.models import Enterprise
from tests.places import NANHAI, SANSHUI, START, account, enterprise, plot, square, tract, zone

pytestmark = pytest.mark.django_db

CORNERS = {NANHAI: (113.00, 23.05), SANSHUI: (112.88, 23.20)}
PLOT = {NANHAI: f"{NANHAI}001001GB00001", SANSHUI: f"{SANSHUI}001001GB00002"}


@pytest.fixture(autouse=True)
def two_districts() -> None:
    """A zone, a tract, a plot with occupant and return in Nanhai and in Sanshui."""
    for number, district in ((1, NANHAI), (2, SANSHUI)):
        lon, lat = CORNERS[district]
        zone(f"Z-{number}", square(lon, lat, 0.03), districts=(district,))
        tract(f"T-{number}", square(lon, lat, 0.01), district=district)
        version = plot(
            number, square(lon, lat), district=district, location=f"示例路 {number} 号", registered_area_m2=45000
        )
        firm = enterprise(number, district=district)
        Occupation.objects.create(plot=version.plot, enterprise=firm, kind="owner", share=1, valid_from=START)
        YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny=1_000_000)
    refresh_plot_figures(year=2025)


def signed_in(client: Any, role: Role, *places: str) -> Any:
    own = Enterprise.objects.get(district_id=NANHAI) if role == Role.ENTERPRISE else None
    client.force_login(account(role, *places, enterprise=own))
    return client


def text(response: Any) -> str:
    return response.content.decode()


class TestCards:
    @pytest.mark.parametrize(
        ("role", "places", "own", "other"),
        [
            (Role.PLANNER, [CITY_CODE], 200, 200),
            (Role.HEAD, [NANHAI], 200, 404),
            (Role.MONITOR, [SANSHUI], 404, 200),
            (Role.AUDITOR, [CITY_CODE], 200, 200),
            (Role.ENTERPRISE, [], 200, 404),
            (Role.SYSADMIN, [CITY_CODE], 403, 403),
        ],
    )
    @pytest.mark.parametrize("layer", ["plots", "enterprises"])
    def test_land_records_open_within_the_readers_places(self, client, layer, role, places, own, other):
        signed_in(client, role, *places)
        for district, expected in ((NANHAI, own), (SANSHUI, other)):
            code = PLOT[district]
            if layer == "enterprises":
                code = Enterprise.objects.get(district_id=district).uscc
            assert client.get(f"/map/card/{layer}/{code}/").status_code == expected

    @pytest.mark.parametrize("role", Role.values)
    @pytest.mark.parametrize(
        "path", ["zones/Z-2", "redline/T-2", f"districts/{SANSHUI}", "districts/sanshui", "towns/440605122"]
    )
    def test_published_outlines_open_for_every_role(self, client, role, path):
        signed_in(client, Role(role), *([] if role == Role.ENTERPRISE else [NANHAI]))
        assert client.get(f"/map/card/{path}/").status_code == 200

    def test_a_plots_card_states_area_against_the_register_zone_occupants_and_figures(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        shown = text(client.get(f"/map/card/plots/{PLOT[NANHAI]}/"))
        for fact in (
            "45,000.00",
            "Z-1 示例集聚区",
            "国有",
            "二类工业用地",
            "示例金属制品有限公司1号",
            "2025",
            "示例路 1 号",
        ):
            assert fact in shown
        assert 'id="map-shape"' in shown

    def test_an_enterprise_reads_its_plot_without_the_figures_that_mix_firms(self, client):
        signed_in(client, Role.ENTERPRISE)
        assert "亩均指标" not in text(client.get(f"/map/card/plots/{PLOT[NANHAI]}/"))

    def test_an_occupant_of_another_district_is_not_named(self, client):
        stranger = enterprise(9, district=SANSHUI, name="示例外区制品有限公司")
        Occupation.objects.filter(plot_id=PLOT[NANHAI]).update(share="0.6")
        Occupation.objects.create(
            plot_id=PLOT[NANHAI], enterprise=stranger, kind="tenant", share="0.4", valid_from=START
        )
        signed_in(client, Role.HEAD, NANHAI)
        shown = text(client.get(f"/map/card/plots/{PLOT[NANHAI]}/"))
        assert "示例外区制品有限公司" not in shown
        assert "示例金属制品有限公司1号" in shown

    def test_a_zone_is_held_to_ten_thousand_mu_without_rounding(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        shown = text(client.get("/map/card/zones/Z-1/"))
        assert "面积超过万亩门槛" in shown
        zone("Z-9", square(113.0, 23.085, 0.01))
        assert "面积未超过万亩门槛" in text(client.get("/map/card/zones/Z-9/"))

    def test_a_head_is_told_that_another_districts_plots_are_closed(self, client):
        signed_in(client, Role.HEAD, NANHAI)
        assert "本账号的范围不含该区" in text(client.get(f"/map/card/districts/{SANSHUI}/"))

    @pytest.mark.parametrize("path", ["plots/none", "zones/Z-99", "nothing/1", "districts/%00", "plots/" + "9" * 300])
    def test_an_unknown_code_gets_a_sentence(self, client, path):
        signed_in(client, Role.PLANNER, CITY_CODE)
        response = client.get(f"/map/card/{path}/")
        assert response.status_code == 404
        assert text(response).strip().endswith("。")

    def test_a_card_before_the_feature_was_published_says_so(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        response = client.get("/map/card/zones/Z-1/?on=2020-01-01")
        assert response.status_code == 404
        assert "2020-01-01" in text(response)


class TestList:
    def test_it_is_paged_by_code_and_names_every_feature_once(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        for number in range(10, 15):
            plot(number)
        first = text(client.get("/map/features/plots/?limit=3"))
        after = first.split('data-more="')[1].split('"')[0]
        second = text(client.get(f"/map/features/plots/?limit=10&after={after}"))
        seen = [part.split('"')[0] for part in (first + second).split('data-code="')[1:]]
        assert len(seen) == len(set(seen)) == 7
        assert "data-more" not in second

    @pytest.mark.parametrize(
        ("role", "places", "seen"),
        [
            (Role.PLANNER, [CITY_CODE], {NANHAI, SANSHUI}),
            (Role.HEAD, [NANHAI], {NANHAI}),
            (Role.AUDITOR, [CITY_CODE], {NANHAI, SANSHUI}),
            (Role.ENTERPRISE, [], {NANHAI}),
        ],
    )
    def test_it_lists_what_the_reader_may_see(self, client, role, places, seen):
        signed_in(client, role, *places)
        shown = text(client.get("/map/features/plots/"))
        assert {district for district, code in PLOT.items() if code in shown} == seen

    def test_the_system_administrator_has_no_list_of_plots(self, client):
        signed_in(client, Role.SYSADMIN, CITY_CODE)
        assert client.get("/map/features/plots/").status_code == 403

    def test_a_box_and_a_place_narrow_it(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        assert PLOT[SANSHUI] not in text(client.get("/map/features/plots/?bbox=112.99,23.04,113.02,23.06"))
        assert PLOT[SANSHUI] in text(client.get("/map/features/plots/?within=zones:Z-2"))
        assert PLOT[NANHAI] not in text(client.get("/map/features/plots/?within=zones:Z-2"))

    def test_nothing_in_view_is_explained(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        assert "当前视野内没有宗地" in text(client.get("/map/features/plots/?bbox=1,1,2,2"))

    @pytest.mark.parametrize(
        "asked",
        ["bbox=1,2,3", "bbox=nan,1,2,3", "bbox=3,1,2,4", "bbox=-inf,1,2,3", "limit=0", "limit=9999", "limit=x"],
    )
    def test_a_bad_question_gets_a_sentence(self, client, asked):
        signed_in(client, Role.PLANNER, CITY_CODE)
        response = client.get(f"/map/features/plots/?{asked}")
        assert response.status_code == 400
        assert text(response).strip().endswith("。")


class TestPoint:
    def test_the_topmost_of_the_asked_layers_answers(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        inside = "/map/at/?lon=113.001&lat=23.051&layers="
        assert client.get(inside + "zones,plots,redline").json() == {"layer": "plots", "code": PLOT[NANHAI]}
        assert client.get(inside + "districts,zones").json() == {"layer": "zones", "code": "Z-1"}
        assert client.get("/map/at/?lon=0&lat=0&layers=zones").json() == {"layer": None}

    def test_it_does_not_tell_of_plots_the_reader_may_not_see(self, client):
        signed_in(client, Role.HEAD, SANSHUI)
        assert client.get("/map/at/?lon=113.001&lat=23.051&layers=plots").json() == {"layer": None}

    @pytest.mark.parametrize("asked", ["", "lon=x&lat=1", "lon=nan&lat=1", "lon=181&lat=1"])
    def test_a_bad_position_gets_a_sentence(self, client, asked):
        signed_in(client, Role.PLANNER, CITY_CODE)
        assert client.get(f"/map/at/?{asked}").status_code == 400


class TestLegend:
    def test_quantiles_count_only_what_the_reader_may_see(self, client):
        signed_in(client, Role.HEAD, NANHAI)
        answer = client.get("/map/legend/plots/?by=tax_per_mu&year=2025").json()
        assert (answer["known"], answer["unknown"], answer["unit"]) == (1, 0, "万元/亩")

    def test_equal_values_make_one_class(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        answer = client.get("/map/legend/plots/?by=tax_per_mu&year=2010").json()
        assert answer["classes"] == []
        assert answer["unknown"] == 2

    def test_kinds_carry_their_chinese_names_and_counts(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        answer = client.get("/map/legend/plots/?by=ownership").json()
        assert [(item["label"], item["count"]) for item in answer["classes"]] == [
            ("国有", 2),
            ("集体", 0),
            ("未确权", 0),
        ]

    def test_an_unchanged_legend_is_not_computed_again(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        first = client.get("/map/legend/plots/?by=ownership")
        again = client.get("/map/legend/plots/?by=ownership", headers={"if-none-match": first["ETag"]})
        assert again.status_code == 304


class TestMeasuring:
    def ask(self, client: Any, body: Any) -> Any:
        return client.post(
            "/map/measure/", body if isinstance(body, str) else json.dumps(body), content_type="application/json"
        )

    def test_an_area_is_the_area_of_record(self, client):
        from landuse.plots.models import PlotVersion

        signed_in(client, Role.PLANNER, CITY_CODE)
        lon, lat = CORNERS[NANHAI]
        ring = [[lon, lat], [lon + 0.002, lat], [lon + 0.002, lat + 0.002], [lon, lat + 0.002]]
        answer = self.ask(client, {"kind": "area", "points": ring}).json()
        recorded = PlotVersion.objects.get(plot_id=PLOT[NANHAI]).area_m2
        assert answer["area_m2"] == pytest.approx(recorded, rel=1e-12)
        assert answer["mu"] == f"{recorded * 3 / 2000:,.2f}"

    def test_a_length_follows_the_ellipsoid(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        answer = self.ask(client, {"kind": "length", "points": [[113, 23], [113, 24]]}).json()
        assert answer["length_m"] == pytest.approx(110_754, abs=30)
        assert answer["length"].endswith(" km")

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "[]",
            '{"kind": "area"}',
            '{"kind": "volume", "points": []}',
            '{"kind": "area", "points": [[1, 2], [1, 2], [1, 2]]}',
            '{"kind": "length", "points": [[1, 2]]}',
            '{"kind": "length", "points": [[1, 2], [NaN, 3]]}',
            '{"kind": "length", "points": [[1, 2], [Infinity, 3]]}',
            '{"kind": "length", "points": [[1, 2], ["1", 3]]}',
            '{"kind": "length", "points": [[1, 2], [true, 3]]}',
            '{"kind": "length", "points": [[1, 2], [1e400, 3]]}',
            '{"kind": "length", "points": [[1, 2], [1' + "0" * 400 + ", 3]]}",
            '{"kind": "length", "points": [[1, 2], [200, 3]]}',
            json.dumps({"kind": "length", "points": [[1 + number / 9999, 2] for number in range(1001)]}),
            "[" * 5000,
        ],
    )
    def test_what_cannot_be_measured_gets_a_sentence(self, client, body):
        signed_in(client, Role.PLANNER, CITY_CODE)
        response = self.ask(client, body)
        assert response.status_code == 400
        assert text(response).strip().endswith("。")

    def test_a_crossing_outline_is_said_to_cross(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        bow_tie = [[113, 23], [113.01, 23.01], [113.01, 23], [113, 23.01]]
        response = self.ask(client, {"kind": "area", "points": bow_tie})
        assert response.status_code == 400
        assert "自相交" in text(response)


class TestSearch:
    def hits(self, client: Any, query: str) -> dict[str, list[dict[str, Any]]]:
        answer = client.get("/search/", {"q": query}, headers={"accept": "application/json"}).json()
        return {group["key"]: group["hits"] for group in answer["groups"]}

    def test_it_finds_plot_zone_enterprise_district_and_town_and_leads_to_the_map(self, client):
        signed_in(client, Role.PLANNER, CITY_CODE)
        wanted = {
            ("plots", PLOT[NANHAI][:14]): f"/map/?select=plots:{PLOT[NANHAI]}",
            ("zones", "Z-1"): "/map/?select=zones:Z-1",
            ("places", "狮山"): "/map/?select=towns:440605124",
            ("places", "南海"): f"/map/?select=districts:{NANHAI}",
        }
        for (source, query), url in wanted.items():
            assert self.hits(client, query)[source][0]["url"] == url
        firm = Enterprise.objects.get(district_id=NANHAI)
        for query in (firm.name[2:8], firm.uscc, firm.uscc[:12].lower()):
            found = {hit["url"] for hit in self.hits(client, query)["enterprises"]}
            assert f"/map/?select=enterprises:{firm.uscc}" in found

    @pytest.mark.parametrize(
        ("role", "places", "plots", "enterprises"),
        [
            (Role.HEAD, [NANHAI], 1, 1),
            (Role.HEAD, [SANSHUI], 0, 0),
            (Role.ENTERPRISE, [], 1, 1),
            (Role.AUDITOR, [CITY_CODE], 1, 1),
            (Role.SYSADMIN, [CITY_CODE], 0, 0),
        ],
    )
    def test_it_finds_only_what_the_reader_may_see(self, client, role, places, plots, enterprises):
        signed_in(client, role, *places)
        assert len(self.hits(client, PLOT[NANHAI]).get("plots", [])) == plots
        uscc = Enterprise.objects.get(district_id=NANHAI).uscc
        assert len(self.hits(client, uscc).get("enterprises", [])) == enterprises


@pytest.mark.parametrize("role", Role.values)
def test_the_page_opens_for_every_role_with_its_layers_only(client, role):
    signed_in(client, Role(role), *([] if role == Role.ENTERPRISE else [CITY_CODE]))
    shown = text(client.get("/map/"))
    assert ('data-layer-toggle="plots"' in shown) == (role != Role.SYSADMIN)
    assert 'data-layer-toggle="zones"' in shown
    assert ("亩均税收" in shown) == (role not in {Role.SYSADMIN, Role.ENTERPRISE})
    assert "data-base>" not in shown


def test_the_page_sends_a_stranger_to_sign_in_and_back(client):
    response = client.get("/map/?select=zones:Z-1")
    assert response.status_code == 302
    assert "next=" in response["Location"]


@pytest.mark.parametrize(
    "path", ["/map/card/zones/Z-1/", "/map/features/zones/", "/map/labels/", "/map/at/", "/map/legend/plots/"]
)
def test_the_maps_requests_tell_a_stranger_to_sign_in(client, path):
    assert client.get(path).status_code == 401
