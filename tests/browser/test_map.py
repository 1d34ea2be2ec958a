"""The map in a real browser: zones shown, a plot found, links that reproduce a view, colours, measuring, basemap."""

import io
import re
from typing import Any

import pytest
from PIL import Image

from core.accounts.models import CITY_CODE, Role
from core.web import map_basemap
from efficiency.returns.models import YearlyReturn
from efficiency.returns.services import refresh_plot_figures
from landuse.plots.models import Occupation
from tests.places import NANHAI, START, account, enterprise, plot, square, tract, zone

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

PLOT = f"{NANHAI}001001GB00001"
READY = "#map[data-ready='true'][data-loading='0']"


@pytest.fixture
def planner(page: Any) -> Any:
    """The page of a city planner on a small city of two zones, a tract and six plots."""
    zone("Z-1", square(113.00, 23.05, 0.03))
    zone("Z-2", square(113.00, 23.085, 0.01))
    tract("T-1", square(113.00, 23.05, 0.01))
    for number in range(1, 7):
        version = plot(number, location=f"示例路 {number} 号")
        firm = enterprise(number)
        Occupation.objects.create(plot=version.plot, enterprise=firm, kind="owner", share=1, valid_from=START)
        YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny=1_000_000 * number)
    refresh_plot_figures(year=2025)
    user = account(Role.PLANNER, CITY_CODE)
    page.goto("/accounts/login/?next=/map/")
    page.fill("[name=login]", user.username)
    page.fill("[name=password]", "a-password-of-tests")
    page.keyboard.press("Enter")
    page.wait_for_selector(READY)
    return page


def offered(page: Any, layer: str) -> set[str]:
    """What of ``layer`` the panel offers to limit the map to."""
    page.wait_for_selector(READY)
    return set(page.locator(f"[data-zones] option[value^='{layer}:']").evaluate_all("all => all.map(o => o.value)"))


def test_the_map_names_and_lists_every_zone(planner):
    assert offered(planner, "zones") == {"zones:Z-1", "zones:Z-2"}
    assert re.sub(r"\s", "", planner.locator(".map-layers li", has_text="工业集聚区").inner_text()) == "工业集聚区2个"
    planner.get_by_role("tab", name="视野内列表").click()
    planner.wait_for_selector("[data-list] tr[data-code='Z-2']")
    assert planner.locator("[data-list] tr[data-code]").count() == 2


def test_search_opens_a_plots_card(planner):
    planner.keyboard.press("Control+k")
    planner.keyboard.type(PLOT[:14])
    planner.wait_for_selector(".palette-hit")
    planner.keyboard.press("Enter")
    planner.wait_for_selector(f"[data-card][data-code='{PLOT}']")
    assert "示例路 1 号" in planner.locator("[data-card]").inner_text()
    assert f"select=plots:{PLOT}" in planner.url


def test_a_link_reproduces_view_and_card_and_back_returns(planner):
    planner.goto("/map/?lat=23.0520&lon=113.0050&z=15&select=zones:Z-1")
    planner.wait_for_selector(READY)
    planner.wait_for_selector("[data-card][data-code='Z-1']")
    planner.get_by_role("button", name="返回", exact=True).click()
    planner.wait_for_selector("[data-view=home]:not([hidden])")
    assert "select" not in planner.url
    planner.go_back()
    planner.wait_for_selector("[data-card][data-code='Z-1']")
    link = planner.url
    planner.reload()
    planner.wait_for_selector(READY)
    planner.wait_for_selector("[data-card][data-code='Z-1']")
    assert planner.url == link
    assert "z=15" in link


def test_a_link_to_a_zone_opens_on_it_without_flying_there(planner):
    planner.goto("/map/?select=zones:Z-2")
    planner.wait_for_selector(READY)
    assert planner.locator(".leaflet-zoom-anim").count() == 0
    halo = planner.locator(".leaflet-selection-pane path").last.bounding_box()
    ground = planner.locator("#map").bounding_box()
    assert ground["width"] > halo["width"] > 200


def test_a_click_on_a_plot_opens_it(planner):
    planner.goto("/map/?lat=23.0510&lon=113.0040&z=16")
    planner.wait_for_selector(READY)
    box = planner.locator("#map").bounding_box()
    planner.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    planner.wait_for_selector(f"[data-card][data-code='{PLOT}']")
    planner.keyboard.press("Escape")
    planner.wait_for_selector("[data-view=home]:not([hidden])")


def test_colouring_asks_for_the_theme_and_explains_itself(planner):
    planner.goto("/map/?lat=23.0510&lon=113.0090&z=16")
    planner.wait_for_selector(READY)
    with planner.expect_response(lambda answer: "by=tax_per_mu" in answer.url and ".mvt" in answer.url) as coloured:
        planner.select_option("[data-by]", "tax_per_mu")
    assert coloured.value.ok
    legend = planner.locator("[data-legend]")
    legend.get_by_text("亩均税收（万元/亩） 2025").wait_for()
    assert "无数据" in legend.inner_text()
    assert "by=tax_per_mu&year=2025" in planner.url


