"""The reading process: ``python -m efficiency.returns.imports.child``, started by `reading` and by nothing else.

It answers with a description (JSON) and, in an Arrow file, the understood columns of the sheet: of each ``KEY.number``
(float64), ``KEY.text`` (string) and ``KEY.kind`` (int8, see `limits`), besides ``row``, the number in the file from 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from core.confined import ANSWER, Unreadable, limit_self, speak
from core.geodata.exchange.child import Unneeded
from efficiency.returns.imports.limits import DATE, EMPTY, FAULT, MIB, NOT_COMPUTED, NUMBER, TEXT, TRUTH, Limits

BLOCK = 20_000
TOLD = 1_000
"""Cells of one kind told by their address; of the rest only the number."""

ROWS = "rows.arrow"
_OLD_BOOK = b"\xd0\xcf\x11\xe0"


def answer(request: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """What is to be said about the file of ``request``; its rows stand in the file ``ROWS`` then."""
    sys.meta_path.insert(0, Unneeded())  # type: ignore[arg-type]
    path = Path(request["path"])
    try:
        return _book(path, limits) if _is_archive(path, limits) else _text(path, limits)
    except Unreadable as unreadable:
        return {"unreadable": unreadable.sentence}
    except MemoryError:
        return {"unreadable": out_of_memory()}


def out_of_memory() -> str:
    """The sentence for a file that needs more memory than a reading process may use."""
    return _("文件太大，读取所需内存超过上限：请删去数据区以外的内容，或拆分后分别导入。")


def _is_archive(path: Path, limits: Limits) -> bool:
    """Whether the file is a workbook, by its first bytes; raises Unreadable for one that is not to be read."""
    size = path.stat().st_size
    if not size:
        raise Unreadable(_("文件是空的：请检查后重新上传。"))
    if size > limits.bytes:
        raise Unreadable(
            _("文件有 %(size)d MB，超过上限 %(limit)d MB：请拆分后分别导入。")
            % {"size": size // MIB, "limit": limits.bytes // MIB}
        )
    with path.open("rb") as file:
        head = file.read(4)
    if head == _OLD_BOOK:
        raise Unreadable(_("文件是旧版 .xls，或设了打开密码：请取消密码，另存为 .xlsx 后再上传。"))
    return head == b"PK\x03\x04"


def _book(path: Path, limits: Limits) -> dict[str, Any]:
    from efficiency.returns.imports import workbook

    workbook.judge(path, limits)
    sheet = workbook.read(path, limits)
    marks = sheet.marks
    kinds = {(row, at): FAULT for row, at, _name in marks.faults} | dict.fromkeys(marks.not_computed, NOT_COMPUTED)
    known = {heading.at for heading in sheet.headings}
    _write(sheet.rows, sheet.headings, sheet.first, sheet.height, kinds, {(r, c): n for r, c, n in marks.faults})
    formulas = [(row + 1, at) for row, at in marks.formulas if row > sheet.header and at in known]
    return {
        "format": "xlsx",
        "sheet": sheet.name,
        "hidden": sheet.hidden,
        "other": sheet.other,
        "headings": [asdict(heading) for heading in sheet.headings],
        "header": sheet.header + 1,
        "formulas": formulas[:TOLD],
        "formula_count": len(formulas),
        "merged": sheet.merged,
    }


def _text(path: Path, limits: Limits) -> dict[str, Any]:
    from efficiency.returns.imports import separated, workbook
    from efficiency.returns.imports.headings import header_of
    from efficiency.returns.imports.limits import HEADER_WITHIN

    rows = separated.rows_of(path)
    header, headings = next(
        ((at, found) for at, row in enumerate(islice(rows, HEADER_WITHIN)) if (found := header_of(row))), (0, [])
    )
    if not headings:
        raise Unreadable(workbook.no_header([], []))
    width = max(heading.at for heading in headings) + 1
    padded = (row + [""] * (width - len(row)) if len(row) < width else row for row in rows)
    _write(padded, headings, header + 1, limits.rows, {}, {})
    return {
        "format": "csv",
        "sheet": "",
        "hidden": [],
        "other": [],
        "headings": [asdict(heading) for heading in headings],
        "header": header + 1,
        "formulas": [],
        "formula_count": 0,
        "merged": [],
    }


def _write(
    rows: Iterator[list[Any]],
    headings: list[Any],
    first: int,
    height: int,
    kinds: dict[tuple[int, int], int],
    faults: dict[tuple[int, int], str],
) -> None:
    """Write the columns of ``headings`` of every row that is not blank in all of them."""
    import numpy as np
    import pyarrow as pa

    schema = pa.schema(
        [("row", pa.int32())]
        + [(f"{heading.key}.{part}", kind) for heading in headings
           for part, kind in (("number", pa.float64()), ("text", pa.string()), ("kind", pa.int8()))]
    )  # fmt: skip
    done, by_row = 0, _by_row(kinds)
    with pa.OSFile(ROWS, "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
        while block := list(islice(rows, BLOCK)):
            start = first + done
            done += len(block)
            if done > height + 1:
                raise Unreadable(_("文件超过 %(limit)d 行：请拆分后分别导入。") % {"limit": height})
            columns = list(zip(*block, strict=False))
            arrays: list[Any] = [np.arange(start + 1, start + 1 + len(block), dtype=np.int32)]
            marked = {row: found for row, found in by_row.items() if start <= row < start + len(block)}
            for heading in headings:
                cells = columns[heading.at] if heading.at < len(columns) else ("",) * len(block)
                number, text, kind = _typed(cells)
                for row, found in marked.items():
                    if heading.at in found:
                        kind[row - start] = found[heading.at]
                        if text is not None and (row, heading.at) in faults:
                            text[row - start] = faults[row, heading.at]
                        elif (row, heading.at) in faults:
                            text = [None] * len(cells)
                            text[row - start] = faults[row, heading.at]
                arrays += [number, pa.array(text, pa.string()) if text else pa.nulls(len(cells), pa.string()), kind]
            filled = np.logical_or.reduce([arrays[at] != EMPTY for at in range(3, len(arrays), 3)])
            batch = pa.record_batch([pa.array(each) for each in arrays], schema=schema)
            stream.write_batch(batch if filled.all() else batch.filter(pa.array(filled)))
            sys.stdout.write(f"{done} {min(height, max(done, height))}\n")
            sys.stdout.flush()


def _by_row(kinds: dict[tuple[int, int], int]) -> dict[int, dict[int, int]]:
    by_row: dict[int, dict[int, int]] = {}
    for (row, at), kind in kinds.items():
        by_row.setdefault(row, {})[at] = kind
    return by_row


def _typed(cells: tuple[Any, ...]) -> tuple[Any, list[str | None] | None, Any]:
    """The cells of a column by type: numbers (NaN elsewhere), texts (None when there are none), and kinds."""
    import datetime as dt

    import numpy as np

    types = set(map(type, cells))
    count = len(cells)
    if types <= {float, int}:
        return np.array(cells, dtype=np.float64), None, np.full(count, NUMBER, dtype=np.int8)
    if types == {str}:
        kind = np.fromiter(map(bool, map(str.strip, cells)), dtype=np.int8, count=count)
        kind[kind == 1] = TEXT
        return np.full(count, np.nan), list(cells), kind
    number, kind = np.full(count, np.nan), np.zeros(count, dtype=np.int8)
    text: list[str | None] = [None] * count
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
    return number, text, kind


def main() -> None:
    """Answer the one request on standard input."""
    request = json.load(sys.stdin)
    limits = Limits(**request["limits"])
    limit_self(memory_bytes=limits.memory_bytes, seconds=limits.seconds, file_bytes=limits.unpacked_bytes)
    speak(request["language"], request["locale_paths"])
    Path(ANSWER).write_text(json.dumps(answer(request, limits)), encoding="utf-8")


if __name__ == "__main__":
    main()
