"""The command line and the shell scripts: one sentence where the set-up is at fault, safe defaults where it is not."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MUCHAN_", "DJANGO_", "DATABASE_"))}
    return subprocess.run(
        command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, timeout=60, check=False
    )


def settings_in(**environment: str) -> dict:
    code = (
        "import json; from config import settings as s;"
        "print(json.dumps({k: v for k, v in vars(s).items() if k.isupper() and isinstance(v, (bool, int, str))}))"
    )
    done = run(sys.executable, "-c", code, DATABASE_URL="postgresql:///x", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_defaults_are_those_of_production(tmp_path):
    got = settings_in(MUCHAN_LOCAL_DIR=str(tmp_path))
    assert got["DEBUG"] is False
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_HTTPONLY"):
        assert got[name] is True, name
    assert got["SECURE_HSTS_SECONDS"] >= 31_536_000


def test_deployment_check_of_django_finds_nothing(tmp_path):
    done = run(
        sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING",
        DATABASE_URL="postgresql:///x", MUCHAN_LOCAL_DIR=str(tmp_path),
    )  # fmt: skip
    # HSTS for sub-domains and the preload list are the city's decision about its whole domain.
    findings = [line for line in done.stderr.splitlines() if "(security." in line]
    assert [line for line in findings if "W005" not in line and "W021" not in line] == []


def test_command_without_a_database_says_what_to_do(tmp_path):
    done = run(sys.executable, "manage.py", "migrate", MUCHAN_LOCAL_DIR=str(tmp_path))
    assert done.returncode != 0
    assert done.stderr.strip() == (
        "manage.py: no database is set up; run 'make run' to start this checkout's own, or set DATABASE_URL."
    )


def test_command_with_a_silent_database_says_what_to_do(tmp_path):
    url = f"postgresql://u@/d?host={tmp_path}&port=5432"
    done = run(sys.executable, "manage.py", "migrate", DATABASE_URL=url, MUCHAN_LOCAL_DIR=str(tmp_path))
    assert done.returncode != 0
    assert "the database does not answer" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.django_db
def test_command_with_an_empty_database_says_what_to_do(tmp_path):
    server = connection.settings_dict
    url = f"postgresql://{server['USER']}@/postgres?host={server['HOST']}&port={server['PORT']}"
    done = run(sys.executable, "manage.py", "compliance", DATABASE_URL=url, MUCHAN_LOCAL_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.strip() == (
        "manage.py: the database is empty or behind this code; run 'make run', or manage.py migrate."
    )


@pytest.mark.parametrize("command", [("compliance",), ("export_layer", "zones", "zones.gpkg"), ("evaluate", "2025")])
def test_command_with_a_malformed_date_says_how_it_is_written(tmp_path, command):
    option = "--as-of" if "evaluate" in command else "--on"
    url = "postgresql://u@/d?host=/nonexistent"
    done = run(
        sys.executable, "manage.py", *command, option, "31/03/2026", DATABASE_URL=url, MUCHAN_LOCAL_DIR=str(tmp_path)
    )
    assert done.returncode == 2
    assert done.stderr.startswith("CommandError: “31/03/2026”不是")
    assert done.stderr.count("\n") == 1


def test_busy_port_is_named_with_the_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        # The function alone: the whole script would stop a server that runs in this checkout.
        script = run(
            "bash",
            "-c",
            ". config/local/session.sh; port=$PORT;"
            " eval \"$(sed -n '/^check_port/,/^}/p' config/local/serve.sh)\"; check_port",
            PORT=str(port),
        )
    assert script.returncode == 1
    assert script.stderr == (
        f"muchan: port {port} is taken by another program; choose another one: make run PORT={port + 1}.\n"
    )


@pytest.mark.parametrize("script", sorted(ROOT.glob("config/local/*.sh")), ids=lambda path: path.name)
def test_shell_script_parses(script):
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


def test_reset_without_a_terminal_removes_nothing_unless_told():
    done = subprocess.run(
        ["config/local/reset.sh"], cwd=ROOT, stdin=subprocess.DEVNULL, env=os.environ | {"YES": ""},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "make reset YES=1" in done.stderr
