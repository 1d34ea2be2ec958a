"""Rows of a text file with separators: UTF-8 or GB18030 by strict trial, the separator by the header's looks."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from core.confined import Unreadable
from efficiency.returns.imports.headings import header_of
from efficiency.returns.imports.limits import HEADER_WITHIN

SEPARATORS = ",\t;|，、"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def rows_of(path: Path) -> Iterator[list[str]]:
    """Every row of the file, blank ones too. Raises Unreadable for bytes that are no text, or no table."""
    text = decoded(path.read_bytes())
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text))


def decoded(content: bytes) -> str:
    """The text of ``content``: by its mark, else strict UTF-8, else strict GB18030. GBK bytes are never valid UTF-8."""
    names = next(([name] for mark, name in _MARKS if content.startswith(mark)), ["utf-8", "gb18030"])
    for name in names:
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unreadable(_("文件不是表格文本：只读取 .xlsx，以及 UTF-8 或 GB18030 编码的 .csv。请从原系统重新导出。"))


def separator_of(text: str) -> str:
    """The separator by which one of the first rows becomes a header; a comma when none does."""
    lines = text.splitlines()[:HEADER_WITHIN]
    for separator in SEPARATORS:
        if any(header_of(row) for row in csv.reader(lines, delimiter=separator)):
            return separator
    return ","
