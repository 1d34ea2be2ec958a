"""Ranks, and the classes they fall in: whole numbers only, so that no order of adding changes a class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from efficiency.evaluation.columns import Floats, Ints
from efficiency.schemes.rules import Cut


@dataclass(frozen=True)
class Tally:
    """How many have each total, by division: sorted by both, every pair once. Totals in 1/10,000 points."""

    division: Ints
    total: Floats
    count: npt.NDArray[np.int64]

    @property
    def ranked(self) -> int:
        """How many there are."""
        return int(self.count.sum())


def tally(division: Ints, total: Floats) -> Tally:
    """The tally of some enterprises."""
    return _merged(division, total, np.ones(len(total), dtype=np.int64))


def merged(tallies: Iterable[Tally]) -> Tally:
    """One tally of several parts."""
    parts = list(tallies)
    return _merged(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("division", "total", "count"))
    )


def _merged(division: Ints, total: Floats, count: npt.NDArray[np.int64]) -> Tally:
    order = np.lexsort((total, division))
    division, total = division[order], total[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (division[1:] != division[:-1]) | (total[1:] != total[:-1])
    starts = np.flatnonzero(new)
    counts = np.add.reduceat(count[order], starts) if len(starts) else np.zeros(0, np.int64)
    return Tally(division[starts], total[starts], counts)


class Ladder:
    """Ranks among totals: 1 + how many are strictly better, so that equals share a rank."""

    def __init__(self, total: Floats, count: npt.NDArray[np.int64]) -> None:
        order = np.argsort(total, kind="stable")
        self._totals = total[order]
        # How many stand at or above each position, the best last.
        self._from_here = np.append(np.cumsum(count[order][::-1])[::-1], 0)
        self.ranked = int(count.sum())

    def ranks(self, total: Floats) -> npt.NDArray[np.int32]:
        """The rank of each total, from 1."""
        better = self._from_here[np.searchsorted(self._totals, total, side="right")]
        return (better + 1).astype(np.int32)

    def lowest_within(self, rank: int) -> float:
        """The lowest total whose rank is at most ``rank``; NaN where there is none."""
        ranks = self.ranks(self._totals)
        inside = np.flatnonzero(ranks <= rank)
        return float(self._totals[inside[0]]) if len(inside) else float("nan")


def classes(ranks: Ints, ranked: int, cuts: Sequence[Cut]) -> npt.NDArray[np.bytes_]:
    """The class of each rank: the first cut with rank ≤ floor(ranked × percent / 100), the last takes the rest.

    Those who tie share a rank and so the better class.
    """
    grades = np.array([cut.grade for cut in cuts], dtype="S1")
    return grades[np.searchsorted(last_ranks(ranked, cuts)[:-1], ranks, side="left")]


def last_ranks(ranked: int, cuts: Sequence[Cut]) -> npt.NDArray[np.int64]:
    """The last rank that each cut reaches to; the last one reaches to all."""
    reach = [int(ranked * cut.up_to_percent // 100) for cut in cuts]
    return np.array([*reach[:-1], max(ranked, *reach)], dtype=np.int64)


def ladders_by_division(of: Tally) -> dict[int, Ladder]:
    """A ladder for each division of a tally."""
    return {int(of.division[rows[0]]): Ladder(of.total[rows], of.count[rows]) for rows in _by_division(of.division)}


def ranks_by_division(division: Ints, total: Floats, ladders: dict[int, Ladder]) -> tuple[Ints, Ints]:
    """Rank and number of the ranked in each one's division."""
    rank = np.zeros(len(total), dtype=np.int32)
    count = np.zeros(len(total), dtype=np.int32)
    for rows in _by_division(division):
        ladder = ladders[int(division[rows[0]])]
        rank[rows], count[rows] = ladder.ranks(total[rows]), ladder.ranked
    return rank, count


def _by_division(division: Ints) -> list[npt.NDArray[np.intp]]:
    """The positions of each division there is."""
    order = np.argsort(division, kind="stable")
    starts = np.flatnonzero(np.diff(division[order])) + 1
    return np.split(order, starts) if len(order) else []
