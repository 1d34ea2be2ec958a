"""A monitor sends a workbook with faults, sees them, sends the mended one and writes it."""

from pathlib import Path
from typing import Any

import pytest

from core.accounts.models import CITY_CODE, Role
from efficiency.returns.models import YearlyReturn
from tests import places
from tests.efficiency.returns.files import book

pytestmark = [pytest.mark.django_db, pytest.mark.browser]


def row(number: int, tax: Any) -> list[Any]:
    return [places.uscc(number), f"示例金属制品有限公司{number}号", 2025, tax, 3000, 40]


@pytest.fixture
def monitor(page: Any, settings: Any, tmp_path: Path) -> Any:
    """The upload page of a city monitor; three enterprises are registered."""
    settings.MEDIA_ROOT = tmp_path / "media"
    for number in (1, 2, 3):
        places.enterprise(number)
    user = places.account(Role.MONITOR, CITY_CODE)
    page.goto("/accounts/login/?next=/returns/imports/")
    page.fill("[name=login]", user.username)
    page.fill("[name=password]", "a-password-of-tests")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-upload][data-ready]")
    return page


def send(page: Any, path: Path) -> None:
    """Choose the file for 2025 and send it."""
    page.set_input_files("#import-file", path)
    page.select_option("#import-year", "2025")
    page.select_option("#import-office", "statistics")
    page.get_by_role("button", name="上传并核对").click()
    page.wait_for_url("**/returns/imports/*/")


def test_faults_are_shown_and_the_mended_file_is_written(monitor: Any, tmp_path: Path) -> None:
    page = monitor
    send(page, book(tmp_path / "年报.xlsx", [row(1, 12.5), row(2, "约 20"), row(9, 3)]))
    assert page.locator("h1").inner_text() == "2 行不合格，1 行可写入"
    table = page.locator(".return-import-findings tbody tr")
    assert table.count() == 2
    assert "不是数字" in table.nth(0).inner_text()
    assert "企业名录中没有" in table.nth(1).inner_text()
    assert page.get_by_role("button", name="只写入合格的 1 行").is_enabled()
    page.get_by_label("问题").select_option("returns.unknown_uscc")
    page.get_by_role("button", name="筛选").click()
    page.wait_for_url("**rule=returns.unknown_uscc**")
    assert table.count() == 1
    assert not YearlyReturn.objects.exists()

    page.locator(".crumb").click()
    page.wait_for_selector("[data-upload][data-ready]")
    send(page, book(tmp_path / "年报改.xlsx", [row(1, 12.5), row(2, 20), row(3, -3)]))
    assert page.locator("h1").inner_text() == "3 行可写入，没有不合格的行"
    assert "按退税登记" in table.nth(0).inner_text()
    assert "— → 12.50 万元" in page.locator(".return-import-rows").inner_text()
    page.get_by_role("button", name="写入 3 行").click()
    page.wait_for_selector("h1:has-text('已写入 3 家企业 2025 年度的数据')")
    assert YearlyReturn.objects.current().filter(year=2025).count() == 3


def test_on_a_phone_an_unreadable_file_is_told_in_a_sentence(monitor: Any, tmp_path: Path) -> None:
    page = monitor
    page.set_viewport_size({"width": 390, "height": 844})
    broken = tmp_path / "坏文件.xlsx"
    broken.write_bytes(b"PK\x03\x04 no workbook")
    send(page, broken)
    assert page.locator("h1").inner_text() == "这份文件读不了"
    assert "另存为 .xlsx" in page.locator("main").inner_text()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
