"""Flags in the shell: what waits for monitors and for enterprises on the home page, search, and a plot's open flags."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Role
from core.accounts.scope import reader
from core.web import registry
from core.web.shell import SignedIn
from efficiency.flags.models import Flag
from efficiency.flags.pages import asking

STAFF = (Role.MONITOR.value, Role.PARKS.value)
ENTERPRISE = (Role.ENTERPRISE.value,)
READERS = (
    Role.PLANNER.value, Role.REVIEWER.value, Role.MONITOR.value, Role.PARKS.value, Role.HEAD.value,
    Role.AUDITOR.value, Role.ENTERPRISE.value,
)  # fmt: skip
SHOWN = 5


def waiting(request: SignedIn) -> dict[str, Any] | None:
    """The surest flags that wait to be judged; None for an office that has no flags at all."""
    asked = asking.Asked()
    counts = asking.counts(request.user, asked)
    if not any(counts.values()) and request.user.role != Role.MONITOR:
        return None
    return {
        "inside": True,
        "waiting": counts["waiting"],
        "followed": counts["followed"],
        "rows": asking.rows_of(request.user, asked)[:SHOWN],
    }


def own(request: SignedIn) -> dict[str, Any] | None:
    """The flags an enterprise has to put right; None while there are none."""
    asked = asking.Asked(tab="followed", sort="newest")
    count = asking.counts(request.user, asked)["followed"]
    if not count:
        return None
    return {"inside": False, "followed": count, "rows": asking.rows_of(request.user, asked)[:SHOWN]}


def find(user: Any, query: str, limit: int) -> list[registry.Hit]:
    """Visible flags by enterprise, plot or title, the newest first."""
    rows = Flag.objects.visible_to(user).filter(
        Q(enterprise__name__icontains=query) | Q(plot__code__startswith=query.upper()) | Q(title__icontains=query)
    )
    return [
        registry.Hit(
            label=row.title,
            sub=_("低效预警 · %(state)s") % {"state": row.get_state_display()},
            url=reverse("flags:flag", args=[row.pk]),
            code=row.plot_id or "",
        )
        for row in rows.order_by("-pk")[:limit]
    ]


def of_plot(request: HttpRequest, feature: Any, _on: dt.date) -> dict[str, Any] | None:
    """The open flags about a plot that the reader may see, whatever day the map shows."""
    rows = list(Flag.objects.visible_to(reader(request)).open().filter(plot=feature.plot_id).order_by("-pk")[:SHOWN])
    return {"flags": rows} if rows else None


def register() -> None:
    """Home panels, search, and the card section of plots."""
    panel, add, template = registry.HomePanel, registry.register_home_panel, "flags/home_flags.html"
    add(panel("flags", gettext_lazy("待核实的低效预警"), STAFF, template, waiting, order=12, span=8))
    add(panel("own_flags", gettext_lazy("需要整改的预警"), ENTERPRISE, template, own, order=8, span=8))
    registry.register_search(registry.SearchSource("flags", gettext_lazy("低效预警"), find, order=40, roles=READERS))
    registry.register_card_section(
        registry.CardSection("flags", "plots", "flags/map_card.html", of_plot, order=85, roles=READERS)
    )
