"""Those who write returns of one year wait for each other."""

from __future__ import annotations

from django.db import connection

_LOCK = 0x6D757265
"""First half of the advisory lock of returns; the year is the second."""


def lock(year: int) -> None:
    """Let nobody else record returns of ``year`` until this transaction ends: what is read now stays believed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, year])
