"""Cases in the shell: the rail item, what waits on the home page, what search finds, and a plot's open cases."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Role
from core.accounts.scope import reader
from core.casework.models import Case
from core.casework.pages import asking, case_list, standing
from core.web import registry
from core.web.shell import SignedIn

OFFICES = (Role.PLANNER.value, Role.REVIEWER.value, Role.MONITOR.value, Role.PARKS.value)
"""Roles whose day is working through cases."""

WATCHERS = (Role.HEAD.value, Role.AUDITOR.value)
READERS = (*OFFICES, *WATCHERS)
SHOWN = 5


def _counts(request: HttpRequest) -> dict[str, int]:
    """How many cases every tab holds for the reader, asked once a request."""
    if not hasattr(request, "case_counts"):
        request.case_counts = asking.counts(reader(request), asking.soon_day())  # type: ignore[attr-defined]
    return request.case_counts  # type: ignore[attr-defined,no-any-return]


def _rows(request: SignedIn, tab: str, *, besides: bool = False) -> dict[str, Any] | None:
    """The first few cases under a tab, by deadline; None when there is nothing. ``besides`` leaves out one's own."""
    counts = _counts(request)
    count = counts[tab] - counts["mine_late"] if besides else counts[tab]
    if not count:
        return None
    found = asking.rows_of(request.user, asking.Asked(tab=tab), asking.soon_day())
    rows = found.exclude(pk__in=asking.mine(request.user).values("pk"))[:SHOWN] if besides else found[:SHOWN]
    soon = standing.due_soon_days()
    return {
        "tab": tab,
        "count": count,
        "more": count > SHOWN,
        "rows": [{"case": row, "standing": standing.standing(row, request.user, soon)} for row in rows],
    }


def waiting(request: SignedIn) -> dict[str, Any]:
    """What the office has to do next; a sentence when there is nothing."""
    return _rows(request, "mine") or {"tab": "mine", "count": 0, "rows": [], "more": False}


def late(request: SignedIn) -> dict[str, Any] | None:
    """Cases past a deadline, whoever is late; to an office that has its own above, those of others."""
    if _counts(request)["late"] == _counts(request)["mine_late"]:
        return None
    return _rows(request, "late", besides=request.user.role in OFFICES)


def others(request: SignedIn) -> dict[str, Any] | None:
    """Cases under way with somebody else."""
    return _rows(request, "others")


def answer(request: SignedIn) -> registry.Answer | None:
    """What waits for an office today; None leaves the heading to what else the role answers for."""
    counts = _counts(request)
    if not counts["mine"]:
        return None
    near = counts["soon"]
    return registry.Answer(
        sentence=case_list.heading(request.user, counts),
        state="unmet" if counts["mine_late"] else "risk" if near else "",
        state_label=_("有逾期") if counts["mine_late"] else _("有将到期") if near else "",
        url=reverse("casework:cases"),
        url_label=_("办理"),
        detail=_("辖区内逾期 %(late)s 件，将到期 %(soon)s 件，等待他人 %(others)s 件。") % counts,
    )


def find(user: Any, query: str, limit: int) -> list[registry.Hit]:
    """Visible cases by number, title, applicant or plot, the newest first."""
    rows = (
        Case.objects.visible_to(user)
        .filter(asking.matching(query))
        .only("number", "title", "state", "kind", "applicant_name")
        .order_by("-pk")[:limit]
    )
    return [
        registry.Hit(
            label=row.title or row.kind_of.title,
            sub=_("%(applicant)s · %(state)s") % {"applicant": row.applicant_name, "state": row.get_state_display()},
            url=row.get_absolute_url(),
            code=row.number or "",
        )
        for row in rows
    ]


def of_plot(request: HttpRequest, feature: Any, on: dt.date) -> dict[str, Any] | None:
    """The open cases about a plot that the reader may see; of today, whatever day the map shows."""
    user = reader(request)
    rows = (
        Case.objects.visible_to(user)
        .open()
        .filter(subject_codes__contains=[feature.plot_id])
        .only("number", "title", "state", "kind")
        .order_by("-pk")[:SHOWN]
    )
    found = list(rows)
    return {"cases": found, "today": timezone.localdate()} if found else None


def register() -> None:
    """Rail item, panels and heading of the offices, search, and the card section of plots."""
    registry.register_nav(
        registry.NavItem(
            key="cases",
            label=gettext_lazy("办件"),
            icon="clipboard-list",
            url_name="casework:cases",
            roles=(*READERS, Role.ENTERPRISE.value),
            order=15,
            hint=gettext_lazy("工改工和用地指标申请：受理、会审、决定、公示各到哪一步"),
        )
    )
    panel = registry.HomePanel
    add = registry.register_home_panel
    template = "web/home/cases.html"
    add(panel("cases_waiting", gettext_lazy("待我办理的办件"), OFFICES, template, waiting, order=5, span=8))
    add(panel("cases_late", gettext_lazy("他人逾期的办件"), OFFICES, template, late, order=6, span=8))
    add(panel("cases_overdue", gettext_lazy("逾期的办件"), WATCHERS, template, late, order=6, span=8))
    add(panel("cases_others", gettext_lazy("等待他人的办件"), READERS, template, others, order=40, span=8))
    registry.register_home_answer(registry.HomeAnswer("cases", OFFICES, answer, order=5))
    registry.register_search(
        registry.SearchSource("cases", gettext_lazy("办件"), find, order=20, roles=(*READERS, Role.ENTERPRISE.value))
    )
    registry.register_card_section(
        registry.CardSection("cases", "plots", "web/map/cards/cases.html", of_plot, order=80)
    )
