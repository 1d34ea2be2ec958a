"""Flags in a real browser: from the flag to the end of its rectification, on the map, by keyboard, barriers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from efficiency.flags.models import Flag, FlagState
from tests import places
from tests.browser.access import accessibility_problems
from tests.browser.case_acts import CASE_READY, act, become
from tests.browser.signing_in import sign_in
from tests.efficiency.flags import ground

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

PHONE = {"width": 390, "height": 844}
LIST_READY = "[data-list][data-ready]"
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 200


@pytest.fixture
def who(db: None) -> ground.People:
    return ground.people()


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_a_flag_is_confirmed_rectified_and_closed(page: Page, who: ground.People) -> None:
    plot = places.plot(1)
    ground.occupy(who.enterprise, plot)
    flag = ground.flag(who, plot=plot.plot)
    sign_in(page, who.monitor, f"/flags/{flag.pk}/")
    expect(page.locator(".flag-map .plot")).to_be_visible()
    page.fill("#requirement", "说明原因，恢复二号车间生产。")
    with page.expect_navigation():
        page.get_by_role("button", name="确认并通知整改").click()
    expect(page.locator(".page-actions .state-tag")).to_have_text("已确认，整改中")

    become(page, who.applicant, "/flags/")
    page.wait_for_selector(LIST_READY)
    expect(page.locator("h1")).to_have_text("1 项待整改")
    with page.expect_navigation():
        page.locator("tbody th a").click()
    expect(page.locator("body")).not_to_contain_text("把握")
    with page.expect_navigation():
        page.get_by_role("link", name="整改办件").click()
    page.wait_for_selector(CASE_READY)
    with page.expect_navigation():
        page.locator("[data-act=file_plan]").click()
    page.wait_for_selector("#case-form[data-ready]")
    page.fill("[name=measures]", "更换设备，恢复二号车间生产。")
    page.fill("[name=done_by]", (timezone.localdate() + dt.timedelta(days=60)).isoformat())
    page.fill("[name=responsible]", "示例负责人 13800000000")
    page.locator("[data-saved][data-state=saved]").wait_for()
    with page.expect_navigation():
        page.get_by_role("button", name="核对并报送").click()
    with page.expect_navigation():
        page.get_by_role("button", name="报送整改方案").click()

    case = Flag.objects.get().case
    become(page, who.monitor, case.get_absolute_url())
    act(page, "accept_plan")
    become(page, who.applicant, case.get_absolute_url())
    page.wait_for_selector(CASE_READY)
    page.locator("[data-slot=proof] input[type=file]").set_input_files(
        {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": JPEG}
    )
    expect(page.locator("[data-slot=proof]")).to_contain_text("现场.jpg")
    act(page, "report_done", "二号车间已恢复生产。")
    become(page, who.monitor, case.get_absolute_url())
    act(page, "pass_check", "现场复核，设备运转正常。")
    page.goto("/flags/?tab=settled")
    page.wait_for_selector(LIST_READY)
    expect(page.locator("tbody .state-tag")).to_have_text("已整改")
    assert Flag.objects.get().state == FlagState.CLOSED


def test_a_plot_is_picked_on_the_map_and_flagged_with_a_photograph(page: Page, who: ground.People) -> None:
    plot = places.plot(1)
    ground.occupy(who.enterprise, plot)
    sign_in(page, who.monitor, f"/flags/new/?plot={plot.plot_id}")
    page.wait_for_selector("form[data-ready]")
    # The address names a plot, so the map begins there: Enter picks what lies in its middle.
    page.fill("[name=plot]", "")
    page.locator("#map").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=plot]")).to_have_value(plot.plot_id)
    expect(page.locator("[name=enterprise]")).to_have_value(who.enterprise.uscc)
    page.fill("[name=title]", "厂房空置，大门锁闭")
    page.set_input_files("#photo", {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": JPEG})
    with page.expect_navigation():
        page.get_by_role("button", name="标记", exact=True).click()
    expect(page.locator(".flag-photos img")).to_have_count(1)
    flag = Flag.objects.get()
    assert (flag.plot_id, flag.enterprise, flag.place is not None) == (plot.plot_id, who.enterprise, True)


def test_many_are_dismissed_by_keyboard_and_taken_back(page: Page, who: ground.People) -> None:
    for _number in range(2):
        ground.flag(who, ground.Rule.BY_HAND, title="厂房空置")
    sign_in(page, who.monitor, "/flags/")
    page.wait_for_selector(LIST_READY)
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-bulk-count]")).to_have_text("已选 2 条")
    page.locator(".bulk-text input").fill("现场已恢复使用。")
    with page.expect_navigation():
        page.get_by_role("button", name="不成立", exact=True).click()
    expect(page.locator("[data-outcomes]")).to_contain_text("2 条全部已办")
    page.goto("/flags/?tab=dismissed")
    page.wait_for_selector(LIST_READY)
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    with page.expect_navigation():
        page.get_by_role("button", name="撤回“不成立”").click()
    assert Flag.objects.filter(state=FlagState.RAISED).count() == 1


@pytest.mark.parametrize("size", [None, PHONE])
def test_the_pages_have_no_barriers_and_fit(page: Page, who: ground.People, size: dict[str, int] | None) -> None:
    flag = ground.flag(who, plot=places.plot(1).plot)
    ground.flag(who, ground.Rule.NO_RETURN)
    if size:
        page.set_viewport_size(size)
    sign_in(page, who.monitor, "/flags/")
    for address in ("/", "/flags/", f"/flags/{flag.pk}/", "/flags/new/", "/flags/visits/"):
        page.goto(address)
        page.wait_for_selector("html[data-shell=ready]")
        assert accessibility_problems(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
