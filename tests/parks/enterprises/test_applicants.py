"""Enterprises as casework knows them."""

import pytest

from core.accounts.models import CITY_CODE, Role
from core.casework.applicants import directory
from tests.places import NANHAI, SANSHUI, account, enterprise

pytestmark = pytest.mark.django_db


def test_an_enterprise_account_applies_for_its_enterprise_and_nobody_else_applies_for_one() -> None:
    firm = enterprise()
    applicant = directory().of_user(account(Role.ENTERPRISE, enterprise=firm))
    assert applicant is not None
    assert (applicant.code, applicant.name, applicant.district) == (firm.uscc, firm.name, NANHAI)
    assert directory().of_user(account(Role.ENTERPRISE)) is None
    assert directory().of_user(account(Role.PARKS, NANHAI)) is None


def test_an_enterprise_is_found_by_its_code_and_so_are_its_active_accounts() -> None:
    firm = enterprise()
    first, second, gone = (account(Role.ENTERPRISE, enterprise=firm) for _ in range(3))
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    applicant = directory().by_code(firm.uscc)
    assert applicant is not None
    assert applicant.name == firm.name
    assert directory().by_code("91440605000000000X") is None
    assert list(directory().accounts(firm.uscc)) == [first, second]


def test_staff_find_only_enterprises_of_their_places() -> None:
    here, there = enterprise(1), enterprise(2, district=SANSHUI)
    planner = account(Role.PLANNER, NANHAI)
    assert [found.code for found in directory().find(planner, "示例金属", 10)] == [here.uscc]
    assert [found.code for found in directory().find(planner, here.uscc[:10].lower(), 10)] == [here.uscc]
    city = account(Role.PLANNER, CITY_CODE)
    assert {found.code for found in directory().find(city, "示例金属", 10)} == {here.uscc, there.uscc}
    assert len(directory().find(city, "示例金属", 1)) == 1
    assert not directory().find(city, "  ", 10)
