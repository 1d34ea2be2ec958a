"""Statements PostgreSQL plans once a connection.

A live check runs on every movement of a vertex. Its statement reads a dozen things in a
millisecond; planning it each time would take two.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

# A prepared statement lives as long as its connection, rolled-back transactions included.
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Prepared:
    """A statement with named parameters, ``%(name)s``, and the PostgreSQL type of each."""

    def __init__(self, sql: str, types: Mapping[str, str]) -> None:
        """``types`` are in the order in which ``EXECUTE`` will name them; the statement may use one twice."""
        self.parameters = list(types)
        places = {name: f"${number}" for number, name in enumerate(types, start=1)}
        self.name = f"check_{sha256(sql.encode()).hexdigest()[:20]}"
        self._prepare = f"PREPARE {self.name} ({', '.join(types.values())}) AS {sql % places}"
        self._execute = f"EXECUTE {self.name} ({', '.join(['%s'] * len(types))})"

    def rows(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows of the statement with ``values``, one for each parameter."""
        with connection.cursor() as cursor:
            known = _known.setdefault(connection.connection, set())
            if self.name not in known:
                # Past Django's wrappers: that of pghistory adds parameters, and would read % signs as places for them.
                with connection.connection.cursor() as plain:
                    plain.execute(self._prepare)
                known.add(self.name)
            cursor.execute(self._execute, [values[name] for name in self.parameters])
            return list(cursor.fetchall())
