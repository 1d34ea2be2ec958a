"""Every promise against its fact: what is reckoned, what is written, and that all agree with one."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, connection, transaction

from core.casework.models import Notification
from core.refusals import NotAllowed, Refused
from efficiency.agreements.models import Check, MilestoneFact
from efficiency.agreements.services import checking, recording, reminding
from tests import places
from tests.efficiency.agreements import deals


@pytest.fixture
def parties(db: None) -> deals.Deal:
    return deals.deal()


def verdicts(agreement) -> dict:
    rows = Check.objects.filter(agreement=agreement).latest_of_each()
    return {(row.subject, row.year): row.verdict for row in rows}


def test_milestones_and_promises_are_judged_when_it_comes_into_force(parties):
    deals.returned(parties.enterprise)
    agreement = deals.bound(parties)
    year = deals.LAST_YEAR
    assert verdicts(agreement) == {
        ("start", None): "overdue",
        ("completion", None): "pending",
        ("production", None): "pending",
        ("tax", year): "broken",
        ("output", year): "kept",
    }
    tax = Check.objects.get(agreement=agreement, subject="tax")
    # 2,000,000 元 over 10.000005 亩 are 20 万元 per 亩, against 30.
    assert (tax.actual, tax.ratio, tax.promised) == (Decimal("20.0000"), Decimal("0.6667"), Decimal("30"))
    assert tax.yearly_return_id
    assert Decimal(tax.evidence["figure"]) == 2_000_000


def test_a_figure_is_split_over_the_land_of_the_enterprise(parties):
    other = places.plot(7, places.square(113.04, 23.05, 0.002))
    deals.occupy(parties.enterprise, other)
    deals.returned(parties.enterprise)
    agreement = deals.bound(parties)
    here, there = parties.plot.area_m2, other.area_m2
    tax = Check.objects.get(agreement=agreement, subject="tax")
    expected = 2_000_000 * here / (here + there) / (float(deals.MU_10) * 3 / 2000) / 1e4
    assert float(tax.actual) == pytest.approx(expected, abs=1e-4)
    assert float(tax.evidence["all_m2"]) == pytest.approx(here + there, abs=0.01)


def test_a_promise_holds_until_a_later_row_and_years_without_figures_are_unknown(parties):
    year = deals.LAST_YEAR
    indicators = [*deals.promised(tax="10", since=year - 2), *deals.promised(tax="30", since=year)[:1]]
    deals.returned(parties.enterprise, year - 2)
    deals.returned(parties.enterprise, year, tax_cny=None)
    agreement = deals.bound(parties, indicators=indicators)
    rows = {row.year: row for row in Check.objects.filter(agreement=agreement, subject="tax")}
    assert {key: (row.promised, row.verdict) for key, row in rows.items()} == {
        year - 2: (Decimal(10), "kept"),
        year - 1: (Decimal(10), "unknown"),
        year: (Decimal(30), "unknown"),
    }


def test_exactly_what_was_promised_is_kept_and_a_refund_is_not(parties):
    agreement = deals.bound(
        parties, area_m2=Decimal("20000"), indicators=deals.promised(tax="10", output="100"), number="A"
    )
    deals.returned(parties.enterprise, tax_cny=Decimal(3_000_000), output_cny=Decimal("29999999.99"))
    checking.verify(agreement_id=agreement.pk, by=parties.monitor)
    assert verdicts(agreement)["tax", deals.LAST_YEAR] == "kept"
    assert verdicts(agreement)["output", deals.LAST_YEAR] == "broken"


def test_only_what_is_new_is_written_and_all_at_once_says_what_one_says(parties):
    deals.returned(parties.enterprise)
    agreement = deals.bound(parties)
    count = Check.objects.count()
    assert not checking.verify(agreement_id=agreement.pk, by=parties.parks).checks
    tomorrow = deals.TODAY + dt.timedelta(days=1)
    assert not checking.verify_all(tomorrow).checks
    assert Check.objects.count() == count
    late = deals.TODAY + dt.timedelta(days=301)
    # In a new year the promises of the year before are judged too.
    expected = 3 if late.year > deals.TODAY.year else 1
    assert len(checking.verify_all(late).checks) == expected
    assert verdicts(agreement)["completion", None] == "overdue"


def test_a_fact_is_kept_with_its_evidence_and_checked_at_once(parties):
    agreement = deals.bound(parties)
    pdf = ContentFile(b"%PDF-1.4\n%%EOF\n", name="permit.pdf")
    on = deals.TODAY - dt.timedelta(days=90)
    fact = recording.record_fact(
        agreement_id=agreement.pk, by=parties.parks, milestone="start", on=on, evidence="施工许可证 1 号", file=pdf
    )
    start = Check.objects.filter(agreement=agreement, subject="start").latest_of_each().get()
    assert (start.verdict, start.days, start.evidence["fact"]) == ("late", 10, fact.pk)
    assert fact.sha256
    recording.record_fact(
        agreement_id=agreement.pk,
        by=parties.parks,
        milestone="start",
        on=on - dt.timedelta(days=20),
        evidence="更正：开工报告",
    )
    assert verdicts(agreement)["start", None] == "kept"
    for problem, facts in {
        "晚于今天": {"on": deals.TODAY + dt.timedelta(days=1), "evidence": "x", "milestone": "start"},
        "请写明依据": {"on": on, "evidence": " ", "milestone": "start"},
        "请选择节点": {"on": on, "evidence": "x", "milestone": "lunch"},
    }.items():
        with pytest.raises(Refused, match=problem):
            recording.record_fact(agreement_id=agreement.pk, by=parties.parks, **facts)
    fake = ContentFile(b"MZ", name="permit.pdf")
    with pytest.raises(Refused, match="不是"):
        recording.record_fact(
            agreement_id=agreement.pk, by=parties.parks, milestone="start", on=on, evidence="x", file=fake
        )


def test_facts_and_checks_are_never_changed_nor_deleted(parties):
    agreement = deals.bound(parties)
    MilestoneFact.objects.create(
        agreement=agreement, milestone="start", on=deals.TODAY, evidence="x", by=parties.monitor
    )
    for table in ("agreements_check", "agreements_milestonefact"):
        for sql in (f"DELETE FROM {table}", f'UPDATE {table} SET "on" = now()'):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)


def test_only_who_follows_checks_and_records(parties):
    agreement = deals.bound(parties)
    for user in (parties.planner, parties.head, parties.applicant):
        with pytest.raises(NotAllowed):
            checking.verify(agreement_id=agreement.pk, by=user)
        with pytest.raises(NotAllowed):
            recording.record_fact(agreement_id=agreement.pk, by=user, milestone="start", on=deals.TODAY, evidence="x")


def test_a_day_that_nears_or_passed_and_a_broken_promise_are_told_once(parties):
    deals.returned(parties.enterprise)
    soon = deals.TODAY + dt.timedelta(days=20)
    agreement = deals.bound(parties, completion_by=soon)
    Check.objects.filter(agreement=agreement)
    reminding.watch(deals.TODAY)
    acts = Notification.objects.filter(user=parties.applicant).values_list("act", flat=True)
    assert list(acts) == ["milestone_due"]
    assert Notification.objects.filter(user=parties.monitor, act="milestone_due").count() == 1
    assert reminding.watch(deals.TODAY) == 0
    passed = soon + dt.timedelta(days=1)
    if passed.year == deals.TODAY.year:
        assert reminding.watch(passed) == 1
    assert Notification.objects.filter(user=parties.monitor, act="milestone_late").count() <= 1
