"""A small HTTP client over keep-alive sockets: bounded in connections and in time, cheap enough not to be measured."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time

CONNECTIONS = 3


class BadAnswer(RuntimeError):
    """The server answered something else than a tile."""


class Closed(RuntimeError):
    """The server closed the connection."""


class Line:
    """One keep-alive connection."""

    def __init__(self, port: int, headers: str) -> None:
        self.port = port
        self.headers = headers
        self._open()

    def _open(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = b""

    def get(self, path: str) -> bytes:
        """The body of ``path``; :class:`BadAnswer` for anything but 200 with a length."""
        try:
            return self._get(path)
        except (ConnectionError, Closed):
            # A worker that has served its twenty thousand requests ends and closes its connections, as browsers know.
            self.socket.close()
            self._open()
            return self._get(path)

    def _get(self, path: str) -> bytes:
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self.headers}\r\n".encode())
        while b"\r\n\r\n" not in self.held:
            self._more()
        head, _, rest = self.held.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")), None)
        if not lines[0].startswith(b"HTTP/1.1 200") or length is None:
            raise BadAnswer(f"{path}: {lines[0].decode()} {rest[:200]!r}")
        self.held = rest
        while len(self.held) < length:
            self._more()
        body, self.held = self.held[:length], self.held[length:]
        return body

    def _more(self) -> None:
        chunk = self.socket.recv(1 << 18)
        if not chunk:
            raise Closed
        self.held += chunk


def requests_per_second(port: int, paths: list[str], headers: str, seconds: float) -> float:
    """Ask for ``paths`` in turn over CONNECTIONS connections for ``seconds``."""
    counts = [0] * CONNECTIONS
    failures: list[BaseException] = []
    begin = threading.Barrier(CONNECTIONS + 1)

    def ask(number: int) -> None:
        try:
            line = Line(port, headers)
            mine = itertools.cycle(paths[number:] + paths[:number])
            line.get(next(mine))
            begin.wait(60)
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                line.get(next(mine))
                counts[number] += 1
            line.socket.close()
        except (OSError, BadAnswer, Closed, threading.BrokenBarrierError) as error:
            failures.append(error)
            begin.abort()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    # Broken by a connection that failed: its reason is raised below.
    with contextlib.suppress(threading.BrokenBarrierError):
        begin.wait(60)
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(counts) / (time.perf_counter() - began)
