"""Acts started at the same moment, each in a thread and a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection

from core.refusals import Refused


def at_once(acts: list[Callable[[], object]]) -> list[object]:
    """Every act in a thread and connection of its own, started together; results or refusals in their order."""
    results: list[object] = [None] * len(acts)
    together = threading.Barrier(len(acts))

    def run(number: int) -> None:
        try:
            together.wait(30)
            results[number] = acts[number]()
        except Refused as refused:
            results[number] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return results
