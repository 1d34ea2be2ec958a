"""A migrated database kept beside the tests' own, which are copies of it: migrations run once until one changes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from config import environment

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "muchan_migrated_"
LOCK = 4_406_000_055
"""Any number: workers that begin together must not migrate twice."""


def name() -> str:
    """What the template of this state of the migrations and of the installed packages is called."""
    digest = hashlib.sha256()
    for path in sorted(_sources()):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return f"{PREFIX}{digest.hexdigest()[:16]}"


def _sources() -> Iterator[Path]:
    for package in ("core", "parks", "landuse", "efficiency"):
        yield from ROOT.glob(f"{package}/**/migrations/*.py")
    yield ROOT / "requirements" / "base.txt"


def ensure(wanted: str) -> None:
    """Make the template called ``wanted`` where it is missing, and drop those of earlier migrations nobody uses."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [wanted])
            if cursor.fetchone():
                return
            making = f"{wanted}_making"
            cursor.execute(f'DROP DATABASE IF EXISTS "{making}"')
            cursor.execute(f'CREATE DATABASE "{making}"')
            _migrate(making)
            cursor.execute(f'ALTER DATABASE "{making}" RENAME TO "{wanted}"')
            cursor.execute(
                "SELECT datname FROM pg_database d WHERE starts_with(datname, %s) AND datname <> %s"
                " AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)",
                [PREFIX, wanted],
            )
            for (old,) in cursor.fetchall():
                cursor.execute(f'DROP DATABASE IF EXISTS "{old}"')
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _migrate(database: str) -> None:
    """Run the migrations in a process of their own: this one's settings name another database."""
    address = urlsplit(environment.database_url(ROOT / ".local" / "database.url"))
    given = {**os.environ, "DATABASE_URL": urlunsplit(address._replace(path=f"/{database}"))}
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0", "--skip-checks"]
    subprocess.run(command, cwd=ROOT, env=given, check=True)
