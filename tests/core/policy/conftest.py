"""Accounts and dates the policy tests share."""

import datetime
from typing import Any

import pytest

from core.policy.models import Parameter


@pytest.fixture
def city_planner(db: None, django_user_model: Any) -> Any:
    return django_user_model.objects.create_user(
        "test.planner", password="a-long-password", role="planner", display_name="市编制", place_codes=["440600"]
    )


@pytest.fixture
def reader(db: None, django_user_model: Any) -> Any:
    """An enterprise account: the least an account may be."""
    return django_user_model.objects.create_user(
        "test.enterprise", password="a-long-password", role="enterprise", display_name="示例企业", place_codes=[]
    )


@pytest.fixture
def reference(db: None) -> Parameter:
    """Dongguan's cap on the share of the yearly land quota: 20 %."""
    return Parameter.objects.get(key="quota.annual_share_percent", status="reference")


@pytest.fixture
def parameter_of(db: None) -> Any:
    """Make a parameter with only what a test cares about spelled out."""

    def make(key: str, place: str = "440600", **given: Any) -> Parameter:
        return Parameter.objects.create(
            **{
                "key": key,
                "jurisdiction_id": place,
                "value": 1,
                "unit": "个",
                "name": "测试参数",
                "document_id": "S002",
                "article": "一",
                "clause_id": "RL-1",
                "valid_from": datetime.date(2022, 1, 1),
                "status": "binding",
                **given,
            }
        )

    return make
