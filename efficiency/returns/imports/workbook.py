"""A workbook's cells as they are. Runs in the reading process: limits first, then the sheet, then its rows.

calamine gives values and types but neither formulas nor errors; these are looked up in the sheet's own XML.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from threading import Thread
from typing import Any
from xml.etree import ElementTree as ET

from django.utils.translation import gettext as _

from core.confined import Unreadable
from efficiency.returns.imports.headings import Heading, header_of
from efficiency.returns.imports.limits import HEADER_WITHIN, MIB, Limits

CHUNK = 4 * MIB
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?<!/)>(.*?)</(?:\w+:)?c>", re.DOTALL)
_ADDRESS = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_VALUE = re.compile(rb"<(?:\w+:)?v>[^<]")
_IS_ERROR = re.compile(rb"""\bt=["']e["']""")


@dataclass
class Marks:
    """Cells (row and column from 0) that hold a formula, and what keeps such a cell from a value."""

    formulas: list[tuple[int, int]]
    not_computed: list[tuple[int, int]]
    faults: list[tuple[int, int, str]]
    failed: Exception | None = None


@dataclass
class Sheet:
    """The sheet that is read: ``rows`` after the header, ``first`` the number from 0 of the first of them."""

    name: str
    headings: list[Heading]
    header: int
    first: int
    height: int
    rows: Iterator[list[Any]]
    merged: list[tuple[int, int, int, int]]
    marks: Marks
    hidden: list[str]
    other: list[str]


def judge(path: Path, limits: Limits) -> None:
    """Refuse an archive that is broken, forged or unpacks to more than ``limits`` allow, before any of it is parsed."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise Unreadable(_("文件已损坏或不完整，打不开：请在 Excel 或 WPS 中另存为 .xlsx 后再上传。")) from error
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        if any(name.startswith("xl/") and name.endswith(".bin") for name in names):
            raise Unreadable(_("这是二进制工作簿 .xlsb：请另存为 .xlsx 后再上传。"))
        raise Unreadable(_("压缩包里不是 Excel 工作簿：请上传 .xlsx 或 .csv 文件本身。"))
    packed, unpacked = path.stat().st_size, sum(entry.file_size for entry in entries)
    if len(entries) > limits.entries or unpacked > limits.unpacked_bytes:
        raise Unreadable(
            _("工作簿解开后有 %(size)d MB，超过上限 %(limit)d MB：请拆分后分别导入。")
            % {"size": unpacked // MIB, "limit": limits.unpacked_bytes // MIB}
        )
    if unpacked > limits.ratio_from_bytes and unpacked > packed * limits.ratio:
        raise Unreadable(
            _("工作簿解开后是原文件的 %(ratio)d 倍（上限 %(limit)d 倍），疑为压缩炸弹，没有读取：请重新导出。")
            % {"ratio": unpacked // max(packed, 1), "limit": limits.ratio}
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable(_("工作簿有密码：请取消密码后再上传。"))


def read(path: Path, limits: Limits) -> Sheet:
    """The first visible sheet with a known header. Raises Unreadable when there is none, or too many rows."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_path(str(path))
        hidden, other = [], []
        found: Sheet | None = None
        for number, sheet in enumerate(book.sheets_metadata):
            if sheet.visible != SheetVisibleEnum.Visible:
                hidden.append(sheet.name)
            elif sheet.typ == SheetTypeEnum.WorkSheet:
                if found is None and (found := _sheet(book, number, path, limits)) is not None:
                    continue
                other.append(sheet.name)
    except CalamineError as error:
        raise Unreadable(_("文件已损坏或不完整，打不开：请在 Excel 或 WPS 中另存为 .xlsx 后再上传。")) from error
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


def _sheet(book: Any, number: int, path: Path, limits: Limits) -> Sheet | None:
    name = book.sheets_metadata[number].name
    marks = Marks([], [], [])
    # The archive is unpacked a second time for the marks; both let go of the interpreter while they work.
    looking = Thread(target=_look, args=(path, name, limits, marks), daemon=True)
    looking.start()
    sheet = book.get_sheet_by_index(number)
    # Empty first rows are there, empty first columns are not.
    left = sheet.start[1] if sheet.start else 0
    rows = ([""] * left + row for row in sheet.iter_rows()) if left else sheet.iter_rows()
    top = list(islice(rows, HEADER_WITHIN))
    header, headings = next(
        ((at, headings) for at, row in enumerate(top) if (headings := header_of(row))), (0, list[Heading]())
    )
    looking.join()
    if marks.failed:
        raise marks.failed
    if not headings:
        return None
    height = sheet.end[0] - header if sheet.end else 0
    if height > limits.rows:
        raise Unreadable(
            _("工作表有 %(rows)d 行，超过上限 %(limit)d 行：请拆分后分别导入。")
            % {"rows": height, "limit": limits.rows}
        )
    merged = [(*low, *high) for low, high in sheet.merged_cell_ranges or [] if high[0] > header]
    rest = chain(top[header + 1 :], rows)
    return Sheet(name, headings, header, header + 1, height, rest, merged, marks, [], [])


def _look(path: Path, name: str, limits: Limits, marks: Marks) -> None:
    """Find the marks of sheet ``name``; whatever goes wrong is kept for the thread that waits."""
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part_of(archive, name)
            if part is not None:
                _find(archive, part, limits, marks)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, ET.ParseError) as error:
        unreadable = Unreadable(_("文件已损坏或不完整，打不开：请在 Excel 或 WPS 中另存为 .xlsx 后再上传。"))
        unreadable.__cause__ = error
        marks.failed = unreadable
    except Unreadable as error:
        marks.failed = error


