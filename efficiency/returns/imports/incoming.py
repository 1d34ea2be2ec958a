"""The rows of a file as returns: codes, figures, and what is wrong with a cell taken by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from efficiency.returns.figures import BY_KEY
from efficiency.returns.imports import codes
from efficiency.returns.imports.headings import CODE, MINOR_DIGITS, NAME, UNITS, YEAR, letter_of
from efficiency.returns.imports.limits import DATE, EMPTY, FAULT, NOT_COMPUTED, NUMBER, TEXT, TRUTH
from efficiency.returns.imports.numbers import MOST_DIGITS, Amounts, amounts
from efficiency.returns.imports.reading import Cells, Reading
from efficiency.returns.imports.remarks import ERROR, INFO, WARNING, Remarks

TOTALS = {"合计", "总计", "小计", "合计数", "总和", "累计", "平均", "平均值", "全市合计", "全区合计"}


@dataclass(frozen=True)
class Incoming:
    """Rows as returns: ``codes`` null where there is none to look for, ``names`` folded, ``figures`` by key."""

    codes: pa.Array
    names: pa.Array | None
    figures: dict[str, Amounts]

    def __len__(self) -> int:
        return len(self.codes)


def understand(source: Reading, year: int, remarks: Remarks) -> Incoming:
    """Take the cells of ``source`` as returns of ``year``; what cannot be taken goes to ``remarks``."""
    _of_the_file(source, remarks)
    found = source.columns
    totals = _totals(found[CODE], remarks) | (
        _totals(found[NAME], remarks) if NAME in found else np.zeros(len(source), dtype=bool)
    )
    rest = ~totals
    held = _codes(found[CODE], remarks, rest)
    if YEAR in found:
        _years(found[YEAR], year, remarks, rest)
    figures = {}
    for key, cells in found.items():
        if key in UNITS:
            figures[key] = amounts(cells, as_text=source.format == "csv")
            _of_the_column(cells, figures[key], remarks, rest)
    _merged(source, remarks)
    held = pc.if_else(pa.array(rest), held, None)
    return Incoming(held, folded_names(found[NAME].text) if NAME in found else None, figures)


def shown(cells: Cells, at: int) -> str:
    """A cell as the file has it, shortened."""
    if cells.kind[at] == NUMBER:
        number = float(cells.number[at])
        return f"{number:.0f}" if number.is_integer() else repr(number)
    return str(cells.text[at].as_py() or "")[:80]


def folded_names(texts: pa.Array) -> pa.Array:
    """Names as they are compared: one width, nothing blank."""
    return pc.replace_substring_regex(pc.utf8_normalize(texts, form="NFKC"), r"\s+", "")


def _of_the_file(source: Reading, remarks: Remarks) -> None:
    if source.hidden:
        remarks.file(
            "hidden_sheet",
            WARNING,
            _("隐藏的工作表没有读取：%(names)s。如有数据，请取消隐藏后另行导入。")
            % {"names": "、".join(source.hidden[:5])},
        )
    for cells in source.columns.values():
        figure = BY_KEY.get(cells.heading.key)
        if figure and figure.scale != 1 and not cells.heading.unit:
            remarks.file(
                "unit_assumed",
                WARNING,
                _("%(column)s 列“%(text)s”没有写单位，按“%(unit)s”读取：请核对，或在表头写明单位。")
                % {"column": cells.heading.letter, "text": cells.heading.text, "unit": figure.shown_unit},
                column=cells.heading.text,
            )
    for row, at in source.formulas:
        remarks.cell(
            row,
            "formula",
            WARNING,
            _heading_at(source, at),
            _("单元格 %(cell)s 是公式，取其上次计算的结果：请核对，或粘贴为数值。") % {"cell": f"{letter_of(at)}{row}"},
        )
    remarks.told["formula", WARNING] += source.formula_count - len(source.formulas)


def _heading_at(source: Reading, at: int) -> str:
    return next((cells.heading.text for cells in source.columns.values() if cells.heading.at == at), "")


def _merged(source: Reading, remarks: Remarks) -> None:
    """Refuse the rows of ranges of merged cells that reach into a column that is read."""
    places = {cells.heading.at for cells in source.columns.values()}
    for top, left, bottom, right in source.merged:
        if not places & set(range(left, right + 1)):
            continue
        rows = np.flatnonzero((source.numbers > top) & (source.numbers <= bottom + 1))
        if not len(rows):
            continue
        name = f"{letter_of(left)}{top + 1}:{letter_of(right)}{bottom + 1}"
        first = np.zeros(len(source), dtype=bool)
        first[rows[0]] = True
        remarks.rows(
            first,
            "merged_cells",
            ERROR,
            _heading_at(source, left),
            _("数据区有合并单元格 %(range)s，看不出数值属于哪一行：请取消合并，逐行填写。") % {"range": name},
            lambda _at, name=name: name,  # type: ignore[misc]
        )
        remarks.refused[rows] = True


def _totals(cells: Cells, remarks: Remarks) -> np.ndarray:
    """Rows that sum up others."""
    plain = folded_names(cells.text)
    where = pc.fill_null(pc.is_in(plain, pa.array(sorted(TOTALS))), False).to_numpy(zero_copy_only=False)
    where = where & (cells.kind == TEXT)
    remarks.rows(
        where,
        "totals_row",
        ERROR,
        cells.heading.text,
        _("这是合计行，不是一家企业：请删去合计行后重新上传。"),
        lambda at: shown(cells, at),
    )
    return where


def _codes(cells: Cells, remarks: Remarks, rest: np.ndarray) -> pa.Array:
    """Codes that check out; null for the others, of which it says why."""
    column, kind = cells.heading.text, cells.kind

    def say(where: np.ndarray, rule: str, message: str) -> None:
        remarks.rows(where & rest, rule, ERROR, column, message, lambda at: shown(cells, at))

    say(
        kind == NUMBER,
        "code_is_number",
        _("代码被存成数字，15 位以后已失真：请把该列设为文本，重新填入 18 位统一社会信用代码。"),
    )
    say(
        (kind != NUMBER) & (kind != TEXT),
        "code_missing",
        _("没有统一社会信用代码：请填入 18 位代码；不是企业数据的行请删去。"),
    )
    held = pc.if_else(pa.array(kind == TEXT), codes.cleaned(cells.text), None)
    form, right = codes.check_out(held)
    say(
        (kind == TEXT) & ~form,
        "code_form",
        _("不是统一社会信用代码：应为 18 位数字和大写字母（不含 I、O、S、V、Z）。请核对营业执照。"),
    )
    say(form & ~right, "code_check_digit", _("统一社会信用代码的校验位不对，可能抄错一位：请核对营业执照。"))
    return pc.if_else(pa.array(right), held, None)


def _years(cells: Cells, year: int, remarks: Remarks, rest: np.ndarray) -> None:
    """Refuse rows that say another year than the one imported."""
    said = np.where(cells.kind == NUMBER, cells.number, np.nan)
    texts = np.flatnonzero(cells.kind == TEXT)
    if len(texts):
        plain = pc.replace_substring_regex(folded_names(cells.text.take(pa.array(texts))), "年度?$", "")
        digits = pc.if_else(pc.match_substring_regex(plain, "^[0-9]{4}$"), plain, None)
        said[texts] = pc.cast(digits, pa.float64()).to_numpy(zero_copy_only=False)
    where = (cells.kind != EMPTY) & (said != year) & rest
    remarks.rows(
        where,
        "wrong_year",
        ERROR,
        cells.heading.text,
        _("年度与本次导入的 %(year)d 年不符：请选对年度，或删去其他年度的行。") % {"year": year},
        lambda at: shown(cells, at),
    )


def _of_the_column(cells: Cells, found: Amounts, remarks: Remarks, rest: np.ndarray) -> None:
    """What is wrong with the cells of a figure's column."""
    figure, column = BY_KEY[cells.heading.key], cells.heading.text

    def say(where: np.ndarray, rule: str, severity: str, message: str) -> None:
        remarks.rows(where & rest, rule, severity, column, message, lambda at: shown(cells, at))

    reasons = {
        TEXT: (
            "not_a_number",
            _("不是数字，或有多种读法（最多 %(digits)d 位有效数字）：请填数字；没有数据请留空。")
            % {"digits": MOST_DIGITS},
        ),
        TRUTH: ("not_a_number", _("是逻辑值，不是数字：请填数字；没有数据请留空。")),
        DATE: ("is_a_date", _("是日期，不是数字：请把单元格格式改为“常规”后重新填写。")),
        FAULT: ("excel_error", _("是 Excel 的错误值：请改正公式，或填入数字；没有数据请留空。")),
        NOT_COMPUTED: ("formula_without_value", _("是公式，没有存下计算结果：请在 Excel 中打开并保存，或粘贴为数值。")),
    }  # fmt: skip
    for kind, (rule, message) in reasons.items():
        say(found.no_number & (cells.kind == kind), rule, ERROR, message)
    say(
        found.too_large,
        "too_large",
        ERROR,
        _("数值超出可登记的范围：请核对数值和单位（本列按“%(unit)s”读取）。")
        % {"unit": cells.heading.unit or figure.shown_unit},
    )
    if not MINOR_DIGITS[figure.key]:
        say(found.fraction, "not_whole", ERROR, _("%(title)s须为整数。") % {"title": figure.title})
    negative = found.known & (found.minor < 0)
    if figure.signed:
        message = (
            _("税收为负数，按退税登记。")
            if figure.key == "tax_cny"
            else _("%(title)s为负数，按亏损登记。") % {"title": figure.title}
        )
        say(negative, "negative_accepted", INFO, message)
    else:
        say(negative, "negative", ERROR, _("%(title)s不得为负：请核对。") % {"title": figure.title})
    say(
        found.from_text,
        "text_number",
        INFO,
        _("数字以文本形式填写，已按数值读取：请核对。"),
    )
