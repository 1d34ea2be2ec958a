"""A year's return in a real browser: reported by the enterprise, confirmed by the office, land corrected and undone."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.accounts.models import Role
from efficiency.returns import due
from efficiency.returns.figures import Office
from efficiency.returns.models import ReturnStatus, SelfReport, YearlyReturn
from efficiency.returns.services import refresh_land, reporting
from efficiency.returns.services.recording import record
from landuse.plots.models import Occupation
from tests.browser.access import accessibility_problems
from tests.browser.signing_in import sign_in
from tests.places import NANHAI, START, account, enterprise, plot

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

YEAR = due.latest_year()
READY = "#case-form[data-ready]"


class People:
    """An enterprise with land and figures of the tax office, who acts for it, and the monitor of its district."""

    def __init__(self) -> None:
        self.firm = enterprise(1)
        self.clerk = account(Role.ENTERPRISE, enterprise=self.firm)
        self.monitor = account(Role.MONITOR, NANHAI)
        version = plot(1, registered_area_m2="40000")
        Occupation.objects.create(plot=version.plot, enterprise=self.firm, kind="owner", share="1", valid_from=START)
        refresh_land(year=YEAR)
        for year, tax in ((YEAR - 1, 4_000_000), (YEAR, 5_000_000)):
            record(
                rows={self.firm.pk: {"tax_cny": Decimal(tax)}},
                year=year, office=Office.TAX, status=ReturnStatus.FINAL, by=None,
            )  # fmt: skip


def again(page: Page, user: Any, address: str) -> None:
    """Somebody else sits down at the same browser."""
    page.context.clear_cookies()
    sign_in(page, user, address)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_reported_as_it_is_typed_and_confirmed_beside_the_offices_figures(page):
    who = People()
    sign_in(page, who.clerk, f"/returns/mine/{YEAR}/")
    page.wait_for_selector(READY)
    tax, output = page.get_by_label("实缴税收"), page.get_by_label("工业总产值")
    tax.fill("5000000")
    expect(page.locator("[data-part=findings]")).to_contain_text("一万倍")
    tax.fill("510.5")
    page.get_by_label("研发费用").fill("1万")
    page.locator("#id_rd_cny-error").wait_for()
    page.get_by_label("研发费用").fill("")
    page.locator("#id_rd_cny-error").wait_for(state="detached")
    expect(page.locator("h1")).to_contain_text("还差 1 项")
    output.fill("9000")
    expect(page.locator("h1")).to_contain_text("可以提交")
    page.locator("[data-saved][data-state=saved]").wait_for()
    page.reload()
    page.wait_for_selector(READY)
    expect(tax).to_have_value("510.5")
    assert accessibility_problems(page) == []
    page.get_by_role("button", name="提交").click()
    page.wait_for_url("**/returns/mine/")
    expect(page.locator("h1")).to_contain_text("待部门确认")
    assert accessibility_problems(page) == []

    again(page, who.monitor, "/returns/reports/")
    page.wait_for_selector("[data-list][data-ready]")
    expect(page.locator("tbody")).to_contain_text("1 项不同")
    assert accessibility_problems(page) == []
    page.get_by_role("link", name=who.firm.name).click()
    page.get_by_label("以自报替代部门数据").check()
    assert accessibility_problems(page) == []
    page.get_by_role("button", name="确认自报").click()
    expect(page.locator("h1")).to_contain_text("已确认")
    version = YearlyReturn.objects.current().get(enterprise=who.firm, year=YEAR)
    assert (version.tax_cny, version.output_cny) == (Decimal(5_105_000), Decimal(90_000_000))
    page.get_by_role("link", name="年报各版").click()
    expect(page.locator(".timeline")).to_contain_text("实缴税收 500.00 → 510.50")
    assert accessibility_problems(page) == []


def test_two_pages_of_one_report_and_the_choice_between_them(page):
    who = People()
    sign_in(page, who.clerk, f"/returns/mine/{YEAR}/")
    page.wait_for_selector(READY)
    reporting.save(year=YEAR, typed={"tax_cny": "1"}, note="", revision=0, by=who.clerk)
    page.get_by_label("实缴税收").fill("2")
    page.get_by_role("button", name="保留我填写的").click()
    page.locator("[data-saved][data-state=saved]").wait_for()
    assert SelfReport.objects.get().typed == {"tax_cny": "2"}
    # The browser itself notes the 409 in its console.
    page.watched.problems.clear()


def test_land_corrected_with_a_reason_and_undone(page):
    who = People()
    sign_in(page, who.monitor, f"/returns/land/{YEAR}/{who.firm.uscc}/")
    expect(page.locator("h1")).to_contain_text("实际用地")
    assert accessibility_problems(page) == []
    page.get_by_label("口径", exact=True).select_option("actual")
    page.get_by_label("面积（m²）").fill("20000")
    page.get_by_label("理由").fill("实测")
    page.get_by_role("button", name="保存更正").click()
    expect(page.locator("h1")).to_contain_text("30.00 亩")
    page.get_by_role("button", name="撤销").click()
    expect(page.locator("h1")).not_to_contain_text("30.00 亩")


def test_the_pages_fit_a_phone(page):
    who = People()
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, who.clerk, f"/returns/mine/{YEAR}/")
    page.wait_for_selector(READY)
    assert fits(page)
    page.goto("/returns/mine/")
    assert fits(page)
    again(page, who.monitor, "/returns/")
    assert accessibility_problems(page) == []
    for address in ("/returns/", "/returns/land/", "/returns/reports/", f"/returns/land/{YEAR}/{who.firm.uscc}/"):
        page.goto(address)
        expect(page.locator("h1")).to_have_text(re.compile("."))
        assert fits(page), address
