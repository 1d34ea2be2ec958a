"""gunicorn's settings, for `make run` and the container alike; --bind comes from the command line."""

import gc
import os
from typing import Any

from gunicorn.workers import gthread

_cores = len(os.sched_getaffinity(0))

wsgi_app = "config.wsgi"
workers = max(3, min(8, _cores))

# One thread a process: shapely's prepared geometries crash when two threads use them at once.  The class is gthread
# all the same, for its event loop: a browser opens connections ahead of need, and a sync worker that accepts one
# waits on it, deaf to everybody else.  gthread waits too, five seconds, before it hands such a connection to the loop;
# with one thread that is too long.
gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.02
worker_class = "gthread"
threads = 1
keepalive = 15

timeout = 120
graceful_timeout = 8
# Returns memory that GDAL and pandas keep; the jitter keeps the processes from restarting together.
max_requests = 20_000
max_requests_jitter = 2_000
# A file system in memory where there is one, so that a slow disk never looks like a hung process.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108

errorlog = "-"
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    """Set what start-up made apart from the garbage collector, which else walks it again and again."""
    gc.collect()
    gc.freeze()
