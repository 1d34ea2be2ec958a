"""Compliance in a real browser: it agrees with the command, fits a phone, and its hand-out needs no network."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from core.accounts.models import Role
from core.policy.models import Parameter
from core.web.figures import area_text
from tests import places
from tests.landuse.redline.test_compliance import five_blocks

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NANHAI = "440605"


@pytest.fixture
def kept_red_line(transactional_db: None) -> None:
    """One km² a district against floors of one km²; Nanhai a hundredth of a square metre short."""
    rows = Parameter.objects.filter(key="redline.floor_km2").exclude(status="reference")
    rows.exclude(jurisdiction_id="440600").update(value=1)
    rows.filter(jurisdiction_id="440600").update(value=5)
    five_blocks(d440605=-0.01)
    places.zone("FS-T-1", places.square(113.0, 23.05, 0.03))


@pytest.fixture
def signed_in(page: Any, live_server: Any, kept_red_line: None, client: Any) -> Any:
    """The browser of a head of Nanhai."""
    client.force_login(places.account(Role.HEAD, NANHAI))
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    return page


def command() -> dict[str, Any]:
    written = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("compliance", "--format", "json", stdout=written)
    return json.loads(written.getvalue())


def test_the_page_shows_what_the_command_prints(signed_in):
    signed_in.goto("/compliance/nanhai/")
    nanhai = next(d for d in command()["districts"] if d["code"] == NANHAI)
    assert not nanhai["met"]
    assert "南海区未守住工业用地红线，低于下限 0.01" in signed_in.locator("h1").inner_text()
    row = signed_in.locator("#district-table tr.own")
    assert area_text(nanhai["surplus_m2"], signed=True).m2 in row.inner_text()
    assert "未达标" in row.inner_text()


def test_the_unit_switch_never_turns_a_shortfall_into_zero(signed_in):
    signed_in.goto("/compliance/nanhai/")
    shown = signed_in.locator(".floor-bars li.own .bar-surplus .value")
    for unit in ("km2", "ha", "mu"):
        signed_in.locator(f"[data-unit-switch] button[value={unit}]").click()
        figure = shown.inner_text()
        assert figure.startswith("\N{MINUS SIGN}")
        assert figure.strip("\N{MINUS SIGN}0.") != ""


def test_a_chosen_date_is_shown_at_once(signed_in):
    signed_in.goto("/compliance/nanhai/")
    signed_in.locator("input[name=on]").fill("2020-01-01")
    signed_in.wait_for_url("**on=2020-01-01**")
    assert "红线下限尚未生效" in signed_in.locator("main").inner_text()


@pytest.mark.parametrize("path", ["/compliance/", "/compliance/nanhai/", "/compliance/nanhai/?view=brief"])
def test_nothing_stands_out_beyond_a_phone(signed_in, path):
    signed_in.set_viewport_size({"width": 390, "height": 844})
    signed_in.goto(path)
    assert signed_in.evaluate("document.documentElement.scrollWidth") == 390
    answer, picture = signed_in.locator("h1").bounding_box(), signed_in.locator(".compliance-map").bounding_box()
    assert answer["y"] < picture["y"]


def test_the_offline_map_opens_with_no_network(signed_in, chromium, live_server, client, tmp_path: Path):
    body = client.get("/compliance/nanhai/map.html").content
    file = tmp_path / "map.html"
    file.write_bytes(body)
    context = chromium.new_context(offline=True)
    asked: list[str] = []
    errors: list[str] = []
    try:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(file.as_uri())
        page.wait_for_selector(".leaflet-overlay-pane path")
        # Five districts, one zone, one tract of Nanhai.
        assert page.locator(".leaflet-overlay-pane path").count() == 7
        assert "南海区" in page.locator(".note").inner_text()
    finally:
        context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
