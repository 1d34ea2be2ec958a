"""Working days against the published arrangements, and against counting them one by one."""

import datetime as dt
import random
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from core.casework import calendar, working_days
from core.casework.models import Holiday
from core.policy.fixture_files import FixtureError

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        ("2026-03-02", 5, "2026-03-09"),  # an ordinary week, from Monday
        ("2026-09-30", 1, "2026-10-08"),  # over 国庆
        ("2026-09-30", 3, "2026-10-10"),  # the Saturday worked in exchange counts
        ("2026-02-13", 1, "2026-02-14"),  # so does the one before 春节
        ("2026-02-13", 2, "2026-02-24"),
        ("2025-01-27", 1, "2025-02-05"),
        ("2024-09-13", 1, "2024-09-14"),
        ("2024-09-13", 2, "2024-09-18"),
        ("2025-09-30", 1, "2025-10-09"),  # 国庆 and 中秋 together
        ("2026-10-03", 1, "2026-10-08"),  # begun within a holiday
        ("2026-03-02", 0, "2026-03-02"),
        ("2026-10-03", 0, "2026-10-08"),  # a period never ends on a holiday
        ("2026-10-09", -1, "2026-10-08"),
        ("2026-10-08", -1, "2026-09-30"),
        ("2026-10-12", -2, "2026-10-09"),
    ],
)
def test_days_are_added_over_holidays_and_make_up_days(start, n, end):
    assert working_days.add(day(start), n) == day(end)


@pytest.mark.parametrize(
    ("a", "b", "n"),
    [
        ("2026-09-30", "2026-10-07", 0),
        ("2026-09-30", "2026-10-10", 3),
        ("2026-10-10", "2026-09-30", -3),
        ("2026-02-13", "2026-02-23", 1),
        ("2026-01-01", "2026-12-31", 248),  # a whole year
        ("2026-03-02", "2026-03-02", 0),
    ],
)
def test_days_between(a, b, n):
    assert working_days.between(day(a), day(b)) == n


def test_the_arithmetic_agrees_with_counting_one_by_one():
    arranged = dict(Holiday.objects.values_list("day", "is_working"))

    def works(at: dt.date) -> bool:
        return arranged.get(at, at.weekday() < 5)

    numbers = random.Random(20261122)
    pairs = [
        (day("1999-11-20") + DAY * numbers.randrange(11000), numbers.randrange(-400, 400))
        if numbers.random() < 0.3
        else (day("2023-12-01") + DAY * numbers.randrange(1200), numbers.randrange(-90, 90))
        for _ in range(600)
    ]
    for start, span in pairs:
        first, last = sorted((start, start + DAY * span))
        counted = sum(works(first + DAY * i) for i in range(1, (last - first).days + 1))
        assert working_days.between(start, start + DAY * span) == (counted if span >= 0 else -counted)
        if span > 0 and counted:
            # What adding leads to is a working day, and so many working days away.
            end = working_days.add(start, counted)
            assert works(end)
            assert working_days.between(start, end) == counted
            back = working_days.add(start, -counted)
            assert works(back)
            assert working_days.between(start, back) == -counted
    for at in (start for start, _span in pairs):
        assert working_days.is_working(at) == works(at)


def test_the_arrangements_are_those_published():
    """Days off and days worked in exchange, as many as each notice lists."""
    kept = {
        year: (
            Holiday.objects.filter(day__year=year, is_working=False).count(),
            Holiday.objects.filter(day__year=year, is_working=True).count(),
        )
        for year in (2024, 2025, 2026)
    }
    assert kept == {2024: (28, 8), 2025: (28, 5), 2026: (33, 6)}
    assert set(Holiday.objects.values_list("source", flat=True)) == {
        "国办发明电〔2023〕7号",
        "国办发明电〔2024〕12号",
        "国办发明电〔2025〕7号",
    }


def test_a_year_without_an_arrangement_is_known_to_be_unknown():
    assert working_days.unknown_years(day("2026-11-22"), day("2027-01-15")) == [2027]
    assert working_days.unknown_years(day("2024-01-01"), day("2026-12-31")) == []


def test_a_calendar_without_a_working_day_is_an_error_and_not_a_hang():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM casework_holiday")
        cursor.execute(
            """
            INSERT INTO casework_holiday (day, is_working, name, source)
            SELECT day, false, '误', '误' FROM generate_series('2026-01-01'::date, '2030-01-01', '1 day') AS day
            """
        )
    with pytest.raises(DatabaseError, match="节假日安排有误"), transaction.atomic():
        working_days.add(day("2026-03-02"), 5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(settings.BASE_DIR / "fixtures" / "calendar", tmp_path / "calendar")
    return tmp_path


def test_loading_again_changes_nothing_and_a_correction_is_taken_over(folder):
    counts = calendar.load(folder)
    assert (counts.created, counts.updated, counts.unchanged) == (0, 0, 108)
    file = folder / calendar.FILE
    file.write_text(
        file.read_text(encoding="utf-8").replace("2026-01-03,no,元旦", "2026-01-03,yes,元旦"), encoding="utf-8"
    )
    assert calendar.load(folder).updated == 1
    assert working_days.is_working(day("2026-01-03"))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("2026-13-01,no,元旦,某文", "应为 2026-03-31 这样的日期"),
        ("2026-01-01,no,元旦,某文", "重复"),
        ("2027-01-01,maybe,元旦,某文", "yes 或 no"),
        ("2027-01-01,yes,元旦,某文", "不是周末"),
        ("2027-01-01,no,,某文", "不能为空"),
        ("2027-01-01,no,元旦", "应有 4 列"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(folder, line, problem):
    file = folder / calendar.FILE
    file.write_text(file.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(FixtureError, match=problem) as refusal:
        calendar.load(folder)
    assert "第 110 行" in str(refusal.value)
    assert not Holiday.objects.filter(day__year=2027).exists()
