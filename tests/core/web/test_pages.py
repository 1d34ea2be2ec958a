"""Home, search, sign-in and error pages, role by role."""

import re

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.test import override_settings
from django.urls import include, path

from core.accounts.models import Role
from core.web import registry
from core.web.registry import Hit, SearchSource

pytestmark = pytest.mark.django_db


def _deny(request):
    raise PermissionDenied("宗地在顺德区，本账号只管南海区。")


def _break(request):
    raise RuntimeError("broken on purpose")


def _bad(request):
    raise SuspiciousOperation


def _lost(request):
    raise Http404


urlpatterns = [
    path("deny/", _deny),
    path("break/", _break),
    path("bad/", _bad),
    path("lost/", _lost),
    path("", include("config.urls")),
]
handler400 = "core.web.errors.bad_request"
handler403 = "core.web.errors.forbidden"
handler404 = "core.web.errors.not_found"
handler500 = "core.web.errors.server_error"


@pytest.mark.parametrize("role", Role.values)
def test_every_role_has_a_home_with_a_sentence_and_its_scope(client, account, role):
    user = account(role)
    client.force_login(user)
    page = client.get("/").content.decode()
    assert len(re.findall("<h1>", page)) == 1
    assert user.get_role_display() in page
    assert 'id="panel-scope"' in page
    assert page.count('class="rail-item"') <= 7


def test_a_district_head_reads_the_own_floor_first(client, account):
    client.force_login(account("head"))
    page = client.get("/").content.decode()
    assert "南海区" in page.split("<h1>")[1].split("</h1>")[0]


def test_home_asks_for_sign_in_and_comes_back(client):
    assert client.get("/")["Location"] == "/accounts/login/?next=/"


def test_home_costs_no_more_queries_when_there_are_more_accounts(client, account, django_assert_max_num_queries):
    client.force_login(account("sysadmin"))
    for number in range(20):
        account("head", f"head.{number}")
    with django_assert_max_num_queries(25):
        client.get("/")


def test_the_right_password_signs_in(client, account):
    account("head")
    answer = client.post("/accounts/login/", {"login": "head.test", "password": "right-password-1"})
    assert answer.status_code == 302
    assert answer["Location"] == "/"


@pytest.mark.parametrize("login", ["head.test", "nobody"])
def test_a_wrong_password_and_an_unknown_name_get_the_same_sentence(client, account, login):
    account("head")
    page = client.post("/accounts/login/", {"login": login, "password": "wrong"}).content.decode()
    assert "用户名或密码不正确" in page
    assert 'role="alert"' in page
    assert f'value="{login}"' in page


def test_an_address_outside_is_not_followed_after_sign_in(client, account):
    account("head")
    answer = client.post(
        "/accounts/login/?next=https://example.org/",
        {"login": "head.test", "password": "right-password-1", "next": "https://example.org/"},
    )
    assert answer["Location"] == "/"


@pytest.mark.parametrize("address", ["/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"])
def test_nobody_opens_an_account_or_resets_a_password_alone(client, address):
    assert client.get(address).status_code == 404


def test_demo_accounts_are_listed_in_the_demo_city_only(client, account):
    account("planner", "planner.city")
    assert "planner.city" not in client.get("/accounts/login/").content.decode()
    with override_settings(MUCHAN_DEMO=True):
        page = client.get("/accounts/login/").content.decode()
    assert "planner.city" in page
    assert "right-password-1" not in page


def test_demo_data_are_marked_on_every_page(client, account):
    client.force_login(account("head"))
    assert "demo-badge" not in client.get("/").content.decode()
    account("planner", "planner.city")
    assert "demo-badge" in client.get("/").content.decode()


def test_sign_out_needs_a_post_and_ends_the_session(client, account):
    client.force_login(account("head"))
    assert client.get("/accounts/logout/").status_code == 200
    assert client.get("/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/").status_code == 302


def test_a_password_can_be_changed(client, account):
    user = account("head")
    client.force_login(user)
    fields = {"oldpassword": "right-password-1", "password1": "mu-chan-2026-x", "password2": "mu-chan-2026-x"}
    assert client.post("/accounts/password/change/", fields)["Location"] == "/"
    user.refresh_from_db()
    assert user.check_password("mu-chan-2026-x")


def test_a_wrong_present_password_is_explained_beside_its_field(client, account):
    client.force_login(account("head"))
    fields = {"oldpassword": "wrong", "password1": "mu-chan-2026-x", "password2": "mu-chan-2026-x"}
    page = client.post("/accounts/password/change/", fields).content.decode()
    assert "现用密码不正确" in page
    assert 'aria-describedby="id_oldpassword-error"' in page


def test_search_finds_rules_and_pages_as_json(client, account):
    client.force_login(account("head"))
    answer = client.get("/search/", {"q": "红线"}, headers={"accept": "application/json"})
    groups = {group["key"]: group["hits"] for group in answer.json()["groups"]}
    assert any("红线" in hit["label"] for hit in groups["rules"])
    assert answer["Cache-Control"] == "private, no-store"


def test_search_puts_what_begins_as_asked_before_what_only_mentions_it(client, account, monkeypatch):
    def source(key: str, label: str) -> SearchSource:
        return SearchSource(key=key, label=key, search=lambda *_: [Hit(label=label)])

    sources = [source("cases", "容积率调整：南海区示例路 1 号"), source("places", "南海区")]
    monkeypatch.setattr(registry, "searches_for", lambda role: sources)
    client.force_login(account("head"))
    for query, first in (("南海", "places"), ("容积率", "cases")):
        groups = client.get("/search/", {"q": query}, headers={"accept": "application/json"}).json()["groups"]
        assert groups[0]["key"] == first


def test_search_answers_a_browser_with_a_page(client, account):
    client.force_login(account("head"))
    assert "未找到“查无此物”" in client.get("/search/", {"q": "查无此物"}).content.decode()
    assert "至少两个字" in client.get("/search/", {"q": "红"}).content.decode()
    assert "过长" in client.get("/search/", {"q": "红" * 61}).content.decode()


def test_search_without_a_session_says_so(client):
    answer = client.get("/search/", {"q": "红线"}, headers={"accept": "application/json"})
    assert answer.status_code == 401
    assert client.get("/search/", {"q": "红线"}).status_code == 302


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("address", "status"), [("/bad/", 400), ("/deny/", 403), ("/lost/", 404), ("/break/", 500)])
def test_error_pages_say_what_was_kept_what_to_do_and_a_number(client, account, address, status, caplog):
    client.force_login(account("head"))
    client.raise_request_exception = False
    answer = client.get(address)
    page = answer.content.decode()
    assert answer.status_code == status
    assert "没有变化" in page
    reference = re.search(r">([0-9A-F]{8})<", page)
    assert reference
    if status != 404:
        assert reference[1] in caplog.text


@pytest.mark.urls(__name__)
def test_a_refusal_gives_its_reason(client, account):
    client.force_login(account("head"))
    assert "宗地在顺德区" in client.get("/deny/").content.decode()


@pytest.mark.urls(__name__)
def test_a_machine_gets_its_error_as_json(client):
    answer = client.get("/lost/", headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "detail", "reference"}


def test_the_component_page_exists_in_the_demo_city_only(client, account):
    client.force_login(account("head"))
    assert client.get("/styleguide/").status_code == 404
    with override_settings(MUCHAN_DEMO=True):
        assert "189.999999" in client.get("/styleguide/").content.decode()
