"""A scheme is edited in a real browser while its effect is watched, handed in, and approved by somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from core.accounts.models import CITY_CODE, Role
from efficiency.returns.services import refresh_land
from efficiency.schemes.models import SchemeVersion
from efficiency.schemes.rules import rules_of
from tests.browser.access import accessibility_problems
from tests.browser.signing_in import sign_in
from tests.efficiency.evaluation import firms
from tests.efficiency.schemes import drafts
from tests.places import account

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

EDITOR = f"/schemes/{drafts.SAMPLE}/1/edit/"
FIRST = '[data-at="cohorts.0.indicators.0"]'


@pytest.fixture
def eight_firms(live_server: Any) -> None:
    for number in range(1, 9):
        firms.firm(number, tax_cny=100_000 * number, electricity_kwh=1_000_000)
    refresh_land(year=firms.YEAR)


def kept(page: Any, state: str = "saved") -> None:
    page.wait_for_selector(f"[data-scheme-editor][data-kept={state}]")


def tried(page: Any) -> None:
    page.wait_for_selector("[data-scheme-editor][data-tried=shown]")


def test_a_draft_is_edited_tried_undone_and_approved_by_another(page: Any, eight_firms: None) -> None:
    who = drafts.people()
    sign_in(page, who.monitor, EDITOR)
    page.wait_for_selector("[data-scheme-editor][data-ready]")
    tried(page)
    assert page.locator('[data-after="A"]').inner_text() == "2"
    assert accessibility_problems(page) == []

    # Weights of 99 are kept in a draft and said at once, in the words of the database.
    page.fill(f"{FIRST} [data-field=weight]", "29")
    assert "“规上企业”的权重合计为 99.00，应为 100" in page.locator('[data-at="cohorts.0"] [data-sum]').inner_text()
    kept(page)
    assert rules_of(drafts.sample()).cohorts[0].weight == 99

    # What cannot be kept is said beside its field, and nothing is lost.
    page.fill(f"{FIRST} [data-field=base]", "二十")
    kept(page, "refused")
    assert "“基准值”应为数字，实为“二十”。" in page.locator(FIRST).inner_text()
    assert accessibility_problems(page) == []
    page.watched.problems.clear()
    page.locator("[data-undo]").click()
    page.locator("[data-undo]").click()
    kept(page)
    assert page.input_value(f"{FIRST} [data-field=weight]") == "30"
    assert rules_of(drafts.sample()).cohorts[0].weight == 100

    # Other cuts move other firms.
    page.fill('[data-at="cohorts.1"] > fieldset [data-cut=A]', "50")
    tried(page)
    page.wait_for_function("document.querySelector('[data-after=A]')?.textContent === '4'")
    kept(page)

    # Indicators move by keyboard, and the focus goes with them.
    page.locator(f"{FIRST} [data-field=name]").focus()
    page.keyboard.press("Alt+ArrowDown")
    kept(page)
    assert [item.name for item in rules_of(drafts.sample()).cohorts[0].indicators[:2]] == ["亩均增加值", "亩均税收"]
    assert page.evaluate("document.activeElement.closest('[data-item]').dataset.at") == "cohorts.0.indicators.1"

    # Another quotient comes in its usual unit.
    page.locator('[data-at="cohorts.1"] > [data-add=indicators]').click()
    added = '[data-at="cohorts.1.indicators.2"]'
    page.locator(f"{added} [data-field=numerator]").select_option("output_cny")
    page.locator(f"{added} [data-field=denominator]").select_option("emission_kg")
    assert page.input_value(f"{added} [data-field=unit]") == "万元/吨"
    assert page.input_value(f"{added} [data-field=scale]") == "10"
    page.locator(f"{added} [data-remove]").click()
    kept(page, "kept")

    page.get_by_role("link", name="完成").click()
    with page.expect_navigation():
        page.get_by_role("button", name="提交批准").click()
    assert "等待未参与编制的市级工信园区人员批准" in page.locator("main").inner_text()
    assert accessibility_problems(page) == []

    page.context.clear_cookies()
    sign_in(page, who.parks, f"/schemes/{drafts.SAMPLE}/1/")
    # Whoever decides sees what approving would do.
    page.wait_for_selector("[data-scheme-trial][data-tried=shown]")
    assert page.locator('[data-after="A"]').inner_text() == "4"
    assert accessibility_problems(page) == []
    page.fill("#approval", "示例〔2026〕1 号")
    with page.expect_navigation():
        page.get_by_role("button", name="批准本版").click()
    assert "已批准" in page.locator("h1").inner_text()
    assert SchemeVersion.objects.get(pk=drafts.sample().pk).approved_by == who.parks


def test_the_second_of_two_editors_is_told_and_writes_nothing_over(page: Any, eight_firms: None) -> None:
    who = drafts.people()
    sign_in(page, who.monitor, EDITOR)
    page.wait_for_selector("[data-scheme-editor][data-ready]")
    drafts.change(drafts.sample(), who.parks, cap="1.5")
    page.fill(f"{FIRST} [data-field=cap]", "2")
    kept(page, "refused")
    assert "保存过本版，本次未保存" in page.locator("[data-refused]").inner_text()
    page.watched.problems.clear()
    assert rules_of(drafts.sample()).cohorts[0].indicators[0].cap == 1.5


def test_schemes_and_measures_are_read_on_a_phone(page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, account(Role.PARKS, CITY_CODE), f"/schemes/{drafts.SAMPLE}/1/")
    for path in (f"/schemes/{drafts.SAMPLE}/1/", "/schemes/", "/schemes/measures/", EDITOR):
        page.goto(path)
        page.wait_for_selector("html[data-shell=ready]")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if path != EDITOR:
            assert accessibility_problems(page) == []


def test_a_requirement_takes_any_number_of_alternatives(page: Any) -> None:
    who = drafts.people()
    sign_in(page, who.monitor, EDITOR)
    page.wait_for_selector("[data-scheme-editor][data-ready]")
    page.locator("[data-add=requires]").click()
    row = '[data-at="requires.1"]'
    page.locator(f"{row} [data-either='0']").select_option("output_cny")
    page.locator(f"{row} [data-either='1']").select_option("revenue_cny")
    kept(page)
    page.reload()
    page.wait_for_selector("[data-scheme-editor][data-ready]")
    page.locator(f"{row} [data-either='2']").select_option("fixed_asset_investment_cny")
    kept(page)
    assert rules_of(drafts.sample()).requires == (
        ("tax_cny",),
        ("output_cny", "revenue_cny", "fixed_asset_investment_cny"),
    )
