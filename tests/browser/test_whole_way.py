"""The whole way of a change in real browsers: drawn and mended by one, heard, approved and published by others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role
from core.mapedit.models import ChangeSet, Opinion
from core.mapedit.services import drafting
from landuse.redline.compliance import assess
from parks.zones.models import ZoneVersion
from tests.browser.drawing import drag_north, overlap, sign_in, two_zones
from tests.places import account

pytestmark = [pytest.mark.django_db, pytest.mark.browser]


@pytest.fixture
def desk(chromium: Any, live_server: Any) -> Iterator[Any]:
    """Opens a page of a person's own, signed in, at an address."""
    contexts = []

    def opened(role: Role, address: str) -> Any:
        context = chromium.new_context(
            base_url=live_server.url, viewport={"width": 1440, "height": 900}, locale="zh-CN"
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.goto(f"/accounts/login/?next={address}")
        page.fill("[name=login]", account(role, CITY_CODE).username)
        page.fill("[name=password]", "a-password-of-tests")
        page.keyboard.press("Enter")
        page.wait_for_selector(".change-page")
        return page

    yield opened
    for context in contexts:
        context.close()


def zone_areas(on: dt.date) -> dict[str, float]:
    return {zone.code: zone.area_m2 for zone in assess(on=on).zones}


def test_a_reshaped_zone_is_mended_reviewed_published_and_differs_by_exactly_the_edit(page, desk):
    two_zones()
    planner = account(Role.PLANNER, CITY_CODE)
    draft = drafting.create_change_set(layer="zones", title="南庄示例集聚区 北侧扩展", author=planner)
    sign_in(page, planner, f"/map/edit/zones/{draft.pk}/?feature=FS-NH-01")
    page.wait_for_selector("[data-feature]:not([hidden])")
    drag_north(page, 0.009)
    overlap(page).first.wait_for()
    overlap(page).first.get_by_role("button", name="移除重叠").click()
    overlap(page).first.wait_for(state="detached")
    page.wait_for_selector("[data-act=submit]:not([disabled])")
    page.get_by_role("button", name="提交审核").click()
    page.wait_for_url(f"**/changes/{draft.pk}/")
    drawn = draft.changes.get()

    address = f"/changes/{draft.pk}/"
    reviewer = desk(Role.REVIEWER, address)
    reviewer.get_by_role("button", name="征求部门意见").click()
    office = desk(Role.PARKS, address)
    office.get_by_label("同意", exact=True).check()
    with office.expect_navigation():
        office.locator("[data-act=opinion] button[type=submit]").click()
    assert Opinion.objects.get(change_set=draft).verdict == "agree"
    reviewer.goto(address)
    reviewer.get_by_role("button", name="批准变更").click()
    reviewer.get_by_role("button", name="发布变更").click()
    reviewer.get_by_text("已发布：第").first.wait_for()

    assert ChangeSet.objects.get(pk=draft.pk).state == "published"
    today = timezone.localdate()
    before, after = zone_areas(today - dt.timedelta(days=1)), zone_areas(today)
    published = ZoneVersion.objects.get(zone_id="FS-NH-01", valid_to__isnull=True)
    assert published.geom.equals_exact(drawn.geom)
    assert after["FS-NH-01"] - before["FS-NH-01"] == published.area_m2 - before["FS-NH-01"] > 0
    assert after["FS-NH-02"] == before["FS-NH-02"]
    assert [d.area_m2 for d in assess(on=today).districts] == [
        d.area_m2 for d in assess(on=today - dt.timedelta(days=1)).districts
    ]

    page.goto("/map/?select=zones:FS-NH-01")
    page.get_by_text("南庄示例集聚区").first.wait_for()
    shown = page.locator("#map-panel").inner_text()
    assert f"{published.area_m2 * 3 / 2000:,.2f}" in shown
