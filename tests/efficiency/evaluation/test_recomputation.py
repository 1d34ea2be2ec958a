"""The whole demo city computed again by pandas, straight from the tables, to the last digit stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from django.core.management import call_command

from config.management.commands.seed_demo import DEFAULT_PLOTS
from efficiency.evaluation.models import Run, Score
from efficiency.evaluation.services.evaluating import evaluate
from efficiency.evaluation.working import working_of
from efficiency.schemes.models import SchemeVersion
from landuse.plots.models import Plot
from tests.conftest import load_fixtures
from tests.efficiency.evaluation.every_rule import every_rule
from tests.efficiency.evaluation.land_again import land_again
from tests.efficiency.evaluation.scores_again import Again, scores_again
from tests.efficiency.evaluation.sums_again import groups_again, plots_again, stored_groups
from tests.efficiency.evaluation.tables import compare, firms, frame, industries, spread_out
from tests.own_database import own_database

pytestmark = pytest.mark.django_db

YEAR = 2025
SAMPLES = ("huangyan-2022", "s002-plain")
EVERY_RULE = {"every-rule": False, "every-rule-merged": True}
PLACES = {"district": "district_code", "town": "town_code", "zone": "zone_code", "industry": "industry_code"}


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The demo city as ``seed_demo`` puts it there unless told otherwise, in a database of its own."""
    with django_db_blocker.unblock(), own_database("city"):
        load_fixtures()
        call_command("seed_demo", verbosity=0)
        assert Plot.objects.count() == DEFAULT_PLOTS
        yield


@pytest.fixture(scope="module", params=[*SAMPLES, *EVERY_RULE])
def run(request: pytest.FixtureRequest, city: None) -> Run:
    """The newest run of a scheme; the demo city has one of 黄岩's, the others are evaluated here."""
    code = request.param
    if code in EVERY_RULE:
        every_rule(code, merge_tenants=EVERY_RULE[code])
    version = SchemeVersion.objects.get(scheme__code=code)
    there: Run | None = Run.objects.filter(year=YEAR, version=version).order_by("-number").first()
    return there or evaluate(year=YEAR, version=version)


@pytest.fixture(scope="module")
def ways(city: None) -> dict[str, list[str]]:
    return industries()


@pytest.fixture(scope="module")
def again(run: Run, ways: dict[str, list[str]]) -> Again:
    return scores_again(firms(YEAR, run.as_of), run.version_id, YEAR, ways)


def test_the_land_of_every_enterprise(city: None) -> None:
    """What the figures per 亩 divide by: every basis, the number of plots and the principal one."""
    stored = frame(
        "SELECT enterprise_id, registered_m2, actual_m2, converted_m2, plots, principal_plot_id"
        " FROM returns_landofyear WHERE year = %(year)s",
        year=YEAR,
    ).set_index("enterprise_id")
    found = compare(stored, land_again(YEAR))
    assert not found.differing, found
    assert found.rows == 25_000


def test_every_figure_of_every_enterprise(run: Run, again: Again) -> None:
    stored = frame(
        'SELECT enterprise_id, district_code, town_code, zone_code, industry_code, cohort, land_m2, "values", points,'
        ' cardinality("values") AS width, total, grade, why, rank, industry_rank, industry_count'
        " FROM evaluation_score WHERE run_id = %(run)s",
        run=run.pk,
    ).set_index("enterprise_id")
    stored = pd.concat([stored, *(spread_out(stored.pop(name), name) for name in ("values", "points"))], axis=1)
    found = compare(stored, again.scores.rename(columns=PLACES)[list(stored)])
    assert not found.differing, found
    assert found.rows == 25_000


def test_every_figure_of_every_plot(run: Run, again: Again) -> None:
    stored = frame(
        "SELECT plot_id, area_m2, enterprises, rated, total, grade FROM evaluation_plotscore WHERE run_id = %(run)s",
        run=run.pk,
    )
    found = compare(stored.set_index("plot_id"), plots_again(again.scores, YEAR))
    assert not found.differing, found
    assert found.rows > 37_000


def test_every_figure_of_every_group(run: Run, again: Again, ways: dict[str, list[str]]) -> None:
    stored = frame(
        "SELECT kind, code, enterprises, rated, grades, land_m2, tax_cny, output_cny, investment_cny, added_value_cny,"
        " mean_total, total_quartiles, tax_quartiles FROM evaluation_groupscore WHERE run_id = %(run)s",
        run=run.pk,
    )
    found = compare(stored_groups(stored), groups_again(again.scores, run.place_id, ways))
    assert not found.differing, found
    assert set(stored.kind) == {"city", "district", "town", "zone", "industry"}


def test_what_pages_say_of_the_place_in_the_industry(run: Run, again: Again) -> None:
    """The share that does no better, of every fiftieth enterprise: it is worked out when a page is asked for."""
    ranked = again.scores[again.scores.units.notna()]
    # One row an entry: with tenants merged they take one rank together.
    entries = ranked[ranked.index == ranked.entry]
    within = entries.groupby(["cohort", "division"]).units
    percent = 100 * (within.rank(method="max") - 1) / within.transform("size")
    asked = Score.objects.filter(run=run, enterprise__in=percent.index[::50].tolist())
    whole = Run.objects.prefetch_related("version__cohorts__indicators", "version__cohorts__cuts").get(pk=run.pk)
    shown = {each.enterprise_id: working_of(whole, each, None).industry_percentile for each in asked}
    assert len(shown) > 300
    assert shown == {firm: percent[firm] for firm in shown}


def test_what_the_run_says_of_itself(run: Run, again: Again) -> None:
    """Base values, means given to the missing, cut points, and how many there are of each class."""
    assert run.bases == again.bases
    assert run.cuts == again.cuts
    grades = again.scores.grade.value_counts()
    assert run.counts == {grade: int(grades.get(grade, 0)) for grade in ("A", "B", "C", "D", "N", "")}
    if run.version.scheme.code in EVERY_RULE:
        # So many tie across the first cut that the class holds far more than its share.
        first = again.cuts["1"]["classes"][0]
        assert first["count"] > 2 * first["last_rank"]
        assert set(again.scores.why) == {"", "s", "r", "m", "y", "i"}
    assert run.enterprises == again.scores.units.notna().sum()
    assert run.plots == len(plots_again(again.scores, YEAR))
