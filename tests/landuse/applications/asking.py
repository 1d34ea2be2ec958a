"""An enterprise with a plot and a membership that may ask for a higher plot ratio, and what it writes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.accounts.models import User
from core.casework.models import Case
from core.casework.services import filing
from core.casework.states import State
from landuse.applications import KIND
from landuse.applications.floors import AFTER, BEFORE, field_name
from landuse.plots.models import Occupation, PlotVersion
from parks.enterprises.models import Enterprise
from parks.programmes.models import Membership, Programme
from tests import places
from tests.core.casework.cases import People, bring, people

SINCE = dt.date(2023, 1, 1)
CONDITIONS: dict[str, Any] = {
    "plot_ratio_planned": Decimal("1.8"),
    "plot_ratio_built": Decimal("1.2"),
    "density_planned": Decimal(40),
    "green_ratio_planned": Decimal(20),
    "height_limit_m": Decimal(24),
    "location": "示例路 1 号",
}


@dataclass(frozen=True)
class World:
    """A plot that its enterprise owns, the enterprise's membership, and the people around its cases."""

    who: People
    plot: PlotVersion
    membership: Membership

    @property
    def enterprise(self) -> Enterprise:
        """The applicant."""
        return self.who.enterprise


def world(district: str = places.NANHAI, *, number: int = 1, place: str = "", **facts: Any) -> World:
    """A world in one district; the offices are of ``place``, the district itself unless told otherwise."""
    who = people(place or district, number=number, district=district)
    plot = places.plot(number, district=district, **{**CONDITIONS, **facts})
    own(plot, who.enterprise)
    return World(who, plot, member(who.enterprise))


def own(plot: PlotVersion, enterprise: Enterprise, **facts: Any) -> Occupation:
    """The enterprise occupies the plot as its owner since 2023."""
    facts = {"kind": "owner", "share": 1, "valid_from": SINCE, **facts}
    return Occupation.objects.create(plot_id=plot.plot_id, enterprise=enterprise, **facts)


def member(enterprise: Enterprise, **facts: Any) -> Membership:
    """The enterprise belongs to the city's programme of 专精特新 since 2023."""
    facts = {"member_type": "专精特新中小企业", "valid_from": SINCE, **facts}
    return Membership.objects.create(
        enterprise=enterprise, programme=Programme.objects.get(code="specialised"), **facts
    )


def floors(version: PlotVersion, ratio: Decimal | str = "2.5", **shares: Decimal | int | str) -> dict[str, str]:
    """A schedule that adds up to ratio × area: the shares in % of all after, the rest production."""
    total = (Decimal(ratio) * Decimal(str(version.area_m2))).quantize(Decimal("0.01"))
    parts = {name: (total * Decimal(share) / 100).quantize(Decimal("0.01")) for name, share in shares.items()}
    parts["production"] = total - sum(parts.values())
    before = (Decimal("1.2") * Decimal(str(version.area_m2))).quantize(Decimal("0.01"))
    return {field_name("production", BEFORE): str(before)} | {
        field_name(name, AFTER): str(area) for name, area in parts.items() if area
    }


def form_values(of: World, ratio: str = "2.5", **given: Any) -> dict[str, Any]:
    """A complete form without a fault."""
    return {
        "plot": of.plot.plot_id,
        "membership": str(of.membership.pk),
        "plot_ratio": ratio,
        "density": "50",
        "green_ratio": "15",
        "height_limit_m": "50",
        "use_after": "",
        "reason": "拆除旧厂房，新建四层生产厂房，工期 18 个月。",
        **floors(of.plot, ratio, office=8, living=4),
        **given,
    }


def draft(of: World, by: User | None = None, **given: Any) -> Case:
    """A draft with a complete form, without papers."""
    by = by or of.who.applicant
    code = None if by == of.who.applicant else of.enterprise.uscc
    return filing.open_case(kind=KIND, by=by, applicant_code=code, data=form_values(of, **given))


def submitted(of: World, **given: Any) -> Case:
    """A case handed in, with ``given`` in its form."""
    return bring(draft(of, **given), of.who, State.SUBMITTED)
