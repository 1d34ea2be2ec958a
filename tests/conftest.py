"""What every test stands on: a database with the fixtures loaded, and a real browser for those that ask for one."""

import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command

from tests import template

CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def load_fixtures() -> None:
    call_command("load_fixtures", verbosity=0)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any) -> None:
    """The migrated database the test databases are copied from, made where it is missing."""
    with django_db_blocker.unblock():
        template.ensure(settings.DATABASES["default"]["TEST"]["TEMPLATE"])


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database with places, documents and parameters in it, loaded once."""
    with django_db_blocker.unblock():
        load_fixtures()


def _commits(item: pytest.Item) -> bool:
    """Whether a test commits, after which Django empties every table."""
    marker = item.get_closest_marker("django_db")
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool({"live_server", "transactional_db"} & fixtures or (marker and marker.kwargs.get("transaction")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Put the fixtures back once a test that commits has emptied the tables.

    A hook, not a fixture: it must come after the flush, which is itself a fixture's end.
    """
    try:
        yield
    finally:
        # Also after a test that fails at its end, or the next one would find no districts.
        if nextitem is not None and _commits(item):
            from pytest_django.plugin import blocking_manager_key

            with item.config.stash[blocking_manager_key].unblock():
                load_fixtures()


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, one process for all tests of this worker."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    assert program, "chromium is not installed; run 'make test', which installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """What went wrong in a page while a test drove it: script errors, refused resources, foreign addresses."""

    def __init__(self, page: Any, server: str) -> None:
        self.server = urlsplit(server).netloc
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        # A refused request is in the console too; a test that expects a 4xx says so by clearing `problems`.
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self.server:
            self.problems.append(f"address outside the server: {request.url}")


@pytest.fixture
def page(chromium: Any, live_server: Any) -> Iterator[Any]:
    """A fresh page, 1440 × 900, in Chinese; `page.goto("/map/")` is relative to the test server.

    The test fails when a script threw, the console shows an error, or anything but the server was asked;
    `page.watched.problems.clear()` accepts what happened so far.
    """
    context = chromium.new_context(
        base_url=live_server.url,
        viewport={"width": 1440, "height": 900},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.watched = Watched(page, live_server.url)
    yield page
    context.close()
    assert page.watched.problems == []
