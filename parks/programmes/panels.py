"""Programmes in the shell: the rail item, the search, and what an enterprise belongs to on its card."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.accounts.models import Role
from core.accounts.scope import reader
from core.web import registry
from parks.enterprises.models import Enterprise
from parks.programmes.models import Membership, Programme


def find(user: Any, query: str, limit: int) -> list[registry.Hit]:
    """Programmes whose name holds ``query``."""
    found = Programme.objects.visible_to(user).filter(name__contains=query).select_related("place")[:limit]
    return [registry.Hit(label=row.name, sub=row.place.name, url=row.get_absolute_url()) for row in found]


def of_enterprise(request: HttpRequest, feature: Enterprise, on: dt.date) -> dict[str, Any] | None:
    """The programmes an enterprise belongs to on a date; left out where the reader sees none."""
    rows = list(
        Membership.objects.visible_to(reader(request))
        .filter(enterprise=feature)
        .in_force_on(on)
        .select_related("programme")
    )
    return {"rows": [{"membership": row, "label": row.standing_label(on)} for row in rows]} if rows else None


def register() -> None:
    """Rail item of those who keep or belong to programmes, search source and card section."""
    registry.register_nav(
        registry.NavItem(
            key="programmes",
            label=_("培育计划"),
            icon="award",
            url_name="programmes:programmes",
            roles=(Role.PARKS.value, Role.ENTERPRISE.value),
            order=80,
            hint=_("有哪些企业培育计划，谁是成员，何时到期"),
        )
    )
    registry.register_search(registry.SearchSource("programmes", _("培育计划"), find, order=35))
    registry.register_card_section(
        registry.CardSection("programmes", "enterprises", "programmes/map/of_enterprise.html", of_enterprise, order=20)
    )
