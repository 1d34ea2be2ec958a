"""The rules pages."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import policy
from core.policy.models import Parameter

pytestmark = pytest.mark.django_db

LIST = "/rules/"


@pytest.fixture
def client(client: Any, reader: Any) -> Any:
    client.force_login(reader)
    return client


def shown(response: Any) -> set[str]:
    return {row.key for group in response.context["groups"] for row in group.parameters}


def test_a_stranger_is_sent_to_sign_in() -> None:
    response = Client().get(LIST)
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")


def test_the_list_groups_every_parameter_by_its_document(client: Any) -> None:
    response = client.get(LIST)
    assert response.status_code == 200
    groups = response.context["groups"]
    assert [group.document.code for group in groups] == ["S002", "S004", "S000", "S003", "S001", "MC-DEFAULT"]
    assert sum(len(group.parameters) for group in groups) == Parameter.objects.count()
    page = response.content.decode()
    assert "佛山市产业“六大升级行动”方案" in page
    assert "&gt; 10,000" in page
    assert "参照未启用" in page
    floor = Parameter.objects.get(key="redline.floor_km2", jurisdiction="440605")
    assert f'id="parameter-{floor.pk}"' in page


def test_rules_stand_in_the_order_of_their_numbers(client: Any) -> None:
    (city,) = [group for group in client.get(LIST).context["groups"] if group.document.code == "S002"]
    red_line = [row.clause_id for row in city.parameters if row.clause_id.startswith("RL-")]
    assert red_line == sorted(red_line, key=lambda clause: int(clause.removeprefix("RL-")))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "工业集聚区数量"}, {"zone.count"}),
        ({"q": "zone.min"}, {"zone.min_area_mu"}),
        ({"q": "rs-1"}, {"reserve.min_area_mu"}),
        ({"q": "工业用地出让", "document": "MC-DEFAULT"}, {"supply.grant_max_years"}),
        ({"q": "补办批次", "status": "reference"}, {"title.batches_per_year"}),
        ({"q": "认定及授匾“隐形冠军”", "on": "2021-06-30"}, {"programme.champion.count"}),
        ({"q": "redline.floor", "place": "440605"}, {"redline.floor_km2"}),
    ],
)
def test_the_address_narrows_the_list(client: Any, query: dict[str, str], expected: set[str]) -> None:
    assert shown(client.get(LIST, query)) == expected


def test_a_districts_rules_include_the_citys(client: Any) -> None:
    response = client.get(LIST, {"q": "redline.floor_km2", "place": "440605"})
    places = [row.jurisdiction_id for group in response.context["groups"] for row in group.parameters]
    assert sorted(places) == ["440600", "440605"]


def test_the_list_on_a_day_holds_only_what_was_valid_then(client: Any) -> None:
    response = client.get(LIST, {"on": "2019-01-01"})
    assert {group.document.code for group in response.context["groups"]} == {"S000", "S001", "MC-DEFAULT"}


def test_nothing_found_says_so_and_leads_back(client: Any) -> None:
    response = client.get(LIST, {"q": "没有这样的参数"})
    assert response.status_code == 200
    assert "没有符合条件的参数" in response.content.decode()


@pytest.mark.parametrize(
    "query", [{"on": "2026-02-30"}, {"place": "999999"}, {"status": "x"}, {"document": "S9"}, {"q": "长" * 61}]
)
def test_a_malformed_filter_is_explained_not_a_server_error(client: Any, query: dict[str, str]) -> None:
    response = client.get(LIST, query)
    assert response.status_code == 200
    assert response.context["form"].errors


def test_what_can_be_read_of_a_filter_narrows_the_list_all_the_same(client: Any) -> None:
    page = client.get(LIST, {"q": "RL-4", "on": "2026-02-30"})
    assert "日期应写作 2026-03-31。" in page.content.decode()
    assert [parameter.clause_id for group in page.context["groups"] for parameter in group.parameters] == ["RL-4"] * 5


def test_the_list_costs_the_same_queries_at_any_length(client: Any) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(LIST).status_code == 200
        return len(queries)

    cost()
    few = cost()
    Parameter.objects.bulk_create(
        Parameter(
            jurisdiction_id="440600",
            key=f"test.figure_{number}",
            value=number,
            unit="个",
            name="测试参数",
            document_id="S002",
            article="一",
            clause_id="RL-1",
            valid_from=datetime.date(2022, 1, 1),
            status="binding",
        )
        for number in range(300)
    )
    assert cost() == few


def test_a_parameter_shows_its_source_and_every_value_it_had(client: Any) -> None:
    old, new = Parameter.objects.filter(key="programme.champion.count").order_by("valid_from")
    response = client.get(reverse("policy:parameter", args=[new.pk]))
    page = response.content.decode()
    assert [row.pk for row in response.context["history"]] == [new.pk, old.pk]
    for words in ("第20200164号", "佛山市工业和信息化局", "2021-01-01", "2022-12-31", "EP-H1", old.get_absolute_url()):
        assert words in page


def test_a_reference_says_it_decides_nothing(client: Any, reference: Parameter) -> None:
    page = client.get(reference.get_absolute_url()).content.decode()
    assert "不参与任何判定" in page
    assert "参照（东莞）" in page


def test_an_unknown_parameter_is_not_found(client: Any) -> None:
    assert client.get("/rules/999999999/").status_code == 404


def test_the_permanent_address_leads_to_what_is_in_force(client: Any) -> None:
    floor = Parameter.objects.get(key="redline.floor_km2", jurisdiction="440605")
    response = client.get("/rules/key/redline.floor_km2/", {"place": "440605124", "on": "2026-11-22"})
    assert response.url == floor.get_absolute_url()
    total = Parameter.objects.get(key="redline.floor_km2", jurisdiction="440600")
    assert client.get("/rules/key/redline.floor_km2/").url == total.get_absolute_url()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"place": "440605", "on": "2020-01-01"}, "2020-01-01"),
        ({"on": "昨天"}, "不是日期"),
        ({"place": "000000"}, "000000"),
    ],
)
def test_the_permanent_address_explains_when_nothing_is_in_force(
    client: Any, query: dict[str, str], words: str
) -> None:
    response = client.get("/rules/key/redline.floor_km2/", query)
    assert response.status_code == 404
    assert words in response.content.decode()


def test_the_pages_only_read(client: Any) -> None:
    assert client.post(LIST).status_code == 405


@pytest.fixture
def planner_client(city_planner: Any) -> Any:
    client = Client()
    client.force_login(city_planner)
    return client


ADOPTION = {"place": "440605", "on": "2026-07-01", "until": "", "decision": "示例纪要第1号"}


def test_a_planner_of_the_city_adopts_from_the_page(planner_client: Any, reference: Parameter) -> None:
    page = planner_client.get(reference.get_absolute_url()).content.decode()
    assert "采用参数" in page
    response = planner_client.post(reverse("policy:adopt", args=[reference.pk]), ADOPTION, follow=True)
    adopted = Parameter.objects.get(key=reference.key, status="adopted")
    assert response.redirect_chain == [(adopted.get_absolute_url(), 302)]
    assert "已采用" in response.content.decode()
    assert policy.value(reference.key, "440605", on=datetime.date(2026, 7, 1)).value == 20


def test_nobody_else_is_offered_or_allowed_to_adopt(client: Any, reference: Parameter) -> None:
    assert "采用参数" not in client.get(reference.get_absolute_url()).content.decode()
    assert client.post(reverse("policy:adopt", args=[reference.pk]), ADOPTION).status_code == 403
    assert not Parameter.objects.filter(status="adopted").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"decision": ""}, "field-error"),
        ({"until": "2026-06-30"}, "失效日必须晚于生效日"),
        ({"place": "440699"}, "field-error"),
        ({"on": "明天"}, "field-error"),
    ],
)
def test_a_wrong_adoption_says_what_is_wrong_and_keeps_what_was_typed(
    planner_client: Any, reference: Parameter, given: dict[str, str], words: str
) -> None:
    response = planner_client.post(reverse("policy:adopt", args=[reference.pk]), {**ADOPTION, **given})
    assert response.status_code == 422
    page = response.content.decode()
    assert words in page
    if "decision" not in given:
        assert ADOPTION["decision"] in page
    assert not Parameter.objects.filter(status="adopted").exists()
