"""What the worker runs."""

from django_tasks import task

from core.jobs import tracking


@task()
def run_job(number: int) -> None:
    """Do the work of job ``number``."""
    tracking.run(number=number)
