"""Moves of a case on its page, and changing who sits at the browser."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.browser.signing_in import sign_in

CASE_READY = ".case-page[data-ready]"


def become(page: Page, user: Any, address: str = "/") -> None:
    """Sign out whoever is signed in, and in as somebody else."""
    page.context.clear_cookies()
    sign_in(page, user, address)


def act(page: Page, move: str, text: str = "") -> None:
    """Make a move of a case, with its words where it asks for some."""
    page.wait_for_selector(CASE_READY)
    form = page.locator(f"form[data-act={move}]")
    if form.locator("xpath=ancestor::details[not(@open)]").count():
        form.locator("xpath=ancestor::details").locator("summary").click()
    if text:
        form.locator("[name=text]").fill(text)
    with page.expect_navigation():
        form.locator("button[type=submit]").click()
