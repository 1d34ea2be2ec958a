"""Agreements in the shell: what waits for their keepers, an enterprise's own, search, and those of a plot."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Role
from core.accounts.scope import reader
from core.web import registry
from core.web.shell import SignedIn
from efficiency.agreements.models import Agreement, AgreementState
from efficiency.agreements.pages import list_page
from efficiency.agreements.perms import BINDERS

ENTERPRISE = (Role.ENTERPRISE.value,)
KEEPERS = tuple(role.value for role in BINDERS)
READERS = (*KEEPERS, Role.REVIEWER.value, Role.HEAD.value, Role.AUDITOR.value, *ENTERPRISE)
SHOWN = 5


def waiting(request: SignedIn) -> dict[str, Any] | None:
    """Promises that are not kept and have no case yet, and drafts another person may put in force; None for neither."""
    in_force = list_page.Asked(state=AgreementState.IN_FORCE, standing="broken", sort="broken")
    broken = list_page.rows_of(request.user, in_force).filter(cases=0)
    drafts = Agreement.objects.visible_to(request.user).filter(state=AgreementState.DRAFT)
    found = {
        "broken": list(broken[:SHOWN]),
        "broken_count": broken.count(),
        "drafts": drafts.exclude(drawn_up_by=request.user).count(),
    }
    return found if found["broken"] or found["drafts"] else None


def own(request: SignedIn) -> dict[str, Any] | None:
    """An enterprise's agreements in force; None without any."""
    rows = list(list_page.rows_of(request.user, list_page.Asked(state=AgreementState.IN_FORCE))[:SHOWN])
    return {"rows": rows} if rows else None


def find(user: Any, query: str, limit: int) -> list[registry.Hit]:
    """Visible agreements by number, enterprise or plot, the newest first."""
    rows = Agreement.objects.visible_to(user).filter(
        Q(number__icontains=query) | Q(enterprise__name__icontains=query) | Q(plot__code__startswith=query.upper())
    )
    return [
        registry.Hit(
            label=_("监管协议 %(number)s") % {"number": row.number},
            sub=_("%(enterprise)s · %(state)s") % {"enterprise": row.enterprise.name, "state": row.get_state_display()},
            url=row.get_absolute_url(),
            code=row.plot_id,
        )
        for row in rows.select_related("enterprise").order_by("-pk")[:limit]
    ]


def of_plot(request: HttpRequest, feature: Any, _on: dt.date) -> dict[str, Any] | None:
    """The agreements about a plot that the reader may see, those in force first, as of today."""
    rows = Agreement.objects.visible_to(reader(request)).filter(plot=feature.plot_id).select_related("enterprise")
    found = sorted(rows.order_by("-pk")[:SHOWN], key=lambda row: row.state != AgreementState.IN_FORCE)
    return {"agreements": found} if found else None


def register() -> None:
    """Home panels, search, and the card section of plots."""
    panel = registry.HomePanel
    registry.register_home_panel(
        panel(
            "agreements_waiting",
            gettext_lazy("监管协议"),
            KEEPERS,
            "agreements/home_waiting.html",
            waiting,
            order=37,
            span=6,
        )
    )
    registry.register_home_panel(
        panel(
            "own_agreements",
            gettext_lazy("本企业监管协议"),
            ENTERPRISE,
            "agreements/home_own.html",
            own,
            order=37,
            span=6,
        )
    )
    registry.register_search(
        registry.SearchSource("agreements", gettext_lazy("监管协议"), find, order=26, roles=READERS)
    )
    registry.register_card_section(
        registry.CardSection("agreements", "plots", "agreements/map_card.html", of_plot, order=82)
    )
