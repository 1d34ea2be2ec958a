"""How far a job has come, told while it works: by a connection of its own, so that a long transaction hides nothing."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

from django.db import DatabaseError, connection

from core.jobs.models import Job

logger = logging.getLogger(__name__)

SECONDS = 0.5


class Cancelled(Exception):
    """Somebody asked for the job to end."""


class Failure(Exception):
    """The work cannot be done; ``sentence`` tells the person who waits why, and the way out."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Progress:
    """Tells the progress of job ``number`` twice a second while the ``with`` block runs, and hears of a cancellation.

    The counts are handed over to a thread with its own database connection: the work itself may be one transaction,
    whose writes nobody else sees before it ends.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.state = ("", 0, 0)
        self.cancelled = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"progress-{number}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=5)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Note that ``done`` of ``total`` are through in ``stage``. Raises Cancelled once that was asked for."""
        self.state = (stage, done, total)
        if self.cancelled:
            raise Cancelled

    def _run(self) -> None:
        while not self._ended.wait(SECONDS):
            try:
                self._tell()
            except DatabaseError:
                logger.exception("progress of job %s could not be told", self.number)
                connection.close()
        connection.close()

    def _tell(self) -> None:
        stage, done, total = self.state
        Job.objects.filter(pk=self.number, state="running").update(stage=stage, done=done, total=total)
        self.cancelled = Job.objects.filter(pk=self.number, cancel_asked=True).exists()
