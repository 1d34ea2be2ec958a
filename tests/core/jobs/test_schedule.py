"""What stands on the schedule runs once a day, whoever looks at it, and again when it went wrong."""

import datetime as dt
import threading
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django_tasks_db.models import DBTaskResult

from core.jobs import schedule
from core.jobs.models import ScheduledRun

HERE = ZoneInfo("Asia/Shanghai")
DAY = dt.date(2026, 3, 31)


def at(hour: int, minute: int = 0, day: dt.date = DAY) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), HERE)


@pytest.fixture
def ran(monkeypatch):
    """A schedule of one entry, due from six o'clock, and the days it was run for."""
    days: list[dt.date] = []
    monkeypatch.setattr(schedule, "_entries", {})
    schedule.register("tests.daily", at=dt.time(6), run=days.append)
    return days


def handed_over() -> int:
    return DBTaskResult.objects.filter(task_path="core.jobs.tasks.run_scheduled").count()


@pytest.mark.django_db
def test_nothing_runs_before_its_hour(ran):
    assert schedule.hand_over_due(at(5, 59)) == []
    assert schedule.hand_over_due(at(6)) == ["tests.daily"]


@pytest.mark.django_db
def test_the_hour_is_local(ran):
    assert schedule.hand_over_due(dt.datetime(2026, 3, 30, 22, 0, tzinfo=dt.UTC)) == ["tests.daily"]
    assert ScheduledRun.objects.get().day == DAY


@pytest.mark.django_db
def test_a_day_runs_once_and_the_next_day_again(ran):
    assert schedule.hand_over_due(at(6)) == ["tests.daily"]
    schedule.run(name="tests.daily", day=DAY)
    assert schedule.hand_over_due(at(12)) == schedule.hand_over_due(at(23, 59)) == []
    tomorrow = DAY + dt.timedelta(days=1)
    assert schedule.hand_over_due(at(6, day=tomorrow)) == ["tests.daily"]
    assert handed_over() == 2
    assert ran == [DAY]


@pytest.mark.django_db
def test_a_run_that_failed_says_why_and_is_tried_again_half_an_hour_later(ran, monkeypatch):
    def fail(_day):
        raise RuntimeError("database gone")

    monkeypatch.setitem(schedule._entries, "tests.daily", schedule.Entry("tests.daily", dt.time(6), fail))
    schedule.hand_over_due(at(6))
    with pytest.raises(RuntimeError):
        schedule.run(name="tests.daily", day=DAY)
    assert ScheduledRun.objects.get().error == "RuntimeError: database gone"
    assert schedule.hand_over_due(at(6, 29)) == []
    assert schedule.hand_over_due(at(6, 30)) == ["tests.daily"]
    assert ScheduledRun.objects.get().attempts == 2


@pytest.mark.django_db
def test_a_run_cut_off_with_its_worker_is_tried_again_but_not_for_ever(ran):
    schedule.hand_over_due(at(6))
    later = [schedule.hand_over_due(at(6) + schedule.TRY_AGAIN * times) for times in range(1, 20)]
    assert later == [["tests.daily"]] * (schedule.MOST_ATTEMPTS - 1) + [[]] * 10


@pytest.mark.django_db
def test_one_name_stands_for_one_entry(ran):
    with pytest.raises(ValueError, match="twice"):
        schedule.register("tests.daily", at=dt.time(7), run=print)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("earlier", [False, True], ids=["first run", "later run"])
def test_of_many_workers_one_hands_the_run_over(ran, earlier):
    if earlier:
        schedule.hand_over_due(at(6, day=DAY - dt.timedelta(days=1)))
    before = handed_over()
    together, claimed = threading.Barrier(6), []

    def worker():
        together.wait()
        claimed.extend(schedule.hand_over_due(at(6)))
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert claimed == ["tests.daily"]
    assert handed_over() == before + 1
