"""The pages of land quota: who reads them, what planners book through them, and what they say when refused."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from core.accounts.models import Role
from core.casework.states import State
from core.web import registry
from landuse.quotas import services
from landuse.quotas.models import QuotaPlan, QuotaPool
from tests import places
from tests.core.casework import cases
from tests.landuse.quotas import ground

pytestmark = pytest.mark.django_db

PLAN = reverse("quotas:plan")


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def text(response: Any) -> str:
    return response.content.decode()


def page(client: Any, user: Any, address: str, **data: Any) -> Any:
    client.force_login(user)
    return client.post(address, data) if data else client.get(address)


@pytest.mark.parametrize("role", list(Role))
def test_land_roles_read_the_ledger_and_nobody_else(client, who, role):
    pool = ground.pool(100)
    user = (
        who.applicant
        if role == Role.ENTERPRISE
        else (who.of(role) if role not in (Role.AUDITOR, Role.SYSADMIN) else places.account(role, places.NANHAI))
    )
    expected = 403 if role in (Role.ENTERPRISE, Role.SYSADMIN) else 200
    for address in (
        PLAN,
        pool.get_absolute_url(),
        reverse("quotas:plan_export"),
        f"{pool.get_absolute_url()}export.xlsx",
    ):
        assert page(client, user, address).status_code == expected


def test_nobody_reads_it_signed_out(client, who):
    assert client.get(PLAN).status_code == 302


def test_a_district_reads_its_own_plans_and_the_city_s(client, who):
    ground.pool(100)
    ground.pool(50, place=ground.CITY)
    foreign = ground.pool(70, place=places.SANSHUI)
    answer = text(page(client, who.head, PLAN))
    assert "可用指标 150.00 亩，共 150.00 亩" in answer
    assert "三水区" not in answer
    assert page(client, who.head, foreign.get_absolute_url()).status_code == 404
    assert page(client, places.account(Role.HEAD, ground.CITY), foreign.get_absolute_url()).status_code == 200


def test_an_empty_year_teaches(client, who):
    answer = text(page(client, ground.city_planner(), PLAN))
    assert "还没有登记指标计划" in answer
    assert "登记计划" in answer
    assert "登记计划" not in text(page(client, who.head, PLAN))


def test_a_planner_opens_a_plan_and_books(client, who):
    by = ground.city_planner()
    response = page(client, by, PLAN, year=ground.YEAR, place=places.NANHAI, category="industrial", document="示例计划")
    pool = QuotaPool.objects.get()
    assert response.url == pool.get_absolute_url()

    def book(act: str, **values: Any) -> Any:
        address = reverse("quotas:book", args=[pool.pk, act])
        return page(client, by, address, **{f"{act}-{name}": value for name, value in values.items()})

    assert book("grant", amount_mu="100.5", document_number="示例〔2026〕1 号", text="").status_code == 302
    assert book("open", name="示例项目池", programme=ground.programme().pk).status_code == 302
    other = QuotaPool.objects.exclude(pk=pool.pk).get()
    assert book("transfer", to_pool=other.pk, amount_mu="20", document_number="", text="").status_code == 302
    assert book("return", case="", amount_mu="0.5", document_number="", text="年末交回").status_code == 302
    answer = text(client.get(pool.get_absolute_url()))
    assert "可用 80.00 亩，共 80.00 亩" in answer
    assert "示例项目池" in answer
    rows = list(
        load_workbook(BytesIO(b"".join(client.get(f"{pool.get_absolute_url()}export.xlsx").streaming_content))).active
    )
    assert [row[2].value for row in rows[1:]] == ["下达", "调出", "交回"]
    assert [float(row[4].value) for row in rows[1:]] == [100.5, 80.5, 80.0]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"amount_mu": "0", "document_number": "示例"}, "面积须大于 0 亩"),
        ({"amount_mu": "-3", "document_number": "示例"}, "面积须大于 0 亩"),
        ({"amount_mu": "1000000000", "document_number": "示例"}, "超过全市工业用地红线规模"),
        ({"amount_mu": "很多", "document_number": "示例"}, "请填写数字"),
        ({"amount_mu": "NaN", "document_number": "示例"}, "请填写数字"),
        ({"amount_mu": "5", "document_number": ""}, "请填写下达文号"),
    ],
)
def test_a_refused_grant_says_why_and_keeps_what_was_typed(client, who, values, sentence):
    pool = ground.pool()
    address = reverse("quotas:book", args=[pool.pk, "grant"])
    response = page(client, who.planner, address, **{f"grant-{name}": value for name, value in values.items()})
    assert response.status_code == 422
    assert sentence in text(response)
    assert f'value="{values["amount_mu"]}"' in text(response)
    assert not pool.entries.exists()


def test_an_overdrawing_transfer_is_refused_on_the_page(client, who):
    pool, other = ground.pool(37), ground.pool(category="linked")
    address = reverse("quotas:book", args=[pool.pk, "transfer"])
    response = page(client, who.planner, address, **{"transfer-to_pool": other.pk, "transfer-amount_mu": "40"})
    assert response.status_code == 422
    assert "池内可用 37.0000 亩，需 40.0000 亩，差 3.0000 亩" in text(response)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PLANNER])
def test_only_planners_book_through_the_pages(client, who, role):
    pool = ground.pool(10)
    user = who.of(role) if role not in (Role.AUDITOR, Role.SYSADMIN) else places.account(role, places.NANHAI)
    for act in ("grant", "transfer", "return", "open"):
        response = page(client, user, reverse("quotas:book", args=[pool.pk, act]), **{f"{act}-amount_mu": "1"})
        assert response.status_code == 403
    assert page(client, user, PLAN, year=2026, place=places.NANHAI, category="city", document="x").status_code == 403
    assert QuotaPlan.objects.count() == 1


def test_a_district_s_planner_does_not_book_for_the_city(client, who):
    pool = ground.pool(10, place=ground.CITY)
    address = reverse("quotas:book", args=[pool.pk, "grant"])
    assert page(client, who.planner, address, **{"grant-amount_mu": "1"}).status_code == 403
    assert "记账</h2>" not in text(page(client, who.planner, pool.get_absolute_url()))


def test_the_pool_shows_its_ranking_with_reasons_and_the_case_page_its_place(client, who):
    pool = ground.pool(50)
    second = cases.bring(ground.draft(who, pool, 40, output_last_wan="21000"), who, State.SUBMITTED)
    first = cases.bring(ground.draft(who, pool, 20), who, State.SUBMITTED)
    answer = text(page(client, who.reviewer, pool.get_absolute_url()))
    assert answer.index(first.number) < answer.index(second.number)
    assert "先于第 2 位：每亩产值增长更高" in answer
    assert "不够" in answer
    case_page = text(page(client, who.planner, second.get_absolute_url()))
    assert "第 2 位" in case_page
    own = text(page(client, who.applicant, second.get_absolute_url()))
    assert "第 2 位" in own
    assert pool.get_absolute_url() not in own


def test_a_pool_of_the_city_hides_other_districts_cases_from_a_district(client, who):
    pool = ground.pool(50, place=ground.CITY, category="city")
    case = cases.bring(ground.draft(who, pool, 20), who, State.NOTICE)
    head = places.account(Role.HEAD, places.SANSHUI)
    answer = text(page(client, head, pool.get_absolute_url()))
    assert who.enterprise.name not in answer
    assert "其他区办件" in answer
    assert case.number in text(page(client, who.head, pool.get_absolute_url()))


def test_a_share_above_the_cap_and_a_rise_of_collective_quota_are_told(client, who):
    ground.pool(100, category="collective_new", year=ground.YEAR - 1)
    ground.pool(120, category="collective_new")
    kept = ground.pool(50, programme=ground.programme(), name="示例项目池")
    answer = text(page(client, who.head, PLAN))
    assert "较上年增加 20.00 亩" in answer
    assert "未设比例上限" in answer
    assert "超出年度计划的比例上限" not in answer
    ground.adopt_cap()
    answer = text(page(client, who.head, PLAN))
    # 50 of 170 is above 20 %, 34.
    assert "超出年度计划的比例上限 16.00 亩" in answer
    assert "S001" not in answer or kept


def test_no_page_asks_more_for_more_rows(client, who, django_assert_max_num_queries):
    pool = ground.pool(10_000)
    by = ground.city_planner()
    client.force_login(who.head)
    client.get(pool.get_absolute_url())

    def count(address: str) -> int:
        with django_assert_max_num_queries(200) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    def add(number: int) -> None:
        request = ground.bare_request(who, pool, 1)
        services.reserve(case=request.case, by=by)
        services.transfer(from_pool_id=pool.pk, to_pool_id=other.pk, amount_mu=Decimal(1), by=by)
        services.open_pool(plan_id=pool.plan_id, name=f"示例池{number}", by=by)

    other = ground.pool(10, category="linked")
    add(0)
    few = [count(address) for address in (PLAN, pool.get_absolute_url())]
    for number in range(1, 6):
        add(number)
    assert [count(address) for address in (PLAN, pool.get_absolute_url())] == few


@pytest.mark.parametrize("role", list(Role))
def test_the_rail_stays_within_its_seven_items(role):
    items = [item for item in registry.all_nav() if not item.roles or role in item.roles]
    assert len(items) <= registry.RAIL_LIMIT


def test_the_home_page_tells_the_year_s_quota(client, who):
    ground.pool(100)
    assert "可用指标 100.00 亩" in text(page(client, who.planner, reverse("web:home")))
