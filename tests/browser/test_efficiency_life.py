"""A year's figures to their end in a real browser: imported, evaluated, coloured, flagged, rectified, closed.

Everything is done through pages, by the monitor of the city and by the enterprise that comes last; only the
worker of the queue is played by the test.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from core.accounts.models import Role
from core.jobs import tracking
from core.jobs.models import Job
from efficiency.evaluation.models import Run, RunState, Score
from efficiency.flags.models import Flag, FlagState, Rule
from efficiency.returns import due
from efficiency.returns.figures import Office
from efficiency.returns.models import YearlyReturn
from landuse.plots.models import Occupation
from parks.enterprises.models import Enterprise
from tests import places
from tests.browser.access import accessibility_problems
from tests.browser.case_acts import CASE_READY, act, become
from tests.browser.signing_in import sign_in
from tests.efficiency.returns.files import book
from tests.efficiency.schemes import drafts

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

YEAR = due.latest_year()
FIRMS = 8
LAST = 8
"""Of eight, class D takes the one beyond the first ⌊8 × 95 %⌋; firm 8 pays least."""

MAP_READY = "#map[data-ready='true'][data-loading='0']"
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 200


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def row(number: int, tax: Any = None, code: Any = None) -> list[Any]:
    """A line of the file: tax and output in 万元, falling from firm to firm."""
    name = f"示例金属制品有限公司{number}号"
    return [code or places.uscc(number), name, YEAR, 100 * (9 - number) if tax is None else tax, 2000, 40]


def good() -> list[list[Any]]:
    return [row(number) for number in range(1, FIRMS + 1)]


def follow(page: Page, name: str) -> None:
    """Go where a link of the page's body leads."""
    with page.expect_navigation():
        page.locator("main").get_by_role("link", name=name).first.click()
    page.wait_for_selector("html[data-shell=ready]")


