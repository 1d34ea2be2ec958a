"""The demo city as its people meet it: each role signs in, sees the 54 zones, finds a plot, reads the verdict."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from core.geodata.area import mu_from_m2
from landuse.plots.models import PlotVersion

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

PASSWORD = "one-password-for-the-demo"
READY = "#map[data-ready='true'][data-loading='0']"
EVERY_ROLE = [
    "planner.city",
    "reviewer.city",
    "monitor.nanhai",
    "head.nanhai",
    "parks.city",
    "ent.1",
    "auditor",
    "sysadmin",
]


def sign_in(page: Any, username: str) -> None:
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.fill("[name=login]", username)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".account-open")
    assert page.locator("h1").inner_text().strip()


def command_says() -> dict[str, Any]:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("compliance", "--format", "json", stdout=out)
    assert ended.value.code == 0
    return json.loads(out.getvalue())


def test_each_role_signs_in_and_the_pages_agree_with_the_command(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_PASSWORD", PASSWORD)
    call_command("seed_demo", plots=2000, years=1, verbosity=0)
    verdict = command_says()
    assert (verdict["met"], verdict["zones"]["count"], len(verdict["districts"])) == (True, 54, 5)

    for username in EVERY_ROLE:
        sign_in(page, username)
        page.goto("/map/")
        page.wait_for_selector(READY)
        layer = page.locator(".map-layers li", has_text="工业集聚区").inner_text()
        assert "".join(layer.split()) == "工业集聚区54个", username

    sign_in(page, "head.nanhai")
    page.goto("/compliance/nanhai/")
    [nanhai] = [row for row in verdict["districts"] if row["code"] == "440605"]
    assert f"（{mu_from_m2(nanhai['surplus_m2']):,.2f}" in page.locator("h1").inner_text()
    page.goto("/compliance/")
    for row in verdict["districts"]:
        assert f"+{mu_from_m2(row['surplus_m2']):,.2f}" in page.locator("main").inner_text(), row["name"]

    plot = PlotVersion.objects.filter(district="440605").order_by("plot_id").first()
    page.goto("/map/")
    page.wait_for_selector(READY)
    page.keyboard.press("Control+k")
    page.keyboard.type(plot.plot_id)
    page.wait_for_selector(".palette-hit")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"[data-card][data-code='{plot.plot_id}']")
    assert plot.location in page.locator("[data-card]").inner_text()
