"""Every bad file an office may send, as a real file: what is said of it, and that nothing of it goes in unseen."""

from __future__ import annotations

import datetime as dt
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from openpyxl import Workbook, load_workbook

from core.confined import Unreadable
from efficiency.returns.imports import separated
from efficiency.returns.imports.examining import Examined, Options, examine
from efficiency.returns.models import YearlyReturn
from efficiency.returns.services.importing import import_file
from tests import places
from tests.efficiency.returns.files import HEAD, book

pytestmark = pytest.mark.django_db


@pytest.fixture
def firms() -> list[Any]:
    """Five enterprises of Nanhai, the sixth of Sanshui."""
    return [places.enterprise(n) for n in range(1, 6)] + [places.enterprise(6, district=places.SANSHUI)]


def row(number: int, **figures: Any) -> list[Any]:
    """The usual row of enterprise ``number``."""
    values = {"year": 2025, "tax": 12.5, "output": 3000, "staff": 40, **figures}
    name = figures.get("name", f"示例金属制品有限公司{number}号")
    return [places.uscc(number), name, values["year"], values["tax"], values["output"], values["staff"]]


def examined(path: Path, **options: Any) -> Examined:
    return examine(path, options=Options(year=2025, office="statistics", status="final", **options))


def said(found: Examined) -> list[tuple[int | None, str, str]]:
    """(row, rule, severity) of every finding."""
    return [(each.row, each.rule.removeprefix("returns."), each.severity) for each in found.remarks.all()]


def test_a_clean_file_says_what_would_change_and_nothing_else(firms: list[Any], tmp_path: Path) -> None:
    found = examined(book(tmp_path / "a.xlsx", [row(1), row(2)]))
    assert said(found) == []
    assert found.counts == {"read": 2, "new": 2, "changed": 0, "unchanged": 0, "refused": 0}
    assert found.incoming.figures["tax_cny"].minor.tolist() == [12_500_000, 12_500_000]


BAD = [
    ({"code": "91440605999999999X"}, "code_check_digit", "error"),
    ({"code": places.uscc(99)}, "unknown_uscc", "error"),
    ({"code": "9144060"}, "code_form", "error"),
    ({"code": 914406001234567890}, "code_is_number", "error"),
    ({"code": None}, "code_missing", "error"),
    ({"name": "另一家有限公司"}, "name_differs", "warning"),
    ({"name": "合计"}, "totals_row", "error"),
    ({"year": 2024}, "wrong_year", "error"),
    ({"year": "2024年度"}, "wrong_year", "error"),
    ({"tax": "1,234.5"}, "text_number", "info"),
    ({"tax": " １２３４．５ "}, "text_number", "info"),
    ({"tax": "1234.5万元"}, "text_number", "info"),
    ({"tax": "1,23"}, "not_a_number", "error"),
    ({"tax": "约 12"}, "not_a_number", "error"),
    ({"tax": "12%"}, "not_a_number", "error"),
    ({"tax": dt.date(2025, 1, 2)}, "is_a_date", "error"),
    ({"tax": True}, "not_a_number", "error"),
    ({"tax": -3.25}, "negative_accepted", "info"),
    ({"output": -1}, "negative", "error"),
    ({"staff": 12.5}, "not_whole", "error"),
    ({"tax": 1e13}, "too_large", "error"),
    ({"tax": None, "output": None, "staff": None}, "no_figures", "warning"),
    ({"tax": "#N/A"}, "excel_error", "error"),
    ({"tax": "=1+2"}, "formula_without_value", "error"),
]  # fmt: skip


def test_each_bad_row_gets_its_one_finding(tmp_path: Path) -> None:
    rows = []
    for number, (cells, _rule, _severity) in enumerate(BAD, start=1):
        places.enterprise(number)
        bad = row(number, **{key: value for key, value in cells.items() if key != "code"})
        bad[0] = cells.get("code", bad[0])
        rows.append(bad)
    found = examined(book(tmp_path / "a.xlsx", rows))
    assert said(found) == [(at, rule, severity) for at, (_cells, rule, severity) in enumerate(BAD, start=2)]
    assert found.counts["refused"] == sum(severity == "error" for _cells, _rule, severity in BAD)
    assert all(each.message.endswith("。") for each in found.remarks.all())


def test_an_error_of_excel_is_named(firms: list[Any], tmp_path: Path) -> None:
    found = examined(book(tmp_path / "a.xlsx", [row(1, tax="#DIV/0!")]))
    assert found.remarks.all()[0].value == "#DIV/0!"