def press(page: Page, name: str) -> None:
    """Press a button that sends a form."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_selector("html[data-shell=ready]")


def send(page: Page, path: Path) -> None:
    """Choose and send a file of the tax office."""
    page.wait_for_selector("[data-upload][data-ready]")
    page.get_by_label("年度", exact=True).select_option(str(YEAR))
    page.get_by_label("来源部门").select_option(Office.TAX.value)
    page.set_input_files("#import-file", path)
    page.get_by_role("button", name="上传并核对").click()
    page.wait_for_url("**/returns/imports/*/")


def import_year(page: Page, folder: Path) -> None:
    """A file with three bad lines writes nothing; the same file put right is written."""
    bad = good()
    bad[1] = row(2, code=places.uscc(900))
    bad[4] = row(5, tax="约三百")
    bad[6] = row(6)
    send(page, book(folder / "错.xlsx", bad))
    expect(page.locator("h1")).to_have_text("3 行不合格，5 行可写入")
    expect(page.get_by_role("button", name="只写入合格的")).to_be_visible()
    expect(page.get_by_role("button", name="写入 8 行")).to_have_count(0)
    findings = page.locator(".return-import-findings tbody")
    for said in (places.uscc(900), "约三百", "同一家企业"):
        expect(findings).to_contain_text(said)
    assert accessibility_problems(page) == []
    assert not YearlyReturn.objects.exists()
    press(page, "放弃这份文件")

    send(page, book(folder / "对.xlsx", good()))
    expect(page.locator("h1")).to_have_text("8 行可写入，没有不合格的行")
    press(page, "写入 8 行")
    expect(page.locator("h1")).to_have_text(f"已写入 8 家企业 {YEAR} 年度的数据")
    assert YearlyReturn.objects.current().filter(year=YEAR).count() == FIRMS


def evaluate(page: Page) -> Run:
    """A run is begun on its page, computed by the worker, and shown."""
    follow(page, "去评价")
    page.get_by_label("年度", exact=True).select_option(str(YEAR))
    page.get_by_label("评价办法", exact=True).select_option(value=str(drafts.sample("s002-plain").pk))
    with page.expect_navigation():
        page.get_by_role("button", name="开始评价").click()
    page.wait_for_selector("[data-job]")
    # The page asks how far it is; once the worker is done it leads on by itself.
    tracking.run(number=Job.objects.get().pk)
    run = Run.objects.get()
    page.wait_for_url(f"**/evaluation/{run.pk}/")
    expect(page.locator("tbody tr")).to_have_count(FIRMS)
    expect(page.locator("tbody tr").last).to_contain_text(places.uscc(LAST))
    assert accessibility_problems(page) == []
    press(page, "公示 3 个工作日")
    expect(page.locator(".page-actions .state-tag")).to_have_text("公示异议期")
    run.refresh_from_db()
    assert run.state == RunState.OBJECTION
    return run


def look_at_map(page: Page, plot: str) -> None:
    """From the run to the map: plots carry their class, and the card of a plot its score."""
    with page.expect_response(lambda answer: "by=grade" in answer.url and ".mvt" in answer.url) as coloured:
        follow(page, "在地图上看")
    assert coloured.value.ok
    page.wait_for_selector(MAP_READY)
    expect(page.locator("[data-legend]")).to_contain_text(f"亩均评价类别 {YEAR}")
    expect(page.locator("[data-legend]")).to_contain_text("D")
    page.goto(f"/map/?by=grade&year={YEAR}&select=plots:{plot}")
    page.wait_for_selector(MAP_READY)
    card = page.locator(f"[data-card][data-code='{plot}']")
    expect(card).to_contain_text("亩均评价")
    expect(card.locator("tr", has_text=str(YEAR)).first).to_be_visible()
    expect(card).to_contain_text("D 类")


def rectify(page: Page, people: drafts.People, clerk: Any) -> None:
    """The enterprise learns of it, plans, does and proves; the monitor accepts and passes."""
    become(page, clerk)
    follow(page, "看得分怎么来的")
    expect(page.locator("h1")).to_contain_text("D")
    expect(page.locator(".working")).to_contain_text("亩均税收")
    expect(page.locator("body")).not_to_contain_text(places.uscc(1))
    assert accessibility_problems(page) == []

    page.goto("/")
    follow(page, "查看全部 1 项")
    expect(page.locator("h1")).to_have_text("1 项待整改")
    expect(page.locator(".rail-item[aria-current=page]")).to_have_text("亩均")
    with page.expect_navigation():
        page.locator("tbody th a").click()
    expect(page.locator("main")).to_contain_text("说明原因")
    follow(page, "整改办件")
    page.wait_for_selector(CASE_READY)
    with page.expect_navigation():
        page.locator("[data-act=file_plan]").click()
    page.wait_for_selector("#case-form[data-ready]")
    page.fill("[name=measures]", "更换设备，恢复二号车间生产。")
    page.fill("[name=done_by]", (timezone.localdate() + dt.timedelta(days=60)).isoformat())
    page.fill("[name=responsible]", "示例负责人 13800000000")
    page.locator("[data-saved][data-state=saved]").wait_for()
    press(page, "核对并报送")
    press(page, "报送整改方案")

    raised = Flag.objects.get().case
    assert raised is not None
    case = raised.get_absolute_url()
    become(page, people.monitor, case)
    act(page, "accept_plan")
    become(page, clerk, case)
    page.wait_for_selector(CASE_READY)
    page.locator("[data-slot=proof] input[type=file]").set_input_files(
        {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": JPEG}
    )
    expect(page.locator("[data-slot=proof]")).to_contain_text("现场.jpg")
    act(page, "report_done", "二号车间已恢复生产。")
    become(page, people.monitor, case)
    act(page, "pass_check", "现场复核，设备运转正常。")


def test_a_year_from_the_file_to_the_closed_flag(page: Page, tmp_path: Path) -> None:
    people = drafts.people()
    drafts.bring(drafts.sample("s002-plain"), people, "approved")
    plots = {}
    for number in range(1, FIRMS + 1):
        plots[number] = places.plot(number)
        Occupation.objects.create(
            plot=plots[number].plot,
            enterprise=places.enterprise(number),
            kind="owner",
            share="1",
            valid_from=places.START,
        )
    last = Enterprise.objects.get(uscc=places.uscc(LAST))
    clerk = places.account(Role.ENTERPRISE, enterprise=last)

    sign_in(page, people.monitor, "/returns/imports/")
    import_year(page, tmp_path)
    run = evaluate(page)
    assert list(Score.objects.filter(run=run, grade="D").values_list("enterprise_id", flat=True)) == [last.pk]
    look_at_map(page, plots[LAST].plot_id)

    page.goto(f"/evaluation/{run.pk}/")
    follow(page, "低效预警")
    page.get_by_role("button", name="按规则检查").click()
    press(page, "检查")
    expect(page.locator("h1")).to_have_text("1 条待核实，0 条整改中")
    with page.expect_navigation():
        page.locator("tbody th a").click()
    page.fill("#requirement", "说明原因，恢复二号车间生产。")
    press(page, "确认并通知整改")
    expect(page.locator(".page-actions .state-tag")).to_have_text("已确认，整改中")

    rectify(page, people, clerk)
    flag = Flag.objects.get()
    assert (flag.rule, flag.enterprise, flag.state) == (Rule.CLASS_D, last, FlagState.CLOSED)
    page.goto("/flags/?tab=settled")
    expect(page.locator("tbody .state-tag")).to_have_text("已整改")
    # On a phone every page of the way fits; tables scroll by themselves.
    page.set_viewport_size({"width": 390, "height": 844})
    result = f"/evaluation/{run.pk}/enterprises/{last.uscc}/"
    for address in ("/returns/imports/", "/evaluation/", f"/evaluation/{run.pk}/", result, f"/flags/{flag.pk}/"):
        page.goto(address)
        page.wait_for_selector("html[data-shell=ready]")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    # The plot's page tells it all.
    page.goto(f"/monitoring/plots/{plots[LAST].plot_id}/")
    for told in ("D 类", "已整改"):
        expect(page.locator("main")).to_contain_text(told)
