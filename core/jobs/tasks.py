"""What the worker runs."""

import datetime as dt

from django_tasks import task

from core.jobs import schedule, tracking


@task()
def run_job(number: int) -> None:
    """Do the work of job ``number``."""
    tracking.run(number=number)


@task()
def run_scheduled(name: str, day: str) -> None:
    """Run one entry of the schedule for a day written as ISO 8601."""
    schedule.run(name=name, day=dt.date.fromisoformat(day))
