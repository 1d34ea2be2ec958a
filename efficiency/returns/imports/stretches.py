"""The XML of a sheet cut into stretches of whole rows, unpacked once and never held as a whole.

A stretch is cut where a row ends, its first and last rows say their numbers or none of its rows does. A sheet that does
not allow that (numbers for some rows only, comments or CDATA, which may hold anything) is one stretch from there on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from efficiency.returns.imports.limits import HEADER_WITHIN
from efficiency.returns.imports.package import damaged

_DATA = re.compile(rb"<((?:\w+:)?)sheetData\s*(/?)>")
_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])([^>]*)>")
_NUMBER = re.compile(rb"""\sr=["'](\d{1,9})["']""")
_PLACE = re.compile(rb"\sr=")
_DIMENSION = re.compile(rb"""<(?:\w+:)?dimension\s[^>]*?ref=["'][A-Z]+\d+:[A-Z]+(\d{1,9})["']""")


@dataclass(frozen=True)
class Stretch:
    """Whole rows: ``rows`` their XML, ``first`` and ``last`` their numbers from 1.

    ``last`` is None where the rows do not say it, ``reached`` the bytes of the sheet up to its end.
    """

    rows: bytes
    first: int
    last: int | None
    reached: int


class Cutter:
    """Reads a sheet's XML forward: first its ``top`` rows, then the stretches, then what follows its rows."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._pending = b""
        self._read = 0
        self._ended = False
        self.prefix = b""
        """The prefix of the sheet's elements, colon included."""
        while not (opening := _DATA.search(self._pending)) and self._more():
            pass
        head = self._pending[: opening.start()] if opening else self._pending
        said = _DIMENSION.search(head)
        self.said_rows = int(said.group(1)) if said else 0
        """The sheet's last row from 1 as it says itself; 0 when it says none."""
        self._whole = False
        if opening is None or opening.group(2):
            self._pending, self._ended = b"", True
        else:
            self.prefix = opening.group(1)
            self._pending = self._pending[opening.end() :]
        self._row_end = b"</" + self.prefix + b"row>"
        self._data_end = b"</" + self.prefix + b"sheetData>"

    def top(self) -> bytes:
        """The XML of the rows among the first `HEADER_WITHIN`, which stays to be read."""
        while True:
            beyond = next((at for number, at in self._numbered() if number > HEADER_WITHIN), None)
            if beyond is not None:
                return self._pending[:beyond]
            if (end := self._pending.find(self._data_end)) >= 0:
                return self._pending[:end]
            if not self._more():
                return self._pending

    def stretches(self, header: int, size: int) -> Iterator[Stretch]:
        """The rows below number ``header`` (from 1), about ``size`` bytes at a time."""
        below = next((at for number, at in self._numbered() if number > header), None)
        while below is None and self._pending.find(self._data_end) < 0 and self._more():
            below = next((at for number, at in self._numbered() if number > header), None)
        self._pending = self._pending[self._pending.find(self._data_end) if below is None else below :]
        previous = header
        while rows := self._next(size):
            if not _ROW.search(rows):
                continue
            first, last = self._span(rows, previous)
            if first <= previous or (last or first) < first:
                raise damaged()
            previous = last or first
            yield Stretch(rows, first, last, self._read - len(self._pending))

    def rest(self) -> bytes:
        """What follows the rows: merged ranges and the like. Only after the last stretch."""
        return self._pending + b"".join(self._chunks)

    def _more(self) -> bool:
        chunk = next(self._chunks, b"")
        self._read += len(chunk)
        self._pending += chunk
        return bool(chunk)

    def _numbered(self) -> Iterator[tuple[int, int]]:
        """Number from 1 and place of every row that starts in what is pending."""
        number = 0
        end = self._pending.find(self._data_end)
        for row in _ROW.finditer(self._pending, 0, end if end >= 0 else len(self._pending)):
            number = _number(row) or number + 1
            yield number, row.start()

    def _next(self, size: int) -> bytes:
        """The XML of the next stretch; empty after the last."""
        looked = 0
        while not self._ended:
            end = self._pending.find(self._data_end, max(looked - len(self._data_end), 0))
            if end >= 0:
                rows, self._pending, self._ended = self._pending[:end], self._pending[end:], True
                return rows
            looked = len(self._pending)
            if looked >= size and not self._whole:
                cut = self._cut()
                if cut:
                    rows, self._pending = self._pending[:cut], self._pending[cut:]
                    return rows
                self._whole = True
            if self._whole:
                rest = b"".join(self._chunks)
                self._read += len(rest)
                self._pending += rest
                self._ended = self._data_end not in self._pending
                if self._ended:
                    raise damaged()
            elif not self._more():
                raise damaged()
        return b""

    def _cut(self) -> int:
        """Where the last whole row ends; 0 where no cut is safe."""
        end = self._pending.rfind(self._row_end) + len(self._row_end)
        return end if end >= len(self._row_end) and self._span(self._pending[:end], 0)[1] else 0

    def _span(self, rows: bytes, previous: int) -> tuple[int, int | None]:
        """The numbers of the first and the last of the rows, which follow row ``previous``."""
        first = _number(_ROW.search(rows))
        if not plain(rows):
            return first or previous + 1, None
        if first:
            return first, _number(_ROW.match(rows, max(rows.rfind(b"<" + self.prefix + b"row"), 0)))
        # Neither rows nor cells say where they are: they are counted.
        return previous + 1, None if _PLACE.search(rows) else previous + len(_ROW.findall(rows))


def _number(row: re.Match[bytes] | None) -> int | None:
    """The number from 1 that a row says it has."""
    said = _NUMBER.search(row.group(1)) if row else None
    return int(said.group(1)) if said else None


def plain(xml: bytes) -> bool:
    """Whether every < begins an element. One byte is looked for many times faster than two."""
    return not (b"!" in xml and b"<!" in xml) and not (b"?" in xml and b"<?" in xml)
