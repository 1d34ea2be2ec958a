"""A hundred approvals at once against room for 37: exactly 37 get their quota, by the services and by raw SQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from core.casework.models import Case
from core.casework.services import deciding
from core.casework.states import State
from core.refusals import Refused
from landuse.quotas import services
from landuse.quotas.models import QuotaEntry, QuotaPool
from tests.core.casework import cases
from tests.landuse.quotas import ground

pytestmark = pytest.mark.django_db(transaction=True)

RACERS, ROOM = 100, 37
IN_FLIGHT = 40
"""So many are inside the database at one moment: PostgreSQL's hundred connections are shared with other workers."""


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Run ``act`` with every number below ``count`` at the same moment, each on a connection of its own."""
    results: list[Any] = [None] * count
    together = threading.Barrier(count)
    room = threading.Semaphore(IN_FLIGHT)

    def run(number: int) -> None:
        together.wait(120)
        with room:
            try:
                results[number] = act(number)
            except (Refused, DatabaseError) as refused:
                results[number] = refused
            finally:
                connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return results


def balance(pool: QuotaPool) -> Any:
    return QuotaPool.objects.with_balance().get(pk=pool.pk)


def test_of_a_hundred_approvals_thirty_seven_succeed():
    who = cases.people()
    pool = ground.pool(ROOM)
    waiting = []
    for _number in range(RACERS):
        case = ground.draft(who, pool, 1)
        waiting.append(cases.bring(case, who, State.DECISION).pk)

    results = at_once(RACERS, lambda number: deciding.approve(case_id=waiting[number], by=who.reviewer))

    winners = [result for result in results if isinstance(result, Case)]
    losers = [result for result in results if isinstance(result, Refused)]
    assert len(winners) == ROOM
    assert len(losers) == RACERS - ROOM
    assert all("池内可用 0.0000 亩，需 1.0000 亩，差 1.0000 亩" in loser.sentence for loser in losers)
    assert {case.state for case in winners} == {State.NOTICE}
    assert Case.objects.filter(pk__in=waiting, state=State.DECISION).count() == RACERS - ROOM
    now = balance(pool)
    assert (now.granted, now.reserved, now.available) == (ROOM, ROOM, 0)
    assert QuotaEntry.objects.filter(pool=pool, kind="reserve").count() == ROOM
    assert set(QuotaEntry.objects.filter(pool=pool, kind="reserve").values_list("case", flat=True)) == {
        case.pk for case in winners
    }


def test_of_a_hundred_raw_inserts_thirty_seven_succeed():
    who = cases.people()
    pool = ground.pool(ROOM)
    requests = [ground.bare_request(who, pool, 1).case_id for _number in range(RACERS)]

    def insert(number: int) -> str:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO quotas_quotaentry (pool_id, kind, amount_mu, case_id, booked_on, at, by_id)"
                " VALUES (%s, 'reserve', 1, %s, %s, now(), %s)",
                [pool.pk, requests[number], timezone.localdate(), who.reviewer.pk],
            )
        return "booked"

    results = at_once(RACERS, insert)

    losers = [result for result in results if isinstance(result, DatabaseError)]
    assert results.count("booked") == ROOM
    assert len(losers) == RACERS - ROOM
    assert all("池内可用 0.0000 亩，需 1.0000 亩" in str(loser) for loser in losers)
    assert balance(pool).available == 0


def test_a_case_approved_twice_at_once_is_reserved_once():
    who = cases.people()
    pool = ground.pool(100)
    case = ground.bare_request(who, pool, 30).case
    results = at_once(8, lambda _number: services.reserve(case=case, by=who.reviewer))
    assert len([result for result in results if isinstance(result, QuotaEntry)]) == 1
    assert balance(pool).reserved == 30


def test_transfers_crossing_each_other_neither_wait_for_ever_nor_overdraw():
    first, second = ground.pool(10), ground.pool(10, place=ground.CITY)
    by = ground.city_planner()

    def move(number: int) -> Any:
        source, target = (first, second) if number % 2 else (second, first)
        return services.transfer(from_pool_id=source.pk, to_pool_id=target.pk, amount_mu=Decimal(3), by=by)

    results = at_once(24, move)
    # Whoever was refused was refused for want of quota, not by a deadlock.
    assert all("池内可用" in result.sentence for result in results if isinstance(result, Refused))
    assert any(isinstance(result, tuple) for result in results)
    now = balance(first), balance(second)
    assert now[0].available + now[1].available == 20
    assert min(now[0].available, now[1].available) >= 0


def test_grants_to_several_programme_pools_at_once_keep_the_share_of_all():
    ground.adopt_cap()
    ground.pool(1000)
    programme = ground.programme()
    pools = [ground.pool(programme=programme, name=f"示例项目池{number}") for number in range(8)]
    # 1,000 for everybody, and each 50 raises the base too: 250 of 1,250 is 20 %, 300 of 1,300 is more.
    results = at_once(8, lambda number: ground.grant(pools[number], 50))
    booked = [result for result in results if isinstance(result, QuotaEntry)]
    assert len(booked) == 5
    assert sum(balance(pool).granted for pool in pools) == 250
    assert all("超过年度计划指标" in result.sentence for result in results if isinstance(result, Refused))


def test_a_writer_under_repeatable_read_is_refused_because_it_could_not_see():
    pool = ground.pool(10)
    connection.ensure_connection()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(DatabaseError, match="REPEATABLE READ"), transaction.atomic():
            QuotaEntry.objects.create(
                pool=pool,
                kind="grant",
                amount_mu=1,
                document_number="示例",
                booked_on=timezone.localdate(),
                by=ground.city_planner(),
            )
    assert balance(pool).available == 10
