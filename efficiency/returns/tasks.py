"""What the worker runs for returns."""

from __future__ import annotations

from django_tasks import task

from efficiency.returns.services import following


@task()
def follow_returns(year: int) -> None:
    """Derive the plot figures of ``year`` behind many returns. Twice is as good as once."""
    following.catch_up(year=year)