def _part_of(archive: zipfile.ZipFile, name: str) -> str | None:
    """The archive's entry of the sheet called ``name``."""
    relation = next(
        (each.get(_RELATION) for each in ET.fromstring(archive.read("xl/workbook.xml")).iter()  # noqa: S314
         if each.tag.endswith("}sheet") and each.get("name") == name), None,
    )  # fmt: skip
    for each in ET.fromstring(archive.read("xl/_rels/workbook.xml.rels")):  # noqa: S314
        if each.get("Id") == relation:
            target = each.get("Target") or ""
            return target[1:] if target.startswith("/") else str(PurePosixPath("xl") / target)
    return None


def _find(archive: zipfile.ZipFile, part: str, limits: Limits, marks: Marks) -> None:
    """Look through the sheet's XML, a stretch of whole rows at a time."""
    left, pending = limits.unpacked_bytes, b""
    with archive.open(part) as source:
        while chunk := source.read(CHUNK):
            # What really comes out counts: an archive's directory can lie.
            left -= len(chunk)
            if left < 0:
                raise Unreadable(_("工作簿解开后超过大小上限：请拆分后分别导入。"))
            pending += chunk
            ends = pending.rfind(b"row>")
            if ends < 0:
                continue
            stretch, pending = pending[: ends + 4], pending[ends + 4 :]
            _marks_in(stretch, marks)
    _marks_in(pending, marks)


def _marks_in(stretch: bytes, marks: Marks) -> None:
    if b"<f" not in stretch and b":f" not in stretch and b't="e"' not in stretch and b"t='e'" not in stretch:
        return
    for cell in _CELL.finditer(stretch):
        attributes, content = cell.groups()
        formula, fault = _FORMULA.search(content), _IS_ERROR.search(attributes)
        if not formula and not fault:
            continue
        address = _ADDRESS.search(attributes)
        if address is None:
            continue
        at = (int(address.group(2)) - 1, _column_of(address.group(1)))
        if fault:
            said = re.sub(rb"<[^>]*>", b"", content[formula.start() :] if formula else content)
            marks.faults.append((*at, _fault_name(said)))
        elif not _VALUE.search(content):
            marks.not_computed.append(at)
        else:
            marks.formulas.append(at)


def _fault_name(said: bytes) -> str:
    found = re.search(rb"#[A-Z0-9/!?_]+", said)
    return found.group(0).decode("ascii") if found else "#ERROR"


def _column_of(letters: bytes) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + letter - 64
    return at - 1
