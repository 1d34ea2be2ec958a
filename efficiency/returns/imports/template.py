"""The empty form offices fill in: one sheet of headings with units, one that explains them."""

from __future__ import annotations

import tempfile
from typing import IO, Any

from django.utils.translation import gettext as _

from efficiency.returns.figures import FIGURES, Office

ROWS = 2_000
"""So many rows of the codes' column are set to text; more can be pasted in, and are."""


def headings(office: str) -> list[str]:
    """The headings of the form of ``office``; of every figure when it is none of them."""
    own = [figure for figure in FIGURES if figure.office == office] or list(FIGURES)
    return [
        _("统一社会信用代码"),
        _("企业名称"),
        _("年度"),
        *(f"{figure.title}（{figure.shown_unit}）" for figure in own),
    ]


def explanations() -> list[tuple[str, str]]:
    """What the second sheet says: heading and sentence."""
    return [
        (_("统一社会信用代码"), _("必填，18 位。单元格须为文本格式，否则 15 位以后会变成 0。每家企业只填一行。")),
        (_("企业名称"), _("可不填；填了会与企业名录核对，只提示，按代码写入。")),
        (_("年度"), _("可不填；填了须与导入时选择的年度一致。")),
        (_("没有数据"), _("留空。空白表示本次不更新这一项，不会清除已有数据；数值确为零的填 0。")),
        (
            _("单位"),
            _("写在表头括号里，可以改：金额可写元、千元、万元、亿元，用电量可写 kWh、万kWh，排放当量可写 kg、吨。"),
        ),
        (_("取舍"), _("金额记到分，能耗和排放当量记到 4 位小数，其余两位，多出的位数四舍五入；人数须为整数。")),
        (_("负数"), _("税收为负按退税登记，增加值可为负；其余不得为负。")),
        (_("请不要"), _("合并数据区的单元格，保留合计行，把数据放在隐藏的工作表里。")),
        *(
            (str(figure.title), _("单位 %(unit)s，通常由%(office)s提供。")
             % {"unit": figure.shown_unit, "office": Office(figure.office).label})
            for figure in FIGURES
        ),
    ]  # fmt: skip


def workbook(office: str) -> IO[bytes]:
    """The form of ``office`` as .xlsx, at its beginning."""

    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    sheet: Any = book.active
    sheet.title = _("年报")
    sheet.append(headings(office))
    sheet.freeze_panes = "B2"
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        sheet.column_dimensions[cell.column_letter].width = 26 if cell.column < 3 else 16
    # A code typed into a cell that is no text loses its last digits.
    sheet.column_dimensions["A"].number_format = "@"
    for row in range(2, ROWS + 2):
        sheet.cell(row, 1).number_format = "@"
    notes: Any = book.create_sheet(_("填写说明"))
    notes.column_dimensions["A"].width, notes.column_dimensions["B"].width = 24, 90
    for pair in explanations():
        notes.append(pair)
        notes.cell(notes.max_row, 1).font = Font(bold=True)
        notes.cell(notes.max_row, 2).alignment = Alignment(wrap_text=True, vertical="top")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - handed on; closed by the response
    book.save(file)
    file.seek(0)
    return file
