"""Plot figures follow the returns of a year: at once behind a few, by the worker behind many.

Half a million returns move the figures of every plot of the city, which takes as long as writing the returns. Whoever
brought them does not wait for it: the year is noted as due in the same transaction, pages that show its figures say
so, and the worker derives them once the returns are believed. Every night the last years are derived anew, so that
figures follow occupations and outlines as well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from core.jobs import schedule
from efficiency.returns.models import FiguresDue, LandOfYear
from efficiency.returns.services.deriving import Refreshed, refresh_land, refresh_plot_figures
from efficiency.returns.services.locking import lock

FEW = 200
"""So many enterprises' plots are derived while somebody waits."""


def follow(*, year: int, enterprises: Collection[int]) -> None:
    """Let the figures of ``year`` follow returns of ``enterprises`` (ids) written in this transaction."""
    if len(enterprises) <= FEW:
        refresh_plot_figures(year=year, enterprises=enterprises)
        return
    # Imported here: the task names this module.
    from efficiency.returns.tasks import follow_returns

    FiguresDue.objects.update_or_create(year=year, defaults={"since": timezone.now()})
    follow_returns.enqueue(year)


@transaction.atomic
def catch_up(*, year: int) -> Refreshed | None:
    """Derive the figures of ``year`` if they are due; None when they were not. Writers of the year's returns wait."""
    lock(year)
    return _derive(year) if FiguresDue.objects.filter(year=year).exists() else None


def catch_up_nightly(day: dt.date) -> list[Refreshed]:
    """What the schedule does: derive the figures of the last two years and of every year that is due."""
    found = []
    for year in sorted({day.year - 2, day.year - 1, *FiguresDue.objects.values_list("year", flat=True)}):
        with transaction.atomic():
            lock(year)
            found.append(_derive(year))
    return found


def _derive(year: int) -> Refreshed:
    refreshed = refresh_plot_figures(year=year)
    if not LandOfYear.objects.filter(year=year).exists():
        # The first returns of a year: who owes one is told by who has land in it.
        refresh_land(year=year)
    FiguresDue.objects.filter(year=year).delete()
    return refreshed


def register() -> None:
    """Put the nightly turn on the schedule, before flags are raised."""
    schedule.register("returns.figures", at=dt.time(3), run=catch_up_nightly)
