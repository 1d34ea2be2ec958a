"""A run from the figures believed to its seal: stored as computed, the same again, and never changed."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role
from core.refusals import NotAllowed, Refused
from efficiency.evaluation.models import GroupScore, PlotScore, Run, Score
from efficiency.evaluation.services.evaluating import evaluate, version_for
from efficiency.returns.models import YearlyReturn
from tests.efficiency.evaluation.firms import YEAR, firm, version
from tests.places import NANHAI, SANSHUI, account, plot

pytestmark = pytest.mark.django_db


@pytest.fixture
def firms():
    """Five below scale: two share a plot, one has no electricity figure, one no return; two districts."""
    shared = plot(1)
    return [
        firm(1, plot=shared, share="0.75", tax_cny=900_000, electricity_kwh=1_000_000),
        firm(2, plot=shared, share="0.25", tax_cny=200_000, electricity_kwh=1_000_000),
        firm(3, tax_cny=-5_000),
        firm(4),
        firm(5, tax_cny="250000.55", electricity_kwh=700_000),
        firm(6, plot=plot(1, district=SANSHUI), district=SANSHUI, tax_cny=800_000, electricity_kwh=2_000_000),
    ]


def rows(run):
    """All that is stored of a run, as PostgreSQL writes it."""
    found = []
    with connection.cursor() as cursor:
        for table in ("score", "plotscore", "groupscore"):
            cursor.execute(
                f"SELECT (to_jsonb(t) - 'run_id')::text FROM evaluation_{table} t WHERE run_id = %s", [run.pk]
            )
            found += sorted(row for (row,) in cursor.fetchall())
    return found


def test_a_run_stores_what_it_computed_and_how(firms):
    run = evaluate(year=YEAR, version=version())
    run.refresh_from_db()
    assert (run.number, run.state, run.enterprises, run.plots) == (1, "computed", 5, 5)
    assert run.counts == {"A": 1, "B": 2, "C": 1, "D": 1, "N": 0, "": 1}
    assert len(run.digest) == 64
    best = Score.objects.get(run=run, rank=1)
    assert best.enterprise == firms[0]
    assert best.points == [pytest.approx(best.total - 50 * 0.9 / 0.2352, abs=1e-4), pytest.approx(191.3265)]
    assert (best.grade, best.cohort, best.district_code, best.industry_code) == ("A", 2, NANHAI, "33")
    assert run.inputs["returns"]["count"] == 5
    assert run.inputs["scheme"]["state"] == "draft"
    assert run.bases["2"][0]["base"] == 11.5932
    assert run.cuts["2"]["ranked"] == 5
    assert run.cuts["2"]["classes"][0] == {
        "grade": "A", "up_to_percent": "25.00", "last_rank": 1, "lowest": best.total, "count": 1
    }  # fmt: skip


def test_who_has_no_return_is_stored_without_class(firms):
    run = evaluate(year=YEAR, version=version())
    row = Score.objects.get(run=run, enterprise=firms[3])
    assert (row.grade, row.why, row.total, row.rank, row.industry_rank) == ("", "r", None, None, None)
    assert [value != value for value in row.values] == [True, True]


def test_a_plot_has_the_mean_of_its_occupants_by_their_land_and_the_class_of_the_largest(firms):
    run = evaluate(year=YEAR, version=version())
    first, second = Score.objects.filter(run=run, enterprise__in=firms[:2]).order_by("enterprise")
    row = PlotScore.objects.get(run=run, plot=firms[0].occupations.get().plot)
    assert row.total == pytest.approx(first.total * 0.75 + second.total * 0.25, abs=5.1e-5)
    assert (row.grade, row.enterprises, row.rated) == (first.grade, 2, 2)
    nobody = PlotScore.objects.get(run=run, plot=firms[3].occupations.get().plot)
    assert (nobody.total, nobody.grade, nobody.enterprises, nobody.rated) == (None, "", 1, 0)


def test_groups_are_the_city_districts_and_every_level_of_industry(firms):
    run = evaluate(year=YEAR, version=version())
    groups = {(row.kind, row.code): row for row in GroupScore.objects.filter(run=run)}
    assert set(groups) == {
        ("city", CITY_CODE), ("district", NANHAI), ("district", SANSHUI), ("industry", "C"), ("industry", "33")
    }  # fmt: skip
    city = groups["city", CITY_CODE]
    assert (city.enterprises, city.rated, str(city.tax_cny)) == (6, 5, "2145000.55")
    assert city.output_cny is None
    assert city.grades == {"A": 1, "B": 2, "C": 1, "D": 1, "N": 0}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY total)"
            " FROM evaluation_score WHERE run_id = %s",
            [run.pk],
        )
        assert cursor.fetchone() == (city.total_quartiles,)


def test_the_same_inputs_give_the_same_bytes(firms):
    first, second = evaluate(year=YEAR, version=version()), evaluate(year=YEAR, version=version())
    assert second.number == 2
    assert second.digest == first.digest
    assert rows(second) == rows(first)
    assert second.inputs == first.inputs


def test_after_a_correction_the_old_run_reads_as_it_was_and_can_be_had_again(firms):
    old = evaluate(year=YEAR, version=version())
    before = rows(old)
    now = timezone.now()
    wrong = YearlyReturn.objects.get(enterprise=firms[4], valid_to=None)
    wrong.valid_to = now
    wrong.save()
    YearlyReturn.objects.create(
        enterprise=firms[4], year=YEAR, tax_cny=2_500_000, electricity_kwh=700_000, valid_from=now
    )
    new = evaluate(year=YEAR, version=version(), supersedes=old, reason="更正年报")
    assert new.digest != old.digest
    assert Score.objects.get(run=new, enterprise=firms[4]).rank == 1
    assert rows(old) == before
    again = evaluate(year=YEAR, version=version(), as_of=old.as_of)
    assert again.digest == old.digest
    assert rows(again) == before


def test_a_district_is_evaluated_by_itself(firms):
    run = evaluate(year=YEAR, version=version(), place=SANSHUI)
    assert [row.enterprise for row in Score.objects.filter(run=run)] == [firms[5]]
    assert PlotScore.objects.filter(run=run).count() == 1
    assert run.number == 1


@pytest.mark.parametrize("statement", [
    "UPDATE evaluation_score SET total = 100 WHERE run_id = %s",
    "DELETE FROM evaluation_score WHERE run_id = %s",
    "UPDATE evaluation_plotscore SET grade = 'A' WHERE run_id = %s",
    "DELETE FROM evaluation_plotscore WHERE run_id = %s",
    "UPDATE evaluation_groupscore SET rated = 0 WHERE run_id = %s",
    "DELETE FROM evaluation_groupscore WHERE run_id = %s",
    "UPDATE evaluation_run SET digest = '' WHERE id = %s",
    "UPDATE evaluation_run SET counts = '{}' WHERE id = %s",
    "DELETE FROM evaluation_run WHERE id = %s",
    "INSERT INTO evaluation_groupscore (run_id, kind, code, enterprises, rated, grades, land_m2)"
    " VALUES (%s, 'town', 'x', 1, 1, '{}', 0)",
    "INSERT INTO evaluation_plotscore (run_id, plot_id, area_m2, enterprises, rated, grade)"
    " SELECT %s, code, 1, 1, 1, 'A' FROM plots_plot WHERE code LIKE '%%9'",
])  # fmt: skip
def test_sealed_results_can_be_neither_changed_nor_taken_away_nor_added_to(firms, statement):
    plot(9)
    run = evaluate(year=YEAR, version=version())
    before = rows(run)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [run.pk])
    assert rows(run) == before


def test_a_monitor_evaluates_within_its_places_and_nobody_else_does(firms):
    district = account(Role.MONITOR, NANHAI)
    with pytest.raises(NotAllowed):
        evaluate(year=YEAR, version=version(), by=district)
    with pytest.raises(NotAllowed):
        evaluate(year=YEAR, version=version(), by=account(Role.PARKS, CITY_CODE))
    assert evaluate(year=YEAR, version=version(), by=district, place=NANHAI).by == district
    assert not Run.objects.filter(place_id=CITY_CODE).exists()


def test_a_year_without_figures_is_refused_in_a_sentence():
    with pytest.raises(Refused, match="2024 年没有可评价的企业"):
        evaluate(year=YEAR, version=version())


def test_a_draft_that_is_not_whole_is_refused(firms):
    draft = version()
    indicator = draft.cohorts.get(order=2).indicators.get(order=1)
    indicator.weight = 49
    indicator.save()
    with pytest.raises(Refused, match="权重合计为 99"):
        evaluate(year=YEAR, version=draft)


def test_a_moment_to_come_is_refused(firms):
    with pytest.raises(Refused, match="不能晚于现在"):
        evaluate(year=YEAR, version=version(), as_of=timezone.now() + dt.timedelta(days=1))


def test_without_an_approved_scheme_the_way_out_is_said():
    with pytest.raises(Refused, match="没有已批准的评价办法"):
        version_for(year=YEAR)
    assert version_for(year=YEAR, scheme="huangyan-2022").state == "draft"


def test_a_run_takes_no_more_queries_with_more_firms(firms, django_assert_max_num_queries):
    draft = version()
    with django_assert_max_num_queries(24):
        evaluate(year=YEAR, version=draft)
    for number in range(11, 25):
        firm(number, tax_cny=number * 1000)
    with django_assert_max_num_queries(24):
        evaluate(year=YEAR, version=draft)


@pytest.mark.parametrize("statement", [
    "DELETE FROM enterprises_enterprise WHERE id = %(firm)s",
    "UPDATE enterprises_enterprise SET id = 999999 WHERE id = %(firm)s",
    "DELETE FROM plots_plot WHERE code = %(plot)s",
    "UPDATE plots_plot SET code = '440605001001GB99999' WHERE code = %(plot)s",
])  # fmt: skip
def test_what_results_are_about_stays(firms, statement):
    evaluate(year=YEAR, version=version())
    names = {"firm": firms[3].pk, "plot": firms[3].occupations.get().plot_id}
    with connection.cursor() as cursor:
        # Everything else that points to them is out of the way.
        cursor.execute("ALTER TABLE plots_plot DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE plots_plot ENABLE TRIGGER evaluation_plotscore_keeps_its_subject_on_delete")
        cursor.execute("ALTER TABLE plots_plot ENABLE TRIGGER evaluation_plotscore_keeps_its_subject_on_update")
        cursor.execute(
            "CREATE TEMP TABLE pointing AS SELECT conrelid::regclass::text AS child, conname FROM pg_constraint"
            " WHERE contype = 'f' AND confrelid IN ('enterprises_enterprise'::regclass, 'plots_plot'::regclass)"
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT child, conname FROM pointing")
        for child, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {child} DROP CONSTRAINT "{name}"')
    with pytest.raises(DatabaseError, match="已有评价结果"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, names)


@pytest.mark.parametrize("statement", [
    "INSERT INTO evaluation_score (run_id, enterprise_id, district_code, town_code, zone_code, industry_code, cohort,"
    " land_m2, \"values\", points, grade, why) VALUES (%(run)s, 999999, '', '', '', '', 0, 0, '{}', '{}', '', 's')",
    "INSERT INTO evaluation_plotscore (run_id, plot_id, area_m2, enterprises, rated, grade)"
    " VALUES (%(run)s, '440605001001GB99999', 1, 1, 1, 'A')",
    "INSERT INTO evaluation_plotscore (run_id, plot_id, area_m2, enterprises, rated, grade)"
    " VALUES (999999, %(plot)s, 1, 1, 1, 'A')",
])  # fmt: skip
def test_results_are_of_a_run_and_about_something_that_is_there(firms, statement):
    run = Run.objects.create(
        year=YEAR, number=1, place_id=CITY_CODE, version=version(), engine="postgres", as_of=timezone.now()
    )
    names = {"run": run.pk, "plot": firms[3].occupations.get().plot_id}
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, names)


def test_a_run_with_results_stays_even_without_its_seal(firms):
    run = Run.objects.create(
        year=YEAR, number=1, place_id=CITY_CODE, version=version(), engine="postgres", as_of=timezone.now()
    )
    PlotScore.objects.create(
        run=run, plot=firms[0].occupations.get().plot, area_m2=1, enterprises=1, rated=1, grade="A"
    )
    with pytest.raises(IntegrityError, match="评价已有结果"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM evaluation_run WHERE id = %s", [run.pk])
