"""`manage.py worker`: runs background work until it is told to stop, and shows that it is alive."""

import os
import signal
import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import ProgrammingError
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands import db_worker

from core.jobs.heartbeat import Heartbeat


class Command(db_worker.Command):
    help = "执行后台任务，并定时记录心跳；被杀死的工作进程遗留的任务会被标记为失败。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        name = f"{socket.gethostname()[:40]}-{os.getpid()}-{get_random_string(8)}"
        # Reloading would run the worker in a child process that this one's heartbeat knows nothing of.
        parser.set_defaults(queue_name="*", reload=False, worker_id=name)

    def handle(self, *, worker_id: str, reload: bool, **options: Any) -> None:
        if reload:
            raise CommandError("worker 不支持 --reload：请停止后重新启动。")
        # From the first beat on others see a worker; told to stop before the task loop handles signals itself, it must
        # still leave in order.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, lambda *_: sys.exit(0))
        try:
            with Heartbeat(worker_id):
                super().handle(worker_id=worker_id, reload=False, **options)
        except ProgrammingError as error:
            raise CommandError(f"数据库尚未就绪（{error}）：请先执行 manage.py migrate。") from error
