"""Signing in through the page everybody uses."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

PASSWORD = "a-password-of-tests"


def sign_in(page: Page, user: Any, address: str) -> None:
    """Sign in and go to ``address``; the page of it is loaded."""
    page.goto(f"/accounts/login/?next={address}")
    page.fill("[name=login]", user.username)
    page.fill("[name=password]", PASSWORD)
    # The sign-in page's own address ends with the one asked for, so the address says nothing of where one is.
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.wait_for_selector("html[data-shell=ready]")
