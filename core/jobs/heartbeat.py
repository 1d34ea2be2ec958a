"""The thread that keeps a worker's heartbeat, and looks at the schedule, while a long task occupies the main one."""

import logging
import threading

from django.db import DatabaseError, connection

from core.jobs import schedule, services
from core.jobs.queries import silence_limit

logger = logging.getLogger(__name__)


class Heartbeat:
    """Beats for `worker_id` from entry to exit of the `with` block; the first beat is made before it is entered.

    Several beats fit into the silence limit, so that one slow or failed statement does not make a live worker look
    dead.  Raises django.db.DatabaseError when the first beat fails; later failures are logged and tried again.
    """

    def __init__(self, worker_id: str) -> None:
        self.worker_id = worker_id
        self.seconds = silence_limit().total_seconds() / 6
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        services.beat(worker_id=self.worker_id)
        try:
            services.reap()
            self._thread.start()
        except BaseException:
            # Also when told to stop just here: the first beat must not outlive the worker.
            services.leave(worker_id=self.worker_id)
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join(timeout=5)
        services.leave(worker_id=self.worker_id)

    def _run(self) -> None:
        while not self._ended.wait(self.seconds):
            try:
                services.beat(worker_id=self.worker_id)
                services.reap()
                schedule.hand_over_due()
            except DatabaseError:
                logger.exception("heartbeat of worker %s failed; trying again in %s s", self.worker_id, self.seconds)
                connection.close()
        connection.close()
