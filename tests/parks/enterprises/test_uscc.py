"""The check digit of the 统一社会信用代码 is checked by the database (GB 32100-2015)."""

import pytest
from django.db import IntegrityError, connection, transaction

from tests.places import enterprise, uscc

pytestmark = pytest.mark.django_db


def is_valid(code):
    with connection.cursor() as cursor:
        cursor.execute("SELECT uscc_is_valid(%s)", [code])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("number", [1, 7, 31, 4406, 999_999_999])
def test_a_code_with_its_check_digit_is_valid(number):
    assert is_valid(uscc(number))


def test_a_changed_character_breaks_the_check_digit():
    code = uscc(123_456)
    assert not is_valid(code[:10] + ("1" if code[10] != "1" else "2") + code[11:])


@pytest.mark.parametrize("code", ["", "9144", uscc(1).lower() + "X", "I" + uscc(1)[1:], uscc(1) + "0"])
def test_wrong_length_and_forbidden_letters_are_invalid(code):
    assert not is_valid(code)


def test_raw_sql_cannot_store_a_wrong_code():
    firm = enterprise(1)
    with (
        pytest.raises(IntegrityError, match="enterprises_uscc_valid"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE enterprises_enterprise SET uscc = '914406050000000000' WHERE id = %s", [firm.pk])
