"""gunicorn with the project's own settings on a free port of this machine, ended with the measurement."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.database import CHECKOUT

READY_SECONDS = 60


@contextlib.contextmanager
def gunicorn(application: str, environment: dict[str, str]) -> Iterator[int]:
    """Serve ``application`` ("module:name"); yields the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", "--config", str(CHECKOUT / "config" / "server.py"),
        "--bind", f"127.0.0.1:{port}", application,
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=sys.stderr, start_new_session=True)
    try:
        _wait(server, port)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            # Its own session was made for it: the group holds nothing else.
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"gunicorn ended with {server.returncode} before it listened")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError("gunicorn did not listen within a minute")
