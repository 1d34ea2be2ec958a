"""Kinds of jobs, and the function that runs each: packages above announce theirs when they are loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.jobs.models import Job
from core.jobs.progress import Progress

Run = Callable[[Job, Progress], dict[str, Any]]
"""Does the work of a job, telling its progress; what it returns becomes the job's result."""

_kinds: dict[str, Run] = {}


def register(kind: str, run: Run) -> None:
    """Make ``run`` the function of jobs of ``kind``; another one under the same name is an error."""
    if _kinds.setdefault(kind, run) is not run:
        raise ValueError(f"job kind {kind!r} is registered twice")


def function_of(kind: str) -> Run:
    """The function that runs jobs of ``kind``; raises ``KeyError``."""
    return _kinds[kind]
