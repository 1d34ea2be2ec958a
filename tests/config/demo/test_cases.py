"""Cases of the demo city: every list of every role has something in it, made by the services alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from config.demo import seeding
from config.demo.accounts import Password
from config.demo.clock import working_days_back
from config.demo.papers import sample_pdf
from core.accounts.models import User
from core.casework import working_days
from core.casework.models import Alert, Case, CasePaper, Notification, Remark, TimelineEntry
from core.casework.states import Procedure, State, states_of
from core.papers import type_of
from efficiency.agreements.models import Agreement, Breach, Check
from efficiency.evaluation.models import Objection, Run, RunState, Score
from efficiency.flags.models import Flag
from efficiency.returns.models import LandCorrection, LandOfYear, SelfReport
from landuse.quotas.models import QuotaEntry, QuotaPlan, QuotaPool
from parks.programmes.models import Membership

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: Any) -> Any:
    """A seeded city, once for the whole file, rolled back after it."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        yield seeding.seed_demo(
            seed=1, plots=1500, years=2, password=Password("test-only", generated=False), say=lambda _: None
        )
        transaction.set_rollback(True)


def test_there_are_cases_of_both_kinds_in_every_state_and_district(demo: seeding.Seeded) -> None:
    cases = Case.objects.filter(procedure=Procedure.APPLICATION)
    assert demo.cases == cases.count() >= 38
    states = Counter(cases.values_list("kind", "state"))
    assert {state for _kind, state in states} == set(states_of(Procedure.APPLICATION))
    for kind in ("plot_ratio", "land_quota"):
        assert sum(count for (of, _state), count in states.items() if of == kind) >= 18
    assert Case.objects.values("district").distinct().count() == 5
    assert not Case.objects.filter(is_demo=False).exists()
    assert not Case.objects.exclude(applicant_name__contains="示例").exists()


def test_every_list_of_every_role_has_something_in_it(demo: seeding.Seeded) -> None:
    today = timezone.localdate()
    accounts = User.objects.in_bulk(field_name="username")
    for name in ("planner.nanhai", "planner.shunde", "reviewer.city", "parks.city", "monitor.city", "ent.1", "ent.2"):
        assert Case.objects.waiting_for(accounts[name]).exists(), name
    for name in ("planner.nanhai", "head.nanhai", "auditor", "reviewer.city"):
        assert Case.objects.visible_to(accounts[name]).overdue(today).exists(), name
    assert Case.objects.waiting_for(accounts["head.gaoming"]).exists()
    for number in range(1, 6):
        assert Case.objects.visible_to(accounts[f"ent.{number}"]).exists()
    assert Remark.objects.filter(instruction=True).exists()
    assert set(Alert.objects.filter(closed_at=None).values_list("rule", flat=True)) == set(Alert.Rule.values)
    assert Notification.objects.unread().filter(user=accounts["planner.nanhai"]).exists()
    assert Case.objects.filter(on_behalf=True).exists()


def test_the_past_of_a_case_is_told_in_order_on_working_days_in_the_name_of_who_acted(demo: seeding.Seeded) -> None:
    for case in Case.objects.exclude(state=State.DRAFT):
        entries = list(TimelineEntry.objects.filter(case=case).order_by("pk"))
        assert entries == sorted(entries, key=lambda entry: entry.at)
        assert all(working_days.is_working(timezone.localdate(entry.at)) for entry in entries if entry.is_move)
        assert all(entry.by_id for entry in entries if entry.is_move)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM casework_caseevent e JOIN pghistory_context c ON c.id = e.pgh_context_id"
            " WHERE c.metadata->>'source' IS DISTINCT FROM 'seed_demo'"
        )
        assert cursor.fetchone()[0] == 0


def test_papers_say_that_they_are_samples_and_are_what_they_say(demo: seeding.Seeded) -> None:
    paper = CasePaper.objects.first()
    assert paper is not None
    assert not CasePaper.objects.exclude(name__startswith="示例").exists()
    with paper.file.open() as file:
        assert type_of(file) == "application/pdf"
    assert sample_pdf(["示例"]).startswith(b"%PDF-1.4")


