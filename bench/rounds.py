"""Two ways of the same work, taken in turns, so that a busy machine slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds_of(act: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def interleaved(ours: Callable[[], float], bare: Callable[[], float], rounds: int) -> tuple[list[float], list[float]]:
    """Figures of ``rounds`` rounds; every other round the other goes first. One round to warm up is thrown away."""
    ours(), bare()
    figures: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        turn = ((ours, figures[0]), (bare, figures[1]))
        for act, kept in turn if number % 2 == 0 else reversed(turn):
            kept.append(act())
    return figures


def median_ratio(ours: list[float], bare: list[float]) -> float:
    """The median of the rounds' own ratios."""
    return statistics.median(a / b for a, b in zip(ours, bare, strict=True))
