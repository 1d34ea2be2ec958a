"""Agreements as tests need them: a plot of 10 亩 agreed, an enterprise on it, and who deals with it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils import timezone

from core.accounts.models import CITY_CODE, Role, User
from efficiency.agreements.models import Agreement
from efficiency.agreements.services import binding, drafting
from efficiency.agreements.services.drafting import Agreed, Terms
from efficiency.returns.models import YearlyReturn
from landuse.plots.models import Occupation, PlotVersion
from parks.enterprises.models import Enterprise
from tests import places

MU_10 = Decimal("6666.67")
LAST_YEAR = timezone.localdate().year - 1
TODAY = timezone.localdate()


@dataclass(frozen=True)
class Deal:
    """The parties, the land, and the people around an agreement in Nanhai."""

    enterprise: Enterprise
    plot: PlotVersion
    monitor: User
    parks: User
    planner: User
    reviewer: User
    head: User
    applicant: User


def deal(number: int = 1) -> Deal:
    """An enterprise alone on a plot since 2022, and the offices of its district."""
    enterprise, plot = places.enterprise(number), places.plot(number)
    occupy(enterprise, plot)
    staff = (Role.MONITOR, Role.PARKS, Role.PLANNER, Role.REVIEWER, Role.HEAD)
    applicant = places.account(Role.ENTERPRISE, enterprise=enterprise)
    return Deal(enterprise, plot, *(places.account(role, places.NANHAI) for role in staff), applicant)


def deal_beside(parties: Deal, number: int) -> Deal:
    """Another enterprise on another plot, dealt with by the same people; it has no account."""
    enterprise, plot = places.enterprise(number), places.plot(number)
    occupy(enterprise, plot)
    return replace(parties, enterprise=enterprise, plot=plot)


def occupy(enterprise: Enterprise, plot: PlotVersion, share: str = "1") -> Occupation:
    """The enterprise uses a share of the plot since 2022."""
    return Occupation.objects.create(
        plot=plot.plot, enterprise=enterprise, kind="owner", share=Decimal(share), valid_from=places.START
    )


def terms(**changes: Any) -> Terms:
    """Complete terms: begun long ago, completed and producing next year."""
    facts: dict[str, Any] = {
        "number": "示例监管〔2025〕1 号",
        "area_m2": MU_10,
        "signed_on": TODAY - dt.timedelta(days=400),
        "start_by": TODAY - dt.timedelta(days=100),
        "completion_by": TODAY + dt.timedelta(days=300),
        "production_by": TODAY + dt.timedelta(days=400),
        "penalty_terms": "每逾期一日按出让价款的千分之一",
    }
    return Terms(**facts | changes)


def promised(tax: str = "30", output: str = "500", since: int = LAST_YEAR) -> list[Agreed]:
    """Tax and output per 亩 from a year on, in 万元."""
    return [Agreed("tax", since, Decimal(tax)), Agreed("output", since, Decimal(output))]


def drawn(parties: Deal, by: User | None = None, indicators: list[Agreed] | None = None, **changes: Any) -> Agreement:
    """A draft by the park officer unless told otherwise."""
    return drafting.draw_up(
        by=by or parties.parks,
        plot=parties.plot.plot,
        enterprise=parties.enterprise,
        terms=terms(**changes),
        indicators=promised() if indicators is None else indicators,
    )


def bound(parties: Deal, **changes: Any) -> Agreement:
    """An agreement in force, by the monitor."""
    return binding.bind(agreement_id=drawn(parties, **changes).pk, by=parties.monitor)


def returned(enterprise: Enterprise, year: int = LAST_YEAR, **figures: Any) -> YearlyReturn:
    """A return: 2,000,000 元 of tax and 60,000,000 元 of output unless told otherwise."""
    figures = {"tax_cny": Decimal(2_000_000), "output_cny": Decimal(60_000_000), **figures}
    return YearlyReturn.objects.create(enterprise=enterprise, year=year, **figures)


def everybody(parties: Deal) -> dict[str, User]:
    """Every role in the district, next to it and in the city, and enterprises that are and are not the party."""
    own = (parties.monitor, parties.parks, parties.planner, parties.reviewer, parties.head, parties.applicant)
    crowd = {f"{user.role} here": user for user in own}
    crowd["auditor here"] = places.account(Role.AUDITOR, places.NANHAI)
    crowd["sysadmin city"] = places.account(Role.SYSADMIN, CITY_CODE)
    for role in (Role.MONITOR, Role.PARKS, Role.PLANNER):
        crowd[f"{role} elsewhere"] = places.account(role, places.SANSHUI)
        crowd[f"{role} city"] = places.account(role, CITY_CODE)
    crowd["enterprise other"] = places.account(Role.ENTERPRISE, enterprise=places.enterprise(88))
    closed = places.account(Role.MONITOR, places.NANHAI, places.SANSHUI)
    User.objects.filter(pk=closed.pk).update(is_active=False)
    crowd["monitor closed"] = User.objects.get(pk=closed.pk)
    return crowd
