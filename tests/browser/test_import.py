"""A planner brings a file in by dragging it, sees what it would change, and writes it into a change set."""

import base64
from pathlib import Path
from typing import Any

import pytest

from core.accounts.models import CITY_CODE, Role
from core.mapedit.models import Change
from tests.core.mapedit.files import code, feature, geojson, polygon, ring
from tests.places import account, plot

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

DROP = """
([selector, name, content]) => {
  const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name));
  document.querySelector(selector).dispatchEvent(
    new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
}
"""


@pytest.fixture
def planner(page: Any, settings: Any, tmp_path: Path) -> Any:
    """The upload page of a city planner; plot 1 is in force."""
    settings.MEDIA_ROOT = tmp_path / "media"
    plot(1, location="示例路一号")
    user = account(Role.PLANNER, CITY_CODE)
    page.goto("/accounts/login/?next=/changes/import/?layer=plots")
    page.fill("[name=login]", user.username)
    page.fill("[name=password]", "a-password-of-tests")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-upload][data-ready]")
    return page


def drop(page: Any, path: Path) -> None:
    """Drop the file and send it."""
    content = base64.b64encode(path.read_bytes()).decode()
    page.evaluate(DROP, ["[data-drop]", path.name, content])
    assert path.name in page.locator("[data-drop-text]").inner_text()
    page.get_by_role("button", name="上传并预览").click()


def test_a_dropped_file_is_previewed_on_the_map_and_its_valid_part_written(planner, tmp_path):
    bow_tie = ring(3)
    bow_tie[1], bow_tie[2] = bow_tie[2], bow_tie[1]
    drop(planner, geojson(tmp_path / "宗地.geojson", feature(1), feature(2), feature(3, polygon(bow_tie))))
    planner.wait_for_url("**/changes/import/*/")
    assert planner.locator("h1").inner_text() == "1 处不合格，1 处可写入"
    counts = planner.locator(".import-counts").inner_text().split()
    assert counts[:8] == ["读取", "3", "新增", "1", "修改", "0", "未变", "1"]
    planner.wait_for_selector("#import-map canvas")
    row = planner.locator(".import-findings tbody tr", has_text="自相交")
    assert code(3) in row.inner_text()
    row.locator("[data-lon]").click()
    planner.wait_for_function("document.querySelector('#import-map .leaflet-zoom-animated') !== null")
    planner.get_by_role("button", name="仅写入合格的 1 个").click()
    planner.wait_for_url("**/map/edit/plots/*/")
    assert list(Change.objects.values_list("feature", flat=True)) == [code(2)]


def test_a_file_that_cannot_be_read_is_told_in_a_sentence_on_a_phone_too(planner, tmp_path):
    planner.set_viewport_size({"width": 390, "height": 844})
    broken = tmp_path / "坏文件.zip"
    broken.write_bytes(b"PK\x03\x04 no archive")
    drop(planner, broken)
    planner.wait_for_url("**/changes/import/*/")
    assert planner.locator("h1").inner_text() == "这份文件读不了"
    assert planner.locator(".notice[data-state=unmet]").inner_text().strip().endswith("。")
    assert planner.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    planner.get_by_role("button", name="取消并删除文件").click()
    planner.wait_for_selector("[data-upload][data-ready]")
