"""Who reads the compliance pages, what they say, and that they say what the command says."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.accounts.models import Role
from core.web.figures import area_text
from tests import places
from tests.landuse.redline.test_compliance import five_blocks, many_tracts

pytestmark = pytest.mark.django_db
CITY, NANHAI = "440600", "440605"
LAND = [Role.PLANNER, Role.REVIEWER, Role.MONITOR, Role.HEAD, Role.PARKS, Role.AUDITOR]


def text_of(response) -> str:
    """The words of the page, its markup and runs of blanks taken out."""
    plain = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", plain)


@pytest.mark.parametrize("role", LAND)
@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        (CITY, "/compliance/", 200),
        (CITY, "/compliance/nanhai/", 200),
        (CITY, "/compliance/440608/", 200),
        (NANHAI, "/compliance/", 200),
        (NANHAI, "/compliance/nanhai/", 200),
        (NANHAI, "/compliance/shunde/", 403),
        (NANHAI, "/compliance/440606/export.csv", 403),
        (NANHAI, "/compliance/440606/export.geojson", 403),
        (NANHAI, "/compliance/440606/map.html", 403),
        (NANHAI, "/compliance/export.csv", 200),
    ],
)
def test_the_city_is_read_by_every_land_role_and_a_district_within_its_places(client, role, scope, path, status):
    client.force_login(places.account(role, scope))
    assert client.get(path).status_code == status


@pytest.mark.parametrize("path", ["/compliance/", "/compliance/nanhai/", "/compliance/map.html"])
def test_enterprises_and_system_administrators_are_told_who_reads_it(client, path):
    for user in (places.account(Role.ENTERPRISE), places.account(Role.SYSADMIN, CITY)):
        client.force_login(user)
        refused = client.get(path)
        assert refused.status_code == 403
        assert "本账号的角色不查看" in text_of(refused)


def test_a_stranger_is_sent_to_sign_in(client):
    assert client.get("/compliance/").headers["Location"].startswith("/accounts/login/")


def test_another_district_is_refused_with_the_readers_own_scope(client):
    client.force_login(places.account(Role.HEAD, NANHAI))
    assert "本账号的范围是南海区，不查看顺德区的合规详情" in text_of(client.get("/compliance/shunde/"))


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/compliance/panyu/", 404, "没有代码或名称为“panyu”的区"),
        ("/compliance/禅城/", 404, "没有代码或名称为“禅城”的区"),
        ("/compliance/440600/", 404, "没有代码或名称为“440600”的区"),
        ("/compliance/?on=31.03.2026", 400, "日期“31.03.2026”无法识别"),
        ("/compliance/?on=2026-02-30", 400, "无法识别"),
        ("/compliance/nanhai/?on=9999-01-01", 400, "无法识别"),
        ("/compliance/export.csv?on=x", 400, "无法识别"),
        ("/compliance/map.html?on=2020-01-01", 404, "没有现行的红线下限"),
        ("/compliance/?on=2020-01-01", 200, "红线下限自 2022-03-30 起生效"),
    ],
)
def test_a_bad_address_is_answered_with_a_sentence(client, path, status, sentence):
    client.force_login(places.account(Role.PLANNER, CITY))
    answer = client.get(path)
    assert answer.status_code == status
    assert sentence in text_of(answer)


def test_the_page_writes_the_figures_of_the_command(client, small_floors):
    five_blocks(d440604=620_266.67, d440606=-0.01)
    places.zone("FS-T-1", places.square(113.0, 23.05, 0.03))
    written = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("compliance", "--format", "json", stdout=written)
    document = json.loads(written.getvalue())
    client.force_login(places.account(Role.PLANNER, CITY))
    page = text_of(client.get("/compliance/"))
    for place in (*document["districts"], document["city"]):
        surplus = area_text(place["surplus_m2"], signed=True)
        assert surplus.m2 in page
        assert area_text(place["area_m2"], floor_m2=place["floor_m2"]).mu in page
    assert "全市未守住工业用地红线：顺德区低于下限 0.01" in page
    assert "万亩集聚区 1/1 个，均超过万亩" in page


def test_a_hundredth_of_a_square_metre_short_is_said_on_the_page(client, small_floors):
    five_blocks(d440605=-0.01)
    client.force_login(places.account(Role.HEAD, NANHAI))
    answer = client.get("/compliance/nanhai/")
    page = text_of(answer)
    assert "南海区未守住工业用地红线，低于下限 0.01" in page
    assert "未达标" in page
    assert "\N{MINUS SIGN}0.01" in page


def test_a_hundredth_of_a_square_metre_over_is_said_on_the_page(client, small_floors):
    five_blocks(d440605=0.01)
    client.force_login(places.account(Role.HEAD, NANHAI))
    page = text_of(client.get("/compliance/nanhai/"))
    assert "南海区守住工业用地红线，高出下限 0.01" in page


def test_zones_that_fail_stand_on_top(client, small_floors, set_parameter):
    set_parameter("zone.count", CITY, 2)
    places.zone("FS-T-1", places.square(113.00, 23.05, 0.03))
    places.zone("FS-T-2", places.square(113.00, 23.12, 0.02))
    client.force_login(places.account(Role.PLANNER, CITY))
    page = client.get("/compliance/").content.decode()
    table = page[page.index('id="zone-table"') :]
    assert table.index("FS-T-2") < table.index("FS-T-1")
    assert "其中 1 个未超过万亩" in page


def test_the_page_asks_as_many_queries_for_five_thousand_tracts_as_for_fifty(client, small_floors):
    client.force_login(places.account(Role.PLANNER, CITY))
    client.get("/compliance/")
    counts = []
    for count in (50, 4_950):
        many_tracts(count, first=1 if count == 50 else 51)
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/compliance/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_csv_opens_in_excel_and_keeps_every_digit(client, small_floors):
    five_blocks(d440604=-0.01)
    client.force_login(places.account(Role.PLANNER, CITY))
    answer = client.get("/compliance/export.csv")
    body = answer.content.decode()
    assert body.startswith("\ufeff")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(body.removeprefix("\ufeff"))))
    chancheng = next(row for row in rows if row and row[0] == "440604")
    assert float(chancheng[5]) == pytest.approx(-0.01, abs=1e-3)
    assert chancheng[-1] == "未达标"
    assert [row[0] for row in rows[2:8]] == ["440604", "440605", "440606", "440607", "440608", CITY]


def test_a_zone_named_like_a_formula_stays_text(client, small_floors):
    places.zone("FS-T-1", places.square(113.0, 23.05, 0.03), name="=1+1")
    client.force_login(places.account(Role.PLANNER, CITY))
    assert ",'=1+1," in client.get("/compliance/export.csv").content.decode()


def test_the_geojson_holds_the_tracts_of_the_district(client, small_floors):
    five_blocks()
    client.force_login(places.account(Role.HEAD, NANHAI))
    document = json.loads(client.get("/compliance/nanhai/export.geojson").content)
    assert [feature["id"] for feature in document["features"]] == ["RL-T-2"]
    assert document["features"][0]["properties"]["area_m2"] == pytest.approx(1_000_001, abs=0.01)


def test_the_offline_map_names_no_address_and_says_what_it_is_not(client, small_floors):
    five_blocks()
    places.zone("FS-T-1", places.square(113.0, 23.05, 0.03))
    client.force_login(places.account(Role.PLANNER, CITY))
    answer = client.get("/compliance/map.html")
    body = answer.content.decode()
    named = set(re.findall(r"https?://[^\s\"'<>)]+", body))
    # The two names of XML vocabularies Leaflet draws with are never fetched.
    assert {name.split("/")[2] for name in named} <= {"www.w3.org"}
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", body)
    assert "不作法律依据" in body
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "L.geoJson" in body


def test_no_class_of_folium_fetches_anything():
    from folium.elements import JSCSSMixin

    from landuse.redline.handout import _subclasses

    for element in (JSCSSMixin, *_subclasses(JSCSSMixin)):
        assert element.default_js == []
        assert element.default_css == []


def test_the_home_page_of_a_head_opens_with_the_answer_of_the_district(client, small_floors):
    five_blocks(d440605=620_000.0)
    client.force_login(places.account(Role.HEAD, NANHAI))
    page = text_of(client.get("/"))
    assert "南海区守住工业用地红线，高出下限 0.62" in page
    assert "红线达标情况" in page


def test_brief_mode_has_no_rail(client, small_floors):
    five_blocks()
    client.force_login(places.account(Role.HEAD, NANHAI))
    page = client.get("/compliance/nanhai/?view=brief").content.decode()
    assert "is-brief" in page
    assert 'class="rail"' not in page
