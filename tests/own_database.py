"""A migrated database for one module alone: for tests that commit more than others should carry along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection


@contextmanager
def own_database(purpose: str) -> Iterator[str]:
    """Django's connection led to a fresh copy of the migrated template, without fixtures; dropped at the end.

    Its name is that of the process's test database and the ``purpose``. The caller unblocks the database.
    """
    facts: dict[str, Any] = connection.settings_dict
    usual = facts["NAME"]
    name = f"{usual}_{purpose}"
    _run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _run(f'CREATE DATABASE "{name}" TEMPLATE "{settings.DATABASES["default"]["TEST"]["TEMPLATE"]}"')
    _lead_to(name)
    try:
        yield name
    finally:
        _lead_to(usual)
        _run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _run(statement: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


def _lead_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
    # What was remembered is of the other database.
    cache.clear()
