"""Change sets in the shell: the rail item, what waits on the home page, and a feature's past on its card."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.accounts.models import Role
from core.accounts.scope import reader
from core.mapedit import history, layers, perms
from core.mapedit.models import ChangeSet
from core.mapedit.states import State
from core.web import registry
from core.web.shell import SignedIn

LAYERS = ("zones", "redline", "plots")
SHOWN = 5


def waiting(request: SignedIn) -> dict[str, Any]:
    """Sets on which the reader has the next move, the latest few, how many there are and how many were sent back."""
    rows = ChangeSet.objects.waiting_for(request.user)
    titles = {layer.name: layer.title for layer in layers.all_layers()}
    latest = rows.select_related("author").defer("evidence").order_by("-changed_at")[:SHOWN]
    counted = rows.aggregate(count=Count("pk"), returned=Count("pk", filter=Q(state=State.RETURNED)))
    return {
        "rows": [{"change_set": row, "layer": titles.get(row.layer_id, row.layer_id)} for row in latest],
        "more": counted["count"] > SHOWN,
        "drafting": perms.drafts(request.user),
        **counted,
    }


def past(request: HttpRequest, feature: Any, on: dt.date) -> dict[str, Any] | None:
    """How many versions a feature has had, and the way to its history and its editor."""
    layer = next((item for item in layers.all_layers() if item.version is type(feature)), None)
    if layer is None or not reader(request).reads_land:
        return None
    code = getattr(feature, layer.feature_column)
    return {
        "layer": layer.name,
        "code": code,
        "versions": history.version_count(layer.name, code),
        "publication": feature.publication,
        "may_draft": perms.drafts(reader(request)) and feature.valid_to is None,
    }


def register() -> None:
    """Rail item, panels of the roles with a next move, and the card section of every layer with versions."""
    roles = (Role.PLANNER.value, Role.REVIEWER.value, Role.PARKS.value, Role.AUDITOR.value)
    registry.register_nav(
        registry.NavItem(
            key="changes",
            label=_("变更"),
            icon="pencil",
            url_name="mapedit:changes",
            roles=roles,
            order=20,
            hint=_("集聚区、红线和宗地的变更：编制、审核、发布与撤销"),
        )
    )
    for key, title, role in (
        ("change_drafts", _("我的变更"), Role.PLANNER.value),
        ("change_reviews", _("待审变更"), Role.REVIEWER.value),
        ("change_opinions", _("待出意见的变更"), Role.PARKS.value),
    ):
        registry.register_home_panel(
            registry.HomePanel(key, title, (role,), "web/home/changes.html", waiting, order=10, span=8)
        )
    for layer in LAYERS:
        registry.register_card_section(registry.CardSection("past", layer, "web/map/cards/past.html", past, order=90))
