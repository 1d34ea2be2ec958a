"""An evaluation of every year, stored and sealed, beside one statement a year and beside pandas with ``to_sql``."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import psycopg2

from bench import evaluation_pandas, evaluation_sql
from bench.rounds import seconds_of

SCHEME = "huangyan-2022"
MOST_SQL = 1.0
ROUNDS = {False: 3, True: 1}
"""Rounds over all years: a province's years are long enough to stand for themselves."""
MANY_PLOTS = 500_000
YEARS = 5
_RESULTS = "evaluation_score, evaluation_plotscore, evaluation_groupscore"


def rows(url: str, plots: int) -> list[dict[str, Any]]:
    """The rows of the table. Runs and results of the bench's own database are removed before and after."""
    from django.db import connection, transaction
    from django.utils import timezone

    from efficiency.evaluation.models import Run
    from efficiency.evaluation.services.evaluating import evaluate
    from efficiency.returns.models import YearlyReturn
    from efficiency.schemes.models import SchemeVersion
    from efficiency.schemes.rules import rules_of

    version = SchemeVersion.objects.get(scheme__code=SCHEME)
    rules, as_of = rules_of(version), timezone.now()
    # The demo city's own years: imports measured in the same database add others.
    years = sorted(YearlyReturn.objects.values_list("year", flat=True).distinct())[:YEARS]
    _clear(url, after=0)
    for year in years:
        # The first run of a year derives its land; later ones see that nothing changed.
        evaluate(year=year, version=version)
    last = Run.objects.latest("pk").pk
    _clear(url, after=last)

    def ours(year: int) -> None:
        evaluate(year=year, version=version)

    def statement(year: int) -> None:
        with transaction.atomic():
            facts = {"year": year, "number": 900, "place_id": "440600", "version": version, "as_of": as_of}
            run = Run.objects.create(engine="bench", **facts)
            with connection.cursor() as cursor:
                evaluation_sql.insert(cursor, run=run.pk, year=year, as_of=as_of, rules=rules)

    def timed(act: Callable[[int], None], year: int) -> float:
        seconds = seconds_of(lambda: act(year))
        _clear(url, after=last)
        return seconds

    figures: dict[str, list[float]] = {"ours": [], "sql": []}
    for number in range(ROUNDS[plots >= MANY_PLOTS]):
        for year in years:
            turn = [("ours", ours), ("sql", statement)]
            for name, act in turn if (number + year) % 2 else reversed(turn):
                figures[name].append(timed(act, year))
    newest = [timed(ours, years[-1])]
    pandas = [seconds_of(lambda: evaluation_pandas.evaluate(url, year=years[-1], rules=rules))]
    newest.append(timed(ours, years[-1]))
    _clear(url, after=0)
    rounds = len(figures["ours"]) // len(years)
    return [
        _row(f"evaluation of {len(years)} years, stored, seconds; INSERT … SELECT", figures["ours"], figures["sql"],
             rounds, MOST_SQL),
        _row("evaluation of a year, stored, seconds; pandas with to_sql, scores alone",
             [statistics.mean(newest)], pandas, 1, None),
    ]  # fmt: skip


def _row(what: str, ours: list[float], bare: list[float], rounds: int, most: float | None) -> dict[str, Any]:
    # Each year was taken in turns with the other way; the whole is what people wait for.
    ratio = sum(ours) / sum(bare)
    return {
        "what": what,
        "ours": f"{sum(ours) / rounds:.1f}",
        "bare": f"{sum(bare) / rounds:.1f}",
        "ratio": ratio,
        "target": f"<= {most}" if most else "",
        "met": ratio <= most if most else None,
        "raw": {"ours": ours, "bare": bare},
    }


def _clear(url: str, *, after: int) -> None:
    """Take all results away, and the runs made after one: sealed ones only go where triggers do not look."""
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(f"TRUNCATE {_RESULTS}")
            cursor.execute("DELETE FROM evaluation_run WHERE id > %s", [after])
    finally:
        connection.close()
