"""The pages of monitoring: who reads what, what they say, and files that open again."""

from __future__ import annotations

import datetime as dt
import json
from io import BytesIO
from typing import Any

import pytest
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from core.accounts.models import CITY_CODE, LAND_ROLES, Role
from efficiency.flags.models import Flag, Rule, Visit
from efficiency.monitoring.layer import years as years_on_the_map
from efficiency.returns.models import PlotFigure
from tests import places
from tests.efficiency.flags import ground
from tests.efficiency.monitoring.world import YEAR, World, world

pytestmark = pytest.mark.django_db

LISTS = [
    "/monitoring/", "/monitoring/watch/", "/monitoring/watch/list.xlsx", "/monitoring/industries/",
    "/monitoring/industries/industries.xlsx", "/monitoring/zones/", "/monitoring/zones/zones.xlsx",
    "/monitoring/scatter/", "/monitoring/scatter/points.json",
]  # fmt: skip


@pytest.fixture
def city(db: None) -> World:
    return world()


def ask(client: Any, user: Any, address: str) -> Any:
    client.force_login(user)
    return client.get(address)


def text(client: Any, user: Any, address: str) -> str:
    answer = ask(client, user, address)
    assert answer.status_code == 200
    return answer.content.decode()


def rows(answer: Any) -> list[tuple[Any, ...]]:
    """The rows of a workbook in an answer, its heading first."""
    assert answer.status_code == 200
    return list(load_workbook(BytesIO(b"".join(answer.streaming_content))).active.iter_rows(values_only=True))


def life(plot: Any, page: str = "plot") -> str:
    return reverse(f"monitoring:{page}", args=[plot.plot_id])


@pytest.mark.parametrize("role", list(Role))
def test_land_roles_read_every_page_and_nobody_else_does(client, city, role):
    own = city.firms["good"] if role == Role.ENTERPRISE else None
    user = places.account(role, *([] if own else [CITY_CODE]), enterprise=own)
    for address in LISTS:
        assert ask(client, user, address).status_code == (200 if role in LAND_ROLES else 403), address
    posted = client.post("/monitoring/scatter/export.xlsx", {"year": YEAR})
    assert posted.status_code == (200 if role in LAND_ROLES else 403)
    for page in ("plot", "plot_pdf", "plot_sheet"):
        assert ask(client, user, life(city.plots["good"], page)).status_code == (200 if role in LAND_ROLES else 404)


@pytest.mark.parametrize("address", [*LISTS, "/monitoring/plots/440605001001GB00001/"])
def test_strangers_are_asked_to_sign_in(client, address):
    assert client.get(address).status_code == 302


@pytest.mark.parametrize("role", sorted(LAND_ROLES))
def test_a_district_reads_its_own_firms_and_plots(client, city, role):
    here, away = places.account(role, places.NANHAI), places.account(role, places.SANSHUI)
    low, far = city.firms["low"].uscc, city.firms["away"].uscc
    for user, mine, others in ((here, low, far), (away, far, low)):
        points = json.loads(text(client, user, "/monitoring/scatter/points.json"))["firms"]["uscc"]
        assert mine in points
        assert others not in points
        listed = [row[0] for row in rows(ask(client, user, "/monitoring/watch/list.xlsx"))]
        assert others not in listed
    assert ask(client, here, life(city.plots["low"])).status_code == 200
    for page in ("plot", "plot_pdf", "plot_sheet"):
        assert ask(client, away, life(city.plots["low"], page)).status_code == 404
    assert ask(client, here, "/monitoring/plots/440605001001GB99999/").status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_the_rail_has_monitoring_for_those_who_monitor(client, city, role):
    own = city.firms["good"] if role == Role.ENTERPRISE else None
    user = places.account(role, *([] if own else [CITY_CODE]), enterprise=own)
    home = text(client, user, "/")
    offered = role in (Role.MONITOR, Role.HEAD, Role.PARKS, Role.AUDITOR)
    assert ('class="rail-item" href="/monitoring/"' in home) == offered
    # Where the rail is full the account menu still leads to the rules.
    assert 'class="menu-item" href="/rules/"' in home


def test_the_overview_says_what_the_year_comes_to(client, city):
    monitor = places.account(Role.MONITOR, CITY_CODE)
    made = ground.agreement(city.firms["low"], city.plots["low"])
    ground.check(made)
    answer = text(client, monitor, "/monitoring/")
    assert f"{YEAR} 年度 D 类 1 家，与上年持平；1 份监管协议低于约定" in answer
    assert f"{YEAR - 1} 年度 D 类 1 家；没有监管协议低于约定" in text(client, monitor, f"/monitoring/?year={YEAR - 1}")
    # A year nobody evaluated shows the newest.
    assert f"{YEAR} 年度 D 类" in text(client, monitor, "/monitoring/?year=1999&x=%00")


def test_the_published_run_counts_before_a_newer_one(client, city):
    other = ground.run(YEAR, "computed")
    ground.score(other, city.firms["good"], "D", total=1.0)
    ground.seal(other)
    monitor = places.account(Role.MONITOR, CITY_CODE)
    assert f"/evaluation/{city.run.pk}/" in text(client, monitor, "/monitoring/")
    assert f"/evaluation/{other.pk}/" not in text(client, monitor, "/monitoring/")


