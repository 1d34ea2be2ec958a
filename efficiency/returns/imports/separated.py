"""Rows of a text file with separators: UTF-8 or GB18030 by strict trial, the separator by the header's looks."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from django.utils.translation import gettext as _

from core.confined import Unreadable
from efficiency.returns.imports.headings import header_of
from efficiency.returns.imports.limits import HEADER_WITHIN, MIB

SEPARATORS = ",\t;|，、"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

_TOLD_EVERY = 100
"""After so many rows the place in the file is asked for."""


class Lines:
    """The rows of the file, blank ones too, read as they are asked for.

    Raises Unreadable for bytes that are no text.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._encoding = path, encoding_of(path)
        with path.open(encoding=self._encoding, newline="") as file:
            self._separator = separator_of("".join(islice(file, HEADER_WITHIN)))
        self._size = self._reached = path.stat().st_size

    def __iter__(self) -> Iterator[list[str]]:
        with self._path.open("rb") as file, io.TextIOWrapper(file, self._encoding, newline="") as text:
            rows = csv.reader(text, delimiter=self._separator)
            try:
                for at, row in enumerate(rows):
                    if not at % _TOLD_EVERY:
                        self._reached = file.tell()
                    yield row
            except csv.Error as error:
                raise Unreadable(
                    _("文件第 %(line)d 行附近读不出表格，多半是引号没有成对：请检查该处，或另存为 .xlsx 后再上传。")
                    % {"line": rows.line_num}
                ) from error
        self._reached = self._size

    def total(self, done: int) -> int:
        """How many rows there are likely to be when ``done`` have been read."""
        return done * self._size // max(self._reached, 1)


def encoding_of(path: Path) -> str:
    """By the file's mark, else strict UTF-8, else strict GB18030: GBK bytes are never valid UTF-8."""
    with path.open("rb") as file:
        head = file.read(4)
    names = next(([name] for mark, name in _MARKS if head.startswith(mark)), ["utf-8", "gb18030"])
    for name in names:
        if _is_text(path, name):
            return name
    raise Unreadable(_("文件不是表格文本：只读取 .xlsx，以及 UTF-8 或 GB18030 编码的 .csv。请从原系统重新导出。"))


def _is_text(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(MIB):
                if "\0" in decoder.decode(chunk):
                    return False
        return "\0" not in decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False


def separator_of(text: str) -> str:
    """The separator by which one of the first rows becomes a header; a comma when none does."""
    lines = text.splitlines()[:HEADER_WITHIN]
    for separator in SEPARATORS:
        if any(header_of(row) for row in csv.reader(lines, delimiter=separator)):
            return separator
    return ","
