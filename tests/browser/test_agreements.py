"""A supervision agreement in real browsers: drawn up, in force, late, checked, breached, answered, rectified."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from core.accounts.models import User
from core.casework.models import Case
from core.casework.states import State
from efficiency.agreements.models import Agreement, Breach
from tests.browser.access import accessibility_problems
from tests.browser.signing_in import sign_in
from tests.core.casework.cases import PDF
from tests.efficiency.agreements import deals

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

Desk = Callable[[User, str], Page]


@pytest.fixture
def desk(chromium: Any, live_server: Any) -> Iterator[Desk]:
    """Signs somebody in on a browser of their own and goes to an address; what a script throws fails the test."""
    contexts: list[Any] = []
    thrown: list[str] = []

    def at(user: User, address: str, **options: Any) -> Page:
        viewport = options.pop("viewport", {"width": 1440, "height": 900})
        context = chromium.new_context(base_url=live_server.url, viewport=viewport, locale="zh-CN", **options)
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        sign_in(page, user, address)
        return page

    yield at
    for context in contexts:
        context.close()
    assert thrown == []


@pytest.fixture
def parties(transactional_db: None) -> deals.Deal:
    return deals.deal()


def act(page: Page, name: str, **given: str) -> None:
    """Open an act, fill in what it asks for and press its button."""
    form = page.locator(f"form[data-act={name}]")
    if not form.is_visible():
        page.locator("details", has=form).locator("summary").click()
    for field, text in given.items():
        form.locator(f"[name={field}]").fill(text)
    with page.expect_navigation():
        form.locator("button[type=submit]").click()


def write(page: Page, parties: deals.Deal) -> None:
    """The terms but for one date, and one promise."""
    for name, text in {
        "number": "示例监管〔2026〕1 号",
        "plot": parties.plot.plot_id,
        "uscc": parties.enterprise.uscc,
        "area_m2": "6666.67",
        "signed_on": (deals.TODAY - dt.timedelta(days=300)).isoformat(),
        "start_by": (deals.TODAY - dt.timedelta(days=100)).isoformat(),
        "completion_by": (deals.TODAY + dt.timedelta(days=300)).isoformat(),
        "penalty_terms": "每逾期一日按出让价款的千分之一",
    }.items():
        page.fill(f"[name={name}]", text)
    first = page.locator("[data-rows] tr").first
    first.locator("[name=year]").fill(str(deals.LAST_YEAR))
    first.locator("[name=at_least]").fill("30")


def test_from_the_draft_to_the_rectification(parties, desk, tmp_path: Path):
    deals.returned(parties.enterprise)

    officer = desk(parties.parks, "/agreements/")
    officer.get_by_role("link", name="拟定协议").click()
    officer.wait_for_selector("[data-agreement-form][data-ready]")
    write(officer, parties)
    assert accessibility_problems(officer) == []
    officer.fill("[name=area_m2]", "0")
    officer.get_by_role("button", name="保存").click()
    expect(officer.locator("[data-refusal]")).to_contain_text("1 处需要修改")
    assert accessibility_problems(officer) == []
    officer.fill("[name=area_m2]", "6666.67")
    officer.get_by_role("button", name="保存").click()
    expect(officer.locator("h1")).to_contain_text("还缺投产日期、固定资产投资强度或亩均工业总产值的约定")

    officer.get_by_role("link", name="修改").click()
    officer.wait_for_selector("[data-agreement-form][data-ready]")
    officer.fill("[name=production_by]", (deals.TODAY + dt.timedelta(days=400)).isoformat())
    rows = officer.locator("[data-rows] tr")
    count = rows.count()
    officer.locator("[data-add-row]").click()
    expect(rows).to_have_count(count + 1)
    rows.last.locator("[name=promise]").select_option("output")
    rows.last.locator("[name=year]").fill(str(deals.LAST_YEAR))
    rows.last.locator("[name=at_least]").fill("500")
    officer.get_by_role("button", name="保存").click()
    expect(officer.locator("h1")).to_contain_text("待另一人办理生效")
    expect(officer.locator("form[data-act=bind]")).to_have_count(0)
    agreement = Agreement.objects.get()

    monitor = desk(parties.monitor, agreement.get_absolute_url())
    act(monitor, "bind")
    expect(monitor.locator("h1")).to_contain_text("2 项约定未履行")

    permit = tmp_path / "permit.pdf"
    permit.write_bytes(PDF)
    monitor.locator("details", has=monitor.locator("form[data-act=fact]")).locator("summary").click()
    monitor.locator("form[data-act=fact] [name=file]").set_input_files(permit)
    late = (deals.TODAY - dt.timedelta(days=90)).isoformat()
    act(monitor, "fact", on=late, evidence="施工许可证 示例 1 号")
    expect(monitor.locator(".milestones")).to_contain_text("逾期完成")
    expect(monitor.locator(".milestones")).to_contain_text("晚 10 天")
    assert accessibility_problems(monitor) == []
    monitor.set_viewport_size({"width": 390, "height": 844})
    assert monitor.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    monitor.set_viewport_size({"width": 1440, "height": 900})

    monitor.locator("details", has=monitor.locator("form[data-act=breach]")).locator("summary").click()
    monitor.get_by_label("年亩均税收").check()
    act(monitor, "breach", demand="一年内把亩均税收提到约定值")
    expect(monitor.locator("h1")).to_contain_text("待企业报送整改方案")
    case = Case.objects.get(kind="breach")

    assert accessibility_problems(monitor) == []
    monitor.goto("/agreements/")
    assert accessibility_problems(monitor) == []

    firm = desk(parties.applicant, "/")
    expect(firm.locator("h1")).to_contain_text("1 件督办待整改")
    firm.get_by_role("link", name="报送整改方案").first.click()
    firm.wait_for_selector("#case-form[data-ready]")
    firm.fill("[name=measures]", "新增一条生产线，次年税收翻番。")
    firm.fill("[name=responsible]", "示例负责人 0757-00000000")
    firm.fill("[name=done_by]", (timezone.localdate() + dt.timedelta(days=120)).isoformat())
    firm.wait_for_selector("[data-saved][data-state=saved]")
    firm.locator("button[name=act][value=check]").click()
    firm.wait_for_url("**/edit/?step=check")
    firm.get_by_role("button", name="报送整改方案", exact=True).click()
    firm.wait_for_url(f"**/cases/{case.pk}/")
    expect(firm.locator("h1")).to_contain_text("审查整改方案")

    monitor.goto(case.get_absolute_url())
    act(monitor, "accept_plan")
    expect(monitor.locator("h1")).to_contain_text("企业整改中")

    firm.goto(case.get_absolute_url())
    proof = tmp_path / "proof.pdf"
    proof.write_bytes(PDF + b"proof")
    line = firm.locator("[data-slot=proof]")
    line.locator("input[type=file]").set_input_files(proof)
    line.get_by_role("link", name="proof.pdf").wait_for()
    act(firm, "report_done", text="税收已达约定值，完税证明附后。")
    expect(firm.locator("h1")).to_contain_text("复核整改情况")

    monitor.goto(case.get_absolute_url())
    act(monitor, "pass_check", text="已核对完税证明，现场已查。")
    expect(monitor.locator("h1")).to_contain_text("整改合格，已结案")
    case.refresh_from_db()
    assert case.state == State.RECTIFIED
    assert Breach.objects.get(case=case).remedy == "rectified"
