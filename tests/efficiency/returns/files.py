"""Files of returns as offices send them, built in the test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

HEAD = ("统一社会信用代码", "企业名称", "年度", "实缴税收（万元）", "工业总产值（万元）", "年平均从业人数（人）")


def book(path: Path, rows: Iterable[Sequence[Any]], *, head: Sequence[str] = HEAD, title: str = "年报") -> Path:
    """A workbook of one sheet."""
    made = Workbook(write_only=True)
    sheet = made.create_sheet(title)
    sheet.append(list(head))
    for row in rows:
        sheet.append(list(row))
    made.save(path)
    return path
