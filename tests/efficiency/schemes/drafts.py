"""Schemes in every state, led there by the services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.accounts.models import CITY_CODE, Role, User
from efficiency.schemes.models import SchemeVersion, VersionState
from efficiency.schemes.rules import rules_of
from efficiency.schemes.services import approving, drafting
from tests import places

SAMPLE = "huangyan-2022"


@dataclass(frozen=True)
class People:
    """A monitor of the city who writes, and two park officers of the city who decide."""

    monitor: User
    parks: User
    colleague: User


def people() -> People:
    """Accounts whose scope is the city."""
    colleague = User.objects.create_user(
        username="parks-2",
        password="a-password-of-tests",
        display_name="工信园区人员乙",
        role=Role.PARKS,
        place_codes=[CITY_CODE],
    )
    return People(places.account(Role.MONITOR, CITY_CODE), places.account(Role.PARKS, CITY_CODE), colleague)


def sample(code: str = SAMPLE) -> SchemeVersion:
    """The first version of a scheme the fixtures bring."""
    return SchemeVersion.objects.get(scheme__code=code, number=1)


def stated(version: SchemeVersion) -> dict[str, Any]:
    """What the editor would send of a version as it stands."""
    frame = {name: getattr(version, name) for name in ("title", "year_from", "year_to", "objection_days")}
    return frame | rules_of(version).as_data()


def change(version: SchemeVersion, by: User, **first_indicator: Any) -> SchemeVersion:
    """Save a version with fields of its first indicator changed."""
    data = stated(version)
    data["cohorts"][0]["indicators"][0] |= first_indicator
    return drafting.save(by=by, version_id=version.pk, revision=version.revision, data=data).version


def bring(version: SchemeVersion, who: People, state: str) -> SchemeVersion:
    """Lead a draft to ``state`` by the services."""
    if state != VersionState.DRAFT:
        version = approving.submit(by=who.monitor, version_id=version.pk)
    if state == VersionState.RETURNED:
        version = approving.send_back(by=who.parks, version_id=version.pk, remark="权重需说明来源")
    if state in (VersionState.APPROVED, VersionState.RETIRED):
        version = approving.approve(by=who.parks, version_id=version.pk, approval="示例〔2026〕1 号")
    if state == VersionState.RETIRED:
        version = approving.retire(by=who.parks, version_id=version.pk)
    return SchemeVersion.objects.get(pk=version.pk)