def test_rows_of_one_enterprise_name_each_other(firms: list[Any], tmp_path: Path) -> None:
    found = examined(book(tmp_path / "a.xlsx", [row(1), row(2), row(1), row(2, tax=99)]))
    assert said(found) == [(3, "duplicate", "error"), (4, "duplicate", "error"), (5, "duplicate", "error")]
    assert "第 4 行与第 2 行" in found.remarks.all()[1].message
    assert found.counts["new"] == 1


def test_a_file_out_of_ones_place_is_refused(firms: list[Any], tmp_path: Path) -> None:
    found = examined(book(tmp_path / "a.xlsx", [row(5), row(6)]), places=(places.NANHAI,))
    assert said(found) == [(3, "out_of_place", "error")]


def test_merged_cells_are_refused_with_their_range(firms: list[Any], tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [row(1), row(2), row(3)])
    made = load_workbook(path)
    made.active.merge_cells("D2:D3")
    made.save(path)
    found = examined(path)
    assert [(each.row, each.rule, each.value) for each in found.remarks.all()] == [(2, "returns.merged_cells", "D2:D3")]
    assert found.counts["refused"] == 2


def test_a_title_merged_over_the_header_is_no_fault(firms: list[Any], tmp_path: Path) -> None:
    made = Workbook()
    sheet = made.active
    sheet.append(["2025 年度企业年报"])
    sheet.append([])
    sheet.append(HEAD)
    sheet.append(row(1))
    sheet.merge_cells("A1:F1")
    made.save(tmp_path / "a.xlsx")
    found = examined(tmp_path / "a.xlsx")
    assert said(found) == []
    assert found.source.numbers.tolist() == [4]


def test_a_sheet_that_starts_in_the_middle_keeps_its_addresses(firms: list[Any], tmp_path: Path) -> None:
    made = Workbook()
    sheet = made.active
    for at, text in enumerate(HEAD):
        sheet.cell(3, at + 3, text)
    for at, value in enumerate(row(1, tax="x")):
        sheet.cell(6, at + 3, value)
    made.save(tmp_path / "a.xlsx")
    found = examined(tmp_path / "a.xlsx")
    assert said(found) == [(6, "not_a_number", "error")]
    assert found.source.columns["tax_cny"].heading.letter == "F"


def test_a_formula_is_taken_by_its_value_and_named(firms: list[Any], tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [row(1), row(2)])
    _with_formula(path, "D3")
    found = examined(path)
    assert said(found) == [(3, "formula", "warning")]
    assert "D3" in found.remarks.all()[0].message
    assert found.counts["new"] == 2


