"""History of every table: one decorator for models, so that nothing is half tracked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pghistory
from django.db import models

M = TypeVar("M", bound=type[models.Model])


def tracked(*, exclude: Iterable[str] = ()) -> Callable[[M], M]:
    """Record inserts, updates and deletes of a model in its event table, by trigger.

    Raw SQL and COPY are recorded too, with the user and request of the transaction's
    context. ``exclude`` names columns history need not keep: secrets, and what PostgreSQL
    generates from other columns.

    The trackers are made anew for each model instead of coming from
    ``PGHISTORY_DEFAULT_TRACKERS``: that setting is deep-copied, and statement-level
    triggers compare their operation by identity.
    """
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=list(exclude) or None,
    )
