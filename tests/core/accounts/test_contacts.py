"""Where notices reach people outside the application: one's own page, and what it takes."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.test import Client

from core.accounts import services
from core.accounts.models import Role, User
from tests import places

pytestmark = pytest.mark.django_db

PAGE = "/accounts/contacts/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_contacts_are_kept_as_the_database_wants_them():
    user = places.account(Role.PLANNER, places.NANHAI)
    client = client_of(user)
    answer = client.post(PAGE, {"email": " a@example.org ", "mobile": "+86 138-0000-0000"}, follow=True)
    user.refresh_from_db()
    assert (user.email, user.mobile) == ("a@example.org", "13800000000")
    assert "联系方式已保存" in answer.content.decode()
    client.post(PAGE, {"email": "", "mobile": ""})
    user.refresh_from_db()
    assert (user.email, user.mobile) == ("", "")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"email": "nobody", "mobile": ""}, "邮箱写法不对"),
        ({"email": "a@b@example.org", "mobile": ""}, "邮箱写法不对"),
        ({"email": f"{'a' * 300}@example.org", "mobile": ""}, "邮箱"),
        ({"email": "", "mobile": "12345"}, "手机号为 11 位"),
        ({"email": "", "mobile": "12800000000"}, "手机号为 11 位"),
        ({"email": "", "mobile": "１３８００００００００"}, "手机号为 11 位"),
        ({"email": "", "mobile": "1" * 40}, "手机号为 11 位"),
    ],
)
def test_what_is_no_address_is_refused_and_what_was_typed_stays(given, sentence):
    user = places.account(Role.PLANNER, places.NANHAI)
    answer = client_of(user).post(PAGE, given)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in text
    assert (given["email"] or given["mobile"]) in text
    user.refresh_from_db()
    assert (user.email, user.mobile) == ("", "")


def test_the_database_keeps_the_form_of_a_number():
    with pytest.raises(IntegrityError):
        services.set_contacts(by=places.account(Role.PLANNER, places.NANHAI), email="", mobile="123")


def test_nobody_sets_them_without_an_account():
    assert Client().get(PAGE).status_code == 302
