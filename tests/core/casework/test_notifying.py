"""Who is told of what, in which words; and what leaves the house, when, and what if it does not arrive."""

import datetime as dt

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django_tasks_db.models import DBTaskResult

from core.accounts.models import CITY_CODE, Role
from core.casework import audience, delivering, gateways
from core.casework.models import Delivery, Notification
from core.casework.services import assigning, deciding, filing, notifying, papers, remarking, reviewing
from core.casework.states import MOVES, State
from tests import places
from tests.core.casework import cases

pytestmark = pytest.mark.django_db


@pytest.fixture
def who():
    return cases.people()


class Told:
    """What was told since it was made: ``told(user)`` are the sentences, without the lead."""

    def __init__(self) -> None:
        self.first = Notification.objects.count()

    def __call__(self, user) -> list[str]:
        rows = Notification.objects.filter(user=user).order_by("pk")
        newest = Notification.objects.order_by("pk")[self.first :].values("pk")
        return [text.partition("）：")[2] for text in rows.filter(pk__in=newest).values_list("text", flat=True)]


def send() -> None:
    delivering.send_waiting.call()


def reachable(user, *, email="somebody@example.invalid", mobile="13800000000"):
    user.email, user.mobile = email, mobile
    user.save()
    return user


class Refusing:
    """A gateway that takes nothing."""

    def send(self, *, number, text):
        raise gateways.NotSent("余额不足")


class Keeping:
    """A gateway that keeps what it is given."""

    sent: list[tuple[str, str]] = []

    def send(self, *, number, text):
        self.sent.append((number, text))


def test_every_move_tells_somebody():
    assert set(MOVES) <= set(audience.TOLD)
    assert all(audience.TOLD[move] for move in MOVES)


def test_a_submission_asks_the_office_and_assures_the_applicant(who):
    told = Told()
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert told(who.planner) == [f"待受理，请不迟于 {case.due_on} 受理、要求补正或不予受理。"]
    assert told(who.applicant) == []
    assert told(who.reviewer) == told(who.parks) == told(who.head) == []


def test_filed_on_behalf_the_enterprise_hears_of_it(who):
    told = Told()
    cases.bring(cases.draft(who, by=who.parks), who, State.SUBMITTED, by=who.parks)
    assert "已提交" in told(who.applicant)[0]
    assert told(who.parks) == []


def test_an_acceptance_asks_every_office_by_its_day(who):
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    told = Told()
    case = deciding.accept(case_id=case.pk, by=who.planner)
    review = case.reviews.first()
    for office in (who.parks, who.monitor):
        assert told(office) == [f"请出具会审意见，期限 {review.due_on}。"]
    assert told(who.applicant) == [f"已受理，部门会审中，决定期限 {case.due_on}。"]
    assert told(who.planner) == []


def test_a_correction_says_what_and_until_when(who):
    told = Told()
    case = cases.bring(cases.draft(who), who, State.CORRECTION)
    assert told(who.applicant)[-1] == f"需补正，请不迟于 {case.due_on} 在办件页面补齐并提交：补充证明材料。"


