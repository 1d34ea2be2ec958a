"""One account a role, as the demo city names them."""

from collections.abc import Callable
from typing import Any

import pytest

CITY, NANHAI = "440600", "440605"

PLACES = {
    "planner": [CITY],
    "reviewer": [CITY],
    "monitor": [CITY],
    "head": [NANHAI],
    "parks": [CITY],
    "enterprise": [],
    "auditor": [CITY],
    "sysadmin": [CITY],
}


@pytest.fixture
def account(db: None, django_user_model: Any) -> Callable[..., Any]:
    """``account("head")`` makes an account of that role; its password is ``right-password-1``."""

    def make(role: str, username: str = "") -> Any:
        return django_user_model.objects.create_user(
            username or f"{role}.test",
            password="right-password-1",
            role=role,
            display_name=f"示例{role}",
            place_codes=PLACES[role],
        )

    return make
