"""Requests for quota as cases: what the form refuses, what the checks find, the way to effect, and its replay."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from core.casework.findings import MET, NOTED, UNKNOWN, UNMET, Finding
from core.casework.models import Case
from core.casework.services import assessing, deciding, filing
from core.casework.states import State
from core.policy.models import Parameter
from core.refusals import Refused
from landuse.plots.models import Occupation
from landuse.quotas import checks, services
from landuse.quotas.forms import RequestForm
from landuse.quotas.models import Purpose, QuotaEntry, QuotaRequest
from parks.programmes.models import Membership
from tests import places
from tests.core.casework import cases
from tests.landuse.quotas import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def found(case: Case, on: dt.date | None = None) -> dict[str, Finding]:
    return {finding.rule: finding for finding in checks.assess(case, on or timezone.localdate())}


def errors(who: cases.People, given: Any, **values: Any) -> dict[str, list[str]]:
    case = ground.draft(who, given)
    return RequestForm({**ground.data(given), **values}, case=case).errors


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("amount_mu", "0", "面积须大于 0 亩"),
        ("amount_mu", "-1", "面积须大于 0 亩"),
        ("amount_mu", "1000000000", "超过全市工业用地红线规模 675,000 亩"),
        ("amount_mu", "1e999", "超过全市工业用地红线规模 675,000 亩"),
        ("amount_mu", "9" * 400, "超过全市工业用地红线规模 675,000 亩"),
        ("amount_mu", "1.23456", "最多四位小数"),
        ("amount_mu", "NaN", "请填写数字"),
        ("amount_mu", "", "请填写申请面积"),
        ("pool", "999999", "没有这个指标池"),
        ("pool", "x", "没有这个指标池"),
        ("town", "440605999", "没有这个镇街"),
        ("plot_code", "440605001001GB99999", "不在申请人名下"),
        ("programme", "other", "没有该计划的成员资格"),
        ("investment_wan", "-5", "不得为负"),
        ("output_wan", "1000000000000", "本栏为万元"),
        ("joint_review_on", "2099-01-01", "晚于今天"),
        ("joint_review_number", "示例联审〔2026〕1 号", ""),
    ],
)
def test_the_form_refuses_what_cannot_be_with_a_sentence(who, name, value, sentence):
    faults = errors(who, ground.pool(100), **{name: value})
    assert any(sentence in fault for messages in faults.values() for fault in messages), faults


def test_a_place_is_asked_for(who):
    faults = errors(who, ground.pool(100), town="", location="")
    assert faults["location"] == ["请选择宗地；不是现有宗地的，填写镇街和坐落。"]


def test_another_district_s_pool_is_not_offered_and_the_city_s_is(who):
    pool = ground.pool(100)
    foreign, city = ground.pool(100, place=places.SANSHUI), ground.pool(100, place=ground.CITY, category="city")
    offered = {
        value for value, _label in RequestForm(ground.data(pool), case=ground.draft(who, pool)).fields["pool"].choices
    }
    assert {str(pool.pk), str(city.pk)} <= offered
    assert str(foreign.pk) not in offered


def test_another_enterprise_s_plot_is_not_offered(who):
    mine, theirs = places.plot(1), places.plot(2)
    other = places.enterprise(2)
    for plot, firm in ((mine, who.enterprise), (theirs, other)):
        Occupation.objects.create(plot=plot.plot, enterprise=firm, kind="owner", share=1, valid_from=places.START)
    pool = ground.pool(100)
    assert not errors(who, pool, plot_code=mine.plot_id, town="", location="")
    assert "plot_code" in errors(who, pool, plot_code=theirs.plot_id)
    # Nor once it is kept in the draft, which takes what a browser sends.
    case = ground.draft(who, pool, plot_code=theirs.plot_id, town="", location="")
    assert "plot_code" in RequestForm(case.data, case=case).errors
    finding = found(case)["QT-PLOT"]
    assert finding.blocks
    assert "不在申请人名下" in finding.message


def test_a_plain_request_meets_its_conditions(who):
    states = {rule: finding.state for rule, finding in found(ground.draft(who, ground.pool(100))).items()}
    assert states == {"QT-YEAR": MET, "QT-1": NOTED, "QT-3": MET, "QT-ROOM": MET, "QT-GROWTH": MET}


def test_an_empty_draft_is_judged_without_a_fault(who):
    case = filing.open_case(kind="land_quota", by=who.applicant)
    assert {rule: finding.state for rule, finding in found(case).items()} == {"QT-ROOM": UNKNOWN}


def test_too_little_room_lets_a_request_queue_but_not_be_approved(who):
    pool = ground.pool(20)
    case = cases.bring(ground.draft(who, pool, 30), who, State.DECISION)
    room = found(case)["QT-ROOM"]
    assert room.state == UNMET
    assert not room.blocks
    assert "差 10.00 亩" in room.message
    with pytest.raises(Refused, match=r"池内可用 20\.0000 亩，需 30\.0000 亩，差 10\.0000 亩"):
        deciding.approve(case_id=case.pk, by=who.reviewer)
    assert Case.objects.get(pk=case.pk).state == State.DECISION
    ground.grant(pool, 10)
    assert deciding.approve(case_id=case.pk, by=who.reviewer).state == State.NOTICE


def test_a_programme_s_pool_is_for_members_on_the_day(who):
    pool = ground.pool(100, programme=ground.programme(), name="示例项目池")
    case = ground.draft(who, pool)
    assert found(case)["QT-1"].blocks
    member = ground.member(who, pool.programme)
    assert found(case)["QT-1"].state == MET
    today = timezone.localdate()
    Membership.objects.filter(pk=member.pk).update(valid_to=today)
    # Half-open: the first day without effect.
    assert found(case)["QT-1"].state == UNMET
    assert found(case, today - dt.timedelta(days=1))["QT-1"].state == MET


def test_a_membership_that_ends_before_the_decision_stops_the_approval(who):
    pool = ground.pool(100, programme=ground.programme(), name="示例项目池")
    member = ground.member(who, pool.programme)
    case = cases.bring(ground.draft(who, pool), who, State.DECISION)
    Membership.objects.filter(pk=member.pk).update(valid_to=timezone.localdate())
    with pytest.raises(Refused, match="不能批准|批准"):
        deciding.approve(case_id=case.pk, by=who.reviewer)
    assert not QuotaEntry.objects.filter(case=case).exists()


@pytest.mark.parametrize(("category", "purposes"), checks.FITTING.items())
def test_each_category_is_given_for_its_purposes_only(who, category, purposes):
    pool = ground.pool(100, category=category)
    for purpose in Purpose.values:
        finding = found(ground.draft(who, pool, purpose=purpose))["QT-3"]
        assert finding.state == (MET if purpose in purposes else UNMET)
        assert finding.source is not None
        assert finding.source.document == "S002"


def test_the_list_of_eligible_projects_counts_only_once_adopted(who):
    pool = ground.pool(100, category="city", place=ground.CITY)
    case = ground.draft(who, pool)
    assert found(case)["QT-4"].state == NOTED
    assert found(case)["QT-4"].source.status == "reference"
    reference = Parameter.objects.get(key="quota.eligible_projects")
    ground.adopt_parameter(
        reference=reference, by=ground.city_planner(), decision="示例", on=dt.date(ground.YEAR, 1, 1)
    )
    assert found(case)["QT-4"].state == UNMET
    listed = ground.draft(who, pool, project_set="市优质工业签约项目")
    assert found(listed)["QT-4"].state == MET


@pytest.mark.parametrize(("last", "state"), [("59999.99", MET), ("60000", MET), ("60000.01", UNMET)])
def test_growth_beyond_the_parameter_is_to_be_checked(who, last, state):
    """200 % of 20,000: just under, at and just over."""
    finding = found(ground.draft(who, ground.pool(100), output_last_wan=last))["QT-GROWTH"]
    assert finding.state == state
    assert not finding.blocks


def test_growth_from_nothing_cannot_be_told(who):
    assert found(ground.draft(who, ground.pool(100), output_before_wan="0"))["QT-GROWTH"].state == UNKNOWN


def test_a_plot_that_is_gone_is_told(who):
    version = places.plot(1)
    Occupation.objects.create(
        plot=version.plot, enterprise=who.enterprise, kind="owner", share=1, valid_from=places.START
    )
    case = ground.draft(who, ground.pool(100), plot_code=version.plot_id, town="", location="")
    assert found(case)["QT-PLOT"].state == MET
    type(version).objects.filter(pk=version.pk).update(valid_to=timezone.localdate())
    case.refresh_from_db()
    finding = found(case)["QT-PLOT"]
    assert finding.blocks
    assert "已不在图上" in finding.message


def test_title_priority_and_early_completion_need_their_proof(who):
    pool = ground.pool(100)
    bare = found(ground.draft(who, pool, purpose="title", early_completion=True))
    assert (bare["QT-2-TITLE"].state, bare["QT-2-EARLY"].state) == (UNMET, UNMET)
    programme = ground.programme()
    ground.member(who, programme)
    proved = ground.draft(
        who,
        pool,
        purpose="title",
        joint_review_number="示例联审〔2026〕1 号",
        joint_review_on="2026-01-05",
        early_completion=True,
        programme=programme.pk,
    )
    assert (found(proved)["QT-2-TITLE"].state, found(proved)["QT-2-EARLY"].state) == (MET, MET)


def test_collective_quota_that_rises_is_told_and_not_refused(who):
    ground.pool(100, category="collective_new", year=ground.YEAR - 1)
    pool = ground.pool(100, category="collective_new")
    case = ground.draft(who, pool)
    assert found(case)["QT-3-COLLECTIVE"].state == MET
    ground.grant(pool, "0.0001")
    finding = found(case)["QT-3-COLLECTIVE"]
    assert finding.state == UNMET
    assert not finding.blocks
    assert finding.source.clause_id == "QT-3"


def test_a_case_goes_from_draft_to_effect_and_the_ledger_follows(who):
    pool = ground.pool(100)
    case = cases.bring(ground.draft(who, pool, 30), who, State.NOTICE)
    assert QuotaRequest.objects.get(case=case).growth_wan_per_mu == Decimal(200)
    held = QuotaEntry.objects.held_by(case.pk)
    assert (held["reserved"], held["committed"]) == (30, 0)
    deciding.reconsider(case_id=case.pk, by=who.reviewer, text="公示期间有异议")
    assert QuotaEntry.objects.held_by(case.pk)["reserved"] == 0
    deciding.approve(case_id=case.pk, by=who.reviewer)
    deciding.take_effect(case_id=case.pk, by=who.reviewer)
    held = QuotaEntry.objects.held_by(case.pk)
    assert (held["reserved"], held["committed"]) == (0, 30)
    kinds = list(QuotaEntry.objects.filter(case=case).order_by("pk").values_list("kind", flat=True))
    assert kinds == ["reserve", "release", "reserve", "commit"]


def test_a_case_withdrawn_from_its_notice_gives_its_quota_back(who):
    pool = ground.pool(100)
    case = cases.bring(ground.draft(who, pool, 30), who, State.NOTICE)
    filing.withdraw(case_id=case.pk, by=who.applicant)
    assert QuotaEntry.objects.held_by(case.pk)["reserved"] == 0
    with pytest.raises(Refused):
        deciding.take_effect(case_id=case.pk, by=who.reviewer)


def test_a_correction_rewrites_the_request(who):
    pool = ground.pool(100)
    case = cases.bring(ground.draft(who, pool, 30), who, State.CORRECTION)
    filing.save_draft(case_id=case.pk, by=who.applicant, revision=case.revision, data=ground.data(pool, 25))
    filing.correct(case_id=case.pk, by=who.applicant)
    assert QuotaRequest.objects.get(case=case).amount_mu == 25


def test_a_submitted_case_replays_after_cap_and_ledger_changed(who):
    pool = ground.pool(1000, programme=ground.programme(), name="示例项目池")
    ground.member(who, pool.programme)
    case = cases.bring(ground.draft(who, pool, 30), who, State.DECISION)
    before = assessing.replay(case)
    assert before.same
    # The ledger moves on, and from tomorrow a cap is in force.
    ground.grant(pool, 500)
    ground.pool(200)
    adopted = ground.adopt_cap()
    Parameter.objects.filter(pk=adopted.pk).update(valid_from=timezone.localdate() + dt.timedelta(days=1))
    assert assessing.replay(Case.objects.get(pk=case.pk)).same
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    assert found(case, tomorrow)["QT-2"].state == MET
    assert found(case)["QT-2"].state == NOTED


def test_raw_sql_keeps_requests_sane(who):
    pool = ground.pool(100)
    request = ground.bare_request(who, pool, 10)
    rows = QuotaRequest.objects.filter(pk=request.pk)
    for change in (
        {"amount_mu": 0},
        {"amount_mu": -1},
        {"amount_mu": Decimal("675000.0001")},
        {"purpose": "party"},
        {"investment_wan": -1},
        {"town": None},
        {"joint_review_number": "示例"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)


def test_the_decision_number_is_kept_in_the_ledger(who):
    case = cases.bring(ground.draft(who, ground.pool(100), 30), who, State.NOTICE)
    assert QuotaEntry.objects.get(case=case).document_number == case.decision_number != ""
    with pytest.raises(Refused, match="没有指标申请"):
        services.reserve(case=Case(pk=0), by=who.reviewer)
