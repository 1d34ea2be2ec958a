"""Workbooks for people: written row by row, so that a long list costs no more memory than a short one."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any

from django.http import FileResponse
from django.utils import timezone

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell

# openpyxl is loaded where it is used: it takes a third of a second that only an export should pay.

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def workbook(title: str, columns: Sequence[tuple[Any, int]], rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """A workbook of one sheet in a temporary file, at its beginning.

    ``columns`` are (heading, width in characters). Cells are texts, numbers, dates or
    None; a text stays a text, whatever it begins with: no cell is ever a formula.
    """
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for number, (_heading, width) in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([_heading_cell(sheet, str(heading)) for heading, _width in columns])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - handed on; closed by the response
    book.save(file)
    file.seek(0)
    return file


def response(file: IO[bytes], name: str) -> FileResponse:
    """A workbook as a download called ``name``.xlsx, kept by nobody on the way."""
    answer = FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=CONTENT_TYPE)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _heading_cell(sheet: Any, text: str) -> WriteOnlyCell:
    from openpyxl.styles import Font

    cell = _text_cell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, str):
        return _text_cell(sheet, value)
    if isinstance(value, dt.datetime) and value.tzinfo:
        # A workbook knows no time zones: the clock on the wall, as on the page.
        return timezone.localtime(value).replace(tzinfo=None)
    return value


def _text_cell(sheet: Any, text: str) -> WriteOnlyCell:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
    if text.startswith(_FORMULA_STARTS):
        # Typed as text, and marked as Excel marks what was typed behind an apostrophe, so that it stays
        # text when somebody edits the cell.
        cell.data_type = "s"
        cell.quotePrefix = True
    return cell
