"""Plans, pools and requests for tests, made by the services."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from typing import Any

from django.utils import timezone

from core.accounts.models import Role, User
from core.casework.models import Case
from core.casework.services import filing
from core.policy.models import Parameter
from core.policy.services import adopt_parameter
from landuse.quotas import services
from landuse.quotas.models import QuotaPool, QuotaRequest
from parks.programmes.models import Membership, Programme
from tests import places
from tests.core.casework.cases import People

YEAR = timezone.localdate().year
CITY = "440600"
TOWN = "440605121"

_numbers = itertools.count(1)


def city_planner() -> User:
    """The planner of the city."""
    return User.objects.filter(role=Role.PLANNER, place_codes=[CITY]).first() or places.account(Role.PLANNER, CITY)


def pool(
    granted: Any = 0,
    *,
    place: str = places.NANHAI,
    category: str = "industrial",
    year: int = YEAR,
    programme: Programme | None = None,
    name: str = "普通项目池",
) -> QuotaPool:
    """A pool with so many 亩 granted; the plan is opened when it is not there."""
    by = city_planner()
    found = QuotaPool.objects.filter(plan__year=year, plan__place=place, plan__category=category)
    if not found.exists():
        services.open_plan(year=year, place=place, category=category, document="示例计划〔2026〕1 号", by=by)
    existing = found.filter(name=name).first()
    if existing is None:
        plan = found.select_related("plan").first().plan
        existing = services.open_pool(plan_id=plan.pk, name=name, programme=programme, by=by)
    if granted:
        grant(existing, granted)
    return existing


def grant(to: QuotaPool, amount: Any, **facts: Any) -> Any:
    """Grant ``amount`` 亩 to a pool."""
    facts = {"document_number": f"示例指标〔{YEAR}〕{next(_numbers)} 号", "by": city_planner(), **facts}
    return services.grant(pool_id=to.pk, amount_mu=Decimal(str(amount)), **facts)


def programme(code: str = "example", **facts: Any) -> Programme:
    """A programme of the city open since 2020."""
    facts = {"name": "示例培育计划", "level": "city", "place_id": CITY, "valid_from": dt.date(2020, 1, 1), **facts}
    return Programme.objects.create(code=code, is_demo=True, **facts)


def member(who: People, of: Programme, **facts: Any) -> Membership:
    """The enterprise as a member since 2024."""
    facts = {"valid_from": dt.date(2024, 1, 1), **facts}
    return Membership.objects.create(enterprise=who.enterprise, programme=of, **facts)


def data(of: QuotaPool, amount: Any = 30, **values: Any) -> dict[str, Any]:
    """A complete form, as typed."""
    return {
        "pool": str(of.pk),
        "amount_mu": str(amount),
        "purpose": "expansion",
        "plot_code": "",
        "town": TOWN,
        "location": "示例路 8 号",
        "programme": "",
        "project_set": "",
        "project": "新建两条生产线，需新增用地。",
        "investment_wan": "12000",
        "output_wan": "30000",
        "tax_wan": "1800",
        "output_before_wan": "20000",
        "output_last_wan": "26000",
        "early_completion": False,
        "joint_review_number": "",
        "joint_review_on": "",
        **values,
    }


def draft(who: People, of: QuotaPool, amount: Any = 30, **values: Any) -> Case:
    """A complete draft of a request by the enterprise."""
    return filing.open_case(kind="land_quota", by=who.applicant, data=data(of, amount, **values))


def bare_request(who: People, of: QuotaPool, amount: Any = 1) -> QuotaRequest:
    """A request without the way to it: a draft case and its typed row, for the ledger's own tests."""
    case = Case.objects.create(
        kind="land_quota",
        applicant_code=who.enterprise.uscc,
        applicant_name=who.enterprise.name,
        district_id=of.plan.place_id if of.plan.place_id != CITY else places.NANHAI,
        filed_by=who.applicant,
    )
    money = dict.fromkeys(
        ("investment_wan", "output_wan", "tax_wan", "output_before_wan", "output_last_wan"), Decimal(100)
    )
    return QuotaRequest.objects.create(
        case=case, pool=of, amount_mu=Decimal(str(amount)), purpose="new", town_id=TOWN, location="示例路 1 号", **money
    )


def adopt_cap(percent: Any = None) -> Parameter:
    """Adopt the reference of 20 %, or set another percentage, from the beginning of this year."""
    reference = Parameter.objects.get(key="quota.annual_share_percent", status="reference")
    adopted = adopt_parameter(
        reference=reference, by=city_planner(), decision="示例会议纪要〔2026〕1 号", on=dt.date(YEAR, 1, 1)
    )
    if percent is not None:
        Parameter.objects.filter(pk=adopted.pk).update(value=percent)
    return adopted
