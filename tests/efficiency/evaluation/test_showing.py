"""From computed to published: the objection window, objections and their answers, and who may do what."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from core.accounts.models import CITY_CODE, Role, User
from core.refusals import NotAllowed, Refused
from efficiency.evaluation import perms
from efficiency.evaluation.models import Objection, Run, RunState, Score
from efficiency.evaluation.services import showing
from efficiency.evaluation.services.evaluating import evaluate
from efficiency.schemes.models import SchemeVersion
from parks.enterprises.models import Enterprise
from tests import places
from tests.core.casework.cases import set_today
from tests.efficiency.evaluation.firms import YEAR, firm
from tests.efficiency.schemes import drafts
from tests.places import NANHAI, SANSHUI, account
from tests.races import at_once

pytestmark = pytest.mark.django_db


@dataclass
class World:
    """A computed run of two enterprises in Nanhai and one in Sanshui by an approved scheme, and people around it."""

    who: drafts.People
    version: SchemeVersion
    run: Run
    firms: list[Enterprise]
    applicant: User

    def again(self, **given: Any) -> Run:
        """Another run of the year."""
        return evaluate(year=YEAR, version=self.version, by=self.who.monitor, **given)


def world() -> World:
    who = drafts.people()
    version = drafts.bring(drafts.sample(), who, "approved")
    firms = [
        firm(1, tax_cny=900_000, electricity_kwh=1_000_000),
        firm(2, tax_cny=200_000, electricity_kwh=1_000_000),
        firm(3, plot=places.plot(3, district=SANSHUI), district=SANSHUI, tax_cny=300_000, electricity_kwh=800_000),
    ]
    run = evaluate(year=YEAR, version=version, by=who.monitor)
    return World(who, version, run, firms, account(Role.ENTERPRISE, enterprise=firms[0]))


@pytest.fixture
def city() -> World:
    return world()


def shown(of: World) -> Run:
    return showing.open_objections(run=of.run.pk, by=of.who.monitor)


def after_the_window(of: World) -> dt.date:
    """The day after the window of its run."""
    of.run.refresh_from_db()
    assert of.run.objection_until
    return of.run.objection_until + dt.timedelta(days=1)


@pytest.fixture
def day(monkeypatch):
    """Sets what services believe is today."""
    return lambda wanted: set_today(monkeypatch, wanted)


class TestWindow:
    def test_it_is_open_for_the_working_days_of_the_scheme(self, city, day):
        day(dt.date(2026, 3, 5))
        run = shown(city)
        # Thursday; three working days later is Tuesday.
        assert (run.objection_from, run.objection_until) == (dt.date(2026, 3, 5), dt.date(2026, 3, 10))

    def test_a_run_by_a_draft_is_a_trial_and_not_shown(self, city):
        draft = drafts.sample("s002-plain")
        trial = evaluate(year=YEAR, version=draft, by=city.who.monitor)
        with pytest.raises(Refused, match="尚未批准"):
            showing.open_objections(run=trial.pk, by=city.who.monitor)

    def test_before_its_end_nothing_is_published(self, city):
        shown(city)
        with pytest.raises(Refused, match="期满后才能公布"):
            showing.publish(run=city.run.pk, by=city.who.parks)

    def test_after_its_end_another_person_publishes(self, city, day):
        shown(city)
        day(after_the_window(city))
        run = showing.publish(run=city.run.pk, by=city.who.parks)
        assert (run.state, run.published_on) == (RunState.FINAL, timezone.localdate())

    def test_who_was_shown_before_is_superseded_by_the_recalculation(self, city):
        shown(city)
        again = city.again(supersedes=city.run, reason="更正")
        showing.open_objections(run=again.pk, by=city.who.monitor)
        city.run.refresh_from_db()
        assert city.run.state == RunState.SUPERSEDED
        assert Score.objects.filter(run=city.run).count() == 3

    def test_a_shown_run_is_not_discarded(self, city):
        shown(city)
        with pytest.raises(Refused, match="不能作废"):
            showing.discard(run=city.run.pk, by=city.who.monitor)

    def test_a_discarded_run_stays_readable_and_is_not_shown(self, city):
        showing.discard(run=city.run.pk, by=city.who.monitor)
        with pytest.raises(Refused, match="已作废"):
            shown(city)
        assert Score.objects.visible_to(city.who.monitor).filter(run=city.run).count() == 3


class TestObjections:
    def test_an_enterprise_contests_its_result_and_is_answered(self, city):
        shown(city)
        objection = showing.contest(run=city.run.pk, text="税收少计一笔", by=city.applicant)
        assert objection.enterprise == city.firms[0]
        answered = showing.answer(objection=objection.pk, accepted=False, text="已核对，无误", by=city.who.monitor)
        assert (answered.state, answered.answered_by) == ("rejected", city.who.monitor)

    def test_one_at_a_time(self, city):
        shown(city)
        showing.contest(run=city.run.pk, text="一", by=city.applicant)
        with pytest.raises(Refused, match="已有一件异议"):
            showing.contest(run=city.run.pk, text="二", by=city.applicant)

    def test_without_words_there_is_none(self, city):
        shown(city)
        with pytest.raises(Refused, match="写明"):
            showing.contest(run=city.run.pk, text="  ", by=city.applicant)

    def test_after_the_window_it_is_too_late(self, city, day):
        shown(city)
        day(after_the_window(city))
        with pytest.raises(Refused, match="已于"):
            showing.contest(run=city.run.pk, text="晚了", by=city.applicant)

    def test_before_the_window_nobody_contests(self, city):
        with pytest.raises(NotAllowed):
            showing.contest(run=city.run.pk, text="早了", by=city.applicant)

    def test_one_that_waits_keeps_the_run_from_being_published(self, city, day):
        shown(city)
        showing.contest(run=city.run.pk, text="待核", by=city.applicant)
        day(after_the_window(city))
        with pytest.raises(Refused, match="未答复"):
            showing.publish(run=city.run.pk, by=city.who.parks)

    def test_an_answer_needs_a_reason_and_comes_once(self, city):
        shown(city)
        objection = showing.contest(run=city.run.pk, text="待核", by=city.applicant)
        with pytest.raises(Refused, match="理由"):
            showing.answer(objection=objection.pk, accepted=True, text=" ", by=city.who.monitor)
        showing.answer(objection=objection.pk, accepted=True, text="属实", by=city.who.monitor)
        with pytest.raises(Refused, match="已经答复"):
            showing.answer(objection=objection.pk, accepted=False, text="再答", by=city.who.monitor)


def people(of: World) -> dict[str, User]:
    """One account of every role and place that makes a difference."""
    return {
        "monitor.city": of.who.monitor,
        "monitor.nanhai": account(Role.MONITOR, NANHAI),
        "parks.city": of.who.parks,
        "parks.sanshui": account(Role.PARKS, SANSHUI),
        "planner.city": account(Role.PLANNER, CITY_CODE),
        "reviewer.city": account(Role.REVIEWER, CITY_CODE),
        "head.nanhai": account(Role.HEAD, NANHAI),
        "auditor": account(Role.AUDITOR, CITY_CODE),
        "sysadmin": account(Role.SYSADMIN, CITY_CODE),
        "enterprise": of.applicant,
        "other enterprise": account(Role.ENTERPRISE, enterprise=of.firms[2]),
    }


def test_who_does_what_by_role_and_place(city):
    shown(city)
    city.run.refresh_from_db()
    may = {
        name: (
            perms.evaluates(user, CITY_CODE),
            perms.evaluates(user, NANHAI),
            perms.publishes(user, city.run),
            perms.answers(user, city.firms[0]),
            perms.answers(user, city.firms[2]),
            perms.objects(user, city.run, city.firms[0]),
        )
        for name, user in people(city).items()
    }
    nothing = (False,) * 6
    assert may == {
        "monitor.city": (True, True, False, True, True, False),
        "monitor.nanhai": (False, True, False, True, False, False),
        "parks.city": (False, False, True, False, False, False),
        "parks.sanshui": nothing,
        "planner.city": nothing,
        "reviewer.city": nothing,
        "head.nanhai": nothing,
        "auditor": nothing,
        "sysadmin": nothing,
        "enterprise": (False, False, False, False, False, True),
        "other enterprise": nothing,
    }


def test_who_reads_which_results(city):
    who = people(city)
    reads = lambda user: Score.objects.visible_to(user).filter(run=city.run).count()  # noqa: E731
    expected = dict.fromkeys(who, 3) | {
        "monitor.nanhai": 2, "head.nanhai": 2, "parks.sanshui": 1, "sysadmin": 0, "enterprise": 0,
        "other enterprise": 0,
    }  # fmt: skip
    assert {name: reads(user) for name, user in who.items()} == expected
    shown(city)
    # An enterprise reads its own result from the day it is shown, and nobody else's ever.
    assert {name: reads(user) for name, user in who.items()} == expected | {"enterprise": 1, "other enterprise": 1}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evaluation_run SET state = 'final', published_on = now()",
        "UPDATE evaluation_run SET digest = ''",
        "UPDATE evaluation_run SET counts = '{}'",
        "DELETE FROM evaluation_run",
        "INSERT INTO evaluation_objection (run_id, enterprise_id, text, state, by_id, at, answer)"
        " SELECT r.id, s.enterprise_id, '', 'open', r.by_id, now(), '' FROM evaluation_run r"
        " JOIN evaluation_score s ON s.run_id = r.id",
    ],
)
def test_the_database_holds_what_must_hold(city, statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_of_two_runs_published_at_once_one_counts(day):
    of = world()
    shown(of)
    day(after_the_window(of))
    results = at_once(
        [lambda: showing.publish(run=of.run.pk, by=User.objects.get(pk=of.who.parks.pk)) for _ in range(2)]
    )
    assert sorted(type(result).__name__ for result in results) == ["Refused", "Run"]
    assert Run.objects.filter(state="final").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_objections_at_once_one_is_kept():
    of = world()
    shown(of)
    results = at_once(
        [lambda: showing.contest(run=of.run.pk, text="两次", by=User.objects.get(pk=of.applicant.pk)) for _ in range(2)]
    )
    assert sorted(type(result).__name__ for result in results) == ["Objection", "Refused"]
    assert Objection.objects.count() == 1
