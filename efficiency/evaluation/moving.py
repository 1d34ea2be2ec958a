"""How another edition of a scheme would move classes: counts, transitions, districts, and who moves farthest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from efficiency.evaluation.columns import Columns, Floats, Ints
from efficiency.evaluation.scoring import Results

GRADES = ("A", "B", "C", "D", "N", "")
"""Classes in the order of tables; "" is in none: out of scope, without land or without a return."""
RANKED = 4


@dataclass(frozen=True)
class Standing:
    """Classes and totals of enterprises, in the order of their ids; ``grade`` indexes ``GRADES``."""

    enterprise: Ints
    grade: Ints
    total: Floats

    @classmethod
    def of_results(cls, columns: Columns, results: Results) -> Standing:
        """What an engine computed."""
        return cls(columns.enterprise, _numbers(results.grade), results.total)

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[int, str, float | None]]) -> Standing:
        """What a run kept: (enterprise id, class, total)."""
        ordered = sorted(rows)
        return cls(
            np.array([row[0] for row in ordered], dtype=np.int64),
            _numbers(np.array([row[1].encode() for row in ordered], dtype="S1")),
            np.array([np.nan if row[2] is None else row[2] for row in ordered], dtype=np.float64),
        )

    def aligned(self, enterprise: Ints) -> Standing:
        """The same for ``enterprise``, in its order; those it does not know are in no class."""
        at = np.minimum(np.searchsorted(self.enterprise, enterprise), max(len(self.enterprise) - 1, 0))
        known = self.enterprise[at] == enterprise if len(self.enterprise) else np.zeros(len(enterprise), dtype=bool)
        if not known.any():
            return Standing(enterprise, np.full(len(enterprise), RANKED + 1), np.full(len(enterprise), np.nan))
        return Standing(
            enterprise,
            np.where(known, self.grade[at], RANKED + 1),
            np.where(known, self.total[at], np.nan),
        )


@dataclass(frozen=True)
class Move:
    """One enterprise: its classes, totals, and by how many classes it rises (negative: falls)."""

    enterprise: int
    before: str
    after: str
    total_before: float | None
    total_after: float | None
    rises: int


@dataclass(frozen=True)
class District:
    """What happens in one district: how many rise and fall, and how many stand in each class then."""

    code: str
    up: int
    down: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Moves:
    """All of it: ``matrix[i][j]`` enterprises go from class i to class j of ``GRADES``."""

    matrix: tuple[tuple[int, ...], ...]
    up: int
    down: int
    farthest: tuple[Move, ...]
    districts: tuple[District, ...]

    @property
    def before(self) -> tuple[int, ...]:
        """Enterprises by class as things stand."""
        return tuple(sum(row) for row in self.matrix)

    @property
    def after(self) -> tuple[int, ...]:
        """Enterprises by class then."""
        return tuple(sum(column) for column in zip(*self.matrix, strict=True))


def moves(columns: Columns, before: Standing, after: Standing, most: int = 20) -> Moves:
    """What ``after`` changes for the enterprises of ``columns``; the ``most`` that move farthest by name.

    Farthest by classes, then by points, then by id, so that the same question has the same answer.
    """
    was, now = before.aligned(columns.enterprise), after.aligned(columns.enterprise)
    width = len(GRADES)
    matrix = np.bincount(was.grade * width + now.grade, minlength=width * width).reshape(width, width)
    both = (was.grade < RANKED) & (now.grade < RANKED)
    rises = np.where(both, was.grade - now.grade, 0)
    moved = np.flatnonzero(rises)
    points = np.nan_to_num(np.abs(now.total - was.total))[moved]
    order = moved[np.lexsort((columns.enterprise[moved], -points, -np.abs(rises[moved])))][:most]
    return Moves(
        matrix=tuple(tuple(int(count) for count in row) for row in matrix),
        up=int((rises > 0).sum()),
        down=int((rises < 0).sum()),
        farthest=tuple(_move(int(row), was, now, int(rises[row])) for row in order),
        districts=tuple(_districts(columns, now.grade, rises)),
    )


def _move(row: int, was: Standing, now: Standing, rises: int) -> Move:
    return Move(
        enterprise=int(was.enterprise[row]),
        before=GRADES[was.grade[row]],
        after=GRADES[now.grade[row]],
        total_before=_known(was.total[row]),
        total_after=_known(now.total[row]),
        rises=rises,
    )


def _districts(columns: Columns, grade: Ints, rises: npt.NDArray[Any]) -> list[District]:
    found = []
    for number, code in sorted(enumerate(columns.district.names), key=lambda each: each[1]):
        here = columns.district.codes == number
        if here.any():
            counts = np.bincount(grade[here], minlength=len(GRADES))
            found.append(
                District(
                    code=code,
                    up=int((rises[here] > 0).sum()),
                    down=int((rises[here] < 0).sum()),
                    counts=tuple(int(count) for count in counts),
                )
            )
    return found


def _numbers(grades: npt.NDArray[np.bytes_]) -> Ints:
    """Classes as places in ``GRADES``."""
    numbers = np.full(len(grades), RANKED + 1, dtype=np.int64)
    for place, grade in enumerate(GRADES[:-1]):
        numbers[grades == grade.encode()] = place
    return numbers


def _known(number: Any) -> float | None:
    return None if np.isnan(number) else float(number)