@pytest.mark.parametrize("address", [each for each in LISTS if not each.endswith((".xlsx", ".json"))])
def test_without_any_run_pages_say_so(client, db, address):
    answer = text(client, places.account(Role.MONITOR, CITY_CODE), address)
    assert any(said in answer for said in ("还没有评价", "没有需要关注的企业", "企业亩均税收与亩均产值"))


def test_without_any_run_the_plot_has_a_page_all_the_same(client, db):
    plot = places.plot(7)
    monitor = places.account(Role.MONITOR, CITY_CODE)
    assert "还没有评价结果" in text(client, monitor, life(plot))
    assert ask(client, monitor, life(plot, "plot_pdf")).status_code == 200
    assert rows(ask(client, monitor, "/monitoring/watch/list.xlsx"))[1:] == []


def test_a_single_year_is_compared_with_nothing(client, db):
    world(years=1, state="objection")
    monitor = places.account(Role.MONITOR, CITY_CODE)
    assert "2024 年度 D 类 1 家；没有" in text(client, monitor, "/monitoring/")
    assert "上年没有评价，不作对照" in text(client, monitor, "/monitoring/industries/")
    assert "上年没有评价，不作对照" in text(client, monitor, "/monitoring/watch/")
    assert years_on_the_map() == [YEAR]


def test_the_watch_list_names_reasons(client, city):
    monitor = places.account(Role.MONITOR, CITY_CODE)
    Flag.objects.create(
        rule=Rule.NO_RETURN, year=YEAR, enterprise=city.firms["good"], district_code=places.NANHAI, title="示例",
        evidence=ground.EVIDENCE[Rule.NO_RETURN], confidence="0.9",
    )  # fmt: skip
    ground.check(ground.agreement(city.firms["away"], city.plots["away"]))
    found = {row[0]: row[-1] for row in rows(ask(client, monitor, "/monitoring/watch/list.xlsx"))[1:]}
    assert found == {
        city.firms["low"].uscc: "D 类",
        city.firms["fallen"].uscc: "得分下降",
        city.firms["good"].uscc: "有未了结预警",
        city.firms["away"].uscc: "得分下降、约定未履行",
    }
    for reason, count in (("grade", 1), ("fallen", 2), ("flagged", 1), ("broken", 1)):
        assert len(rows(ask(client, monitor, f"/monitoring/watch/list.xlsx?reason={reason}"))) == count + 1


def test_a_flag_on_a_plot_alone_counts_for_who_uses_it(client, city):
    Flag.objects.create(
        rule=Rule.BY_HAND, year=YEAR, plot_id=city.plots["good"].plot_id, district_code=places.NANHAI, title="厂房空置",
        confidence="0.9",
    )  # fmt: skip
    monitor = places.account(Role.MONITOR, CITY_CODE)
    assert city.firms["good"].uscc in text(client, monitor, "/monitoring/watch/?reason=flagged")


def test_the_watch_list_narrows_and_sorts(client, city):
    monitor = places.account(Role.MONITOR, CITY_CODE)
    page = "/monitoring/watch/"
    assert city.firms["fallen"].uscc not in text(client, monitor, f"{page}?district={places.SANSHUI}")
    assert city.firms["low"].uscc in text(client, monitor, f"{page}?industry=33&q={city.firms['low'].uscc[:14]}")
    assert "没有符合条件的企业" in text(client, monitor, f"{page}?q=查无此企业")
    listed = [row[0] for row in rows(ask(client, monitor, "/monitoring/watch/list.xlsx?sort=fallen"))[1:]]
    assert listed[:2] == [city.firms["fallen"].uscc, city.firms["away"].uscc]
    # What an address cannot mean is left out.
    assert ask(client, monitor, f"{page}?reason=x&sort=x&year=x&page=x&district=%00&industry=%00").status_code == 200


def test_only_monitors_are_offered_to_flag(client, city):
    offered = "/flags/new/?enterprise="
    assert offered in text(client, places.account(Role.MONITOR, places.NANHAI), "/monitoring/watch/")
    assert offered not in text(client, places.account(Role.HEAD, places.NANHAI), "/monitoring/watch/")


def test_ladders_go_down_the_tree_and_tell_the_change(client, city):
    monitor = places.account(Role.MONITOR, CITY_CODE)
    top = text(client, monitor, "/monitoring/industries/")
    assert "金属制品业" in top
    # Tax doubled on the same land; the mean rose by one point.
    assert "+100.0%" in top
    assert "+1.00" in top
    below = text(client, monitor, "/monitoring/industries/?under=33")
    assert "结构性金属制品制造" in below
    assert "没有企业" in text(client, monitor, "/monitoring/industries/?under=331")
    assert ask(client, monitor, "/monitoring/industries/?under=zz").status_code == 404
    sheet = rows(ask(client, monitor, "/monitoring/industries/industries.xlsx?under=33"))
    assert sheet[1][:3] == ("结构性金属制品制造", "331", 4)
    assert sheet[1][5] == pytest.approx(10.0)


