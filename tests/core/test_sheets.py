"""Workbooks handed out: what a person typed stays a text, whatever a spreadsheet would make of it."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pytest

from core import sheets


def cells(*row):
    with sheets.workbook("办件", [("一", 10)] * len(row), [row]) as file:
        return next(iter(openpyxl.load_workbook(file).active.iter_rows(min_row=2)))


@pytest.mark.parametrize("text", ["=1+1", "=cmd|' /C calc'!A0", "+86", "-3", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_becomes_a_formula(text):
    (cell,) = cells(text)
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    assert cell.value.strip() == text.strip()


def test_figures_dates_and_gaps_keep_their_kind():
    number, day, moment, gap, text = cells(
        3.5, dt.date(2026, 3, 1), dt.datetime(2026, 3, 1, 1, 0, tzinfo=dt.UTC), None, "佛山\x00示例"
    )
    assert (number.value, number.data_type) == (3.5, "n")
    assert day.value == dt.datetime(2026, 3, 1)  # noqa: DTZ001 - workbooks know no zones
    assert moment.value == dt.datetime(2026, 3, 1, 9, 0)  # noqa: DTZ001
    assert (gap.value, text.value) == (None, "佛山示例")
