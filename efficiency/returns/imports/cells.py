"""Cells of one column as numbers, texts and kinds: from Arrow where they are of one type, else one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from efficiency.returns.imports.limits import DATE, EMPTY, NUMBER, TEXT, TRUTH


class Mixed(Exception):
    """A column that does not hold numbers alone or texts alone."""


@dataclass
class Column:
    """``number`` float64 (NaN where the cell holds none), ``text`` strings (null where none), ``kind`` int8."""

    number: np.ndarray
    text: pa.Array
    kind: np.ndarray

    def say(self, marks: Mapping[int, tuple[int, str | None]]) -> None:
        """Let the cells at these places be of another kind, some with a text of their own."""
        for at, (kind, _text) in marks.items():
            self.kind[at] = kind
        if any(text is not None for _kind, text in marks.values()):
            texts = self.text.to_pylist()
            for at, (_kind, text) in marks.items():
                texts[at] = texts[at] if text is None else text
            self.text = pa.array(texts, pa.string())


def of_numbers(values: pa.Array) -> Column:
    """A column of numbers or of nothing; Mixed where a text such as "nan" has become one."""
    number = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    there = values.is_valid().to_numpy(zero_copy_only=False)
    if np.isnan(number[there]).any():
        raise Mixed
    return Column(number, pa.nulls(len(values), pa.string()), np.where(there, NUMBER, EMPTY).astype(np.int8))


def of_texts(values: pa.Array) -> Column:
    """A column of texts; a blank one holds nothing."""
    blank = pc.equal(pc.utf8_trim_whitespace(values), "").fill_null(True)
    text = pc.if_else(blank, pa.scalar(None, pa.string()), values) if blank.true_count else values
    kind = np.where(blank.to_numpy(zero_copy_only=False), EMPTY, TEXT).astype(np.int8)
    return Column(np.full(len(values), np.nan), text, kind)


def of_cells(cells: Sequence[Any]) -> Column:
    """A column of cells of any types, each as it is."""
    types = set(map(type, cells))
    if types <= {float, int}:
        return Column(
            np.array(cells, dtype=np.float64),
            pa.nulls(len(cells), pa.string()),
            np.full(len(cells), NUMBER, dtype=np.int8),
        )
    if types == {str}:
        return of_texts(pa.array(cells, pa.string()))
    number, kind = np.full(len(cells), np.nan), np.full(len(cells), EMPTY, dtype=np.int8)
    text: list[str | None] = [None] * len(cells)
    for at, cell in enumerate(cells):
        if type(cell) is float or type(cell) is int:
            number[at], kind[at] = cell, NUMBER
        elif type(cell) is str:
            if cell.strip():
                text[at], kind[at] = cell, TEXT
        elif type(cell) is bool:
            text[at], kind[at] = str(cell).upper(), TRUTH
        elif isinstance(cell, dt.date | dt.time | dt.timedelta):
            text[at], kind[at] = str(cell), DATE
    return Column(number, pa.array(text, pa.string()), kind)
