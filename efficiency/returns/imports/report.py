"""What became of a file of returns: for programs, for the batch that is kept, and as a workbook to mend the file by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import sheets
from efficiency.returns.imports.examining import Examined
from efficiency.returns.imports.remarks import ERROR, INFO, WARNING

KEPT = 2_000
"""Findings kept with a batch; of the rest only the number."""

SEVERITIES = {ERROR: gettext_lazy("错误"), WARNING: gettext_lazy("提示"), INFO: gettext_lazy("说明")}

TITLES = {
    "unknown_uscc": gettext_lazy("名录中没有的代码"),
    "code_is_number": gettext_lazy("代码被存成数字"),
    "code_missing": gettext_lazy("没有代码"),
    "code_form": gettext_lazy("代码格式不对"),
    "code_check_digit": gettext_lazy("代码校验位不对"),
    "duplicate": gettext_lazy("同一企业有几行"),
    "out_of_place": gettext_lazy("不在管辖范围"),
    "name_differs": gettext_lazy("名称与名录不同"),
    "totals_row": gettext_lazy("合计行"),
    "wrong_year": gettext_lazy("年度不符"),
    "not_a_number": gettext_lazy("不是数字"),
    "is_a_date": gettext_lazy("是日期"),
    "excel_error": gettext_lazy("Excel 错误值"),
    "formula_without_value": gettext_lazy("公式没有结果"),
    "formula": gettext_lazy("公式"),
    "text_number": gettext_lazy("文本数字"),
    "too_large": gettext_lazy("数值过大"),
    "not_whole": gettext_lazy("不是整数"),
    "negative": gettext_lazy("负数"),
    "negative_accepted": gettext_lazy("退税或亏损"),
    "merged_cells": gettext_lazy("合并单元格"),
    "hidden_sheet": gettext_lazy("隐藏的工作表"),
    "unit_assumed": gettext_lazy("表头没有单位"),
    "unit_suspect": gettext_lazy("单位可能写错"),
    "unit_unusual": gettext_lazy("与同行业相差悬殊"),
    "jump": gettext_lazy("较上年变化大"),
    "other_office": gettext_lazy("替代其他部门数据"),
    "no_figures": gettext_lazy("没有数据"),
}


def as_document(examined: Examined) -> dict[str, Any]:
    """The JSON document other programs rely on."""
    findings = [finding.as_json() for finding in examined.remarks.all()]
    return {"year": examined.options.year, **examined.counts, "findings": findings}


def as_kept(examined: Examined) -> dict[str, Any]:
    """What a batch keeps of an examination; see ReturnBatch."""
    # What must be mended comes first, and is the last to be left out.
    findings = sorted(examined.remarks.all(), key=lambda each: list(SEVERITIES).index(each.severity))
    rules: dict[str, int] = {}
    for (rule, _severity), count in examined.remarks.told.items():
        rules[f"returns.{rule}"] = rules.get(f"returns.{rule}", 0) + count
    return {
        **examined.counts,
        "severities": examined.remarks.counts(),
        "rules": rules,
        "findings": [finding.as_json() for finding in findings[:KEPT]],
        "truncated": max(len(findings) - KEPT, 0),
        "preview": examined.preview(),
        "format": examined.source.format,
        "sheet": examined.source.sheet,
        "columns": [
            {"letter": cells.heading.letter, "text": cells.heading.text, "key": key, "unit": cells.heading.unit}
            for key, cells in examined.source.columns.items()
        ],
        "units_checked": examined.options.units_checked,
    }


def as_workbook(findings: Iterable[dict[str, Any]]) -> IO[bytes]:
    """Findings (as JSON) a row each."""
    columns = ((_("行号"), 8), (_("列"), 26), (_("级别"), 8), (_("说明"), 80), (_("原值"), 24), (_("规则"), 28))

    def rows() -> Iterator[tuple[Any, ...]]:
        for each in findings:
            yield (
                each["row"],
                each["column"],
                str(SEVERITIES[each["severity"]]),
                each["message"],
                each["value"],
                each["rule"],
            )

    return sheets.workbook(_("核对结果"), columns, rows())