def _with_formula(path: Path, cell: str) -> None:
    """Make the number in ``cell`` the stored result of a formula, as Excel saves one."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    at = sheet.index(f'r="{cell}"'.encode())
    value = sheet.index(b"<v>", at)
    parts["xl/worksheets/sheet1.xml"] = sheet[:value] + b"<f>5*2.5</f>" + sheet[value:]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_hidden_sheets_are_named_and_not_read(firms: list[Any], tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [row(1)])
    made = load_workbook(path)
    hidden = made.create_sheet("去年", 0)
    hidden.append(HEAD)
    hidden.append(row(2))
    hidden.sheet_state = "hidden"
    made.create_sheet("说明", 0).append(["先看这里"])
    made.active = 2
    made.save(path)
    found = examined(path)
    assert said(found) == [(None, "hidden_sheet", "warning")]
    assert found.incoming.codes.to_pylist() == [places.uscc(1)]


def test_units_of_the_heading_are_converted_exactly(firms: list[Any], tmp_path: Path) -> None:
    head = (
        "信用代码",
        "税收(元)",
        "总产值（亿元）",
        "用电量（kWh）",
        "污染物排放当量（kg）",
        "能耗（吨标准煤）",
        "研发费用",
    )
    found = examined(book(tmp_path / "a.xlsx", [[places.uscc(1), 0.1 + 0.2, 1.23, 7, 0.0001, 5.4321, 2]], head=head))
    assert said(found) == [(None, "unit_assumed", "warning")]
    taken = {key: int(held.minor[0]) for key, held in found.incoming.figures.items()}
    assert taken == {
        "tax_cny": 30,
        "output_cny": 12_300_000_000,
        "electricity_kwh": 700,
        "emission_kg": 1,
        "energy_tce": 54_321,
        "rd_cny": 2_000_000,
    }


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (("统一社会信用代码", "实缴税收（斤）"), "单位“斤”不认识"),
        (("统一社会信用代码", "实缴税收（万元）", "税收（元）"), "同一项"),
        (("企业", "数"), "没有找到表头"),
    ],
)
def test_a_header_that_leaves_the_meaning_open_is_not_read(tmp_path: Path, head: tuple[str, ...], words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        examined(book(tmp_path / "a.xlsx", [], head=head))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空的"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版 .xls"),
        (b"PK\x03\x04 cut short", "已损坏"),
        (b"%PDF-1.7\n\xff\xff\x00", "不是表格文本"),
        (b"a,b\n1,2\n", "没有找到表头"),
    ],
)
def test_a_file_of_another_kind_is_told_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(Unreadable, match=words):
        examined(tmp_path / "a.xlsx")


def test_a_workbook_that_unpacks_without_end_is_not_unpacked(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [row(1)])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.bin", bytes(64 * 1024**2))
    with pytest.raises(Unreadable, match="压缩炸弹"):
        examined(path)


def test_separated_text_is_read_with_its_blank_and_total_rows(firms: list[Any], tmp_path: Path) -> None:
    lines = [",".join(HEAD), ",".join(map(str, row(1, tax='"1,234.50"'))), "", "合计"]
    (tmp_path / "a.csv").write_bytes("\r\n".join(lines).encode("gb18030"))
    found = examined(tmp_path / "a.csv")
    assert said(found) == [(4, "totals_row", "error")]
    assert found.incoming.figures["tax_cny"].minor[0] == 1_234_500_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_encoding_and_separator_are_told_from_the_text(tmp_path: Path, encoding: str, separator: str) -> None:
    (tmp_path / "a.csv").write_bytes((separator.join(HEAD) + "\n").encode(encoding))
    assert list(separated.Lines(tmp_path / "a.csv")) == [list(HEAD)]


def test_a_quote_that_never_ends_is_told_by_its_line(tmp_path: Path) -> None:
    lines = [",".join(HEAD), ",".join(map(str, row(1))), '"91', *["，" * 50_000] * 4]
    (tmp_path / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(Unreadable, match="引号没有成对"):
        examined(tmp_path / "a.csv")


def test_last_year_tells_a_wrong_unit_and_a_jump(firms: list[Any], tmp_path: Path) -> None:
    from efficiency.returns.services.recording import record

    before = {"tax_cny": Decimal(200_000), "output_cny": Decimal(30_000_000), "staff": 40}
    record(rows={firm.pk: before for firm in firms}, year=2024, office="statistics", status="final", by=None)
    path = book(tmp_path / "a.xlsx", [row(1, tax=200_000), row(2, output=30_000), row(3, tax=0.002), row(4)])
    found = examined(path)
    assert said(found) == [
        (2, "unit_suspect", "error"),
        (3, "jump", "warning"),
        (4, "unit_suspect", "error"),
    ]
    assert "20.00 万元" in found.remarks.all()[0].message
    checked = examined(path, units_checked=True)
    assert [each.severity for each in checked.remarks.all()] == ["warning"] * 3


def test_without_last_year_the_industry_tells_a_wrong_unit(firms: list[Any], tmp_path: Path) -> None:
    from efficiency.returns.services.recording import record

    before = {"tax_cny": Decimal(200_000), "output_cny": Decimal(30_000_000), "staff": 40}
    record(rows={firm.pk: before for firm in firms[:4]}, year=2024, office="statistics", status="final", by=None)
    found = examined(book(tmp_path / "a.xlsx", [row(5, tax=200_000)]))
    assert said(found) == [(2, "unit_unusual", "warning")]


def test_of_fifty_thousand_rows_the_three_bad_ones_are_found_and_nothing_is_written(tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        places.enterprise(1)
        cursor.execute(
            "INSERT INTO enterprises_enterprise (uscc, name, short_name, industry_id, district_id, size, above_scale,"
            " legal_representative, is_demo) SELECT uscc, '示例' || number, '', '33', %s, 'small', false, '', false"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS made (uscc, number)",
            [places.NANHAI, [places.uscc(number) for number in range(2, 50_001)]],
        )
    lines = ["统一社会信用代码,实缴税收（万元）"] + [f"{places.uscc(n)},{n}.25" for n in range(1, 50_001)]
    lines[777] = f"{places.uscc(60_000)},1"
    lines[25_000] = f"{places.uscc(25_000)},12万3"
    lines[49_999] = lines[3]
    (tmp_path / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    outcome = import_file(tmp_path / "a.csv", options=Options(2025, "tax", "final"))
    assert said(outcome.examined) == [
        (778, "unknown_uscc", "error"),
        (25_001, "not_a_number", "error"),
        (50_000, "duplicate", "error"),
    ]
    assert outcome.examined.counts == {"read": 50_000, "new": 49_997, "changed": 0, "unchanged": 0, "refused": 3}
    assert outcome.batch is None
    assert not YearlyReturn.objects.exists()
    written = import_file(tmp_path / "a.csv", options=Options(2025, "tax", "final"), accept_valid=True)
    assert written.batch is not None
    assert YearlyReturn.objects.count() == 49_997
    assert YearlyReturn.objects.get(enterprise__uscc=places.uscc(40_000)).tax_cny == Decimal("400002500.00")
