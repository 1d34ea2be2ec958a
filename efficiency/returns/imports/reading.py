"""A file of returns as columns, read by a process of its own."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from django.utils.translation import gettext as _

from core import confined
from core.confined import Unreadable
from efficiency.returns.imports.child import ROWS, out_of_memory
from efficiency.returns.imports.headings import CODE, UNITS, Heading
from efficiency.returns.imports.limits import EMPTY, LIMITS, Limits


@dataclass(frozen=True)
class Cells:
    """A column of the file: ``number`` float64 (NaN where the cell holds none), ``text`` strings, ``kind`` int8."""

    heading: Heading
    number: np.ndarray
    text: pa.Array
    kind: np.ndarray


@dataclass(frozen=True)
class Reading:
    """The sheet that was read: ``numbers`` are its rows in the file from 1, ``columns`` the understood ones by key.

    ``formulas`` (row from 1, column from 0) are the first of ``formula_count`` whose computed value was taken;
    ``merged`` ranges below the header as (top, left, bottom, right) from 0.
    """

    format: str
    sheet: str
    hidden: list[str]
    other: list[str]
    header: int
    numbers: np.ndarray
    columns: dict[str, Cells]
    formulas: list[tuple[int, int]]
    formula_count: int
    merged: list[tuple[int, int, int, int]]

    def __len__(self) -> int:
        return len(self.numbers)

    def title_of(self, key: str) -> str:
        """The column's heading as the file writes it; empty when the file has no such column."""
        return self.columns[key].heading.text if key in self.columns else ""


def read(path: Path, *, limits: Limits = LIMITS, progress: Callable[[int, int], None] | None = None) -> Reading:
    """Read the file ``path``; ``progress(done, total)`` is called now and then, and may end it by raising.

    Raises Unreadable when it cannot be read, has no header we know, or names one column twice or in an unknown unit.
    """
    if not path.is_file():
        raise Unreadable(_("找不到文件 %(name)s。") % {"name": path.name})
    with tempfile.TemporaryDirectory(prefix="muchan-read-") as scratch:
        answer = confined.ask(
            "efficiency.returns.imports.child",
            {"path": str(path.resolve()), "limits": asdict(limits)},
            scratch=Path(scratch),
            seconds=limits.seconds,
            out_of_memory=out_of_memory(),
            progress=progress,
        )
        headings = [Heading(**each) for each in answer["headings"]]
        _agree(headings)
        with (Path(scratch) / ROWS).open("rb") as file:
            # The mapping outlives the file's name.
            mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    rows = pa.ipc.open_stream(pa.py_buffer(mapping)).read_all().combine_chunks()
    return Reading(
        format=answer["format"],
        sheet=answer["sheet"],
        hidden=answer["hidden"],
        other=answer["other"],
        header=answer["header"],
        numbers=_flat(rows, "row").to_numpy(),
        columns={heading.key: _cells(rows, heading) for heading in headings},
        formulas=[tuple(each) for each in answer["formulas"]],
        formula_count=answer["formula_count"],
        merged=[tuple(each) for each in answer["merged"]],
    )


def _agree(headings: list[Heading]) -> None:
    """Refuse a header that leaves open which column, or which unit, is meant."""
    seen: dict[str, Heading] = {}
    for heading in headings:
        first = seen.setdefault(heading.key, heading)
        if first is not heading:
            raise Unreadable(
                _("“%(first)s”（%(a)s 列）和“%(second)s”（%(b)s 列）说的是同一项：请只保留一列。")
                % {"first": first.text, "a": first.letter, "second": heading.text, "b": heading.letter}
            )
        if not heading.factor:
            raise Unreadable(
                _("%(column)s 列“%(text)s”的单位“%(unit)s”不认识：可写 %(units)s。")
                % {
                    "column": heading.letter,
                    "text": heading.text,
                    "unit": heading.unit,
                    "units": "、".join(UNITS[heading.key]),
                }
            )


def _flat(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name)
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _cells(rows: pa.Table, heading: Heading) -> Cells:
    return Cells(
        heading,
        _flat(rows, f"{heading.key}.number").to_numpy(zero_copy_only=False),
        _flat(rows, f"{heading.key}.text"),
        _flat(rows, f"{heading.key}.kind").to_numpy(zero_copy_only=False),
    )


def holds_something(cells: Cells | None, count: int) -> np.ndarray:
    """Which of ``count`` rows have anything in the column; none when the file has no such column."""
    return np.zeros(count, dtype=bool) if cells is None else cells.kind != EMPTY


__all__ = ["CODE", "Cells", "Reading", "Unreadable", "holds_something", "read"]
