"""A workbook's rows as they are, a stretch at a time. Runs in the reading process.

The sheet's XML is unpacked once and cut (`stretches`); the stretches are parsed in threads, since parsers let go of the
interpreter, and handed on in their order (`parsing`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from core.confined import Unreadable
from efficiency.returns.imports.ahead import ahead
from efficiency.returns.imports.headings import Heading, header_of
from efficiency.returns.imports.limits import HEADER_WITHIN, MIB
from efficiency.returns.imports.marks import place_of
from efficiency.returns.imports.package import Package, damaged, sound
from efficiency.returns.imports.parsing import Block, Parsing, Shared
from efficiency.returns.imports.stretches import Cutter

STRETCH = 4 * MIB
"""Bytes of XML parsed at once: as much as stays in a processor's cache is parsed fastest."""

_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")


@dataclass
class Sheet:
    """The sheet that is read: ``header`` is the header's row from 1; ``cutter`` stands at its first rows."""

    name: str
    headings: list[Heading]
    header: int
    cutter: Cutter
    parsing: Parsing
    size: int
    hidden: list[str]
    other: list[str]

    def blocks(self) -> Iterator[Block]:
        """The understood columns, a stretch of rows at a time."""
        wanted = sorted({heading.at for heading in self.headings})
        with sound():
            yield from ahead(
                lambda stretch: self.parsing.block(stretch, wanted), self.cutter.stretches(self.header, STRETCH)
            )

    def merged(self) -> list[tuple[int, int, int, int]]:
        """Merged ranges below the header as (top, left, bottom, right) from 0; only after the last block."""
        with sound():
            found = _MERGED.finditer(self.cutter.rest())
        ranges = [
            (int(each.group(2)) - 1, place_of(each.group(1)), int(each.group(4)) - 1, place_of(each.group(3)))
            for each in found
        ]
        return [each for each in ranges if each[2] >= self.header]

    def total(self, done: int, reached: int) -> int:
        """How many rows there are likely to be when ``done`` were found in the first ``reached`` bytes."""
        likely = max(done, done * self.size // max(reached, 1))
        said = self.cutter.said_rows - self.header
        # What a sheet says of itself may count rows that are only formatted.
        return said if likely * 0.8 <= said <= likely * 1.25 and said >= done else likely


def read(package: Package) -> Sheet:
    """The first visible sheet with a known header. Raises Unreadable when there is none."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(package.with_parts({})))
    except CalamineError as error:
        raise damaged() from error
    hidden, other = [], []
    found: Sheet | None = None
    shared: Shared | None = None
    for sheet in book.sheets_metadata:
        if sheet.visible != SheetVisibleEnum.Visible:
            hidden.append(sheet.name)
        elif sheet.typ == SheetTypeEnum.WorkSheet:
            if found is None:
                with sound():
                    part = package.sheet_part(sheet.name)
                    shared = shared or Shared(package, sheet.name, part)
                    found = _sheet(package, sheet.name, part, shared)
                if found is not None:
                    continue
            other.append(sheet.name)
    if found is None:
        raise Unreadable(no_header(other, hidden))
    found.hidden, found.other = hidden, other
    return found


def no_header(looked: list[str], hidden: list[str]) -> str:
    """The sentence for a file without a known header."""
    sentence = _("没有找到表头：前 %(rows)d 行里须有一行写明“统一社会信用代码”和至少一项指标。请按模板填写。") % {
        "rows": HEADER_WITHIN
    }
    if hidden:
        sentence += _("隐藏的工作表（%(names)s）不读取。") % {"names": "、".join(hidden[:5])}
    return sentence


def _sheet(package: Package, name: str, part: str, shared: Shared) -> Sheet | None:
    cutter = Cutter(package.chunks(part, STRETCH))
    parsing = Parsing(package, name, part, shared, cutter.prefix)
    top = parsing.top(cutter.top())[:HEADER_WITHIN]
    for at, row in enumerate(top):
        if headings := header_of(row):
            return Sheet(name, headings, at + 1, cutter, parsing, package.size(part), [], [])
    return None
