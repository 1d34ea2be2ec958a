"""The ledger: balances are sums, pairs stay pairs, and no path overdraws; by service and by raw SQL."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from core.accounts.models import Role
from core.refusals import NotAllowed, Refused
from landuse.quotas import services
from landuse.quotas.models import QuotaEntry, QuotaPlan, QuotaPool, QuotaRequest
from tests import places
from tests.core.casework import cases
from tests.landuse.quotas import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def balance(pool: QuotaPool) -> dict[str, Decimal]:
    found = QuotaPool.objects.with_balance().get(pk=pool.pk)
    return {name: getattr(found, name) for name in ("granted", "transferred", "reserved", "committed", "available")}


def sums(granted: int, transferred: int, reserved: int, committed: int) -> dict[str, Decimal]:
    names = ("granted", "transferred", "reserved", "committed")
    values = dict(zip(names, map(Decimal, (granted, transferred, reserved, committed)), strict=True))
    return {**values, "available": values["granted"] + values["transferred"] - values["reserved"] - values["committed"]}


def refused(sql: str, values: list[object], match: str) -> None:
    """The database itself does not take the statement."""
    with pytest.raises(DatabaseError, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


ENTRY = """INSERT INTO quotas_quotaentry (pool_id, kind, amount_mu, case_id, transfer, document_number, text, booked_on,
    at, by_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now(), %s)"""


def entry(
    pool: QuotaPool, kind: str, amount: object, *, case: int | None = None, transfer: object = None, text: str = "示例"
) -> list[object]:
    by = ground.city_planner().pk
    return [pool.pk, kind, amount, case, transfer, "示例〔2026〕1 号", text, timezone.localdate(), by]


def test_every_kind_of_entry_moves_the_sums_it_says(who):
    pool = ground.pool(100)
    other = ground.pool(50, category="linked")
    by = ground.city_planner()
    assert balance(pool) == sums(100, 0, 0, 0)
    services.transfer(from_pool_id=other.pk, to_pool_id=pool.pk, amount_mu=Decimal(20), by=by)
    assert balance(pool) == sums(100, 20, 0, 0)
    assert balance(other) == sums(50, -20, 0, 0)
    request = ground.bare_request(who, pool, 30)
    services.reserve(case=request.case, by=by)
    assert balance(pool) == sums(100, 20, 30, 0)
    services.release(case=request.case, by=by)
    assert balance(pool) == sums(100, 20, 0, 0)
    services.reserve(case=request.case, by=by)
    services.commit(case=request.case, by=by)
    assert balance(pool) == sums(100, 20, 0, 30)
    services.give_back(case=request.case, amount_mu=Decimal(10), text="项目缩减", by=by)
    assert balance(pool) == sums(100, 20, 0, 20)
    services.give_back(pool_id=pool.pk, amount_mu=Decimal(5), text="年末交回", by=by)
    assert balance(pool) == sums(95, 20, 0, 20)


def test_the_running_balance_ends_at_what_is_available(who):
    pool = ground.pool(100)
    request = ground.bare_request(who, pool, 40)
    services.reserve(case=request.case, by=ground.city_planner())
    running = list(QuotaEntry.objects.filter(pool=pool).with_running().values_list("running_mu", flat=True))
    assert running == [Decimal(100), Decimal(60)]


def test_a_reservation_beyond_the_room_says_how_much_is_missing(who):
    pool = ground.pool(37)
    request = ground.bare_request(who, pool, 40)
    with pytest.raises(Refused) as refusal:
        services.reserve(case=request.case, by=ground.city_planner())
    assert "池内可用 37.0000 亩，需 40.0000 亩，差 3.0000 亩" in refusal.value.sentence
    assert balance(pool) == sums(37, 0, 0, 0)


@pytest.mark.parametrize(("amount", "fits"), [("36.9999", True), ("37", True), ("37.0001", False)])
def test_the_last_mu_can_be_reserved_and_nothing_above_it(who, amount, fits):
    pool = ground.pool(37)
    request = ground.bare_request(who, pool, amount)
    if fits:
        services.reserve(case=request.case, by=ground.city_planner())
    else:
        with pytest.raises(Refused, match=r"差 0\.0001 亩"):
            services.reserve(case=request.case, by=ground.city_planner())


def test_raw_sql_cannot_overdraw_by_any_kind(who):
    pool, other = ground.pool(10), ground.pool(category="linked")
    request = ground.bare_request(who, pool, 20)
    refused(ENTRY, entry(pool, "reserve", 11, case=request.case_id), "池内可用 10.0000 亩，需 11.0000 亩")
    refused(ENTRY, entry(pool, "return", 11), "池内可用")
    pair = uuid.uuid4()
    refused(
        f"{ENTRY}, (%s, %s, %s, %s, %s, %s, %s, %s, now(), %s)",
        [*entry(pool, "transfer_out", 11, transfer=pair), *entry(other, "transfer_in", 11, transfer=pair)],
        "池内可用",
    )
    # Two reservations in one statement that fit each alone.
    second = ground.bare_request(who, pool, 20)
    refused(
        f"{ENTRY}, (%s, %s, %s, %s, %s, %s, %s, %s, now(), %s)",
        [*entry(pool, "reserve", 6, case=request.case_id), *entry(pool, "reserve", 6, case=second.case_id)],
        "池内可用 10.0000 亩，需 12.0000 亩，差 2.0000 亩",
    )
    assert balance(pool) == sums(10, 0, 0, 0)


def test_a_case_never_gives_up_more_than_it_holds_nor_holds_more_than_it_asked(who):
    pool = ground.pool(100)
    request = ground.bare_request(who, pool, 20)
    refused(ENTRY, entry(pool, "commit", 1, case=request.case_id), "预留指标不足")
    refused(ENTRY, entry(pool, "release", 1, case=request.case_id), "预留指标不足")
    refused(ENTRY, entry(pool, "return", 1, case=request.case_id), "已用指标不足")
    refused(ENTRY, entry(pool, "reserve", 21, case=request.case_id), "申请 20.0000 亩，记账后共 21.0000 亩")
    services.reserve(case=request.case, by=ground.city_planner())
    with pytest.raises(Refused, match="超出申请"):
        services.reserve(case=request.case, by=ground.city_planner())
    refused(ENTRY, entry(pool, "commit", 21, case=request.case_id), "预留指标不足")


def test_a_case_draws_only_on_the_pool_it_asked(who):
    pool, other = ground.pool(100), ground.pool(100, category="linked")
    request = ground.bare_request(who, pool, 20)
    refused(ENTRY, entry(other, "reserve", 20, case=request.case_id), "没有申请")


def test_a_request_stands_while_quota_is_held_for_it(who):
    pool, other = ground.pool(100), ground.pool(100, category="linked")
    request = ground.bare_request(who, pool, 20)
    services.reserve(case=request.case, by=ground.city_planner())
    for change in ({"amount_mu": 30}, {"pool": other}):
        with pytest.raises(DatabaseError, match="不可再改"), transaction.atomic():
            QuotaRequest.objects.filter(pk=request.pk).update(**change)
    services.release(case=request.case, by=ground.city_planner())
    assert QuotaRequest.objects.filter(pk=request.pk).update(amount_mu=30) == 1


def test_entries_plans_and_pools_are_never_rewritten(who):
    pool = ground.pool(100)
    for sql in (
        "UPDATE quotas_quotaentry SET amount_mu = 999",
        "UPDATE quotas_quotaentry SET text = 'x'",
        "DELETE FROM quotas_quotaentry",
        "UPDATE quotas_quotapool SET plan_id = plan_id + 1",
        "UPDATE quotas_quotaplan SET year = 2031",
        "SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM quotas_quotapool",
    ):
        refused(sql, [], ".")
    with pytest.raises(DatabaseError), transaction.atomic():
        QuotaPool.objects.filter(pk=pool.pk).update(programme=ground.programme())
    assert balance(pool) == sums(100, 0, 0, 0)


@pytest.mark.parametrize(
    ("halves", "match"),
    [
        ([("transfer_out", 5, 0)], "一笔调出、一笔调入"),
        ([("transfer_in", 5, 0)], "一笔调出、一笔调入"),
        ([("transfer_out", 5, 0), ("transfer_in", 6, 1)], "面积、文号和年度一致"),
        ([("transfer_out", 5, 0), ("transfer_in", 5, 0)], "两个指标池之间"),
        ([("transfer_out", 5, 0), ("transfer_in", 5, 2)], "年度一致"),
    ],
)
def test_a_transfer_has_two_equal_halves_within_a_year(who, halves, match):
    pools = [ground.pool(100), ground.pool(category="linked"), ground.pool(year=ground.YEAR - 1)]
    pair = uuid.uuid4()
    values = [value for kind, amount, at in halves for value in entry(pools[at], kind, amount, transfer=pair)]
    more = ", (%s, %s, %s, %s, %s, %s, %s, %s, now(), %s)" * (len(halves) - 1)
    refused(ENTRY + more, values, match)


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("0", "面积须大于 0 亩"),
        ("-1", "面积须大于 0 亩"),
        ("1000000000", "超过全市工业用地红线规模 675,000 亩"),
        ("0.00001", "最多四位小数"),
        ("NaN", "面积须大于 0 亩"),
    ],
)
def test_amounts_that_cannot_be_are_refused_with_a_sentence(who, amount, sentence):
    pool = ground.pool()
    with pytest.raises(Refused, match=sentence):
        ground.grant(pool, amount)
    for value in (0, -1, "999999"):
        refused(ENTRY, entry(pool, "grant", value), "quotas_entry_amount_sane")
    refused(ENTRY, entry(pool, "grant", 10**9), "overflow")


def test_what_must_be_said_is_asked_for(who):
    pool, by = ground.pool(10), ground.city_planner()
    with pytest.raises(Refused, match="下达文号"):
        ground.grant(pool, 1, document_number=" ")
    with pytest.raises(Refused, match="退回原因"):
        services.give_back(pool_id=pool.pk, amount_mu=Decimal(1), text="", by=by)
    with pytest.raises(Refused, match="晚于今天"):
        ground.grant(pool, 1, booked_on=timezone.localdate() + dt.timedelta(days=1))
    with pytest.raises(Refused, match="同一个指标池"):
        services.transfer(from_pool_id=pool.pk, to_pool_id=pool.pk, amount_mu=Decimal(1), by=by)
    other = ground.pool(year=ground.YEAR - 1)
    with pytest.raises(Refused, match="同一年度"):
        services.transfer(from_pool_id=pool.pk, to_pool_id=other.pk, amount_mu=Decimal(1), by=by)
    with pytest.raises(Refused, match="已登记"):
        services.open_plan(year=ground.YEAR, place=places.NANHAI, category="industrial", document="示例", by=by)
    with pytest.raises(Refused, match="已有指标池"):
        services.open_pool(plan_id=pool.plan_id, name=pool.name, by=by)
    with pytest.raises(Refused, match="没有预留指标"):
        services.commit(case=ground.bare_request(who, pool).case, by=by)
    assert QuotaPlan.objects.filter(year=ground.YEAR).count() == 1


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("reach", ["city", "own", "other"])
@pytest.mark.parametrize("plan", [ground.CITY, places.NANHAI])
def test_only_planners_book_and_only_where_they_reach(who, role, reach, plan):
    """Role × place × whose plan: the city's plan by the city's planner, a district's by its own or the city's."""
    pool = ground.pool(10, place=plan)
    scope = {"city": ground.CITY, "own": places.NANHAI, "other": places.SANSHUI}[reach]
    user = (
        places.account(role, enterprise=places.enterprise(9))
        if role == Role.ENTERPRISE
        else ground.city_planner()
        if (role, reach) == (Role.PLANNER, "city")
        else next(iter(cases.User.objects.filter(role=role, place_codes=[scope])), None) or places.account(role, scope)
    )
    allowed = role == Role.PLANNER and (reach == "city" or (reach == "own" and plan == places.NANHAI))
    acts = [
        lambda: ground.grant(pool, 1, by=user),
        lambda: services.open_pool(plan_id=pool.plan_id, name="另一池", by=user),
        lambda: services.give_back(pool_id=pool.pk, amount_mu=Decimal(1), text="交回", by=user),
        lambda: services.open_plan(year=ground.YEAR, place=plan, category="city", document="示例", by=user),
    ]
    for act in acts:
        if allowed:
            act()
        else:
            with pytest.raises(NotAllowed):
                act()


def test_a_transfer_needs_both_places(who):
    city, district = ground.pool(50, place=ground.CITY), ground.pool(10)
    with pytest.raises(NotAllowed):
        services.transfer(from_pool_id=city.pk, to_pool_id=district.pk, amount_mu=Decimal(1), by=who.planner)
    services.transfer(from_pool_id=city.pk, to_pool_id=district.pk, amount_mu=Decimal(1), by=ground.city_planner())
    assert balance(district) == sums(10, 1, 0, 0)


def test_history_keeps_who_booked(who):
    pool = ground.pool(10)
    booked = QuotaEntry.objects.get(pool=pool)
    event = QuotaEntry.pgh_event_model.objects.get(pgh_obj_id=booked.pk)  # type: ignore[attr-defined]
    assert event.pgh_context.metadata["user"] == ground.city_planner().pk
