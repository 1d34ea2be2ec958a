"""What the packages above register, and what a role sees of it."""

import pytest
from django.core.checks import run_checks

from core.accounts.models import Role
from core.web import registry
from core.web.registry import AlreadyRegistered, NavItem


@pytest.fixture
def own_rail(monkeypatch):
    monkeypatch.setattr(registry, "_nav", {})


def item(key, **given):
    return NavItem(**({"key": key, "label": key, "icon": "home", "url_name": "web:home"} | given))


def test_a_role_sees_its_own_items_in_order(own_rail):
    for entry in (item("b", order=2), item("a", order=1), item("c", roles=("head",), order=0)):
        registry.register_nav(entry)
    assert [entry.key for entry in registry.nav_for("head")] == ["c", "a", "b"]
    assert [entry.key for entry in registry.nav_for("planner")] == ["a", "b"]


def test_the_rail_holds_at_most_seven_items(own_rail):
    for number in range(9):
        registry.register_nav(item(str(number), order=number))
    assert len(registry.nav_for("head")) == 7


@pytest.mark.parametrize("role", Role.values)
def test_no_role_is_given_more_than_seven_jobs(role):
    wanted = [entry for entry in registry.all_nav() if not entry.roles or role in entry.roles]
    assert len(wanted) <= registry.RAIL_LIMIT


def test_the_same_entry_may_be_registered_again_but_not_another_under_its_key(own_rail):
    registry.register_nav(item("a"))
    registry.register_nav(item("a"))
    with pytest.raises(AlreadyRegistered):
        registry.register_nav(item("a", label="另一项"))


def test_a_rail_item_without_a_page_is_reported_at_start(own_rail):
    registry.register_nav(item("lost", url_name="web:nowhere"))
    assert [problem.id for problem in run_checks(tags=["urls"])] == ["web.W001"]


def test_every_registered_rail_item_has_a_page():
    assert [problem for problem in run_checks(tags=["urls"]) if problem.id == "web.W001"] == []
