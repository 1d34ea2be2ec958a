"""Plots coloured by class, score and change, and scores on a plot's card."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role
from core.web import registry
from efficiency.evaluation.models import PlotScore
from landuse.plots.layer import plots
from tests import places
from tests.efficiency.flags import ground
from tests.efficiency.monitoring.world import YEAR, World, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def city(db: None) -> World:
    return world()


def coloured(key: str, user: Any, year: int = YEAR) -> dict[str, Any]:
    """By plot the value a theme gives it."""
    theme = next(each for each in registry.themes_for("plots", user.role) if each.key == key)
    return dict(theme.annotate(plots(user, timezone.localdate()), year).values_list("plot_id", "theme"))


def test_plots_show_class_score_and_change(city):
    user = places.account(Role.HEAD, CITY_CODE)
    low, fallen = city.plots["low"].plot_id, city.plots["fallen"].plot_id
    assert coloured("grade", user)[low] == "D"
    assert coloured("score", user)[fallen] == 70.0
    assert coloured("score_change", user)[fallen] == -30.0
    assert coloured("score", user, YEAR - 1)[fallen] == 100.0
    # No year before: no change.
    assert coloured("score_change", user, YEAR - 1)[fallen] is None


def test_a_plot_without_a_result_keeps_its_place_on_the_map(city):
    plot = places.plot(9)
    user = places.account(Role.HEAD, CITY_CODE)
    assert coloured("grade", user)[plot.plot_id] is None
    assert len(coloured("score", user)) == 5


def test_a_run_published_later_colours_the_same_statement(city):
    """A compiled tile outlives the run that counted when it was made."""
    user = places.account(Role.HEAD, CITY_CODE)
    theme = next(each for each in registry.themes_for("plots", user.role) if each.key == "grade")
    rows = theme.annotate(plots(user, timezone.localdate()), YEAR + 1)
    assert set(rows.values_list("theme", flat=True)) == {None}
    later = ground.run(YEAR + 1, "computed")
    PlotScore.objects.create(
        run=later, plot_id=city.plots["low"].plot_id, area_m2=1, enterprises=1, rated=1, total=1, grade="C"
    )
    ground.seal(later)
    assert "C" in set(rows.all().values_list("theme", flat=True))


@pytest.mark.parametrize("key", ["grade", "score", "score_change"])
def test_no_theme_asks_once_a_row(city, key):
    user = places.account(Role.HEAD, CITY_CODE)
    theme = next(each for each in registry.themes_for("plots", user.role) if each.key == key)
    plan = theme.annotate(plots(user, timezone.localdate()), YEAR).explain()
    assert "SubPlan" not in plan


@pytest.mark.parametrize("key", ["grade", "score", "score_change"])
def test_legends_and_tiles_are_drawn_and_not_for_enterprises(client, city, key):
    client.force_login(places.account(Role.HEAD, CITY_CODE))
    legend = json.loads(client.get(f"/map/legend/plots/?by={key}").content)
    assert legend["known"] == 4
    assert client.get(f"/tiles/plots/12/3333/1777.mvt?by={key}").status_code == 200
    assert client.get(f"/tiles/plots/9/416/222.mvt?by={key}").status_code == 200
    client.force_login(places.account(Role.ENTERPRISE, enterprise=city.firms["low"]))
    assert client.get(f"/map/legend/plots/?by={key}").status_code == 400


def test_changes_are_classed_on_both_sides_of_zero(client, city):
    client.force_login(places.account(Role.HEAD, CITY_CODE))
    legend = json.loads(client.get("/map/legend/plots/?by=score_change").content)
    limits = legend["breaks"]
    assert limits == sorted(limits)
    assert limits == [-limit for limit in reversed(limits)]
    assert len(legend["classes"]) == 5


def test_a_plots_card_shows_its_scores_and_leads_to_its_life(client, city):
    client.force_login(places.account(Role.MONITOR, places.NANHAI))
    code = city.plots["fallen"].plot_id
    card = client.get(f"/map/card/plots/{code}/").content.decode()
    assert "70.00" in card
    assert f"/monitoring/plots/{code}/" in card
