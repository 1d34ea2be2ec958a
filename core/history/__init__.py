"""History of every table: one decorator for models, so that nothing is half tracked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pghistory
import pgtrigger
from django.db import models

M = TypeVar("M", bound=type[models.Model])


def tracked(*, exclude: Iterable[str] = (), inserts: bool = True) -> Callable[[M], M]:
    """Record inserts, updates and deletes of a model in its event table, by trigger.

    Raw SQL and COPY are recorded too, with the user and request of the transaction's
    context. ``exclude`` names columns history need not keep: secrets, and what PostgreSQL
    generates from other columns. Without ``inserts`` a row is followed from its first
    change on, each event holding the row as it was before, and each statement that adds
    rows leaves one :class:`~core.history.models.Insertion`.

    The trackers are made anew for each model instead of coming from
    ``PGHISTORY_DEFAULT_TRACKERS``: that setting is deep-copied, and statement-level
    triggers compare their operation by identity.
    """
    trackers: list[Any] = (
        [pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent()]
        if inserts
        else [pghistory.UpdateEvent(row=pghistory.Old), pghistory.DeleteEvent()]
    )
    track = pghistory.track(*trackers, exclude=list(exclude) or None)

    def decorate(model: M) -> M:
        tracked_model: Any = track(model)
        for table in (tracked_model, tracked_model.pgh_event_model):
            pgtrigger.register(refuse_truncate())(table)
        if not inserts:
            pgtrigger.register(_note_insertion())(tracked_model)
        return model

    return decorate


def _note_insertion() -> pgtrigger.Trigger:
    """Who added rows and when, once a statement: a copy of each of a million rows says no more."""
    return pgtrigger.Trigger(
        name="insertion",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_values"),
        func="""
            INSERT INTO history_insertion (at, table_name, rows, first_key, last_key, pgh_context_id)
            SELECT now(), TG_TABLE_NAME, count(*), min(id), max(id), _pgh_attach_context()
            FROM new_values HAVING count(*) > 0;
            RETURN NULL;
        """,
    )


def refuse_truncate() -> pgtrigger.Trigger:
    """TRUNCATE fires no row or transition-table trigger, so it would leave no history.

    A session that has to empty tables all the same (the tests do) says so beforehand:
    ``SET muchan.truncate = 'allowed'``.
    """
    return pgtrigger.Trigger(
        name="refuse_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="""
            IF current_setting('muchan.truncate', true) IS DISTINCT FROM 'allowed' THEN
                RAISE EXCEPTION '% 的每次变更都须留痕，不可整表清空', TG_TABLE_NAME
                    USING ERRCODE = 'restrict_violation', HINT = '按行删除。';
            END IF;
            RETURN NULL;
        """,
    )
