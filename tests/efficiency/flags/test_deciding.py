"""Flags judged and followed: confirmed into a case, dismissed, taken back, closed or escalated with the case."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from core.casework.models import Notification
from core.casework.services import papers
from core.casework.services import rectifying as cases
from core.casework.states import State
from core.refusals import NotAllowed, Refused
from efficiency.flags.models import Flag, FlagState, Rule
from efficiency.flags.services import deciding
from tests import places
from tests.efficiency.flags import ground
from tests.races import at_once

pytestmark = pytest.mark.django_db

PLAN = {"measures": "恢复二号车间生产", "done_by": "", "responsible": "示例负责人 13800000000"}


@pytest.fixture
def who(db: None) -> ground.People:
    return ground.people()


def plan(case, who: ground.People) -> None:
    """The enterprise files its plan."""
    from core.casework.services import filing

    done_by = (dt.date.today() + dt.timedelta(days=60)).isoformat()  # noqa: DTZ011 - a day on the form
    case.refresh_from_db()
    filing.save_draft(case_id=case.pk, by=who.applicant, revision=case.revision, data={**PLAN, "done_by": done_by})
    cases.file_plan(case_id=case.pk, by=who.applicant)


def proof(case, who: ground.People) -> None:
    """The enterprise proves what it did and says it is done."""
    papers.attach(
        case_id=case.pk, by=who.applicant, slot="proof", name="证明.pdf", content=ContentFile(b"%PDF-1.4\n%%EOF\n")
    )
    cases.report_done(case_id=case.pk, by=who.applicant, text="车间已恢复生产。")


def states(*flags: Flag) -> list[str]:
    return [Flag.objects.get(pk=flag.pk).state for flag in flags]


def test_confirmed_flags_of_one_enterprise_go_into_one_notice(who):
    first, second = ground.flag(who), ground.flag(who, Rule.NO_RETURN)
    case = deciding.confirm(flags=[first.pk, second.pk], by=who.monitor, requirement="请说明原因并整改。")
    assert case.number.startswith("ZG-")
    assert (case.state, case.applicant_code) == (State.ISSUED, who.enterprise.uscc)
    assert case.cause["requirement"] == "请说明原因并整改。"
    assert set(Flag.objects.filter(case=case)) == {first, second}
    assert states(first, second) == ["confirmed", "confirmed"]
    assert Notification.objects.filter(user=who.applicant, case=case).exists()
    assert len(case.evidence["findings"]) == 2


def test_the_whole_way_to_rectified(who):
    flag = ground.flag(who)
    case = deciding.confirm(flags=[flag.pk], by=who.monitor, requirement="整改。")
    plan(case, who)
    cases.accept_plan(case_id=case.pk, by=who.monitor)
    proof(case, who)
    assert states(flag) == ["confirmed"]
    cases.pass_check(case_id=case.pk, by=who.monitor, text="现场复核合格。")
    flag.refresh_from_db()
    assert (flag.state, flag.closed_at is not None) == ("closed", True)


def test_a_sanction_escalates_and_a_remission_goes_on(who):
    flag = ground.flag(who)
    case = deciding.confirm(flags=[flag.pk], by=who.monitor, requirement="整改。")
    plan(case, who)
    cases.accept_plan(case_id=case.pk, by=who.monitor)
    proof(case, who)
    cases.escalate(case_id=case.pk, by=who.monitor, text="复核不合格。")
    assert states(flag) == ["escalated"]
    later = dt.date.today() + dt.timedelta(days=30)  # noqa: DTZ011 - a day on the form
    cases.remit(case_id=case.pk, by=who.parks, text="情有可原。", due_on=later)
    assert states(flag) == ["confirmed"]
    proof_again = ContentFile(b"%PDF-1.5\n%%EOF\n")
    papers.attach(case_id=case.pk, by=who.applicant, slot="proof", name="二.pdf", content=proof_again)
    cases.report_done(case_id=case.pk, by=who.applicant, text="再次报告。")
    cases.escalate(case_id=case.pk, by=who.monitor, text="仍不合格。")
    cases.impose(case_id=case.pk, by=who.parks, text="按规定处理。")
    cases.settle(case_id=case.pk, by=who.monitor, text="已落实。")
    assert states(flag) == ["closed"]


def test_a_notice_called_off_lets_the_flag_be_judged_anew(who):
    flag = ground.flag(who)
    case = deciding.confirm(flags=[flag.pk], by=who.monitor, requirement="整改。")
    cases.cancel(case_id=case.pk, by=who.monitor, text="数据有误。")
    flag.refresh_from_db()
    assert (flag.state, flag.case, flag.decided_by) == ("raised", None, None)
    deciding.dismiss(flags=[flag.pk], by=who.monitor, reason="数据有误。")


def test_a_dismissal_says_why_and_can_be_taken_back(who):
    flag = ground.flag(who)
    with pytest.raises(Refused, match="须写明理由"):
        deciding.dismiss(flags=[flag.pk], by=who.monitor, reason="  ")
    deciding.dismiss(flags=[flag.pk], by=who.monitor, reason="年报已补。")
    with pytest.raises(NotAllowed, match="不成立"):
        deciding.confirm(flags=[flag.pk], by=who.monitor, requirement="整改。")
    deciding.take_back(flags=[flag.pk], by=who.monitor)
    assert states(flag) == ["raised"]


def test_a_dismissal_is_not_taken_back_beside_another_open_flag_of_the_cause(who):
    flag = ground.flag(who)
    deciding.dismiss(flags=[flag.pk], by=who.monitor, reason="数据有误。")
    ground.flag(who, year=ground.YEAR + 1)
    with pytest.raises(Refused, match="同一原因"):
        deciding.take_back(flags=[flag.pk], by=who.monitor)


def test_a_flag_without_an_enterprise_cannot_be_confirmed(who):
    flag = ground.flag(who, Rule.IDLE_FALLING, enterprise=None, plot=places.plot(7).plot)
    with pytest.raises(Refused, match="没有对应的企业"):
        deciding.confirm(flags=[flag.pk], by=who.monitor, requirement="整改。")


def test_flags_of_two_enterprises_are_confirmed_apart(who):
    other = ground.flag(who, enterprise=places.enterprise(77))
    mine = ground.flag(who)
    with pytest.raises(Refused, match="同一企业"):
        deciding.confirm(flags=[mine.pk, other.pk], by=who.monitor, requirement="整改。")
    outcomes = deciding.in_bulk(act="confirm", flags=[mine.pk, other.pk, 10**6], by=who.monitor, text="整改。")
    assert [outcome.done for outcome in outcomes] == [True, True, False]
    assert Flag.objects.get(pk=mine.pk).case != Flag.objects.get(pk=other.pk).case


def test_bulk_needs_words_and_a_choice(who):
    flag = ground.flag(who)
    for act in ("confirm", "dismiss"):
        with pytest.raises(Refused):
            deciding.in_bulk(act=act, flags=[flag.pk], by=who.monitor, text="")
    with pytest.raises(Refused, match="没有选择"):
        deciding.in_bulk(act="dismiss", flags=[], by=who.monitor, text="理由")
    with pytest.raises(Refused, match="最多"):
        deciding.in_bulk(act="dismiss", flags=range(1, 300), by=who.monitor, text="理由")


@pytest.mark.parametrize(
    ("facts", "constraint"),
    [
        ({"state": FlagState.CLOSED}, "不能由"),
        ({"state": FlagState.CONFIRMED}, "flags_confirmed_with_case|flags_decided"),
        ({"state": FlagState.DISMISSED}, "flags_dismissed_with_reason|flags_decided"),
        ({"confidence": 2}, "flags_confidence_range"),
        ({"rule": Rule.BY_HAND}, "."),
    ],
)
def test_raw_updates_cannot_bend_a_flag(who, facts, constraint):
    flag = ground.flag(who)
    with pytest.raises(Exception, match=constraint), transaction.atomic():
        Flag.objects.filter(pk=flag.pk).update(**facts)


def test_a_flag_is_never_deleted(who):
    flag = ground.flag(who)
    with pytest.raises(Exception, match="flags_flag"), transaction.atomic():
        Flag.objects.filter(pk=flag.pk)._raw_delete("default")
    with pytest.raises(IntegrityError), transaction.atomic():
        ground.flag(who, plot=None, enterprise=None)


@pytest.mark.django_db(transaction=True)
def test_confirmed_at_once_by_two_a_flag_has_one_case():
    who = ground.people()
    flag = ground.flag(who)
    results = at_once([lambda: deciding.confirm(flags=[flag.pk], by=who.monitor, requirement="整改。")] * 2)
    assert sum(isinstance(result, Refused) for result in results) == 1
    from core.casework.models import Case

    assert Case.objects.count() == 1
