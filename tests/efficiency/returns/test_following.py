"""Many returns at once: what they are about is there and stays, and the figures of plots follow them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from core.accounts.models import CITY_CODE, Role
from core.jobs import schedule
from core.refusals import Refused
from efficiency.flags.services.raising import raise_all
from efficiency.returns.models import FiguresDue, LandOfYear, PlotFigure, ReturnBatch, SelfReport, YearlyReturn
from efficiency.returns.services import following
from efficiency.returns.services.recording import record
from efficiency.returns.tasks import follow_returns
from landuse.plots.models import Occupation
from tests import places
from tests.races import at_once

YEAR = 2025


@pytest.fixture(name="two_are_many")
def _two_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two enterprises are many."""
    monkeypatch.setattr(following, "FEW", 1)


def settled() -> list[Any]:
    """Two enterprises with a plot each."""
    firms = []
    for number in (1, 2):
        version, firm = places.plot(number), places.enterprise(number)
        Occupation.objects.create(plot=version.plot, enterprise=firm, kind="owner", share=1, valid_from=places.START)
        firms.append(firm)
    return firms


def bring(firms: list[Any], tax: int = 100) -> None:
    rows = {firm.pk: {"tax_cny": tax} for firm in firms}
    record(rows=rows, year=YEAR, office="tax", status="final", by=None)


@pytest.mark.usefixtures("two_are_many")
@pytest.mark.django_db
def test_behind_few_returns_figures_follow_at_once_and_behind_many_by_the_worker() -> None:
    firms = settled()
    bring(firms[:1])
    assert PlotFigure.objects.count() == 1
    assert not FiguresDue.objects.exists()
    bring(firms, tax=200)
    assert [figure.tax_cny for figure in PlotFigure.objects.all()] == [100]
    [handed_over] = DBTaskResult.objects.filter(task_path="efficiency.returns.tasks.follow_returns")
    assert handed_over.args_kwargs["args"] == [YEAR]
    follow_returns.call(YEAR)
    assert [figure.tax_cny for figure in PlotFigure.objects.all()] == [200, 200]
    assert not FiguresDue.objects.exists()
    assert LandOfYear.objects.filter(year=YEAR).count() == 2
    assert following.catch_up(year=YEAR) is None


@pytest.mark.usefixtures("two_are_many")
@pytest.mark.django_db
def test_the_card_and_the_file_say_that_figures_follow(client: Client) -> None:
    firms = settled()
    bring(firms)
    client.force_login(places.account(Role.MONITOR, CITY_CODE))
    plot = Occupation.objects.get(enterprise=firms[0]).plot_id
    said = "2025 年度的指标正在后台更新"
    assert said in client.get(f"/map/card/plots/{plot}/").content.decode()
    batch = ReturnBatch.objects.create(
        year=YEAR, place_id=CITY_CODE, office="tax", name="a.csv", size=1, sha256="0" * 64, state="applied",
        applied_at=timezone.now(), report={"written": 2},
    )  # fmt: skip
    assert "正在后台更新" in client.get(f"/returns/imports/{batch.pk}/").content.decode()
    following.catch_up(year=YEAR)
    assert "正在后台更新" not in client.get(f"/returns/imports/{batch.pk}/").content.decode()
    assert said not in client.get(f"/map/card/plots/{plot}/").content.decode()


@pytest.mark.usefixtures("two_are_many")
@pytest.mark.django_db
def test_flags_are_asked_for_with_figures_that_caught_up() -> None:
    bring(settled())
    raise_all(year=YEAR)
    assert PlotFigure.objects.filter(year=YEAR).count() == 2


@pytest.mark.usefixtures("two_are_many")
@pytest.mark.django_db
def test_every_night_figures_follow_occupations_as_well() -> None:
    firms = settled()
    bring(firms)
    FiguresDue.objects.create(year=2019)
    schedule.run(name="returns.figures", day=dt.date(2026, 11, 1))
    assert PlotFigure.objects.filter(year=YEAR).count() == 2
    assert not FiguresDue.objects.exists()
    Occupation.objects.filter(enterprise=firms[0]).update(valid_to="2025-06-30")
    following.catch_up_nightly(dt.date(2026, 11, 2))
    assert PlotFigure.objects.filter(year=YEAR).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["enterprise_id", "batch_id", "self_report_id"])
def test_a_return_is_about_something_that_is_there(column: str) -> None:
    facts = {"enterprise_id": places.enterprise(1).pk, column: 999_999}
    with pytest.raises(IntegrityError, match="不存在"), transaction.atomic():
        YearlyReturn.objects.create(year=YEAR, tax_cny=1, **facts)


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["enterprise_id = 999999", "year = 2024", "batch_id = 7"])
def test_about_it_a_return_stays(change: str) -> None:
    bring([places.enterprise(1)])
    with pytest.raises(DatabaseError, match="不可改"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE returns_yearlyreturn SET {change}")


@pytest.mark.django_db
@pytest.mark.parametrize("statement", [
    "DELETE FROM enterprises_enterprise WHERE id = %(firm)s",
    "UPDATE enterprises_enterprise SET id = 999999 WHERE id = %(firm)s",
    "DELETE FROM returns_returnbatch WHERE id = %(batch)s",
    "DELETE FROM returns_selfreport WHERE id = %(report)s",
])  # fmt: skip
def test_what_a_return_is_about_stays(statement: str) -> None:
    firm = places.enterprise(1)
    clerk = places.account(Role.ENTERPRISE, enterprise=places.enterprise(2))
    batch = ReturnBatch.objects.create(
        year=YEAR, place_id=CITY_CODE, office="tax", name="a.csv", size=1, sha256="0" * 64
    )
    report = SelfReport.objects.create(enterprise=firm, year=YEAR, reported_by=clerk)
    YearlyReturn.objects.create(enterprise=firm, year=YEAR, tax_cny=1, batch=batch, self_report=report)
    names = {"firm": firm.pk, "batch": batch.pk, "report": report.pk}
    with pytest.raises(DatabaseError, match="已有年报"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, names)


@pytest.mark.django_db(transaction=True)
def test_of_a_return_and_the_removal_of_its_enterprise_at_once_one_happens() -> None:
    for _turn in range(5):
        firm = places.enterprise(1)

        def remove(pk: int = firm.pk) -> None:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("DELETE FROM enterprises_enterprise WHERE id = %s", [pk])
            except IntegrityError as error:
                raise Refused(str(error)) from error

        added, removed = at_once([lambda firm=firm: bring([firm]), remove])  # type: ignore[misc]
        assert isinstance(added, Refused) != isinstance(removed, Refused)
        break_up(firm.pk)


def break_up(firm: int) -> None:
    """Take an enterprise and its returns away."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM returns_yearlyreturn WHERE enterprise_id = %s", [firm])
        cursor.execute("DELETE FROM enterprises_enterprise WHERE id = %s", [firm])
