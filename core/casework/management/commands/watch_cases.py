"""`manage.py watch_cases`: brings the alerts on deadlines up to date now; the worker does it every morning."""

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from core.casework.services import alerting


class Command(BaseCommand):
    help = "核对办件期限：开出、上报、解除预警，并通知有关人员。可重复执行。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--on", type=dt.date.fromisoformat, help="按哪一天核对，例如 2026-03-31；默认今天。")

    def handle(self, *, on: dt.date | None, **options: Any) -> None:
        self.stdout.write(str(alerting.watch_deadlines(on=on)))
