"""The home page: one sentence that matters today, then the panels of the role."""

import json
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import policy
from core.accounts.models import Role, User
from core.geodata.area import M2_PER_KM2
from core.mapedit.models import Publication
from core.policy.models import CITY_CODE, Jurisdiction
from core.web import registry, shell
from core.web.health import readyz
from core.web.shell import SignedIn

LAND_ROLES = ("planner", "reviewer", "monitor", "head", "parks", "auditor")

#: Panels this wide stand in the main column.
MAIN_SPAN = 6

LAYER_TITLES = {
    "districts": gettext_lazy("行政区界线"),
    "zones": gettext_lazy("工业集聚区"),
    "redline": gettext_lazy("工业用地红线"),
    "plots": gettext_lazy("宗地"),
}


@dataclass(frozen=True)
class FilledPanel:
    """A panel of the home page with what its template needs."""

    key: str
    title: registry.Text
    span: int
    template: str
    context: dict[str, Any]


def latest_publications() -> list[dict[str, Any]]:
    """The last publication in force of every layer, in the order of the map."""
    today = timezone.localdate()
    latest = (
        Publication.objects.filter(effective_on__lte=today)
        .order_by("layer_id", "-effective_on", "-number")
        .distinct("layer_id")
    )
    by_layer = {publication.layer_id: publication for publication in latest}
    return [{"title": title, "publication": by_layer[name]} for name, title in LAYER_TITLES.items() if name in by_layer]


def floors(request: SignedIn) -> dict[str, Any] | None:
    """The red-line floors in force, m² each: the five districts, then the city; ``own`` marks the person's.

    Every district is shown to everybody: the floors are public, and they sum to exactly
    the city's, so one district's shortfall is nobody else's slack (S002 专项行动六 二(一)2).
    """
    values = policy.values_for("redline.floor_km2")
    places = Jurisdiction.objects.filter(level__in=("district", "city")).order_by("-level", "code")
    own = {CITY_CODE} if request.user.sees_city else set(request.user.place_codes)
    rows: list[dict[str, Any]] = []
    for code, name in places.values_list("code", "name"):
        value = values.get(code)
        # A district without a floor of its own would inherit the city's total.
        if value is not None and value.value is not None and value.place == code:
            rows.append(
                {
                    "name": name,
                    "floor_m2": value.value * M2_PER_KM2,
                    "value": value,
                    "total": code == CITY_CODE,
                    "own": code in own,
                }
            )
    total = next((row["floor_m2"] for row in rows if row["total"]), None)
    for row in rows:
        row["share"] = round(100 * row["floor_m2"] / total, 4) if total else None
    return {"rows": rows} if rows else None


def scope(request: SignedIn) -> dict[str, Any]:
    return {
        "name": request.user.display_name or request.user.username,
        "role": request.user.get_role_display(),
        "place": shell.scope_label(request.user),
        "last_login": request.user.last_login,
    }


def doors(request: SignedIn) -> dict[str, Any] | None:
    """What the role can open, with what each page answers."""
    items = [item for item in shell.rail(request) if item["key"] != "home"]
    return {"items": items} if items else None


def layers(request: SignedIn) -> dict[str, Any]:
    return {"rows": latest_publications()}


def publications(request: SignedIn) -> dict[str, Any]:
    recent = Publication.objects.select_related("published_by").order_by("-published_at")[:8]
    return {"rows": [{"title": LAYER_TITLES.get(p.layer_id, p.layer_id), "publication": p} for p in recent]}


def status(request: SignedIn) -> dict[str, Any]:
    """What /readyz answers, for the person who keeps the system running."""
    labels = {"database": _("数据库"), "migrations": _("数据库结构"), "worker": _("后台任务")}
    parts = json.loads(readyz(request).content)["parts"]
    return {
        "rows": [
            {"label": labels.get(part, part), "ok": answer == "ok", "detail": answer} for part, answer in parts.items()
        ]
    }


def accounts(request: SignedIn) -> dict[str, Any]:
    """Accounts by role: how many, how many may sign in, last sign-in."""
    roles = dict(Role.choices)
    rows = (
        User.objects.values("role")
        .annotate(total=Count("pk"), active=Count("pk", filter=Q(is_active=True)), last=Max("last_login"))
        .order_by("-total", "role")
    )
    return {"rows": [row | {"label": roles.get(row["role"], row["role"])} for row in rows]}


