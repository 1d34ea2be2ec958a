"""The editor in a real browser: draw, see what it means, mend, submit; two people; no network; a very long boundary."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon

from core.accounts.models import CITY_CODE, Role
from core.mapedit.models import Change, ChangeSet
from core.mapedit.services import drafting
from tests.browser.drawing import VERTEX, corners, drag_north, overlap, sign_in, two_zones
from tests.places import NANHAI, account, zone

pytestmark = [pytest.mark.django_db, pytest.mark.browser]


@pytest.fixture
def city(live_server: Any) -> None:
    two_zones()


@pytest.fixture
def planner(city: None) -> Any:
    return account(Role.PLANNER, CITY_CODE)


@pytest.fixture
def draft(planner: Any) -> ChangeSet:
    return drafting.create_change_set(layer="zones", title="北侧扩展", author=planner)


@pytest.fixture
def editor(page: Any, planner: Any, draft: ChangeSet) -> Any:
    """The page of the planner, with the large zone selected."""
    sign_in(page, planner, f"/map/edit/zones/{draft.pk}/?feature=FS-NH-01")
    page.wait_for_selector("[data-feature]:not([hidden])")
    return page


@pytest.fixture
def colleague(chromium: Any, live_server: Any) -> Iterator[Any]:
    """A page in another browser context, not signed in."""
    context = chromium.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900}, locale="zh-CN")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_a_zone_drawn_over_its_neighbour_is_seen_mended_and_submitted(editor, draft):
    drag_north(editor, 0.009)
    overlap(editor).first.wait_for()
    text = overlap(editor).first.inner_text()
    assert "北侧示例集聚区" in text
    assert "m²" in text
    assert editor.get_by_role("button", name="提交审核").is_disabled()
    assert "1 处" in editor.locator("[data-strip]").inner_text()
    overlap(editor).first.get_by_role("button", name="移除重叠").click()
    overlap(editor).first.wait_for(state="detached")
    editor.locator("#toasts .toast-line", has_text="移除重叠").wait_for()
    assert Change.objects.get(change_set=draft).operation == "repair"
    submit = editor.get_by_role("button", name="提交审核")
    editor.wait_for_selector("[data-act=submit]:not([disabled])")
    submit.click()
    editor.wait_for_url(f"**/changes/{draft.pk}/")
    draft.refresh_from_db()
    assert draft.state == "submitted"


def test_a_repair_can_be_undone(editor):
    drag_north(editor, 0.009)
    overlap(editor).first.wait_for()
    overlap(editor).first.get_by_role("button", name="移除重叠").click()
    overlap(editor).first.wait_for(state="detached")
    editor.keyboard.press("Control+z")
    overlap(editor).first.wait_for()


def test_undo_and_redo_by_keyboard(editor, draft):
    drag_north(editor, 0.002)
    editor.locator("[data-changes] tr[data-code='FS-NH-01']").wait_for()
    drawn = Change.objects.get(change_set=draft).geom
    editor.keyboard.press("Control+z")
    editor.locator("[data-changes] tr[data-code='FS-NH-01']").wait_for(state="detached")
    assert not Change.objects.filter(change_set=draft).exists()
    editor.keyboard.press("Control+Shift+z")
    editor.locator("[data-changes] tr[data-code='FS-NH-01']").wait_for()
    assert Change.objects.get(change_set=draft).geom.equals_exact(drawn)


def test_what_is_edited_without_network_is_sent_when_it_is_back(editor, draft):
    editor.context.set_offline(True)
    editor.fill("[name=name]", "断网时的名称")
    editor.keyboard.press("Tab")
    editor.wait_for_selector("[data-saving][data-state='offline']")
    assert not Change.objects.filter(change_set=draft).exists()
    assert "断网时的名称" in editor.evaluate("JSON.stringify(localStorage)")
    with editor.expect_response(lambda answer: "/change/FS-NH-01/" in answer.url and answer.ok):
        editor.context.set_offline(False)
    editor.wait_for_selector("[data-saving][data-state='saved']")
    assert Change.objects.get(change_set=draft).attributes["name"] == "断网时的名称"
    assert "断网时的名称" not in editor.evaluate("JSON.stringify(localStorage)")
    # Requests that met no network are in the console.
    editor.watched.problems.clear()


def test_two_people_see_each_other_and_neither_overwrites_the_other(editor, draft, planner, colleague):
    drafting.save_change(
        change_set_id=draft.pk, feature="FS-NH-02", by=planner, revision=None, attributes={"managing_body": "管委会"}
    )
    nanhai = account(Role.PLANNER, NANHAI)
    sign_in(colleague, nanhai, f"/map/edit/zones/{draft.pk}/?feature=FS-NH-01")
    colleague.locator("[data-people]", has_text="正在修改这个要素").wait_for()
    # From here on the colleague hears nothing more of the others, as with a slow network.
    colleague.route("**/presence/", lambda route: route.abort())
    with editor.expect_response(lambda answer: "/change/FS-NH-01/" in answer.url):
        editor.fill("[name=name]", "甲的名称")
        editor.keyboard.press("Tab")
    colleague.fill("[name=name]", "乙的名称")
    colleague.keyboard.press("Tab")
    dialog = colleague.locator("dialog[data-merge][open]")
    dialog.wait_for()
    row = dialog.locator("tr", has_text="名称")
    assert "甲的名称" in row.inner_text()
    assert "乙的名称" in row.inner_text()
    assert Change.objects.get(change_set=draft, feature="FS-NH-01").attributes["name"] == "甲的名称"
    row.get_by_label("乙的名称").check()
    with colleague.expect_response(lambda answer: "/change/FS-NH-01/" in answer.url and answer.ok):
        dialog.get_by_role("button", name="保存所选").click()
    assert Change.objects.get(change_set=draft, feature="FS-NH-01").attributes["name"] == "乙的名称"


def test_a_feature_is_split_and_merged_by_keyboard_alone_but_for_the_line(editor, draft):
    box = editor.locator("#map").bounding_box()
    middle = box["x"] + box["width"] / 2
    editor.keyboard.press("c")
    editor.wait_for_selector("#map[data-mode='split']")
    for y in (box["y"] + 60, box["y"] + box["height"] - 100):
        editor.mouse.click(middle, y)
        editor.wait_for_timeout(300)
    with editor.expect_response(lambda answer: answer.url.endswith("/split/")):
        editor.keyboard.press("Enter")
    editor.locator("[data-changes] tr[data-code='FS-NH-03']").wait_for()
    assert list(draft.changes.values_list("feature", "origins")) == [("FS-NH-01", []), ("FS-NH-03", ["FS-NH-01"])]


def test_a_boundary_of_fourteen_thousand_vertices_can_be_moved(page, live_server):
    ring = [
        (113.015 + 0.014 * math.cos(math.tau * k / 14_000), 23.065 + 0.014 * math.sin(math.tau * k / 14_000))
        for k in range(14_000)
    ]
    version = zone("FS-NH-01", MultiPolygon(Polygon([*ring, ring[0]]), srid=4490))
    user = account(Role.PLANNER, CITY_CODE)
    draft = drafting.create_change_set(layer="zones", title="长边界", author=user)
    sign_in(page, user, f"/map/edit/zones/{draft.pk}/?feature=FS-NH-01")
    page.wait_for_selector("[data-feature]:not([hidden])")
    page.get_by_role("button", name="整形", exact=True).click()
    page.locator("[data-context-hint]", has_text="放大后可拖动").wait_for()
    assert page.locator(VERTEX).count() < 300
    x, y = corners(page)[0]
    with page.expect_response(lambda answer: "/change/FS-NH-01/" in answer.url and answer.ok):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 30, y - 30, steps=6)
        page.mouse.up()
    page.wait_for_selector("[data-saving][data-state='saved']")
    kept, before = Change.objects.get(change_set=draft).geom.coords[0][0], version.geom.coords[0][0]
    assert len(kept) == len(before)
    assert len(set(kept) - set(before)) == 1


def test_the_editor_on_a_phone_shows_map_tools_and_findings(editor):
    editor.set_viewport_size({"width": 390, "height": 844})
    editor.wait_for_selector("[data-feature]:not([hidden])")
    assert editor.locator(".editor-tools").bounding_box()["width"] <= 390
    assert editor.evaluate("document.documentElement.scrollWidth") <= 390
