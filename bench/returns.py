"""An import of yearly returns from a workbook, beside openpyxl merely reading the cells of the same file."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.database import CHECKOUT
from bench.rounds import median_ratio, seconds_of

#: Rows of the file and the most the import may take of openpyxl's time, by plots of the database.
SIZES = {40_000: (50_000, 0.8, 3), 1_000_000: (500_000, 0.25, 1)}
COLUMNS = 20

_READ = """
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1], read_only=True, data_only=True)
cells = sum(1 for row in book.worksheets[0].iter_rows() for cell in row if cell.value is not None)
print(cells)
"""


def rows(environment: dict[str, str], plots: int) -> list[dict[str, Any]]:
    """The rows of the table; none at sizes that promise nothing."""
    from efficiency.returns.services import following

    if plots not in SIZES:
        return []
    count, most, rounds = SIZES[plots]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "returns.xlsx"
        _fill_up(count)
        year = _write(file, count)
        ours, bare, documents = [], [], []
        for at in range(rounds):
            bare.append(_seconds([sys.executable, "-c", _READ, str(file)], environment)[0])
            # Every round another year, so that every row is new and has a year before it to be compared with.
            command = ["import_returns", str(year + at), str(file), "--units-checked", "--format", "json"]
            seconds, said = _seconds([sys.executable, str(CHECKOUT / "manage.py"), *command], environment)
            ours.append(seconds)
            documents.append(json.loads(said))
        size_mb = file.stat().st_size / 1024**2
    last = year + rounds - 1
    figures = [seconds_of(lambda: following.catch_up(year=last))]
    assert all(each["new"] == count for each in documents), "every row must be checked and written"
    ratio = median_ratio(ours, bare)
    return [
        {
            "what": f"import of {count:,} returns of {COLUMNS} columns ({size_mb:.0f} MB .xlsx) beside openpyxl"
            " reading it, seconds",
            "ours": f"{statistics.median(ours):.1f}",
            "bare": f"{statistics.median(bare):.1f}",
            "ratio": ratio,
            "target": f"<= {most:g}",
            "met": ratio <= most,
            "raw": {"ours": ours, "bare": bare, "findings": [len(each["findings"]) for each in documents]},
        },
        {
            "what": f"plots' figures of a year behind {count:,} returns, by the worker, seconds",
            "ours": f"{figures[0]:.1f}",
            "bare": "",
            "ratio": None,
            "target": "",
            "met": None,
            "raw": {"ours": figures},
        },
    ]


def _seconds(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    assert done.returncode in {0, 1}, done.stderr[-2_000:]
    return seconds, done.stdout


def _fill_up(count: int) -> None:
    """Enterprises without land until there are ``count``: a small city has fewer than the file has rows."""
    from django.db import connection

    from config.demo.uscc import check_digit, organisation_code
    from parks.enterprises.models import Enterprise

    held = Enterprise.objects.count()
    pattern = Enterprise.objects.order_by("pk").values_list("industry_id", "district_id").first()
    assert pattern, "the database must hold the demo city"
    industry, district = pattern
    made = []
    for number in range(max(count - held, 0)):
        first = f"91{district}{organisation_code(f'XB{number:06d}')}"
        made.append((first + check_digit(first), f"示例测量企业{number}", industry, district))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO enterprises_enterprise (uscc, name, short_name, industry_id, district_id, size, above_scale,"
            " legal_representative, is_demo) SELECT unnest(%s::text[]), unnest(%s::text[]), '', %s, %s, 'small', false,"
            " '', true",
            [[each[0] for each in made], [each[1] for each in made], industry, district],
        )
        cursor.execute("ANALYZE enterprises_enterprise")


def _write(file: Path, count: int) -> int:
    """A workbook of ``count`` enterprises in twenty columns; the first year that holds no returns."""
    from django.db.models import Max
    from openpyxl import Workbook

    from efficiency.returns.figures import FIGURES
    from efficiency.returns.models import YearlyReturn
    from parks.enterprises.models import Enterprise

    year = (YearlyReturn.objects.aggregate(year=Max("year"))["year"] or 2024) + 1
    before = {
        each["enterprise_id"]: each
        for each in YearlyReturn.objects.current()
        .filter(year=year - 1)
        .values("enterprise_id", *(figure.key for figure in FIGURES))
    }
    others = ["所在区", "行业", "镇街", "规模", "联系人", "备注"]
    draw = random.Random(1)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("年报")
    sheet.append(
        ["统一社会信用代码", "企业名称", *(f"{each.title}（{each.shown_unit}）" for each in FIGURES), *others, "序号"]
    )
    firms = Enterprise.objects.order_by("pk").values_list("pk", "uscc", "name", "district_id", "industry_id")[:count]
    for number, (pk, uscc, name, district, industry) in enumerate(firms.iterator(chunk_size=10_000), start=1):
        last, cells = before.get(pk, {}), []
        for figure in FIGURES:
            known = last.get(figure.key)
            value = float(known) / figure.scale if known is not None else draw.uniform(20, 2_000)
            value *= draw.uniform(0.95, 1.1)
            cells.append(max(round(value), 1) if figure.whole else round(value, 4))
        sheet.append([uscc, name, *cells, district, industry, "示例镇", "规上", "示例", "", number])
    book.save(file)
    return year