def test_of_two_colourings_in_a_row_the_last_is_shown(planner):
    planner.goto("/map/?lat=23.0510&lon=113.0090&z=16")
    planner.wait_for_selector(READY)
    held = []
    planner.route("**/map/legend/plots/?by=tax_per_mu*", lambda route: held.append(route))
    planner.select_option("[data-by]", "tax_per_mu")
    planner.select_option("[data-by]", "ownership")
    legend = planner.locator("[data-legend]")
    legend.get_by_text("土地权属").wait_for()
    with planner.expect_response("**/map/legend/plots/?by=tax_per_mu*"):
        held[0].continue_()
    planner.wait_for_selector(READY)
    assert "土地权属" in legend.inner_text()
    assert "亩均税收" not in legend.inner_text()


def test_measuring_tells_area_and_refuses_a_crossing_outline(planner):
    planner.goto("/map/?lat=23.0600&lon=113.0100&z=15")
    planner.wait_for_selector(READY)
    box = planner.locator("#map").bounding_box()
    centre = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    planner.get_by_role("button", name="量面积").click()
    shown = planner.locator("[data-measure-text]")
    for dx, dy in ((-100, -100), (100, -100), (100, 100)):
        planner.mouse.click(centre[0] + dx, centre[1] + dy)
        planner.wait_for_timeout(350)
    shown.get_by_text(re.compile(r"面积 [\d,]+\.\d\d 亩")).wait_for()
    planner.mouse.click(centre[0] + 20, centre[1] - 180)
    shown.get_by_text("自相交").wait_for()
    planner.watched.problems.clear()
    planner.get_by_role("button", name="结束量算").click()
    assert not shown.is_visible()


def test_measuring_by_keyboard_takes_the_centre_and_ends_on_the_same_place(planner):
    planner.goto("/map/?lat=23.0600&lon=113.0100&z=15")
    planner.wait_for_selector(READY)
    planner.get_by_role("button", name="量长度").click()
    points = planner.locator(".leaflet-measure-pane path")
    centre = planner.evaluate("new URLSearchParams(location.search).get('lon')")
    planner.keyboard.press("Enter")
    planner.keyboard.press("ArrowRight")
    planner.wait_for_function("lon => new URLSearchParams(location.search).get('lon') !== lon", arg=centre)
    planner.keyboard.press("Enter")
    planner.locator("[data-measure-text]").get_by_text(re.compile(r"长度 [\d,.]+")).wait_for()
    assert points.count() == 3  # a line and its two ends
    planner.keyboard.press("Enter")
    planner.keyboard.press("Enter")
    assert points.count() == 1  # ended, then begun anew


def test_a_basemap_shows_through_the_districts_and_names_its_source(planner, settings, monkeypatch, tmp_path):
    green = io.BytesIO()
    Image.new("RGB", (256, 256), (10, 200, 30)).save(green, "PNG")
    settings.MUCHAN_TIANDITU_KEY, settings.LOCAL_DIR = "a-key-of-tests", tmp_path
    monkeypatch.setattr(map_basemap, "_fetch", lambda kind, address: green.getvalue())
    planner.goto("/map/?lat=23.0300&lon=113.0500&z=14")
    planner.wait_for_selector(READY)
    planner.select_option("[data-base]", "img")
    # Loaded tiles fade in; the colour is looked at once they have.
    planner.wait_for_function(
        """() => {
            const tiles = [...document.querySelectorAll("img.leaflet-tile-loaded")];
            return tiles.length > 4 && tiles.every((tile) => Number(getComputedStyle(tile).opacity) === 1);
        }"""
    )
    planner.wait_for_selector(READY)
    planner.get_by_text("国家地理信息公共服务平台").wait_for()
    assert "base=img" in planner.url
    box = planner.locator("#map").bounding_box()
    seen = Image.open(io.BytesIO(planner.screenshot())).convert("RGB")
    assert seen.getpixel((int(box["x"] + box["width"] / 2), int(box["y"] + box["height"] / 2))) == (10, 200, 30)
    planner.select_option("[data-base]", "")
    planner.wait_for_selector("img.leaflet-tile", state="detached")


def test_enter_opens_what_lies_at_the_centre(planner):
    planner.goto("/map/?lat=23.0510&lon=113.0040&z=16")
    planner.wait_for_selector(READY)
    planner.locator("#map").focus()
    planner.keyboard.press("Enter")
    planner.wait_for_selector(f"[data-card][data-code='{PLOT}']")
    assert planner.evaluate("document.activeElement.className") == "map-card-title"


def test_on_a_phone_the_panel_is_a_sheet_and_nothing_runs_over(planner):
    planner.set_viewport_size({"width": 390, "height": 844})
    planner.goto("/map/?select=zones:Z-1")
    planner.wait_for_selector(READY)
    planner.wait_for_selector("[data-card][data-code='Z-1']")
    assert planner.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    sheet = planner.locator("#map-panel").bounding_box()
    assert sheet["width"] == 390
    assert sheet["y"] > 300


def test_an_unknown_selection_is_explained(planner):
    planner.goto("/map/?select=plots:440605009009GB99999")
    planner.get_by_text("或它不在本账号的范围内").wait_for()
    planner.watched.problems.clear()