def floor_answer(request: SignedIn) -> registry.Answer | None:
    """What the person's places have to keep, when nobody says how they stand."""
    held = floors(request)
    if held is None:
        return None
    own = [row for row in held["rows"] if row["own"]]
    if len(own) != 1:
        return None
    total = own[0]
    number = (Decimal(total["floor_m2"]) / M2_PER_KM2).normalize()
    return registry.Answer(
        sentence=_("%(place)s须守住工业用地红线 %(floor)s km²") % {"place": total["name"], "floor": f"{number:f}"},
        source=total["value"],
    )


def accounts_answer(request: SignedIn) -> registry.Answer:
    since = timezone.now() - timedelta(days=30)
    counts = User.objects.aggregate(
        active=Count("pk", filter=Q(is_active=True)),
        stopped=Count("pk", filter=Q(is_active=False)),
        seen=Count("pk", filter=Q(is_active=True, last_login__gte=since)),
    )
    return registry.Answer(
        sentence=_("启用账号 %(active)s 个，近 30 天登录 %(seen)s 个") % counts,
        detail=_("停用账号 %(stopped)s 个。") % counts if counts["stopped"] else "",
    )


def enterprise_answer(request: SignedIn) -> registry.Answer:
    return registry.Answer(sentence=_("%(name)s的用地") % {"name": request.user.display_name})


def publications_answer(request: SignedIn) -> registry.Answer:
    year = timezone.localdate().year
    count = Publication.objects.filter(published_at__year=year).count()
    return registry.Answer(sentence=_("%(year)s 年图层发布 %(count)s 次") % {"year": year, "count": count})


def register() -> None:
    """The panels and fallback headings that need nothing from the packages above."""
    add = registry.register_home_panel
    panel = registry.HomePanel
    add(panel("floors", gettext_lazy("红线下限"), LAND_ROLES, "web/home/floors.html", floors, order=60, span=8))
    add(
        panel(
            "layers",
            gettext_lazy("图层现势性"),
            ("planner", "reviewer", "monitor", "head", "parks"),
            "web/home/layers.html",
            layers,
            order=70,
            span=4,
        )
    )
    add(
        panel(
            "publications",
            gettext_lazy("近期发布"),
            ("auditor",),
            "web/home/publications.html",
            publications,
            order=50,
            span=8,
        )
    )
    add(
        panel(
            "accounts",
            gettext_lazy("账号"),
            ("sysadmin",),
            "web/home/accounts.html",
            accounts,
            order=50,
            span=8,
        )
    )
    add(
        panel(
            "status",
            gettext_lazy("运行状态"),
            ("sysadmin",),
            "web/home/status.html",
            status,
            order=60,
            span=4,
        )
    )
    add(panel("doors", gettext_lazy("常用入口"), (), "web/home/doors.html", doors, order=80, span=4))
    add(panel("scope", gettext_lazy("本人权限"), (), "web/home/scope.html", scope, order=90, span=4))
    answer = registry.register_home_answer
    answer(registry.HomeAnswer("accounts", ("sysadmin",), accounts_answer, order=900))
    answer(registry.HomeAnswer("publications", ("auditor",), publications_answer, order=900))
    answer(registry.HomeAnswer("enterprise", ("enterprise",), enterprise_answer, order=900))
    answer(registry.HomeAnswer("floors", LAND_ROLES, floor_answer, order=950))


def _heading(request: SignedIn) -> registry.Answer:
    for offer in registry.home_answers_for(request.user.role):
        answer = offer.answer(request)
        if answer is not None:
            return answer
    return registry.Answer(sentence=shell.scope_label(request.user))


@login_required
def home(request: SignedIn) -> HttpResponse:
    filled: list[FilledPanel] = []
    replaced: set[str] = set()
    for panel in registry.home_panels_for(request.user.role):
        if panel.key in replaced:
            continue
        context = panel.context(request)
        if context is not None:
            replaced.update(panel.replaces)
            filled.append(FilledPanel(panel.key, panel.title, panel.span, panel.template, context))
    return render(
        request,
        "web/home.html",
        {
            "answer": _heading(request),
            "main": [panel for panel in filled if panel.span >= MAIN_SPAN],
            "aside": [panel for panel in filled if panel.span < MAIN_SPAN],
            # A firm thinks of its land in 亩, an office of its district in km².
            "unit": "mu" if request.user.role == "enterprise" else "km2",
            "today": timezone.localdate(),
        },
    )
