"""The reading process: ``python -m efficiency.returns.imports.child``, started by `reading` and by nothing else.

It answers with a description (JSON) and, in an Arrow file, the understood columns of the sheet: of each ``KEY.number``
(float64), ``KEY.text`` (string) and ``KEY.kind`` (int8, see `limits`), besides ``row``, the number in the file from 1.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from django.utils.translation import gettext as _

from core.confined import ANSWER, Unreadable, limit_self, speak
from core.geodata.exchange.child import Unneeded
from efficiency.returns.imports.limits import EMPTY, MIB, Limits

if TYPE_CHECKING:
    from efficiency.returns.imports.cells import Column
    from efficiency.returns.imports.headings import Heading

BATCH = 20_000
"""At most so many rows go out at once."""

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
    from efficiency.returns.imports.package import Package

    sheet = workbook.read(Package(path, limits))
    known = {heading.at for heading in sheet.headings}
    formulas: list[tuple[int, int]] = []
    formula_count = done = 0
    with Rows(sheet.headings, sheet.header, limits) as rows:
        for block in sheet.blocks():
            found = [(row + 1, at) for row, at in block.marks.formulas if at in known]
            formulas += found[: TOLD - len(formulas)]
            formula_count += len(found)
            done += len(block)
            rows.write(block.first, block.columns, sheet.total(done, block.reached))
    return {
        "format": "xlsx",
        "sheet": sheet.name,
        "hidden": sheet.hidden,
        "other": sheet.other,
        "headings": [asdict(heading) for heading in sheet.headings],
        "header": sheet.header,
        "formulas": formulas,
        "formula_count": formula_count,
        "merged": sheet.merged(),
    }


def _text(path: Path, limits: Limits) -> dict[str, Any]:
    from efficiency.returns.imports import separated, workbook
    from efficiency.returns.imports.cells import of_cells
    from efficiency.returns.imports.headings import header_of
    from efficiency.returns.imports.limits import HEADER_WITHIN

    text = separated.Lines(path)
    lines = iter(text)
    header, headings = next(
        ((at, found) for at, row in enumerate(islice(lines, HEADER_WITHIN), start=1) if (found := header_of(row))),
        (0, []),
    )
    if not headings:
        raise Unreadable(workbook.no_header([], []))
    wanted = sorted({heading.at for heading in headings})
    first = header + 1
    with Rows(headings, header, limits) as rows:
        while block := list(islice(lines, BATCH)):
            columns = [of_cells([row[at] if at < len(row) else "" for row in block]) for at in wanted]
            rows.write(first, columns, text.total(first + len(block) - 1) - header)
            first += len(block)
    return {
        "format": "csv",
        "sheet": "",
        "hidden": [],
        "other": [],
        "headings": [asdict(heading) for heading in headings],
        "header": header,
        "formulas": [],
        "formula_count": 0,
        "merged": [],
    }


class Rows:
    """The file `ROWS`, an Arrow stream with the columns of ``headings``; a batch is there before its progress is told.

    ``header`` is the header's row from 1.
    """

    def __init__(self, headings: list[Heading], header: int, limits: Limits) -> None:
        import pyarrow as pa

        self._wanted = sorted({heading.at for heading in headings})
        self._headings, self._header, self._limits = headings, header, limits
        self._schema = pa.schema(
            [("row", pa.int32())]
            + [(f"{heading.key}.{part}", kind) for heading in headings
               for part, kind in (("number", pa.float64()), ("text", pa.string()), ("kind", pa.int8()))],
        )  # fmt: skip
        self._done = 0

    def __enter__(self) -> Self:
        import pyarrow as pa

        self._file = pa.OSFile(ROWS, "wb")
        self._stream = pa.ipc.new_stream(self._file, self._schema)
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stream.close()
        self._file.close()

    def write(self, first: int, columns: list[Column], total: int) -> None:
        """Write rows from number ``first`` on, ``columns`` being those of the headings by their place in the file.

        ``total`` is how many there may come to be. Raises Unreadable beyond the limit of rows.
        """
        import numpy as np
        import pyarrow as pa

        count = len(columns[0].kind)
        if first + count - 1 - self._header > self._limits.rows:
            raise Unreadable(_("文件超过 %(limit)d 行：请拆分后分别导入。") % {"limit": self._limits.rows})
        arrays: list[Any] = [pa.array(np.arange(first, first + count, dtype=np.int32))]
        for heading in self._headings:
            column = columns[self._wanted.index(heading.at)]
            arrays += [pa.array(column.number), column.text, pa.array(column.kind)]
        filled = np.logical_or.reduce([column.kind != EMPTY for column in columns])
        batch = pa.record_batch(arrays, schema=self._schema).filter(pa.array(filled))
        count = len(batch)
        for start in range(0, count, BATCH):
            part = batch.slice(start, BATCH)
            self._stream.write_batch(part)
            self._file.flush()
            self._done += len(part)
            sys.stdout.write(f"{self._done} {max(self._done, total)}\n")
            sys.stdout.flush()


def main() -> None:
    """Answer the one request on standard input."""
    request = json.load(sys.stdin)
    limits = Limits(**request["limits"])
    limit_self(memory_bytes=limits.memory_bytes, seconds=limits.seconds, file_bytes=limits.unpacked_bytes)
    speak(request["language"], request["locale_paths"])
    Path(ANSWER).write_text(json.dumps(answer(request, limits)), encoding="utf-8")


if __name__ == "__main__":
    main()