def test_the_ledger_of_the_demo_adds_up(demo: seeding.Seeded) -> None:
    assert not QuotaPlan.objects.filter(is_demo=False).exists()
    assert set(QuotaPlan.objects.values_list("year", flat=True)) == {
        timezone.localdate().year,
        timezone.localdate().year - 1,
    }
    for pool in QuotaPool.objects.with_balance():
        assert pool.available >= 0
    assert QuotaEntry.objects.filter(kind="commit").exists()
    held = QuotaEntry.objects.filter(kind="reserve").count()
    approved = Case.objects.filter(kind="land_quota", state__in=[State.NOTICE, State.EFFECTIVE]).count()
    assert held == approved > 0


def test_the_first_enterprise_may_ask_for_a_higher_plot_ratio(demo: seeding.Seeded) -> None:
    firm = User.objects.get(username="ent.1").membership.enterprise
    assert firm.district_id == "440605"
    assert Membership.objects.in_force_on().filter(enterprise=firm, programme="demo-nanhai-brand").exists()
    case = Case.objects.filter(kind="plot_ratio", applicant_code=firm.uscc, state=State.SUBMITTED).first()
    assert case is not None
    assert not any(finding["blocks"] for finding in case.evidence["findings"])
    lapsed = User.objects.get(username="ent.5").membership.enterprise
    assert Membership.objects.filter(enterprise=lapsed).exists()
    assert not Membership.objects.in_force_on().filter(enterprise=lapsed).exists()


def test_every_year_is_evaluated_and_the_newest_is_open_to_objections(demo: seeding.Seeded) -> None:
    runs = list(Run.objects.order_by("year"))
    assert [(run.year, run.state) for run in runs] == [(2024, RunState.FINAL), (2025, RunState.OBJECTION)]
    assert all(run.is_demo and run.digest and run.version.state == "approved" for run in runs)
    assert runs[-1].objection_until >= timezone.localdate()
    assert all(run.published_on <= timezone.localdate() for run in runs[:-1])
    assert Score.objects.filter(run=runs[-1]).exclude(grade="").values("grade").distinct().count() >= 4
    assert Objection.objects.get().state == "open"


def test_agreements_are_kept_late_and_broken_and_flags_followed(demo: seeding.Seeded) -> None:
    assert Agreement.objects.filter(state="in_force", is_demo=True).count() == Agreement.objects.count() > 5
    verdicts = set(Check.objects.latest_of_each().values_list("verdict", flat=True))
    assert verdicts >= {"kept", "broken", "late", "overdue", "pending"}
    assert Breach.objects.exists()
    assert set(Flag.objects.values_list("state", flat=True)) >= {"raised", "confirmed", "dismissed", "closed"}
    assert not Flag.objects.filter(is_demo=False).exists()
    assert set(Case.objects.filter(kind="rectification").values_list("state", flat=True)) == {
        "issued", "planned", "rectified",
    }  # fmt: skip


def test_the_accounts_own_reports_are_at_every_stage(demo: seeding.Seeded) -> None:
    states = dict(SelfReport.objects.values_list("enterprise__members__user__username", "state"))
    assert states == {"ent.1": "confirmed", "ent.2": "submitted", "ent.3": "returned", "ent.4": "draft"}
    correction = LandCorrection.objects.get(withdrawn_at=None)
    land = LandOfYear.objects.get(enterprise=correction.enterprise, year=correction.year)
    assert land.actual_m2 == float(correction.area_m2)


def test_days_are_counted_back_over_weekends_and_holidays(demo: seeding.Seeded) -> None:
    today = timezone.localdate()
    days = working_days_back(today, 30)
    assert len(days) == 31
    assert days == sorted(days, reverse=True)
    assert all(working_days.is_working(day) for day in days)
    assert working_days.between(days[-1], days[0]) == 30
