"""Offices at work in a real browser: the list by keyboard and in bulk, deciding on the page, a phone, barriers."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from core.casework.models import Case, Review
from core.casework.services import filing, remarking, reviewing
from core.casework.states import State
from tests.browser.access import accessibility_problems
from tests.browser.signing_in import sign_in
from tests.core.casework import cases

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

PHONE = {"width": 390, "height": 844}
LIST_READY = "[data-list][data-ready]"
PAGE_READY = ".case-page[data-ready]"


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def at_list(page: Page, user, query: str = "") -> None:
    sign_in(page, user, "/cases/")
    if query:
        page.goto(f"/cases/?{query}")
    page.wait_for_selector(LIST_READY)


def at_case(page: Page, user, case: Case) -> None:
    sign_in(page, user, f"/cases/{case.pk}/")
    page.wait_for_selector(PAGE_READY)


def test_cases_are_gone_through_and_chosen_by_keyboard(page, who):
    made = [cases.bring(cases.draft(who), who, State.SUBMITTED) for _number in range(3)]
    at_list(page, who.planner)
    expect(page.locator("[data-bulk] button").first).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-bulk-count]")).to_have_text("已选 2 件")
    page.keyboard.press("k")
    here = page.locator("tr[data-here] [data-pick]").get_attribute("value")
    with page.expect_navigation():
        page.get_by_role("button", name="受理并送会审").click()
    expect(page.locator("[data-outcomes]")).to_contain_text("2 件全部已办")
    page.goto("/cases/?tab=all")
    page.wait_for_selector(LIST_READY)
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert re.search(r"/cases/\d+/$", page.url)
    assert Case.objects.get(pk=here).state == State.REVIEW
    assert Case.objects.filter(pk__in=[case.pk for case in made], state=State.REVIEW).count() == 2


def test_a_range_is_chosen_with_shift_and_all_with_one_box(page, who):
    for _number in range(4):
        cases.bring(cases.draft(who), who, State.SUBMITTED)
    at_list(page, who.planner)
    picks = page.locator("[data-pick]")
    picks.nth(0).click()
    picks.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text("已选 3 件")
    page.locator("[data-pick-all]").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("已选 4 件")
    page.locator("[data-pick-all]").uncheck()
    expect(page.locator("[data-bulk] button").first).to_be_hidden()


def test_each_reader_keeps_the_columns_of_their_choice(page, who):
    cases.bring(cases.draft(who), who, State.SUBMITTED)
    at_list(page, who.planner)
    page.get_by_role("button", name="显示的列").click()
    page.locator("#column-choice").get_by_label("办理区").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="办理区")).to_be_hidden()
    page.reload()
    page.wait_for_selector(LIST_READY)
    expect(page.get_by_role("columnheader", name="办理区")).to_be_hidden()
    expect(page.get_by_role("columnheader", name="申请人")).to_be_visible()


def test_a_filter_submits_itself_and_is_kept_under_a_name(page, who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    at_list(page, who.planner, "tab=all")
    with page.expect_navigation():
        page.get_by_role("combobox", name="状态").select_option("submitted")
    page.get_by_role("button", name="存为常用").click()
    page.get_by_label("名称").fill("待受理的")
    with page.expect_navigation():
        page.get_by_role("button", name="保存筛选").click()
    page.goto("/cases/?tab=done")
    with page.expect_navigation():
        page.get_by_role("link", name="待受理的").click()
    page.wait_for_selector(LIST_READY)
    expect(page.locator(f'[data-list] a[href="/cases/{case.pk}/"]')).to_be_visible()


def test_a_double_click_accepts_once(page, who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    at_case(page, who.planner, case)
    with page.expect_navigation():
        page.get_by_role("button", name="受理并送会审").dblclick()
    expect(page.locator("h1")).to_contain_text("待工信局、亩均监测部门出具意见")
    assert case.timeline.filter(act="accept").count() == 1
    assert Review.objects.filter(case=case).count() == 2


def test_reservations_ask_for_their_reason_before_they_are_sent(page, who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    at_case(page, who.parks, case)
    page.get_by_label("有条件同意", exact=True).check()
    page.get_by_role("button", name="出具意见").click()
    assert page.evaluate("document.activeElement.id") == "review-text"
    page.get_by_label("说明").fill("二十四个月内投产")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    expect(page.locator(".opinion-card", has_text="工信局")).to_contain_text("二十四个月内投产")
    assert Review.objects.get(case=case, office="parks").verdict == "conditional"


def test_a_decision_typed_on_a_stale_page_is_kept_and_what_changed_is_shown(page, who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    at_case(page, who.reviewer, case)
    page.locator("summary", has_text="不予批准").click()
    page.get_by_label("不予批准的理由").fill("不符合国土空间规划")
    filing.withdraw(case_id=case.pk, by=who.applicant, text="另行选址")
    with page.expect_navigation():
        page.get_by_role("button", name="确认不予批准").click()
    expect(page.get_by_role("alert")).to_contain_text("刚才的办理没有执行")
    expect(page.locator(".case-news").first).to_contain_text("另行选址")
    expect(page.locator(".left-over")).to_have_text("不符合国土空间规划")
    assert Case.objects.get(pk=case.pk).state == State.WITHDRAWN
    page.watched.problems.clear()  # the browser notes the 409


def test_on_a_phone_the_acts_are_a_sheet(page, who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    page.set_viewport_size(PHONE)
    at_case(page, who.reviewer, case)
    sheet, opener = page.locator("[data-sheet]"), page.locator("[data-sheet-open]")
    expect(sheet).not_to_be_in_viewport()
    opener.click()
    expect(sheet).to_be_in_viewport()
    expect(opener).to_have_attribute("aria-expanded", "true")
    assert page.evaluate("document.activeElement.closest('[data-sheet]') !== null")
    page.keyboard.press("Escape")
    expect(sheet).not_to_be_in_viewport()
    assert page.evaluate("document.activeElement.hasAttribute('data-sheet-open')")
    opener.click()
    page.locator("summary", has_text="批准").first.click()
    page.get_by_label("决定文号").first.fill("佛自然资〔2026〕1 号")
    with page.expect_navigation():
        page.get_by_role("button", name="确认批准", exact=True).click()
    expect(page.locator("h1")).to_contain_text("已批准，待")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_on_a_phone_the_list_is_cards_with_its_filters_folded(page, who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    page.set_viewport_size(PHONE)
    at_list(page, who.planner)
    expect(page.get_by_role("combobox", name="状态")).to_be_hidden()
    page.get_by_role("button", name="筛选", exact=True).click()
    expect(page.get_by_role("combobox", name="状态")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator(f'[data-list] a[href="/cases/{case.pk}/"]').click()
    page.wait_for_selector(PAGE_READY)


def test_a_notice_is_opened_and_the_bell_counts_down(page, who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    sign_in(page, who.planner, "/notices/")
    before = int(page.locator(".bell-count").inner_text())
    page.locator(".notice-rows button").first.click()
    page.wait_for_selector(PAGE_READY)
    assert page.url.endswith(f"/cases/{case.pk}/")
    assert (int(page.locator(".bell-count").inner_text()) if before > 1 else 0) == before - 1


@pytest.mark.parametrize("state", [State.REVIEW, State.DECISION, State.CORRECTION, State.EFFECTIVE])
def test_the_page_of_a_case_is_open_to_everybody(page, who, state):
    case = cases.bring(cases.draft(who), who, state)
    if state == State.REVIEW:
        reviewing.give_review(case_id=case.pk, by=who.parks, verdict="conditional", text="按期投产")
        case.reviews.filter(given_at__isnull=True).update(due_on=timezone.localdate() - dt.timedelta(days=9))
        remarking.remark(case_id=case.pk, by=who.head, text="抓紧办理", internal=True)
    at_case(page, who.reviewer if state == State.DECISION else who.planner, case)
    for summary in page.locator(".acts summary").all():
        summary.click()
        assert accessibility_problems(page) == []
    page.goto(f"/cases/{case.pk}/?findings=today")
    page.wait_for_selector(PAGE_READY)
    assert accessibility_problems(page) == []


@pytest.mark.parametrize(
    "address", ["/cases/?tab=all", "/cases/?tab=late", "/cases/statistics/", "/cases/absences/", "/notices/", "/"]
)
def test_lists_and_what_hangs_on_them_are_open_to_everybody(page, who, address):
    cases.bring(cases.draft(who), who, State.EFFECTIVE)
    cases.bring(cases.draft(who), who, State.SUBMITTED)
    sign_in(page, who.planner, address)
    assert accessibility_problems(page) == []
    page.set_viewport_size(PHONE)
    assert accessibility_problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
