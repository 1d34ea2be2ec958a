"""Filters people keep: their own, under a name, and only what the list can mean."""

from __future__ import annotations

import pytest

from core.casework.models import SavedFilter
from core.casework.pages.asking import Asked
from core.casework.services import filters
from core.refusals import NotAllowed, Refused
from tests.core.casework import cases
from tests.core.casework.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(db: None) -> cases.People:
    return cases.people()


def test_a_filter_is_kept_shown_used_and_forgotten(client, who):
    client.force_login(who.planner)
    query = "tab=all&kind=example&district=440605&q=%E7%A4%BA%E4%BE%8B"
    answer = client.post("/cases/filters/", {"name": "南海示例", "query": query + "&after=x~1&page=2"})
    assert answer.headers["Location"] == f"/cases/?{query}"
    kept = SavedFilter.objects.get()
    assert (kept.user, kept.query) == (who.planner, query)
    page = client.get("/cases/").content.decode()
    assert "南海示例" in page
    assert query.replace("&", "&amp;") in page
    client.post("/cases/filters/", {"name": "南海示例", "query": "tab=late"})
    assert SavedFilter.objects.get().query == "tab=late"
    client.post("/cases/filters/", {"remove": kept.pk})
    assert not SavedFilter.objects.exists()


def test_a_filter_is_its_keepers_alone(client, who):
    kept = filters.keep_filter(by=who.planner, name="要办", query="tab=mine")
    client.force_login(who.reviewer)
    assert "要办" not in text_of(client.get("/cases/"))
    client.post("/cases/filters/", {"remove": kept.pk})
    assert "没有这个常用筛选" in text_of(client.get("/cases/"))
    with pytest.raises(NotAllowed):
        filters.drop_filter(by=who.reviewer, filter_id=kept.pk)
    assert SavedFilter.objects.filter(pk=kept.pk).exists()


@pytest.mark.parametrize(("name", "query"), [("", ""), ("  ", "tab=all"), ("x" * 41, ""), ("长", "q=" + "x" * 500)])
def test_a_name_and_a_query_have_their_measure(who, name, query):
    with pytest.raises(Refused):
        filters.keep_filter(by=who.planner, name=name, query=query)


def test_nobody_keeps_more_than_fit_beside_a_list(who):
    for number in range(filters.MOST):
        filters.keep_filter(by=who.planner, name=f"{number}", query="tab=all")
    with pytest.raises(Refused, match="最多 20 个"):
        filters.keep_filter(by=who.planner, name="再来一个", query="tab=all")
    filters.keep_filter(by=who.planner, name="3", query="tab=late")


@pytest.mark.parametrize(
    "query",
    [
        "tab=late",
        "tab=all&kind=example&sort=due",
        "tab=mine&assignee=me&since=2026-01-01&until=2026-02-01",
        "tab=done&q=a%26b",
    ],
)
def test_what_is_asked_reads_back_from_its_own_query(query):
    asked = Asked.of_query(query)
    assert Asked.of_query(asked.query) == asked
    assert asked.query == query
