"""The order of open requests, deterministic and explained, under the parameter that sets it."""

from __future__ import annotations

from typing import Any

import pytest

from core.casework.models import Case
from core.casework.states import State
from core.policy.models import Parameter
from landuse.quotas.ranking import RANKING_KEY, ranking
from tests.core.casework import cases
from tests.landuse.quotas import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


@pytest.fixture
def pool(who: cases.People) -> Any:
    return ground.pool(100)


def submitted(who: cases.People, pool: Any, amount: Any = 30, **values: Any) -> Case:
    return cases.bring(ground.draft(who, pool, amount, **values), who, State.SUBMITTED)


JOINT = {"purpose": "title", "joint_review_number": "示例联审〔2026〕1 号", "joint_review_on": "2026-01-05"}


def order(pool: Any) -> list[int]:
    return [row.request.case_id for row in ranking(pool).rows]


def test_titles_after_joint_review_then_early_then_growth_then_submission(who, pool):
    programme = ground.programme()
    ground.member(who, programme)
    slow = submitted(who, pool, output_last_wan="20001")
    same = submitted(who, pool, output_last_wan="20001")
    fast = submitted(who, pool, output_last_wan="50000")
    early = submitted(who, pool, output_last_wan="20001", early_completion=True, programme=programme.pk)
    title = submitted(who, pool, output_last_wan="20000", **JOINT)
    unreviewed = submitted(who, pool, output_last_wan="20000", purpose="title")
    assert order(pool) == [case.pk for case in (title, early, fast, slow, same, unreviewed)]
    reasons = [row.because for row in ranking(pool).rows]
    assert reasons == [
        "先于第 2 位：补办手续已过联审",
        "先于第 3 位：提前完成目标",
        "先于第 4 位：每亩产值增长更高",
        "先于第 5 位：条件相同，提交在先",
        "先于第 6 位：每亩产值增长更高",
        "",
    ]


def test_growth_counts_by_the_mu_asked_for(who, pool):
    large = submitted(who, pool, 60, output_last_wan="26000")
    small = submitted(who, pool, 20, output_last_wan="23000")
    assert order(pool) == [small.pk, large.pk]
    assert "产值增长 3,000.00 万元，申请 20.00 亩，每亩 150.00 万元" in ranking(pool).rows[0].facts


def test_early_completion_counts_only_with_a_membership_in_force(who, pool):
    programme = ground.programme()
    member = ground.member(who, programme)
    plain = submitted(who, pool, output_last_wan="40000")
    early = submitted(who, pool, output_last_wan="21000", early_completion=True, programme=programme.pk)
    assert order(pool) == [early.pk, plain.pk]
    type(member).objects.filter(pk=member.pk).update(valid_to=member.valid_from.replace(year=2025))
    assert order(pool) == [plain.pk, early.pk]
    assert "未计提前完成：没有有效的成员资格" in ranking(pool).rows[1].facts


def test_what_fits_is_what_all_before_leave(who, pool):
    for amount in (50, 50, 1):
        submitted(who, pool, amount, output_last_wan=str(20000 + 100 * amount))
    rows = ranking(pool).rows
    assert [(row.running_mu, row.fits) for row in rows] == [(50, True), (100, True), (101, False)]


def test_decided_and_withdrawn_requests_are_ranked_no_more(who, pool):
    waiting = submitted(who, pool, 10)
    cases.bring(ground.draft(who, pool, 10), who, State.NOTICE)
    cases.bring(ground.draft(who, pool, 10), who, State.WITHDRAWN)
    cases.bring(ground.draft(who, pool, 10), who, State.REFUSED)
    assert order(pool) == [waiting.pk]


def test_the_order_is_the_parameter_s(who, pool):
    fast = submitted(who, pool, output_last_wan="50000")
    title = submitted(who, pool, output_last_wan="20000", **JOINT)
    assert order(pool) == [title.pk, fast.pk]
    Parameter.objects.filter(key=RANKING_KEY).update(text_value="增长效率；联审补办")
    assert order(pool) == [fast.pk, title.pk]
    Parameter.objects.filter(key=RANKING_KEY).delete()
    found = ranking(pool)
    assert found.value is None
    assert [row.request.case_id for row in found.rows] == [fast.pk, title.pk]
