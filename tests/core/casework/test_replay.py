"""A past case comes out the same under the parameters of its day, whatever they are now."""

import datetime as dt

import pytest
from django.db import connection

from core import policy
from core.accounts.models import CITY_CODE, Role
from core.casework.models import Case
from core.casework.services import assessing, deciding, filing
from core.casework.states import State
from core.policy.models import Parameter
from core.refusals import Refused
from tests import places
from tests.core.casework import cases

pytestmark = pytest.mark.django_db

THEN, LATER = dt.date(2026, 3, 2), dt.date(2026, 6, 1)


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def submitted_then(who: cases.People, monkeypatch: pytest.MonkeyPatch) -> Case:
    cases.set_today(monkeypatch, THEN)
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    cases.set_today(monkeypatch, LATER)
    return case


def states(findings) -> list[tuple[str, str]]:
    return [(finding.rule, finding.state) for finding in findings]


def test_nothing_submitted_replays_to_nothing(who):
    assert assessing.replay(cases.draft(who)) == assessing.Replay(frozen=[], now=[], same=True)


def test_a_parameter_that_ended_and_was_replaced_still_answers_for_its_day(who, monkeypatch):
    most = cases.parameter("example.most", 3)
    case = submitted_then(who, monkeypatch)
    Parameter.objects.filter(pk=most.pk).update(valid_to=dt.date(2026, 5, 1))
    cases.parameter("example.most", 2, valid_from=dt.date(2026, 5, 1))
    assert states(assessing.assess(case)) == [("EX-1", "unmet")]
    replay = assessing.replay(case)
    assert (replay.on, replay.same) == (THEN, True)
    assert replay.now == replay.frozen
    assert replay.frozen[0]["state"] == "met"
    assert replay.frozen[0]["required"] == "3.000000"
    assert replay.frozen[0]["source"]["parameter"] == most.pk


def test_a_figure_adopted_since_does_not_reach_back(who, monkeypatch):
    case = submitted_then(who, monkeypatch)
    reference = cases.parameter("example.most", 2, document_id="S001", status="reference")
    assert states(assessing.assess(case)) == [("EX-1", "noted")]  # A reference never answers.
    planner = places.account(Role.PLANNER, CITY_CODE)
    policy.adopt_parameter(reference=reference, by=planner, decision="示例纪要", on=LATER)
    assert states(assessing.assess(case)) == [("EX-1", "unmet")]
    assert states(assessing.assess(case, LATER - dt.timedelta(days=1))) == [("EX-1", "noted")]
    assert assessing.replay(case).same


def test_a_figure_of_the_district_alone_and_its_end(who, monkeypatch):
    own = cases.parameter("example.most", 4, place=places.NANHAI, valid_to=dt.date(2026, 4, 1))
    cases.parameter("example.most", 1)
    case = submitted_then(who, monkeypatch)
    assert assessing.replay(case).frozen[0]["source"]["parameter"] == own.pk
    assert assessing.replay(case).same
    assert states(assessing.assess(case)) == [("EX-1", "unmet")]


def test_a_decision_is_made_under_the_parameters_of_its_own_day(who, monkeypatch):
    cases.parameter("example.most", 3, valid_to=dt.date(2026, 5, 1))
    cases.set_today(monkeypatch, THEN)
    case = cases.bring(cases.draft(who), who, State.DECISION)
    cases.set_today(monkeypatch, LATER)
    cases.parameter("example.most", 2, valid_from=dt.date(2026, 5, 1))
    with pytest.raises(Refused, match="不能批准"):
        deciding.approve(case_id=case.pk, by=who.reviewer)
    case = deciding.refuse(case_id=case.pk, by=who.reviewer, text="超过现行上限")
    assert case.evidence["on"] == THEN.isoformat()
    assert case.decision_evidence["on"] == LATER.isoformat()
    assert assessing.replay(case).same


def test_a_correction_is_replayed_for_the_day_it_came(who, monkeypatch):
    cases.parameter("example.most", 3, valid_to=dt.date(2026, 5, 1))
    cases.set_today(monkeypatch, THEN)
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    cases.set_today(monkeypatch, LATER)
    case = filing.correct(case_id=case.pk, by=who.applicant)
    replay = assessing.replay(case)
    assert (replay.on, replay.same, replay.frozen[0]["state"]) == (LATER, True, "noted")


def test_a_record_changed_behind_our_back_does_not_pass_for_the_same(who, monkeypatch):
    most = cases.parameter("example.most", 3)
    case = submitted_then(who, monkeypatch)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE policy_parameter SET value = 5 WHERE id = %s", [most.pk])
    replay = assessing.replay(Case.objects.get(pk=case.pk))
    assert not replay.same
    assert (replay.frozen[0]["required"], replay.now[0]["required"]) == ("3.000000", "5.000000")
