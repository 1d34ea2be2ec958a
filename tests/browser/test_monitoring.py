"""Monitoring in a real browser: a brush over the points fills the table and marks the map; everybody can use it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from core.accounts.models import CITY_CODE, Role
from tests import places
from tests.browser.access import accessibility_problems
from tests.browser.signing_in import sign_in
from tests.efficiency.flags import ground
from tests.efficiency.monitoring.world import YEAR, World, world

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

READY = "[data-scatter][data-ready]"
DRAWN = "#map[data-loading='0']"


@pytest.fixture
def city(db: None) -> World:
    return world()


def scatter(page: Any) -> None:
    sign_in(page, places.account(Role.MONITOR, CITY_CODE), "/monitoring/scatter/")
    page.wait_for_selector(READY)
    page.wait_for_selector(DRAWN)


def drag_over(page: Any, left: float, top: float, right: float, bottom: float) -> None:
    """Drag over the chart, by shares of its width and height."""
    box = page.locator("[data-chart] canvas").first.bounding_box()

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    page.mouse.move(*at(left, top))
    page.mouse.down()
    page.mouse.move(*at((left + right) / 2, (top + bottom) / 2), steps=4)
    page.mouse.move(*at(right, bottom), steps=4)
    page.mouse.up()


def test_a_brush_fills_the_table_and_marks_the_map(page, city):
    scatter(page)
    assert page.locator("[data-rows] tr").count() == 4
    assert page.locator("#map").get_attribute("data-highlighted") == "0"
    drag_over(page, 0.12, 0.12, 0.97, 0.96)
    page.wait_for_selector("[data-scatter][data-chosen='4']")
    page.wait_for_selector("#map[data-highlighted='4']")
    assert "已选 4 家，4 宗" in page.inner_text("[data-count]")
    # The last row is the one that yields most; leaving it out leaves three on the map.
    page.locator("[data-rows] tr [data-pick]").last.uncheck()
    page.wait_for_selector("#map[data-highlighted='3']")
    page.get_by_role("button", name="清除选择").click()
    page.wait_for_selector("#map[data-highlighted='0']")


def test_the_same_is_chosen_by_keyboard_alone(page, city):
    scatter(page)
    page.get_by_label("亩均税收不低于").focus()
    page.keyboard.type("25")
    page.keyboard.press("Tab")
    page.keyboard.type("35")
    page.keyboard.press("Enter")
    page.wait_for_selector("#map[data-highlighted='1']")
    assert city.firms["low"].name in page.inner_text("[data-rows]")
    page.wait_for_selector(DRAWN)
    with page.expect_download() as kept:
        page.get_by_role("button", name="导出 Excel").click()
    assert kept.value.suggested_filename.endswith(".xlsx")
    # Columns are put in order by their buttons.
    page.get_by_role("button", name="清除选择").click()
    page.locator("th[data-key=y] button").press("Enter")
    page.wait_for_selector("th[data-key=y][aria-sort=descending]")
    assert city.firms["away"].name in page.locator("[data-rows] tr").first.inner_text()


def test_logarithms_leave_out_what_has_none(page, city):
    refund = ground.firm(6)
    ground.filed(refund, YEAR, tax_cny=-5_000, output_cny=40_000_000)
    ground.land(refund, YEAR)
    scatter(page)
    assert "1 家税收或产值不为正" in page.inner_text("[data-dropped]")
    page.get_by_label("对数坐标").uncheck()
    page.wait_for_function("document.querySelector('[data-dropped]').textContent === ''")
    drag_over(page, 0.12, 0.12, 0.97, 0.96)
    page.wait_for_selector("[data-scatter]:not([data-chosen='0'])")
    assert refund.name in page.inner_text("[data-rows]")


@pytest.mark.parametrize(
    "address", ["/monitoring/", "/monitoring/watch/", "/monitoring/industries/", "/monitoring/zones/", "plot"]
)
def test_pages_of_monitoring_are_open_to_everybody(page, city, address):
    address = reverse("monitoring:plot", args=[city.plots["low"].plot_id]) if address == "plot" else address
    sign_in(page, places.account(Role.MONITOR, CITY_CODE), address)
    assert accessibility_problems(page) == []


def test_the_scatter_is_open_to_everybody(page, city):
    scatter(page)
    assert accessibility_problems(page) == []


def test_on_a_phone_nothing_is_wider_than_the_screen(page, city):
    page.set_viewport_size({"width": 390, "height": 844})
    scatter(page)
    for address in ("/monitoring/", "/monitoring/watch/", "/monitoring/industries/", "/monitoring/scatter/"):
        page.goto(address)
        page.wait_for_selector("html[data-shell=ready]")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
