"""Driving the editor: signing in, taking hold of corners, reading what is found."""

from __future__ import annotations

from typing import Any

from tests.places import square, zone

READY = "#map[data-ready='true'][data-loading='0']"
VERTEX = ".marker-icon:not(.marker-icon-middle)"
SIDE = 0.03


def two_zones() -> None:
    """Two zones: a large square, and a small one to the north of it."""
    zone("FS-NH-01", square(113.00, 23.05, SIDE), name="南庄示例集聚区")
    zone("FS-NH-02", square(113.00, 23.085, 0.01), name="北侧示例集聚区", zone_class="qianmu")


def sign_in(page: Any, user: Any, address: str, ready: str = READY) -> None:
    """Sign in and open ``address``, waiting for ``ready``: a map unless told otherwise."""
    page.goto(f"/accounts/login/?next={address}")
    page.fill("[name=login]", user.username)
    page.fill("[name=password]", "a-password-of-tests")
    page.keyboard.press("Enter")
    page.wait_for_selector(ready)


def corners(page: Any) -> list[tuple[float, float]]:
    """Middles of the vertices on the screen, the north-western one first."""
    page.wait_for_selector(VERTEX)
    boxes = page.locator(VERTEX).evaluate_all("all => all.map(m => m.getBoundingClientRect().toJSON())")
    middles = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    return sorted(middles, key=lambda point: point[0] + point[1])


def drag_north(page: Any, degrees: float) -> None:
    """Move the north-western corner of the square zone north, by the scale its own side gives."""
    page.get_by_role("button", name="整形", exact=True).click()
    points = corners(page)
    x, y = points[0]
    height = max(point[1] for point in points) - y
    with page.expect_response(lambda answer: "/change/FS-NH-01/" in answer.url):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 2, y - height * degrees / SIDE / 2, steps=6)
        page.mouse.move(x + 2, y - height * degrees / SIDE, steps=6)
        page.mouse.up()


def overlap(page: Any) -> Any:
    """Findings that tell of an overlap."""
    return page.locator("[data-findings] .finding", has_text="重叠")
