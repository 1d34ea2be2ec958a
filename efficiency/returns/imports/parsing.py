"""Stretches of a sheet parsed into columns, each as a small workbook of its own in memory.

fastexcel reads a stretch at once where each understood column holds numbers alone or texts alone; the others are read
cell by cell, so that every cell keeps its type. Texts that cells only name by number (shared strings) are parsed once:
in the stretch the number stands for them, behind a mark no text has.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import fastexcel
import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from efficiency.returns.imports import cells
from efficiency.returns.imports.ahead import ahead
from efficiency.returns.imports.cells import Column, Mixed
from efficiency.returns.imports.headings import letter_of
from efficiency.returns.imports.limits import FAULT, MIB, NOT_COMPUTED
from efficiency.returns.imports.marks import Marks, has_formulas, marks_in
from efficiency.returns.imports.package import SHARED, Package, damaged
from efficiency.returns.imports.stretches import Stretch, plain

# It tells of every column without a value.
logging.getLogger("fastexcel").setLevel(logging.ERROR)

Read = TypeVar("Read")

MARK = "\ue000"
_MARK = MARK.encode()
_NAMED = re.compile(rb"""\bt=["']s["']([^>]*>\s*<(?:\w+:)?v>)""")
_TEXT = re.compile(rb"<(?:\w+:)?si[\s/>]")
_TEXTS = re.compile(rb"<((?:\w+:)?)sst[^>]*>")
_PIECE = 2 * MIB
"""Bytes of shared strings parsed at once."""

_WRONG = (CalamineError, fastexcel.FastExcelError, pa.ArrowInvalid, IndexError, ValueError)


@dataclass(frozen=True)
class Block:
    """Parsed rows: ``first`` the number from 1 of the first one, ``columns`` in the order asked for."""

    first: int
    columns: list[Column]
    marks: Marks
    reached: int

    def __len__(self) -> int:
        return len(self.columns[0].kind)


class Shared:
    """The texts of a workbook that its cells name by number, in one column."""

    def __init__(self, package: Package, sheet: str, part: str) -> None:
        self._package = package
        reading = Parsing(package, sheet, part, None)
        pieces = ahead(reading.texts, _pieces(package.chunks(SHARED, _PIECE))) if SHARED in package else []
        self.texts = pa.concat_arrays([pa.array([], pa.string()), *pieces])

    def xml(self) -> bytes:
        """The part itself."""
        return b"".join(self._package.chunks(SHARED))

    def put_into(self, column: pa.Array) -> pa.Array:
        """The texts of ``column``, marked numbers replaced."""
        marked = pc.starts_with(column, MARK)
        if not marked.true_count:
            return column
        numbers = pc.if_else(marked, pc.utf8_slice_codeunits(column, 1), pa.scalar(None, pa.string()))
        found = self.texts.take(numbers.cast(pa.int64()))
        return found if marked.true_count == len(column) else pc.if_else(marked, found, column)

    def at(self, number: str) -> str:
        """The text of that number."""
        text: str = self.texts[int(number)].as_py()
        return text


class Parsing:
    """Reads stretches of the sheet called ``sheet``, which is ``part`` of the package; from several threads at once."""

    def __init__(self, package: Package, sheet: str, part: str, shared: Shared | None, prefix: bytes = b"") -> None:
        self._package, self._sheet, self._part = package, sheet, part
        self._prefix = prefix
        self._shared = shared if shared and len(shared.texts) else None
        self._literally = True
        # Stretches to be read cell by cell without trying otherwise: more and more while mixed ones keep coming.
        self._by_cells, self._next_by_cells = 0, 1

    def top(self, rows: bytes) -> list[list[Any]]:
        """The first rows cell by cell, row and column 0 first."""
        marked = self._marked(rows)
        self._literally = marked is None or not _NAMED.search(marked)

        def read(rows: bytes, parts: dict[str, bytes]) -> list[list[Any]]:
            sheet = self._calamine(_worksheet(rows), parts)
            # Empty first rows are there, empty first columns are not.
            left = sheet.start[1] if sheet.start else 0
            text = self._text_of(parts)
            return [[""] * left + [text(cell) for cell in row] for row in sheet.iter_rows()]

        return self._named(rows, read)

    def block(self, stretch: Stretch, wanted: Sequence[int]) -> Block:
        """The columns at the places ``wanted`` from 0. Raises Unreadable for cells that are not where they say."""
        marks = marks_in(stretch.rows, self._prefix) if has_formulas(stretch.rows, self._prefix) else None

        def read(rows: bytes, parts: dict[str, bytes]) -> Block:
            return self._block(stretch, rows, parts, wanted, marks)

        return self._named(stretch.rows, read)

    def _named(self, rows: bytes, read: Callable[[bytes, dict[str, bytes]], Read]) -> Read:
        """What is read of the rows: with numbers for shared texts, or else with the texts for parsers to look up."""
        marked = self._marked(rows)
        if marked is not None:
            try:
                return read(marked, {})
            except _WRONG:
                # Texts named in some way of its own.
                pass
        try:
            return read(rows, {SHARED: self._shared.xml()} if self._shared else {})
        except _WRONG as error:
            raise damaged() from error

    def texts(self, piece: bytes) -> pa.Array:
        """Every text of a piece of the part of shared strings."""
        count = len(_TEXT.findall(piece))
        rows = b"".join(b'<row><c t="s"><v>%d</v></c></row>' % at for at in range(count))
        try:
            batch, _errors = self._fast(Stretch(rows, 2, count + 1, 0), rows, {SHARED: piece}, [0])
        except _WRONG as error:
            raise damaged() from error
        return batch.column(0).cast(pa.string())

    def _marked(self, rows: bytes) -> bytes | None:
        """The rows with shared texts as marked numbers; None where that is not needed or not safe."""
        if self._shared is None or (_MARK[:1] in rows and _MARK in rows):
            return None
        if self._literally:
            value = self._prefix + b"v>"
            return rows.replace(b' t="s"><' + value, b' t="str"><' + value + _MARK)
        return _NAMED.sub(rb't="str"\1' + _MARK, rows)

    def _block(
        self, stretch: Stretch, rows: bytes, parts: dict[str, bytes], wanted: Sequence[int], marks: Marks | None
    ) -> Block:
        if self._by_cells:
            self._by_cells -= 1
        else:
            try:
                batch, errors = self._fast(stretch, rows, parts, wanted)
                if errors and marks is None:
                    marks = marks_in(stretch.rows, self._prefix)
                if errors and marks and not errors <= marks.faults.keys():
                    raise Mixed
                columns = [self._column(values, parts) for values in batch.columns]
                self._next_by_cells = 1
                return _said(Block(stretch.first, columns, marks or Marks(), stretch.reached), wanted)
            except (Mixed, fastexcel.UnsupportedColumnTypeCombinationError):
                self._by_cells, self._next_by_cells = self._next_by_cells, self._next_by_cells * 2
        columns = self._cells(stretch, rows, parts, wanted)
        marks = marks or marks_in(stretch.rows, self._prefix)
        return _said(Block(stretch.first, columns, marks, stretch.reached), wanted)

    def _column(self, values: pa.Array, parts: dict[str, bytes]) -> Column:
        if pa.types.is_floating(values.type) or pa.types.is_integer(values.type):
            return cells.of_numbers(values)
        if not pa.types.is_string(values.type):
            raise Mixed
        return cells.of_texts(values if parts or self._shared is None else self._shared.put_into(values))

    def _fast(
        self, stretch: Stretch, rows: bytes, parts: dict[str, bytes], wanted: Sequence[int]
    ) -> tuple[pa.RecordBatch, set[tuple[int, int]]]:
        """The rows in columns of one type each, and the cells (row and column from 0) that have another.

        Raises UnsupportedColumnTypeCombinationError for a column of several types.
        """
        book = self._package.with_parts({**parts, self._part: _worksheet(rows, stretch, max(wanted))})
        sheet = fastexcel.read_excel(book).load_sheet(
            self._sheet,
            header_row=None,
            schema_sample_rows=None,
            dtype_coercion="strict",
            use_columns=list(wanted),
        )
        batch, errors = sheet.to_arrow_with_errors()
        inner = _inner(stretch, batch.num_rows)
        of_another = {error.position for error in errors.errors} if errors else set()
        within = {(stretch.first - 2 + row, at) for row, at in of_another if inner.start <= row < inner.stop}
        return batch.slice(inner.start, len(inner)), within

    def _cells(self, stretch: Stretch, rows: bytes, parts: dict[str, bytes], wanted: Sequence[int]) -> list[Column]:
        sheet = self._calamine(_worksheet(rows, stretch, max(wanted)), parts)
        if sheet.start != (stretch.first - 2, 0):
            raise damaged()
        found = sheet.to_python()
        inner = _inner(stretch, len(found))
        found = found[inner.start : inner.stop]
        text = self._text_of(parts)
        return [cells.of_cells([text(row[at]) for row in found]) for at in wanted]

    def _text_of(self, parts: dict[str, bytes]) -> Callable[[Any], Any]:
        """What makes of a marked cell the text it names by number; any other stays as it is."""
        shared = self._shared
        if parts or shared is None:
            return lambda cell: cell
        return lambda cell: shared.at(cell[1:]) if type(cell) is str and cell.startswith(MARK) else cell

    def _calamine(self, worksheet: bytes, parts: dict[str, bytes]) -> CalamineSheet:
        book = self._package.with_parts({**parts, self._part: worksheet})
        return CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_name(self._sheet)


def _worksheet(rows: bytes, stretch: Stretch | None = None, right: int = 0) -> bytes:
    """A sheet of these rows; those of a stretch stand between two rows of ours, which say how far they may reach."""
    edges = [stretch.first - 1, stretch.last and stretch.last + 1] if stretch else [None, None]
    above, below = (_edge(number, letter_of(right).encode()) if number else b"" for number in edges)
    return b"".join((b"<worksheet><sheetData>", above, rows, below, b"</sheetData></worksheet>"))


def _edge(number: int, right: bytes) -> bytes:
    # fastexcel takes NA for an empty cell when it looks for the type of a column.
    cell = b'<c r="%s%d" t="str"><v>NA</v></c>'
    return b'<row r="%d">' % number + cell % (b"A", number) + cell % (right, number) + b"</row>"


def _inner(stretch: Stretch, count: int) -> range:
    """Which of ``count`` parsed rows are the stretch's own; raises Unreadable when they reach beyond its edges."""
    if stretch.last is None:
        return range(1, count)
    if count != stretch.last - stretch.first + 3:
        raise damaged()
    return range(1, count - 1)


def _said(block: Block, wanted: Sequence[int]) -> Block:
    """The block with what its marks say of cells that have no value."""
    said: dict[int, dict[int, tuple[int, str | None]]] = {}
    for (row, at), name in block.marks.faults.items():
        said.setdefault(at, {})[row + 1 - block.first] = FAULT, name
    for row, at in block.marks.not_computed:
        said.setdefault(at, {})[row + 1 - block.first] = NOT_COMPUTED, None
    for at, column in zip(wanted, block.columns, strict=True):
        column.say({row: each for row, each in said.get(at, {}).items() if 0 <= row < len(column.kind)})
    return block


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The part of shared strings in pieces that are such a part themselves."""
    pending = next(chunks, b"")
    opening = _TEXTS.search(pending)
    if opening is None:
        raise damaged()
    pending, end = pending[opening.end() :], b"</" + opening.group(1) + b"si>"
    for chunk in chunks:
        cut = pending.rfind(end) + len(end)
        if cut >= len(end) and plain(pending):
            yield b"<sst>" + pending[:cut] + b"</sst>"
            pending = pending[cut:]
        pending += chunk
    yield b"<sst>" + pending