def test_a_review_is_told_to_who_conducts_and_never_to_the_applicant(who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    told = Told()
    reviewing.give_review(case_id=case.pk, by=who.parks, verdict="disagree", text="产能不足")
    assert told(who.planner) == ["工信局已出具意见，还有 1 个部门未出具。"]
    assert told(who.applicant) == []


def test_a_decision_reaches_the_applicant_and_everybody_involved_once(who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    told = Told()
    deciding.refuse(case_id=case.pk, by=who.reviewer, text="不符合规划。")
    assert told(who.applicant) == ["不予批准：不符合规划。决定书可在办件页面下载，也可在该页申请复核。"]
    assert told(who.planner) == told(who.parks) == told(who.monitor) == ["不予批准：不符合规划。"]
    assert told(who.reviewer) == []


def test_an_approval_says_whether_there_is_a_notice(who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    cases.clocks(notice=7)
    told = Told()
    until = deciding.approve(case_id=case.pk, by=who.reviewer).notice_until
    assert told(who.applicant) == [f"已批准，公示至 {until}，期满后生效。决定书可在办件页面下载。"]
    cases.clocks(notice=0)
    cases.bring(cases.draft(who), who, State.NOTICE)
    assert told(who.applicant)[-1] == "已批准，不设公示期，办理生效后执行。决定书可在办件页面下载。"


def test_the_office_of_the_district_is_asked_before_that_of_the_city(who):
    city = places.account(Role.PLANNER, CITY_CODE)
    other = places.account(Role.PLANNER, places.SANSHUI)
    told = Told()
    cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert len(told(who.planner)) == 1
    assert told(city) == told(other) == []


def test_without_an_office_in_the_district_the_city_is_asked():
    who = cases.people(CITY_CODE)
    told = Told()
    cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert len(told(who.planner)) == 1


def test_internal_words_stay_inside(who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    told = Told()
    remarking.remark(case_id=case.pk, by=who.parks, text="内部意见")
    remarking.remark(case_id=case.pk, by=who.head, text="请抓紧")
    assert told(who.planner) == ["新留言：内部意见", "领导批示：请抓紧"]
    assert told(who.applicant) == []
    remarking.remark(case_id=case.pk, by=who.planner, text="请补电话", internal=False)
    assert told(who.applicant) == ["新留言：请补电话"]
    remarking.remark(case_id=case.pk, by=who.applicant, text="已补", internal=False)
    assert told(who.planner)[-1] == "新留言：已补"


def test_who_is_away_is_told_and_so_is_the_deputy(who):
    deputy = places.account(Role.PLANNER, CITY_CODE)
    today = timezone.localdate()
    assigning.note_absence(by=who.planner, user=who.planner, deputy=deputy, since=today, until=today)
    told = Told()
    cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert len(told(who.planner)) == len(told(deputy)) == 1


def test_closed_accounts_are_told_nothing(who):
    who.planner.is_active = False
    who.planner.save()
    assert notifying.tell(users=[who.planner], act="submit", text="示例") == []


def test_sentences_are_chinese_whoever_acts_and_keep_what_was_typed(who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    told = Told()
    with translation.override("en"):
        deciding.refuse(case_id=case.pk, by=who.reviewer, text="超过 100 %(x)s 上限")
    assert told(who.planner) == ["不予批准：超过 100 %(x)s 上限。"]


def test_a_long_reason_is_cut_and_not_refused(who):
    case = cases.bring(cases.draft(who), who, State.DECISION)
    deciding.refuse(case_id=case.pk, by=who.reviewer, text="长" * 3000)
    text = Notification.objects.filter(user=who.applicant).latest("pk").text
    assert len(text) == 300
    assert text.endswith("…")


def test_one_marks_ones_own_as_read(who):
    cases.bring(cases.draft(who), who, State.REVIEW)
    foreign = Notification.objects.filter(user=who.parks).get()
    assert notifying.mark_read(by=who.planner, ids=[foreign.pk]) == 0
    assert notifying.mark_read(by=who.planner) == 1
    assert notifying.mark_read(by=who.planner) == 0
    foreign.refresh_from_db()
    assert foreign.read_at is None


def test_what_was_rolled_back_is_told_to_nobody(who):
    reachable(who.planner)
    with transaction.atomic():
        notifying.tell(users=[who.planner], act="submit", text="示例")
        transaction.set_rollback(True)
    assert not Notification.objects.exists()
    assert not DBTaskResult.objects.exists()


def test_an_email_says_what_happened_and_where(who, settings):
    settings.MUCHAN_PUBLIC_URL = "https://muchan.example"
    reachable(who.planner)
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    assert mail.outbox == []
    send()
    message = mail.outbox[0]
    assert message.to == ["somebody@example.invalid"]
    assert message.subject == f"{case.number} {case.title}"
    assert f"待受理，请不迟于 {case.due_on} 受理" in message.body
    assert f"https://muchan.example/cases/{case.pk}/" in message.body
    send()
    assert len(mail.outbox) == 1
    assert Delivery.objects.get().outcome == Delivery.Outcome.SENT


def test_a_name_cannot_forge_the_head_of_an_email(who):
    reachable(who.planner)
    case = cases.bring(cases.draft(who), who, State.SUBMITTED)
    type(case).objects.filter(pk=case.pk).update(title="标题\r\nBcc: all@example.invalid")
    send()
    assert mail.outbox[0].message().get_all("Bcc") is None


def test_a_short_message_goes_out_for_decisions_and_deadlines_only(who, settings):
    settings.MUCHAN_SMS_GATEWAY = f"{__name__}.Keeping"
    Keeping.sent.clear()
    reachable(who.applicant, email="")
    case = cases.bring(cases.draft(who), who, State.DECISION)
    assert not Delivery.objects.exists()
    deciding.refuse(case_id=case.pk, by=who.reviewer, text="不符合规划")
    send()
    assert [number for number, _text in Keeping.sent] == ["13800000000"]
    assert "不予批准" in Keeping.sent[0][1]


def test_without_a_gateway_messages_are_logged_with_half_the_number(who, caplog):
    reachable(who.applicant, email="")
    caplog.set_level("INFO", "core.casework.gateways")
    cases.bring(cases.draft(who), who, State.CORRECTION)
    send()
    assert "138****0000" in caplog.text
    assert "13800000000" not in caplog.text


def test_a_failure_is_tried_again_at_growing_intervals_and_then_reported(who, settings, monkeypatch):
    settings.MUCHAN_SMS_GATEWAY = f"{__name__}.Refusing"
    administrator = places.account(Role.SYSADMIN, CITY_CODE)
    reachable(who.applicant, email="")
    cases.bring(cases.draft(who), who, State.CORRECTION)
    told = Told()
    now = timezone.now()
    attempts = []
    for pause in [dt.timedelta(0), *delivering.PAUSES]:
        now += pause
        for moment in (now - dt.timedelta(seconds=1), now) if pause else (now,):
            monkeypatch.setattr(timezone, "now", lambda moment=moment: moment)
            send()
        attempts.append(Delivery.objects.get().attempts)
    assert attempts == [1, 2, 3, 4, 5]
    delivery = Delivery.objects.get()
    assert (delivery.outcome, delivery.error) == (Delivery.Outcome.FAILED, "余额不足")
    newest = {user.pk: Notification.objects.filter(user=user).latest("pk") for user in (administrator, who.planner)}
    assert "短信未能送达企业，已试 5 次" in newest[who.planner.pk].text
    assert "余额不足" in newest[administrator.pk].text
    # Who manages accounts reads no cases.
    assert newest[administrator.pk].case is None
    assert who.enterprise.name not in newest[administrator.pk].text
    assert told(who.applicant) == []


def test_one_that_fails_costs_the_others_nothing(who, settings):
    settings.MUCHAN_SMS_GATEWAY = f"{__name__}.Refusing"
    reachable(who.applicant)
    cases.bring(cases.draft(who), who, State.CORRECTION)
    send()
    outcomes = dict(Delivery.objects.filter(notification__act="ask_correction").values_list("channel", "outcome"))
    assert outcomes == {"email": "sent", "sms": "waiting"}


def test_a_paper_of_an_office_is_told_to_the_applicant_unless_it_is_internal(who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    told = Told()
    for name, internal in (("内部.pdf", True), ("图纸.pdf", False)):
        content = cases.ContentFile(cases.PDF + name.encode())
        papers.attach(case_id=case.pk, by=who.parks, slot="", name=name, content=content, internal=internal)
    assert told(who.applicant) == ["新增材料：图纸.pdf"]
    assert told(who.planner) == ["新增材料：内部.pdf", "新增材料：图纸.pdf"]


def test_a_withdrawal_tells_who_worked_on_it(who):
    case = cases.bring(cases.draft(who), who, State.REVIEW)
    told = Told()
    filing.withdraw(case_id=case.pk, by=who.applicant)
    assert told(who.planner) == ["申请人已撤回，不必再办。"]


@pytest.mark.parametrize("number", ["12800000000", "1380000000", "+8613800000000"])
def test_database_refuses_what_is_no_mobile_number(who, number):
    with pytest.raises(IntegrityError), transaction.atomic():
        type(who.planner).objects.filter(pk=who.planner.pk).update(mobile=number[:11])
