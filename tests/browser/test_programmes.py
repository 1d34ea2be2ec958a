"""A park officer keeps the members of a programme in a real browser; the pages are open to everybody."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from core.accounts.models import Role
from parks.programmes.models import Membership
from tests.browser.access import accessibility_problems
from tests.browser.signing_in import sign_in
from tests.parks.programmes.test_programmes import programme
from tests.places import NANHAI, account, enterprise

pytestmark = [pytest.mark.django_db, pytest.mark.browser]


def test_a_member_is_granted_warned_and_ended(page: Any) -> None:
    programme(valid_to=dt.date(2040, 1, 1))
    firm = enterprise()
    sign_in(page, account(Role.PARKS, NANHAI), "/programmes/")
    assert accessibility_problems(page) == []
    page.get_by_role("link", name="示例计划 test").click()
    page.wait_for_selector("html[data-shell=ready] #grant")

    # A wrong code comes back with what was typed.
    page.fill("[name=enterprise_code]", "91440605MA00000000")
    page.fill("[name=document_number]", "示例认定〔2026〕1号")
    with page.expect_navigation():
        page.get_by_role("button", name="认定为成员").click()
    assert "没有统一社会信用代码为" in page.locator("#grant").inner_text()
    assert page.input_value("[name=document_number]") == "示例认定〔2026〕1号"
    assert accessibility_problems(page) == []
    # The refusal answers 422, which the console tells.
    page.watched.problems.clear()

    page.fill("[name=enterprise_code]", firm.uscc)
    with page.expect_navigation():
        page.get_by_role("button", name="认定为成员").click()
    assert "有 1 家在期成员" in page.locator("h1").inner_text()

    page.get_by_role("link", name=firm.name).click()
    page.wait_for_selector("[name=standing]")
    assert accessibility_problems(page) == []
    for standing, reason in (("warned", "上年未增长"), ("left", "企业申请退出")):
        page.select_option("[name=standing]", standing)
        page.fill("[name=reason]", reason)
        with page.expect_navigation():
            page.get_by_role("button", name="保存状态").click()
    assert "退出" in page.locator("h1").inner_text()
    assert page.locator("[name=standing]").count() == 0
    assert not Membership.objects.in_force_on().exists()


def test_an_enterprise_reads_its_membership_on_a_phone(page: Any) -> None:
    of, firm = programme(valid_to=None), enterprise()
    Membership.objects.create(programme=of, enterprise=firm, valid_from=dt.date(2024, 1, 1))
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, account(Role.ENTERPRISE, enterprise=firm), "/programmes/")
    assert "本企业是 1 个计划的成员" in page.locator("h1").inner_text()
    # Wide tables scroll inside their frame, the page does not.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert accessibility_problems(page) == []
    page.get_by_role("group", name="本企业的成员资格").get_by_role("link").click()
    page.wait_for_selector(".timeline")
    assert "认定文号" in page.locator("main").inner_text()
    assert accessibility_problems(page) == []
