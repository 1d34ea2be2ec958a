"""The whole life of both kinds of case in real browsers: asked, completed, reviewed, decided, in effect.

Days pass between the acts: the application is told another time, so that clocks run,
stop during the correction and run out on one office.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from core.accounts.models import User
from core.casework import working_days
from core.casework.models import Alert, Case, Review
from core.casework.services import alerting
from core.casework.states import State
from landuse.plots.models import PlotVersion
from landuse.quotas.models import QuotaEntry
from tests.browser.signing_in import sign_in
from tests.core.casework.cases import PDF, People, people
from tests.landuse.applications import asking
from tests.landuse.quotas import ground

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

Desk = Callable[[User, str], Page]


class Calendar:
    """The application's clock, set forward by whole days from a morning in March of this year."""

    def __init__(self) -> None:
        self.moment = dt.datetime(timezone.localdate().year, 3, 4, 2, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        """What the application takes for now."""
        return self.moment

    def go_to(self, day: dt.date) -> None:
        """Let days pass until ``day``."""
        self.moment += dt.timedelta(days=(day - timezone.localdate()).days)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    """The application lives by this calendar."""
    made = Calendar()
    monkeypatch.setattr("django.utils.timezone.now", made.now)
    return made


@pytest.fixture
def desk(chromium: Any, live_server: Any) -> Iterator[Desk]:
    """Signs somebody in on a browser of their own and goes to an address; what a script throws fails the test."""
    contexts: list[Any] = []
    thrown: list[str] = []

    def at(user: User, address: str) -> Page:
        context = chromium.new_context(
            base_url=live_server.url, viewport={"width": 1440, "height": 900}, locale="zh-CN"
        )
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


def begin(page: Page, kind: str) -> Case:
    """From the home page to the form of a new case."""
    page.locator(f"a[href='/cases/new/{kind}/']").click()
    page.get_by_role("button", name="新建申请").click()
    page.wait_for_selector("#case-form[data-ready]")
    return Case.objects.get(kind=kind)


def upload(page: Page, slot: str, folder: Path) -> None:
    """Choose a small PDF for a line of the checklist and wait until it stands there."""
    file = folder / f"{slot}.pdf"
    file.write_bytes(PDF + slot.encode())
    # What was typed is there first: the sentence above the form is read anew after each file.
    page.wait_for_selector("[data-saved][data-state=saved]")
    line = page.locator(f"[data-slot={slot}]")
    line.locator("input[type=file]").set_input_files(file)
    line.get_by_role("link", name=file.name).wait_for()


def hand_in(page: Page, case: Case, button: str) -> None:
    """Look at the summary and submit."""
    page.locator("button[name=act][value=check]").click()
    page.wait_for_url("**/edit/?step=check")
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_url(f"**/cases/{case.pk}/")


def act(page: Page, move: str, **given: str) -> None:
    """Press the button of a move on the page of a case; ``given`` goes into the fields it asks for."""
    form = page.locator(f"form[data-act={move}]")
    if not form.is_visible():
        page.locator("details", has=form).locator("summary").click()
    for name, text in given.items():
        form.locator(f"[name={name}]").fill(text)
    with page.expect_navigation():
        form.locator("button[type=submit]").click()


def agree(page: Page) -> None:
    """Give an office's opinion."""
    form = page.locator("form[data-act=review]")
    form.get_by_label("同意", exact=True).check()
    with page.expect_navigation():
        form.locator("button[type=submit]").click()


def walk(case: Case, who: People, desk: Desk, calendar: Calendar) -> None:
    """From the submission to the effect: received, one office in time, a correction, the other office late, decided."""
    address = f"/cases/{case.pk}/"

    planner = desk(who.planner, address)
    act(planner, "accept")
    case.refresh_from_db()
    decide_by, monitor = case.due_on, Review.objects.get(case=case, office="monitor")
    assert case.state == State.REVIEW
    agree(desk(who.parks, address))

    # Two working days in, something is missing: the offices' clocks stop, the applicant's runs.
    calendar.go_to(working_days.add(timezone.localdate(), 2))
    planner = desk(who.planner, address)
    act(planner, "ask_correction", text="请在说明中写明施工期间的生产安排。")
    case.refresh_from_db()
    stopped_on = timezone.localdate()
    left = working_days.between(stopped_on, decide_by)
    assert (case.state, case.remaining_days) == (State.CORRECTION, left)

    # Eight working days later the applicant answers; nothing was lost of the time the offices had.
    calendar.go_to(working_days.add(stopped_on, 8))
    home = desk(who.applicant, "/")
    expect(home.locator("h1")).to_contain_text("待补正")
    home.get_by_role("link", name="提交补正").first.click()
    home.wait_for_selector("#case-form[data-ready]")
    expect(home.locator(".case-asked")).to_contain_text("请在说明中写明施工期间的生产安排")
    text = home.locator("#case-form textarea").first
    text.fill(f"{text.input_value()}施工期间在租用厂房生产。")
    hand_in(home, case, "提交补正")
    case.refresh_from_db()
    today = timezone.localdate()
    monitor.refresh_from_db()
    assert case.state == State.REVIEW
    assert case.due_on == working_days.add(today, left) == working_days.add(decide_by, 8)
    pause = case.pauses.get()
    assert (pause.since, pause.until) == (stopped_on, today)
    assert "施工期间在租用厂房生产" in str(case.data)

    # The second office lets its day pass; it is reported, and passed over with a reason.
    calendar.go_to(working_days.add(monitor.due_on, 1))
    alerting.watch_deadlines()
    assert Alert.objects.filter(case=case, rule="overdue", office="monitor", closed_at__isnull=True).exists()
    planner = desk(who.planner, address)
    expect(planner.locator(".case-page")).to_contain_text("逾期")
    act(planner, "conclude_review", text="两次催办未复，其职责范围内无新增内容。")
    case.refresh_from_db()
    assert case.state == State.DECISION

    reviewer = desk(who.reviewer, address)
    act(reviewer, "approve", number="示例自然资〔2026〕1 号")
    act(reviewer, "take_effect")
    case.refresh_from_db()
    assert (case.state, case.decision_number) == (State.EFFECTIVE, "示例自然资〔2026〕1 号")

    mine = desk(who.applicant, address)
    expect(mine.locator(".stages [data-mark=done]")).to_have_count(6)
    expect(mine.locator("h1")).to_contain_text("已批准")
    letter = mine.request.get(f"{address}letter.pdf")
    assert letter.status == 200
    assert letter.body().startswith(b"%PDF-")


def test_a_plot_ratio_is_asked_for_and_stands_on_the_plot(desk: Desk, calendar: Calendar, tmp_path: Path):
    world = asking.world()
    page = desk(world.who.applicant, "/")
    page.locator("#my-plots-map[data-ready=true]").wait_for()
    case = begin(page, "plot_ratio")
    values = asking.form_values(world)
    for name in ("plot", "membership"):
        page.locator(f"[name={name}]").select_option(values.pop(name))
    for name, value in values.items():
        if value:
            page.locator(f"#case-form [name={name}]").fill(value)
    for slot in ("title", "design"):
        upload(page, slot, tmp_path)
    expect(page.locator("h1")).to_have_text("填写、材料和条件均已齐备")
    hand_in(page, case, "提交申请")
    before = world.plot

    walk(case, world.who, desk, calendar)

    after = PlotVersion.objects.get(plot_id=before.plot_id, valid_to__isnull=True)
    assert (before.plot_ratio_planned, after.plot_ratio_planned) == (asking.CONDITIONS["plot_ratio_planned"], 2.5)
    assert (after.density_planned, after.green_ratio_planned, after.height_limit_m) == (50, 15, 50)
    assert after.publication.document_number == "示例自然资〔2026〕1 号"


def test_land_quota_is_asked_for_and_used_from_its_pool(desk: Desk, calendar: Calendar, tmp_path: Path):
    who = people()
    pool = ground.pool(50)
    page = desk(who.applicant, "/")
    case = begin(page, "land_quota")
    for name, value in ground.data(pool, 30).items():
        control = page.locator(f"#case-form [name={name}]")
        if not value:
            continue
        if control.evaluate("element => element.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    for slot in ("project", "statements"):
        upload(page, slot, tmp_path)
    expect(page.locator("h1")).to_have_text("填写、材料和条件均已齐备")
    hand_in(page, case, "提交申请")

    walk(case, who, desk, calendar)

    kinds = list(QuotaEntry.objects.filter(case=case).order_by("pk").values_list("kind", "amount_mu"))
    assert kinds == [("reserve", 30), ("commit", 30)]
