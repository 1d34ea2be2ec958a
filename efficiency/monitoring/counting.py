"""Which evaluation counts for a year: the city's published run, else the one shown, else the latest computed.

Runs of a single district are tried-out comparisons inside that district; the map and the ladders compare across the
city and leave them to their own pages.
"""

from __future__ import annotations

from django.db.models import Case, IntegerField, Value, When

from core.accounts.models import CITY_CODE
from core.accounts.scope import Viewer
from efficiency.evaluation.models import Run, RunState
from efficiency.evaluation.queries import RunQuerySet


def in_order_of_weight() -> RunQuerySet:
    """The city's runs that are neither superseded nor discarded, of a year the one that counts first."""
    weight = Case(
        When(state=RunState.FINAL, then=Value(0)),
        When(state=RunState.OBJECTION, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return Run.objects.current().filter(place_id=CITY_CODE).order_by("-year", weight, "-number")


def runs_of_years(user: Viewer) -> dict[int, Run]:
    """The run that counts for each year, newest first, as far as ``user`` may read it; one query."""
    found: dict[int, Run] = {}
    for run in in_order_of_weight().visible_to(user).select_related("version__scheme", "place"):
        found.setdefault(run.year, run)
    return found


def asked_run(user: Viewer, year: str) -> tuple[Run | None, Run | None, dict[int, Run]]:
    """The run of the year an address asks for (the newest year where it asks for none), the year before's, and all."""
    runs = runs_of_years(user)
    wanted = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else 0
    now = runs.get(wanted) or next(iter(runs.values()), None)
    return now, runs.get(now.year - 1) if now else None, runs
