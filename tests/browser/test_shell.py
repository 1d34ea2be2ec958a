"""The shell in a real browser: sign-in, palette, unit switch, menu, phone, accessibility."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings

from tests.browser.access import accessibility_problems

PASSWORD = "right-password-1"

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(page: Any, django_user_model: Any) -> Callable[..., Any]:
    """``signed_in("head")`` gives the page with that role at its home."""

    def sign_in(role: str, places: tuple[str, ...] = ("440605",)) -> Any:
        django_user_model.objects.create_user(
            f"{role}.test",
            password=PASSWORD,
            role=role,
            display_name="示例账号",
            place_codes=[] if role == "enterprise" else list(places),
        )
        page.goto("/accounts/login/")
        page.keyboard.type(f"{role}.test")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("html[data-shell=ready] nav.rail")
        return page

    return sign_in


def overflow(page: Any) -> int:
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_signing_in_needs_no_mouse(signed_in):
    page = signed_in("head")
    assert "南海区" in page.text_content("h1")


def test_a_wrong_password_leaves_the_name_and_asks_for_the_password(page):
    page.goto("/accounts/login/")
    page.fill("#id_login", "nobody")
    page.fill("#id_password", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    assert page.input_value("#id_login") == "nobody"
    assert page.evaluate("document.activeElement.id") == "id_password"


def test_the_palette_opens_by_keyboard_and_leads_to_a_rule(signed_in):
    page = signed_in("head")
    page.keyboard.press("Control+k")
    page.keyboard.type("红线下限")
    page.wait_for_selector("[role=option]")
    first = page.get_attribute("#palette-input", "aria-activedescendant")
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#palette-input", "aria-activedescendant") != first
    page.keyboard.press("Enter")
    page.wait_for_url("**/rules/**")


def test_the_palette_says_when_nothing_is_found_and_closes_by_escape(signed_in):
    page = signed_in("head")
    page.keyboard.press("/")
    page.keyboard.type("查无此物")
    page.locator("#palette-note", has_text="未找到").wait_for()
    page.keyboard.press("Escape")
    assert not page.is_visible("#palette")


@override_settings(MUCHAN_DEMO=True)
def test_the_unit_switch_changes_every_area_and_is_remembered(signed_in):
    page = signed_in("head")
    page.goto("/styleguide/")
    figure = page.locator(".figure .area")
    assert figure.text_content() == "190.62km²"
    page.click("[data-unit-switch] button[value=mu]")
    assert figure.text_content() == "285,930.19亩"
    assert page.locator("[data-unit-label]").first.text_content() == "亩"
    page.reload()
    page.wait_for_selector("[data-unit-switch] button[value=mu][aria-pressed=true]")
    assert figure.text_content() == "285,930.19亩"


@override_settings(MUCHAN_DEMO=True)
def test_a_table_sorts_by_the_exact_figure_not_the_rounded_text(signed_in):
    page = signed_in("head")
    page.goto("/styleguide/")
    page.locator("#sample .sort").nth(1).click()
    names = page.locator("#sample tbody th").all_text_contents()
    assert names == ["示例区丙", "示例区乙", "示例区甲"]


@override_settings(MUCHAN_DEMO=True)
def test_a_toast_offers_to_undo(signed_in):
    page = signed_in("head")
    page.goto("/styleguide/")
    page.click("#show-toast")
    page.click(".toast-line button")
    assert page.locator(".toast-line").text_content() == "已恢复 3 宗"


def test_the_source_of_a_figure_opens_beside_it(signed_in):
    page = signed_in("planner", ("440600",))
    page.locator("main .source-mark").first.click()
    card = page.locator("[popover]:popover-open")
    assert "条款" in card.text_content()
    page.keyboard.press("Escape")
    assert card.count() == 0


def test_high_contrast_is_chosen_in_the_account_menu_and_remembered(signed_in):
    page = signed_in("head")
    page.click(".account-open")
    page.check("[data-contrast-toggle]")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "contrast"


def test_sign_out_from_the_account_menu(signed_in):
    page = signed_in("head")
    page.click(".account-open")
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/accounts/login/")


@pytest.mark.parametrize("role", ["head", "enterprise", "sysadmin", "auditor"])
def test_home_fits_a_phone(signed_in, role):
    page = signed_in(role)
    page.set_viewport_size({"width": 390, "height": 844})
    assert overflow(page) <= 0
    rail = page.locator("nav.rail").bounding_box()
    assert rail["y"] > 700


@pytest.mark.parametrize("address", ["/", "/styleguide/", "/search/?q=红线", "/accounts/password/change/"])
def test_pages_of_the_shell_have_no_accessibility_violation(signed_in, address):
    with override_settings(MUCHAN_DEMO=True):
        page = signed_in("sysadmin", ("440600",))
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert accessibility_problems(page) == []


def test_the_sign_in_page_has_no_accessibility_violation(page):
    page.goto("/accounts/login/")
    assert accessibility_problems(page) == []