def test_a_district_reads_only_zones_of_its_own(client, city):
    places.zone("FS-NH-01", places.square(113.0, 23.05, 0.03))
    assert "FS-NH-01" in text(client, places.account(Role.MONITOR, places.NANHAI), "/monitoring/zones/")
    assert "没有可看的汇总" in text(client, places.account(Role.MONITOR, places.SANSHUI), "/monitoring/zones/")


def test_points_are_per_mu_with_class_and_plots(client, city):
    monitor = places.account(Role.MONITOR, CITY_CODE)
    found = json.loads(text(client, monitor, f"/monitoring/scatter/points.json?year={YEAR}"))
    firms = found["firms"]
    at = firms["uscc"].index(city.firms["low"].uscc)
    assert (firms["x"][at], firms["y"][at], firms["grade"][at]) == (600.0, 30.0, "D")
    assert [found["places"]["code"][number] for number in firms["plots"][at]] == [city.plots["low"].plot_id]
    only = json.loads(text(client, monitor, f"/monitoring/scatter/points.json?year={YEAR}&grade=D&industry=C"))
    assert only["firms"]["uscc"] == [city.firms["low"].uscc]


def test_points_of_a_year_without_a_run_have_no_class(client, city):
    for firm in city.firms.values():
        ground.filed(firm, YEAR + 1, tax_cny=1_000_000, output_cny=2_000_000)
        ground.land(firm, YEAR + 1)
    PlotFigure.objects.create(plot_id=city.plots["low"].plot_id, year=YEAR + 1, area_m2=1)
    monitor = places.account(Role.MONITOR, CITY_CODE)
    found = json.loads(text(client, monitor, f"/monitoring/scatter/points.json?year={YEAR + 1}"))
    assert set(found["firms"]["grade"]) == {""}
    assert set(found["firms"]["y"]) == {10.0}


def test_the_scatter_exports_what_was_chosen(client, city):
    client.force_login(places.account(Role.MONITOR, CITY_CODE))
    address = "/monitoring/scatter/export.xlsx"
    assert len(rows(client.post(address, {"year": YEAR}))) == 5
    chosen = rows(client.post(address, {"year": YEAR, "ids": f"{city.firms['low'].pk},x,999999999999999999999"}))
    assert [row[0] for row in chosen[1:]] == [city.firms["low"].uscc]
    assert client.get(address).status_code == 405


def test_a_plots_life_tells_everything_once(client, city):
    plot, firm = city.plots["low"], city.firms["low"]
    monitor = places.account(Role.MONITOR, places.NANHAI)
    ground.check(ground.agreement(firm, plot))
    Flag.objects.create(
        rule=Rule.CLASS_D, year=YEAR, enterprise=firm, district_code=places.NANHAI, title="示例", confidence="0.9",
        evidence=ground.EVIDENCE[Rule.CLASS_D],
    )  # fmt: skip
    Visit.objects.create(
        plot=plot.plot, enterprise=firm, district_code=places.NANHAI, on=dt.date(2025, 3, 1), text="车间停产",
        by=monitor,
    )  # fmt: skip
    page = text(client, monitor, life(plot))
    for said in ("30.00", "JG-1", "车间停产", "评价为 D 类", "约定 20 万元/亩，实际 12 万元/亩", "开始使用", firm.name):
        assert said in page
    sheet = rows(ask(client, monitor, life(plot, "plot_sheet")))
    assert sheet[1][0] == YEAR
    assert sheet[1][5] == pytest.approx(30.0)
    assert {"走访", "预警", "协议", "使用", "评价"} <= {row[1] for row in sheet}
    paper = PdfReader(BytesIO(ask(client, monitor, life(plot, "plot_pdf")).content))
    words = "".join(each.extract_text() for each in paper.pages)
    assert plot.plot_id in words
    assert "车间停产" in words


def test_a_plots_life_keeps_what_is_of_another_district(client, city):
    """A firm of Sanshui on a plot of Nanhai: Nanhai reads the plot, and not the firm."""
    stranger = places.enterprise(77, district=places.SANSHUI, name="三水示例有限公司")
    shared = places.plot(8)
    ground.occupy(stranger, shared)
    ground.filed(stranger, YEAR, tax_cny=1)
    assert "三水示例有限公司" not in text(client, places.account(Role.MONITOR, places.NANHAI), life(shared))
    assert "三水示例有限公司" in text(client, places.account(Role.MONITOR, CITY_CODE), life(shared))


def test_a_plot_with_returns_and_no_run_shows_dashes(client, db):
    plot = places.plot(5)
    firm = ground.firm(5, on_plot=plot)
    ground.filed(firm, YEAR, output_cny=1)
    PlotFigure.objects.create(plot_id=plot.plot_id, year=YEAR, area_m2=1, output_cny_per_mu=12_340_000.0)
    monitor = places.account(Role.MONITOR, CITY_CODE)
    assert "1,234.00" in text(client, monitor, life(plot))
    assert ask(client, monitor, life(plot, "plot_pdf")).status_code == 200
