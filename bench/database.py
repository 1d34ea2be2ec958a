"""A database for one size beside the private one: created, filled by seed_demo, dropped."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

CHECKOUT = Path(__file__).resolve().parent.parent
PREFIX = "muchan_bench_"


@cache
def base_url() -> str:
    """The address make run uses: DATABASE_URL, else the private cluster's.

    Remembered from the first call: later the process itself works with DATABASE_URL set to the bench's database.
    """
    url = os.environ.get("DATABASE_URL", "").strip()
    return url or (CHECKOUT / ".local" / "database.url").read_text(encoding="utf-8").strip()


def name_of(plots: int) -> str:
    """muchan_bench_40k, muchan_bench_1m."""
    short = (
        f"{plots // 1_000_000}m"
        if plots % 1_000_000 == 0
        else f"{plots // 1_000}k"
        if plots % 1_000 == 0
        else str(plots)
    )
    return PREFIX + short


def url_of(name: str) -> str:
    """The base address with another database in it."""
    return urlunsplit(urlsplit(base_url())._replace(path=f"/{name}"))


def _run_on_base(*statements: str) -> None:
    connection = psycopg2.connect(base_url())
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


def exists(name: str) -> bool:
    """Whether the database is there."""
    connection = psycopg2.connect(base_url())
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return cursor.fetchone() is not None
    finally:
        connection.close()


def drop(name: str) -> None:
    """Remove a database of ours; refuses any other name."""
    if not name.startswith(PREFIX):
        raise ValueError(f"{name} was not made by bench")
    _run_on_base(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def create(plots: int) -> float:
    """Make and fill the database of ``plots`` plots; returns the wall seconds of seed_demo alone."""
    name = name_of(plots)
    drop(name)
    _run_on_base(f'CREATE DATABASE "{name}"')
    environment = environment_of(name)
    for command in (["migrate", "--verbosity", "0"], ["load_fixtures", "--verbosity", "0"]):
        _manage(command, environment)
    began = time.perf_counter()
    _manage(["seed_demo", "--plots", str(plots), "--verbosity", "0"], environment)
    seconds = time.perf_counter() - began
    connection = psycopg2.connect(url_of(name))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            # What autovacuum does within minutes on a server that runs all day.
            cursor.execute("VACUUM ANALYZE")
    finally:
        connection.close()
    return seconds


@contextmanager
def without_land(plots: int) -> Iterator[str]:
    """The name of a database with places, rules and a planner of the city, and nothing else; dropped afterwards."""
    name = f"{name_of(plots)}_empty"
    drop(name)
    _run_on_base(f'CREATE DATABASE "{name}"')
    try:
        environment = environment_of(name)
        planner = "username='planner', password='bench-password', display_name='编制', role='planner'"
        account = f"from core.accounts.models import User; User.objects.create_user({planner}, place_codes=['440600'])"
        for command in (["migrate", "-v", "0"], ["load_fixtures", "-v", "0"], ["shell", "-v", "0", "-c", account]):
            _manage(command, environment)
        yield name
    finally:
        drop(name)


def environment_of(name: str) -> dict[str, str]:
    """The environment in which the project uses the database ``name``: as installed, so that bytecode is kept."""
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return inherited | {
        "DATABASE_URL": url_of(name),
        "MUCHAN_HTTPS": "0",
        "MUCHAN_DEBUG": "0",
        "MUCHAN_DEMO": "1",
        "DEMO_PASSWORD": "bench-password-of-this-run",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def _manage(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), *command],
        env=environment,
        cwd=CHECKOUT,
        check=True,
        stdout=sys.stderr,
    )
