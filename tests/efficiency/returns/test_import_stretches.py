"""A sheet read in stretches is the sheet read as a whole, whatever its XML looks like."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.confined import Unreadable
from efficiency.returns.imports import child, workbook
from efficiency.returns.imports.limits import (
    DATE,
    EMPTY,
    FAULT,
    NOT_COMPUTED,
    NUMBER,
    TEXT,
    TRUTH,
    Limits,
)
from efficiency.returns.imports.package import Package
from tests.efficiency.returns.files import book

SMALL, WHOLE = 400, 8 * 1024**2


def text(at: str, value: str) -> str:
    return f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>'


def line(number: int, tax: str = "", code: str = "") -> str:
    """A row whose code is its number as text and whose tax is its number, unless other cells are given."""
    code, tax = code or text(f"A{number}", f"c{number}"), tax or f'<c r="B{number}"><v>{number}</v></c>'
    return f'<row r="{number}">{code}{tax}</row>'


HEAD = line(1, text("B1", "税收"), text("A1", "信用代码"))


def made(path: Path, rows: str, *, before: str = "", after: str = "", shared: str = "", prefix: str = "") -> Path:
    """A workbook whose sheet is this XML."""
    book(path, [])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = f"{prefix}:" if prefix else ""
    space = f'xmlns{":" + prefix if prefix else ""}="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    xml = f"<{name}worksheet {space}>{before}<{name}sheetData>{rows}</{name}sheetData>{after}</{name}worksheet>"
    parts["xl/worksheets/sheet1.xml"] = xml.encode()
    if shared:
        parts["xl/sharedStrings.xml"] = shared.encode()
        link = (
            b'<Relationship Id="s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
            b'sharedStrings" Target="sharedStrings.xml"/></Relationships>'
        )
        rels = parts["xl/_rels/workbook.xml.rels"]
        parts["xl/_rels/workbook.xml.rels"] = rels.replace(b"</Relationships>", link)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    return path


@pytest.fixture(params=[SMALL, WHOLE])
def stretch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(workbook, "STRETCH", request.param)
    size: int = request.param
    return size


def cells(path: Path, at: int = 1) -> dict[int, tuple[int, Any]]:
    """Kind and value of the cells of a column, by row; empty ones left out."""
    sheet = workbook.read(Package(path, Limits()))
    found = {}
    for block in sheet.blocks():
        column = block.columns[at]
        for row, (kind, number, said) in enumerate(
            zip(column.kind.tolist(), column.number.tolist(), column.text.to_pylist(), strict=True), start=block.first
        ):
            assert (said is None) == (kind in (EMPTY, NUMBER, NOT_COMPUTED))
            if kind != EMPTY:
                found[row] = (kind, number if kind == NUMBER else said)
    return found


def numbers(*rows: int) -> dict[int, tuple[int, Any]]:
    return {row: (NUMBER, row) for row in rows}


def test_every_row_keeps_its_number(tmp_path: Path, stretch: int) -> None:
    rows = HEAD + "".join(map(line, range(2, 200)))
    path = made(tmp_path / "a.xlsx", rows)
    assert cells(path) == numbers(*range(2, 200))
    assert cells(path, 0) == {row: (TEXT, f"c{row}") for row in range(2, 200)}
    blocks = list(workbook.read(Package(path, Limits())).blocks())
    assert (len(blocks) > 10) == (stretch == SMALL)


def test_gaps_and_empty_rows_are_kept(tmp_path: Path, stretch: int) -> None:
    rows = HEAD + line(3) + '<row r="4"/>' + line(9) + '<row r="10" ht="3"></row>' + line(5_000) + '<row r="6000"/>'
    assert cells(made(tmp_path / "a.xlsx", rows)) == numbers(3, 9, 5_000)


def test_a_prefix_is_no_hindrance(tmp_path: Path, stretch: int) -> None:
    odd = {30: '<c r="B30"><f>1</f></c>', 40: '<c r="B40" t="e"><v>#N/A</v></c>'}
    rows = HEAD + "".join(line(row, odd.get(row, "")) for row in range(2, 60))
    rows = re.sub(r"<(/?)(row|c|is|t|v|f)\b", r"<\1x:\2", rows)
    found = cells(made(tmp_path / "a.xlsx", rows, prefix="x"))
    assert (found.pop(30), found.pop(40)) == ((NOT_COMPUTED, None), (FAULT, "#N/A"))
    assert found == numbers(*range(2, 30), *range(31, 40), *range(41, 60))


def test_rows_without_numbers_are_counted(tmp_path: Path, stretch: int) -> None:
    rows = HEAD + "".join(
        f'<row><c t="inlineStr"><is><t>c{number}</t></is></c><c><v>{number}</v></c></row>' for number in range(2, 60)
    )
    path = made(tmp_path / "a.xlsx", rows)
    assert cells(path) == numbers(*range(2, 60))
    blocks = list(workbook.read(Package(path, Limits())).blocks())
    assert (len(blocks) > 3) == (stretch == SMALL)


def test_cells_say_where_they_are_when_rows_do_not(tmp_path: Path, stretch: int) -> None:
    rows = HEAD + "".join(line(row).replace(f'<row r="{row}"', "<row") for row in range(2, 120, 2))
    assert cells(made(tmp_path / "a.xlsx", rows)) == numbers(*range(2, 120, 2))


def test_what_looks_like_an_end_in_a_text_is_none(tmp_path: Path, stretch: int) -> None:
    rows = HEAD + "".join(map(line, range(2, 30)))
    rows += line(30, text("B30", "<![CDATA[</row><row r='99'>]]>")) + "<!-- </row> -->"
    rows += "".join(map(line, range(31, 60)))
    found = cells(made(tmp_path / "a.xlsx", rows))
    assert found.pop(30) == (TEXT, "</row><row r='99'>")
    assert found == numbers(*range(2, 30), *range(31, 60))


ODD = {
    2: (text("B2", "12.5"), (TEXT, "12.5")),
    5: (text("B5", "NA"), (TEXT, "NA")),
    9: (text("B9", "nan"), (TEXT, "nan")),
    14: ('<c r="B14" t="b"><v>1</v></c>', (TRUTH, "TRUE")),
    20: ('<c r="B20" t="e"><v>#N/A</v></c>', (FAULT, "#N/A")),
    27: ('<c r="B27"><f>1+2</f></c>', (NOT_COMPUTED, None)),
    35: ('<c r="B35" t="d"><v>2025-01-02</v></c>', (DATE, "2025-01-02")),
    44: ('<c r="B44"><f>1+2</f><v>3</v></c>', (NUMBER, 3)),
    54: ('<c r="B54" t="e"><f>1/0</f><v>#DIV/0!</v></c>', (FAULT, "#DIV/0!")),
    65: ('<c r="B65" t="str"><f>A1</f><v>NULL</v></c>', (TEXT, "NULL")),
}


def test_every_kind_of_cell_is_told_among_numbers(tmp_path: Path, stretch: int) -> None:
    rows = HEAD + "".join(line(number, ODD[number][0] if number in ODD else "") for number in range(2, 80))
    expected = {row: (NUMBER, row) for row in range(2, 80)} | {row: said for row, (_xml, said) in ODD.items()}
    assert cells(made(tmp_path / "a.xlsx", rows)) == expected


@pytest.mark.parametrize("row", ODD)
def test_each_kind_of_cell_is_told_alone(tmp_path: Path, row: int) -> None:
    path = made(
        tmp_path / "a.xlsx", HEAD + line(row - 1 if row > 2 else 90) * (row > 2) + line(row, ODD[row][0]) + line(91)
    )
    assert cells(path) == {**(numbers(row - 1) if row > 2 else {}), row: ODD[row][1], **numbers(91)}


def test_blank_texts_hold_nothing(tmp_path: Path, stretch: int) -> None:
    blank = [text(f"B{row}", "\u3000 " if row % 2 else "") for row in range(2, 40)]
    rows = HEAD + "".join(line(row, cell) for row, cell in enumerate(blank, start=2)) + line(40)
    assert cells(made(tmp_path / "a.xlsx", rows)) == numbers(40)


SHARED = (
    "<sst>"
    + "".join(f"<si><t>s{at}</t></si>" for at in range(40))
    + "<si><r><t>r</t></r><r><t>x</t></r></si><si><t>NA</t></si></sst>"
)


@pytest.mark.parametrize(
    "cell",
    ['<c r="{at}" t="s"><v>{n}</v></c>', '<c r="{at}" t="s" s="0"><v>{n}</v></c>', "<c r='{at}' t='s'> <v>{n}</v></c>"],
)
def test_shared_texts_are_looked_up(tmp_path: Path, stretch: int, cell: str) -> None:
    rows = HEAD + "".join(
        line(
            row,
            cell.format(at=f"B{row}", n=41 if row == 20 else 0) if row % 10 == 0 else "",
            cell.format(at=f"A{row}", n=row % 41),
        )
        for row in range(2, 80)
    )
    path = made(tmp_path / "a.xlsx", rows, shared=SHARED)
    assert cells(path, 0) == {row: (TEXT, "rx" if row % 41 == 40 else f"s{row % 41}") for row in range(2, 80)}
    taxes = {row: (NUMBER, row) if row % 10 else (TEXT, "NA" if row == 20 else "s0") for row in range(2, 80)}
    assert cells(path) == taxes


def test_a_text_with_our_mark_is_a_text(tmp_path: Path, stretch: int) -> None:
    rows = HEAD + "".join(
        line(row, f'<c r="B{row}" t="s"><v>3</v></c>', text(f"A{row}", "\ue0001")) for row in range(2, 40)
    )
    path = made(tmp_path / "a.xlsx", rows, shared=SHARED)
    assert cells(path) == dict.fromkeys(range(2, 40), (TEXT, "s3"))
    assert cells(path, 0) == dict.fromkeys(range(2, 40), (TEXT, "\ue0001"))


def test_a_shared_text_that_is_not_there_is_no_workbook(tmp_path: Path, stretch: int) -> None:
    rows = HEAD + line(2, '<c r="B2" t="s"><v>99</v></c>')
    with pytest.raises(Unreadable, match="已损坏"):
        cells(made(tmp_path / "a.xlsx", rows, shared=SHARED))


@pytest.mark.parametrize(
    "rows",
    [
        line(9, '<c r="B3"><v>1</v></c>') + line(10),
        line(9) + line(10, '<c r="B70"><v>1</v></c>') + line(11),
        "".join(map(line, [*range(20, 40), *range(2, 20)])),
        line(2) + "<row r='3'><c r='B3'><v>1</v>",
    ],
)
def test_rows_that_contradict_each_other_are_no_workbook(
    tmp_path: Path, rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "STRETCH", SMALL)
    with pytest.raises(Unreadable, match="已损坏"):
        cells(made(tmp_path / "a.xlsx", HEAD + rows))


def test_merged_ranges_below_the_header_are_told(tmp_path: Path, stretch: int) -> None:
    after = '<mergeCells count="2"><mergeCell ref="A1:B1"/><mergeCell ref="B3:AA4"/></mergeCells>'
    rows = HEAD + "".join(map(line, range(2, 60)))
    sheet = workbook.read(Package(made(tmp_path / "a.xlsx", rows, after=after), Limits()))
    assert sum(len(block) for block in sheet.blocks()) == 58
    assert sheet.merged() == [(2, 1, 3, 26)]


def test_the_header_may_stand_lower_and_further_right(tmp_path: Path, stretch: int) -> None:
    rows = (
        '<row r="4">'
        + text("F4", "说明")
        + "</row>"
        + '<row r="7">'
        + text("E7", "信用代码")
        + text("F7", "税收")
        + "</row>"
    )
    rows += "".join(
        f'<row r="{row}">{text(f"E{row}", "c")}<c r="F{row}"><v>{row}</v></c></row>' for row in range(8, 60)
    )
    path = made(tmp_path / "a.xlsx", rows)
    assert workbook.read(Package(path, Limits())).header == 7
    assert cells(path) == numbers(*range(8, 60))


def test_the_last_row_a_sheet_can_have_is_read(tmp_path: Path, stretch: int) -> None:
    assert cells(made(tmp_path / "a.xlsx", HEAD + line(2) + line(1_048_576))) == numbers(2, 1_048_576)


def test_how_many_rows_there_are_is_said_or_estimated(tmp_path: Path, stretch: int) -> None:
    rows = HEAD + "".join(map(line, range(2, 200)))
    for before, exact in (('<dimension ref="A1:B199"/>', True), ('<dimension ref="A1:B1048576"/>', False), ("", False)):
        sheet = workbook.read(Package(made(tmp_path / "a.xlsx", rows, before=before), Limits()))
        done = 0
        for block in sheet.blocks():
            done += len(block)
            total = sheet.total(done, block.reached)
            assert total == 198 if exact else done <= total < 300
        assert done == 198


def test_what_is_told_of_is_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(child, "BATCH", 40)
    monkeypatch.setattr(workbook, "STRETCH", 4_000)
    path = made(tmp_path / "a.xlsx", HEAD + "".join(map(line, range(2, 200))))
    sheet = workbook.read(Package(path, Limits()))
    with child.Rows(sheet.headings, sheet.header, Limits()) as rows:
        for block in sheet.blocks():
            rows.write(block.first, block.columns, 150)
            *_earlier, last = capsys.readouterr().out.splitlines()
            done, total = map(int, last.split())
            found = batches(tmp_path / child.ROWS)
            assert sum(map(len, found)) == done
            assert total == max(done, 150)
            assert max(map(len, found)) <= 40
    assert [number for batch in found for number in batch.column("row").to_pylist()] == list(range(2, 200))


def batches(path: Path) -> list[Any]:
    """What can be read of a stream that is still being written."""
    found = []
    with path.open("rb") as file, pa.ipc.open_stream(file) as stream:
        while True:
            try:
                found.append(stream.read_next_batch())
            except StopIteration:
                return found


def test_more_rows_than_allowed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sheet = workbook.read(Package(made(tmp_path / "a.xlsx", HEAD + line(2) + line(12)), Limits()))
    [block] = sheet.blocks()
    with child.Rows(sheet.headings, sheet.header, Limits(rows=11)) as rows:
        rows.write(block.first, block.columns, 10)
    with child.Rows(sheet.headings, sheet.header, Limits(rows=10)) as rows, pytest.raises(Unreadable, match="10 行"):
        rows.write(block.first, block.columns, 10)


def test_unpacking_ends_at_the_limit_whatever_the_directory_says(tmp_path: Path) -> None:
    path = made(tmp_path / "a.xlsx", HEAD + "".join(map(line, range(2, 2_000))))
    package = Package(path, Limits())
    package._left = 50_000
    with pytest.raises(Unreadable, match="大小上限"):
        workbook.read(package)
