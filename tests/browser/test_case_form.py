"""The form of a case in a real browser: saved while typed, kept when the network or another page is in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.casework.models import Case, CasePaper
from core.casework.services import filing
from core.casework.states import State
from tests.browser.access import accessibility_problems
from tests.browser.signing_in import sign_in
from tests.core.casework import kind
from tests.core.casework.cases import DATA, PDF, bring, draft, parameter, people

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

READY = "#case-form[data-ready]"


def open_form(page: Page, user: Any, case: Case) -> None:
    """Sign in and open the form of a case."""
    sign_in(page, user, f"/cases/{case.pk}/edit/")
    page.wait_for_selector(READY)


def saved(page: Page) -> None:
    """Wait until the server has what was typed."""
    page.locator("[data-saved][data-state=saved]").wait_for()


def test_what_is_typed_is_saved_and_judged_beside_the_form(page):
    who = people()
    parameter("example.most", 3)
    case = filing.open_case(kind=kind.NAME, by=who.applicant)
    open_form(page, who.applicant, case)
    page.get_by_label("宗地").fill(DATA["plot"])
    page.get_by_label("数值").fill("4")
    finding = page.locator("#finding-EX-1")
    expect(finding).to_have_attribute("data-state", "unmet")
    expect(finding).to_contain_text("请减小数值")
    expect(page.locator("h1")).to_have_text("还差 2 项：数值上限、证明材料")
    page.get_by_label("数值").fill("3")
    expect(finding).to_have_attribute("data-state", "met")
    expect(page.locator("h1")).to_have_text("还差 1 项：证明材料")
    saved(page)
    page.reload()
    expect(page.get_by_label("数值")).to_have_value("3")
    assert accessibility_problems(page) == []


def test_a_wrong_figure_is_said_at_its_field_and_goes_when_mended(page):
    who = people()
    case = filing.open_case(kind=kind.NAME, by=who.applicant)
    open_form(page, who.applicant, case)
    page.get_by_label("数值").fill("-1")
    error = page.locator("#id_figure-error")
    error.wait_for()
    expect(page.get_by_label("数值")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#id_plot-error")).to_have_count(0)
    page.get_by_label("数值").fill("1")
    error.wait_for(state="detached")


def test_papers_are_sent_as_they_are_chosen_versioned_and_taken_off(page, tmp_path: Path):
    who = people()
    case = draft(who)
    open_form(page, who.applicant, case)
    line = page.locator("[data-slot=proof]")
    for number in (1, 2):
        file = tmp_path / f"证明{number}.pdf"
        file.write_bytes(PDF + str(number).encode())
        line.locator("input[type=file]").set_input_files(file)
        line.get_by_role("link", name=f"证明{number}.pdf").wait_for()
    expect(line).to_contain_text("第 2 版")
    expect(line).to_contain_text("以前的 1 版")
    expect(page.locator("h1")).to_have_text("填写、材料和条件均已齐备")
    line.get_by_role("button", name="移除“证明2.pdf”").click()
    expect(line).not_to_contain_text("证明2.pdf")
    assert CasePaper.objects.counting().count() == 1


def test_a_program_named_as_a_pdf_is_refused_in_its_line(page, tmp_path: Path):
    who = people()
    case = draft(who)
    open_form(page, who.applicant, case)
    file = tmp_path / "证明.pdf"
    file.write_bytes(b"MZ\x90\0 not a document")
    page.locator("[data-slot=proof] input[type=file]").set_input_files(file)
    expect(page.locator("[data-slot=proof] [data-problem]")).to_contain_text("内容与文件名不符")
    page.watched.problems.clear()
    assert not CasePaper.objects.exists()


def test_without_a_connection_typing_goes_on_and_is_sent_when_it_is_back(page):
    who = people()
    case = draft(who)
    open_form(page, who.applicant, case)
    page.context.set_offline(True)
    page.get_by_label("理由").fill("断网时填写")
    page.locator("[data-saved][data-state=offline]").wait_for()
    page.context.set_offline(False)
    saved(page)
    page.watched.problems.clear()
    case.refresh_from_db()
    assert case.data["reason"] == "断网时填写"


def test_what_could_not_be_sent_is_there_again_at_the_next_visit(page):
    who = people()
    case = draft(who)
    kept = {"revision": str(case.revision), "values": {name: [value] for name, value in DATA.items()}}
    kept["values"]["reason"] = ["没有送出"]
    sign_in(page, who.applicant, "/")
    page.evaluate(
        "([key, kept]) => localStorage.setItem(`muchan.${key}`, JSON.stringify(kept))",
        [f"case.{case.pk}.{who.applicant.pk}", kept],
    )
    page.goto(f"/cases/{case.pk}/edit/")
    page.wait_for_selector(READY)
    expect(page.get_by_label("理由")).to_have_value("没有送出")
    expect(page.locator("[name=revision]")).to_have_value("2")
    case.refresh_from_db()
    assert case.data["reason"] == "没有送出"


def test_two_pages_of_one_draft_are_shown_side_by_side_and_nothing_typed_is_lost(page, chromium, live_server):
    who = people()
    case = draft(who)
    open_form(page, who.applicant, case)
    filing.save_draft(case_id=case.pk, by=who.applicant, revision=case.revision, data={**DATA, "reason": "另一处"})
    page.get_by_label("理由").fill("这一处")
    conflict = page.locator("[data-conflict]")
    expect(conflict.get_by_role("row", name="理由")).to_contain_text("另一处")
    expect(page.get_by_label("理由")).to_have_value("这一处")
    conflict.get_by_role("button", name="保留我填写的").click()
    saved(page)
    expect(conflict).to_be_hidden()
    page.watched.problems.clear()
    case.refresh_from_db()
    assert case.data["reason"] == "这一处"


def test_submitting_shows_a_summary_first_and_the_back_button_finds_the_case(page, tmp_path: Path):
    who = people()
    case = draft(who)
    open_form(page, who.applicant, case)
    file = tmp_path / "证明.pdf"
    file.write_bytes(PDF)
    page.locator("[data-slot=proof] input[type=file]").set_input_files(file)
    page.get_by_role("link", name="证明.pdf").wait_for()
    page.get_by_label("理由").fill("最后一笔")
    page.get_by_role("button", name="核对并提交").click()
    page.wait_for_url("**/edit/?step=check")
    assert accessibility_problems(page) == []
    page.get_by_role("button", name="提交申请").click()
    page.wait_for_url(f"**/cases/{case.pk}/")
    case.refresh_from_db()
    assert (case.state, case.data["reason"]) == (State.SUBMITTED, "最后一笔")
    page.go_back()
    page.wait_for_url(f"**/cases/{case.pk}/")
    expect(page.locator("#case-form")).to_have_count(0)


def test_the_form_fits_a_phone_and_names_what_was_asked(page):
    who = people()
    case = bring(draft(who), who, State.CORRECTION)
    page.set_viewport_size({"width": 390, "height": 844})
    open_form(page, who.applicant, case)
    expect(page.get_by_role("heading", name="须补正")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    bar = page.get_by_role("button", name="核对补正").bounding_box()
    assert bar["y"] + bar["height"] <= 844


def test_a_session_that_ended_keeps_what_was_typed_until_the_next_sign_in(page):
    who = people()
    case = draft(who)
    open_form(page, who.applicant, case)
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("理由").fill("登录过期前填写")
    page.locator("[data-saved][data-state=signedOut]").wait_for()
    open_form(page, who.applicant, case)
    expect(page.get_by_label("理由")).to_have_value("登录过期前填写")
    expect(page.locator("[name=revision]")).to_have_value("2")
    case.refresh_from_db()
    assert case.data["reason"] == "登录过期前填写"


def test_the_start_page_and_the_home_page_are_open_to_everybody(page):
    who = people()
    bring(draft(who), who, State.CORRECTION)
    sign_in(page, who.applicant, "/cases/new/example/")
    assert accessibility_problems(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    for address in ("/cases/new/example/", "/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert accessibility_problems(page) == []


def test_a_second_click_on_the_start_page_opens_no_second_case(page):
    who = people()
    sign_in(page, who.applicant, "/cases/new/example/")
    page.get_by_role("button", name="新建申请").dblclick()
    page.wait_for_selector(READY)
    assert Case.objects.count() == 1


def test_two_pages_that_say_the_same_are_no_conflict(page):
    who = people()
    case = draft(who)
    open_form(page, who.applicant, case)
    filing.save_draft(case_id=case.pk, by=who.applicant, revision=case.revision, data={**DATA, "reason": "相同"})
    page.get_by_label("理由").fill("相同")
    saved(page)
    expect(page.locator("[data-conflict]")).to_be_hidden()
    page.watched.problems.clear()


def test_an_applicant_writes_to_the_offices_from_the_form_and_comes_back_to_it(page):
    who = people()
    case = bring(draft(who), who, State.CORRECTION)
    open_form(page, who.applicant, case)
    page.get_by_label("给办理部门留言").fill("证明材料明日盖章后上传。")
    page.get_by_role("button", name="发送留言").click()
    expect(page.locator(".case-words")).to_contain_text("证明材料明日盖章后上传。")
    page.wait_for_selector(READY)
    assert not case.remarks.get().internal


def test_an_applicant_withdraws_and_appeals_on_the_page_of_the_case(page):
    who = people()
    given_up = bring(draft(who), who, State.SUBMITTED)
    refused = bring(draft(who), who, State.REFUSED)
    sign_in(page, who.applicant, f"/cases/{given_up.pk}/")
    page.locator("summary", has_text="撤回申请").click()
    page.get_by_role("button", name="确认撤回申请").click()
    expect(page.locator("h1")).to_contain_text("已撤回")
    page.goto(f"/cases/{refused.pk}/")
    expect(page.locator(".stages [data-mark=stopped]")).to_contain_text("不予批准")
    page.locator("summary", has_text="申请复核").click()
    page.get_by_label("申请复核的理由").fill("测算口径有误，见附表。")
    page.get_by_role("button", name="确认申请复核").click()
    expect(page.locator("h1")).to_contain_text("复核中")
    assert [Case.objects.get(pk=case.pk).state for case in (given_up, refused)] == [State.WITHDRAWN, State.APPEAL]
