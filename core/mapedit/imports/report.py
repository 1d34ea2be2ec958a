"""What became of a file, for programs and for people who mend it in a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from core.mapedit.findings import Finding, as_json
from core.mapedit.services.importing import Outcome

_WIDTHS = (24, 8, 70, 14, 14, 14, 14, 8, 20, 30, 26)
_SEVERITIES = {"error": _("错误"), "warning": _("提示")}


def as_document(outcome: Outcome) -> dict[str, Any]:
    """The JSON document other programs rely on; areas in ellipsoidal m², degrees EPSG:4490."""
    examined = outcome.examined
    return {
        "layer": examined.layer.name,
        "format": examined.detected.format,
        "encoding": examined.detected.encoding,
        "srid": examined.detected.srid,
        **outcome.counts,
        "change_set": outcome.change_set.pk if outcome.change_set else None,
        "findings": [as_json(finding) for finding in outcome.findings],
    }


def as_workbook(findings: Iterable[dict[str, Any]], into: BinaryIO, *, title: str) -> None:
    """Findings (as JSON) as an .xlsx with one row each, written row by row so that memory stays flat."""
    # Late: it takes longer to load than a small file to import.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment

    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("检查结果"))
    sheet.freeze_panes = "A3"
    for number, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCDEFGHIJK"[number]].width = width
    sheet.append([title])
    heads = [
        _("要素"),
        _("级别"),
        _("说明"),
        _("经度"),
        _("纬度"),
        _("实测"),
        _("要求"),
        _("单位"),
        _("相邻要素"),
        _("依据"),
        _("规则"),
    ]
    sheet.append([_head(sheet, text) for text in heads])
    wrapped = Alignment(wrap_text=True, vertical="top")
    for finding in findings:
        said = WriteOnlyCell(sheet, value=_safe(finding["message"]))
        said.alignment = wrapped
        sheet.append(
            [
                _safe(finding["feature"]),
                str(_SEVERITIES.get(finding["severity"], finding["severity"])),
                said,
                finding["lon"],
                finding["lat"],
                finding["measured"],
                finding["required"],
                finding["unit"],
                _safe(finding["other"]),
                (finding["source"] or {}).get("label", ""),
                finding["rule"],
            ]
        )
    book.save(into)


def _head(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill

    cell = WriteOnlyCell(sheet, value=text)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="EEF1F4")
    return cell


def _safe(text: str) -> str:
    """A text from a file that a spreadsheet must not take for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text


def summary(findings: Iterable[Finding]) -> dict[str, int]:
    """How many errors and warnings."""
    found = list(findings)
    errors = sum(finding.is_error for finding in found)
    return {"errors": errors, "warnings": len(found) - errors}
