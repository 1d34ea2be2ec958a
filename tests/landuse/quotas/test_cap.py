"""The programme's share of an annual plan: no cap while it is a reference, 20 % once adopted, more only by transfer."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from core.casework.findings import MET, NOTED, UNMET
from core.casework.services import deciding
from core.casework.states import State
from core.policy.models import Parameter
from core.refusals import Refused
from landuse.quotas import checks, services, share
from landuse.quotas.models import QuotaEntry
from tests import places
from tests.core.casework import cases
from tests.landuse.quotas import ground

pytestmark = pytest.mark.django_db

BOUNDARY = [("199.9999", True), ("200", True), ("200.0001", False)]
"""Of a plan of 1,000 in all: just under 20 %, at it, and just over."""


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def plan(amount: str, **facts: object) -> tuple:
    """A plan of 1,000 亩 of which ``amount`` is about to be granted to a programme's pool."""
    everybody = ground.pool(Decimal(1000) - Decimal(amount), **facts)
    kept = ground.pool(programme=ground.programme(), name="示例项目池", **facts)
    return everybody, kept


@pytest.mark.parametrize(("amount", "_fits"), BOUNDARY)
def test_a_reference_caps_nothing(who, amount, _fits):
    _everybody, kept = plan(amount)
    ground.grant(kept, amount)
    standing = share.standing(places.NANHAI, ground.YEAR, timezone.localdate())
    assert standing.cap is None
    assert standing.programme_mu == Decimal(amount)
    assert standing.over_mu == 0


@pytest.mark.parametrize(("amount", "fits"), BOUNDARY)
def test_an_adopted_cap_binds_exactly_at_its_boundary(who, amount, fits):
    ground.adopt_cap()
    _everybody, kept = plan(amount)
    if fits:
        ground.grant(kept, amount)
        assert share.standing(places.NANHAI, ground.YEAR, timezone.localdate()).over_mu == 0
        return
    with pytest.raises(Refused) as refusal:
        ground.grant(kept, amount)
    assert "超过年度计划指标 1,000.0000 亩的 20%（200.0000 亩），超 0.0001 亩" in refusal.value.sentence
    assert "年中调剂" in refusal.value.sentence
    with pytest.raises(DatabaseError, match="项目池指标共"), transaction.atomic():
        QuotaEntry.objects.create(
            pool=kept,
            kind="grant",
            amount_mu=amount,
            document_number="示例",
            booked_on=timezone.localdate(),
            by=ground.city_planner(),
        )


def test_a_cap_holds_from_its_day_on(who):
    adopted = ground.adopt_cap()
    Parameter.objects.filter(pk=adopted.pk).update(valid_from=timezone.localdate())
    _everybody, kept = plan("200.0001")
    ground.grant(kept, "200.0001", booked_on=timezone.localdate() - dt.timedelta(days=1))


def test_a_cap_is_of_the_whole_year_of_a_place_whatever_the_category(who):
    ground.adopt_cap()
    ground.pool(500)
    ground.pool(300, category="linked")
    kept = ground.pool(category="city", programme=ground.programme(), name="示例项目池")
    ground.grant(kept, 200)
    with pytest.raises(Refused, match="超 "):
        ground.grant(kept, 1)
    # Neither the year before nor another place helps.
    ground.pool(5000, year=ground.YEAR - 1)
    ground.pool(5000, place=places.SANSHUI)
    with pytest.raises(Refused, match="超 "):
        ground.grant(kept, 1)


def test_above_the_cap_only_by_a_transfer_with_a_document(who):
    ground.adopt_cap()
    everybody, kept = plan("200")
    ground.grant(kept, 200)
    by, move = ground.city_planner(), {"from_pool_id": everybody.pk, "to_pool_id": kept.pk}
    with pytest.raises(Refused, match="写明批准文号"):
        services.transfer(**move, amount_mu=Decimal(10), by=by)
    services.transfer(**move, amount_mu=Decimal(10), document_number="佛府示例〔2026〕3 号", by=by)
    standing = share.standing(places.NANHAI, ground.YEAR, timezone.localdate())
    assert (standing.programme_mu, standing.covered_mu, standing.over_mu) == (210, 10, 0)
    # What a document covers stays covered: sent back, it covers nothing any more, and no grant takes its place.
    services.transfer(
        from_pool_id=kept.pk,
        to_pool_id=everybody.pk,
        amount_mu=Decimal(10),
        document_number="佛府示例〔2026〕4 号",
        by=by,
    )
    with pytest.raises(Refused, match="超 "):
        ground.grant(kept, 10)


def test_a_smaller_base_may_not_leave_the_share_above_the_cap(who):
    ground.adopt_cap()
    everybody, kept = plan("200")
    ground.grant(kept, 200)
    with pytest.raises(Refused, match="超 "):
        services.give_back(pool_id=everybody.pk, amount_mu=Decimal(1), text="核减", by=ground.city_planner())
    services.give_back(pool_id=kept.pk, amount_mu=Decimal(1), text="核减", by=ground.city_planner())


def approved(who: cases.People, amount: str) -> tuple:
    """A case for ``amount`` at its decision, asking a pool that was filled before the cap was adopted."""
    everybody, kept = plan("300")
    ground.grant(kept, 300)
    ground.member(who, kept.programme)
    case = cases.bring(ground.draft(who, kept, amount), who, State.DECISION)
    return case, everybody, kept


@pytest.mark.parametrize(("amount", "fits"), BOUNDARY)
def test_an_approval_uses_no_more_than_the_cap_even_of_a_pool_filled_before(who, amount, fits):
    case, everybody, kept = approved(who, amount)
    ground.adopt_cap()
    found = {finding.rule: finding for finding in checks.assess(case, timezone.localdate())}
    assert found["QT-2"].state == (MET if fits else UNMET)
    assert found["QT-2"].required == 200
    if fits:
        assert deciding.approve(case_id=case.pk, by=who.reviewer).state == State.NOTICE
        return
    with pytest.raises(Refused, match="年中调剂入池"):
        deciding.approve(case_id=case.pk, by=who.reviewer)
    services.transfer(
        from_pool_id=everybody.pk,
        to_pool_id=kept.pk,
        amount_mu=Decimal(1),
        document_number="佛府示例〔2026〕3 号",
        by=ground.city_planner(),
    )
    assert deciding.approve(case_id=case.pk, by=who.reviewer).state == State.NOTICE


@pytest.mark.parametrize(("amount", "_fits"), BOUNDARY)
def test_an_approval_knows_no_cap_while_it_is_a_reference(who, amount, _fits):
    case, _everybody, _kept = approved(who, amount)
    found = {finding.rule: finding for finding in checks.assess(case, timezone.localdate())}
    assert found["QT-2"].state == NOTED
    assert found["QT-2"].source.status == "reference"
    assert found["QT-2"].source.document == "S001"
    assert deciding.approve(case_id=case.pk, by=who.reviewer).state == State.NOTICE
