"""Pages of the map and of the rules hold nothing that axe-core calls a barrier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.accounts.models import CITY_CODE, Role
from core.mapedit.states import State
from tests.browser.access import accessibility_problems
from tests.browser.drawing import READY, sign_in, two_zones
from tests.core.mapedit import proposals
from tests.landuse.applications import asking
from tests.places import account, plot

pytestmark = [pytest.mark.django_db, pytest.mark.browser]


@pytest.fixture
def visit(page: Any) -> Callable[..., Any]:
    """``visit(user, address, ready)``: the page at an address once ``ready`` is there."""

    def opened(user: Any, address: str, ready: str = "html[data-shell=ready] nav.rail") -> Any:
        sign_in(page, user, address, ready)
        page.wait_for_load_state("networkidle")
        return page

    return opened


@pytest.mark.parametrize("state", [State.DRAFT, State.OPINIONS, State.APPROVED, State.PUBLISHED])
def test_a_change_can_be_read_and_decided_by_everybody(visit, state):
    who = proposals.people()
    change_set = proposals.bring(proposals.with_new_zone(who.planner), who, state)
    assert accessibility_problems(visit(who.reviewer, f"/changes/{change_set.pk}/")) == []


@pytest.mark.parametrize("address", ["/changes/", "/changes/import/?layer=plots", "/map/edit/zones/", "/compliance/"])
def test_lists_and_entrances_are_open_to_everybody(visit, address):
    two_zones()
    who = proposals.people()
    proposals.with_new_zone(who.planner, lon=113.02)
    assert accessibility_problems(visit(who.planner, address)) == []


def test_the_history_of_a_plot_is_open_to_everybody(visit):
    code = plot(1).plot_id
    assert accessibility_problems(visit(account(Role.PLANNER, CITY_CODE), f"/changes/history/plots/{code}/")) == []


def test_the_editor_is_open_to_everybody(visit):
    two_zones()
    who = proposals.people()
    draft = proposals.draft(who.planner)
    page = visit(who.planner, f"/map/edit/zones/{draft.pk}/?feature=FS-NH-01", READY)
    page.wait_for_selector("[data-feature]:not([hidden])")
    assert accessibility_problems(page) == []


def test_the_map_is_open_to_everybody(visit):
    two_zones()
    assert accessibility_problems(visit(account(Role.HEAD, CITY_CODE), "/map/", READY)) == []


def test_a_card_and_its_colours_are_open_to_everybody(visit):
    two_zones()
    page = visit(account(Role.HEAD, CITY_CODE), "/map/?select=zones:FS-NH-01&by=ownership", READY)
    page.wait_for_selector("[data-card]")
    assert accessibility_problems(page) == []


@pytest.mark.parametrize("address", ["/rules/", "/rules/key/geometry.overlap_tolerance_m2/"])
def test_the_rules_and_the_form_that_changes_one_are_open_to_everybody(visit, address):
    page = visit(account(Role.PLANNER, CITY_CODE), address)
    assert accessibility_problems(page) == []


def test_an_applicants_list_with_a_draft_is_open_to_everybody(visit):
    world = asking.world()
    asking.draft(world)
    page = visit(world.who.applicant, "/cases/")
    page.get_by_role("link", name="继续填写").wait_for()
    assert accessibility_problems(page) == []
