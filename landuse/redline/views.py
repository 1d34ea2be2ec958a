"""`/compliance/`: whether the city and each district keep the red line, and on what it rests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import policy
from core.mapedit.models import Publication
from core.policy.models import Jurisdiction
from core.web.figures import area_text
from landuse.redline import perms, wording
from landuse.redline.chart import step_chart
from landuse.redline.compliance import CITY, Compliance, FloorMissing, Standing, ZoneStanding, assess
from landuse.redline.history import area_history
from landuse.redline.outline import outline
from landuse.redline.pending import pending_at, surplus_after_all
from landuse.redline.risks import plots_outside

#: A bar ends here, as a multiple of the floor: the mark of the floor stands at the same place in every bar.
BAR_END = 1.08


class Refusal(Exception):
    """The page cannot be shown as asked: a status, what is wrong, and what to do."""

    def __init__(self, status: int, title: str, todo: str) -> None:
        super().__init__(title)
        self.status, self.title, self.todo = status, title, todo


def compliance_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """View decorator: sign-in, land roles only, and a sentence for every refusal."""

    @require_safe
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not perms.reads_compliance(request.user):  # type: ignore[arg-type]
            raise PermissionDenied(_("红线合规由自然资源、监测、园区、审计和区领导账号查看；本账号的角色不查看。"))
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            return render(request, "redline/refusal.html", {"refusal": refusal}, status=refusal.status)

    return guarded


def asked_date(request: HttpRequest) -> dt.date:
    """The day of ``?on=``, today in Foshan when absent; :class:`Refusal` for anything else."""
    text = request.GET.get("on", "").strip()
    if not text:
        return timezone.localdate()
    try:
        on = dt.date.fromisoformat(text)
    except ValueError:
        on = None
    if on is None or not 1990 <= on.year <= 2100:
        raise Refusal(
            400,
            _("日期“%(text)s”无法识别") % {"text": text[:20]},
            _("日期应写作 2026-03-31，年份在 1990 至 2100 之间。"),
        )
    return on


def asked_district(request: HttpRequest, district: str) -> Jurisdiction:
    """The district of a code or slug; 404 when unknown, 403 with the reader's own scope otherwise."""
    places = {place.code: place for place in Jurisdiction.objects.districts().defer("geom")}
    found = next((place for place in places.values() if district in (place.code, place.slug)), None)
    if found is None:
        raise Refusal(
            404,
            _("没有代码或名称为“%(text)s”的区") % {"text": district[:40]},
            _("网址中的区应为 %(known)s 之一，也可写六位区划代码。")
            % {"known": "、".join(place.slug for place in places.values())},
        )
    if not perms.reads_district(request.user, found.code):  # type: ignore[arg-type]
        own = "、".join(places[code].name for code in perms.districts_read(request.user) if code in places)  # type: ignore[arg-type]
        raise PermissionDenied(
            _("本账号的范围是%(own)s，不查看%(name)s的合规详情。本区详情和全市汇总可以查看。")
            % {"own": own or _("（未设）"), "name": found.name}
        )
    return found


@compliance_page
def city(request: HttpRequest) -> HttpResponse:
    """The city's summary, read by every land role."""
    return _page(request, CITY, _("全市"))


@compliance_page
def district(request: HttpRequest, district: str) -> HttpResponse:
    """One district's detail, read within the reader's places."""
    found = asked_district(request, district)
    return _page(request, found.code, found.name)


def _page(request: HttpRequest, place: str, name: str) -> HttpResponse:
    on = asked_date(request)
    brief = request.GET.get("view") == "brief"
    context = {"on": on, "place": place, "name": name, "brief": brief, "whole": place == CITY}
    try:
        compliance = assess(on=on)
    except FloorMissing:
        first = policy_start()
        return render(
            request,
            "redline/no_floor.html",
            context | {"first": first, "first_text": str(first or ""), "earlier": None, "later": first},
        )
    standing = compliance.place(place)
    history = area_history(on=on).get(place, [])
    changes = [step.at for step in history]
    values = policy.values_for("redline.floor_km2", on)
    # What waits is weighed against today's red line; a past day has nothing waiting.
    pending = pending_at(standing, request.user) if on == timezone.localdate() else []  # type: ignore[arg-type]
    after_all_m2 = surplus_after_all(standing, pending)
    return render(
        request,
        "redline/compliance.html",
        context
        | {
            "compliance": compliance,
            "standing": standing,
            "met": compliance.floors_met if place == CITY else standing.met,
            "sentence": wording.city_sentence(compliance) if place == CITY else wording.district_sentence(standing),
            "detail": wording.city_detail(compliance) if place == CITY else "",
            "floor": values[place],
            "city_floor": values[CITY],
            "area_words": area_text(standing.area_m2, floor_m2=standing.floor_m2),
            "crumb": "",
            "rows": district_rows(compliance, values, request.user, place),
            "zones": zone_rows(compliance, place),
            "zones_sentence": wording.zones_sentence(compliance),
            "zone_count": policy.value("zone.count", CITY, on),
            "zone_size": policy.value("zone.min_area_mu", CITY, on),
            "outline": outline(on=on, place=place),
            "history": list(reversed(history)),
            "chart": step_chart(history, on=on),
            "publication": publication_on(on),
            "pending": pending,
            "after_all_m2": after_all_m2,
            "after_all_met": after_all_m2 >= 0,
            "earlier": max((at for at in changes if at < on), default=None),
            "later": next_change(on),
            "outside": plots_outside(on=on, places=_counted(request.user, place)),
            "outside_scope": "" if place != CITY or request.user.sees_city else _("本账号范围内"),  # type: ignore[union-attr]
        },
    )


def policy_start() -> dt.date | None:
    """The first day on which a floor is in force."""
    from core.policy.models import Parameter

    rows = Parameter.objects.effective().filter(key="redline.floor_km2", jurisdiction_id=CITY)
    return rows.order_by("valid_from").values_list("valid_from", flat=True).first()


def publication_on(on: dt.date) -> Publication | None:
    """The publication of the red line in force on ``on``."""
    rows = Publication.objects.filter(layer_id="redline", effective_on__lte=on)
    return rows.order_by("-effective_on", "-number").first()


def next_change(on: dt.date) -> dt.date | None:
    """The next publication's day after ``on``, not beyond today."""
    rows = Publication.objects.filter(layer_id="redline", effective_on__gt=on, effective_on__lte=timezone.localdate())
    return rows.order_by("effective_on").values_list("effective_on", flat=True).first()


def _counted(user: Any, place: str) -> list[str]:
    """Districts whose plots are counted: plots are read by place, even on the city's page."""
    return perms.districts_read(user) if place == CITY else [place]


def district_rows(compliance: Compliance, values: Any, user: Any, place: str) -> list[dict[str, Any]]:
    """One row a district for the bars and the table; all widths are shares of 100."""
    readable = set(perms.districts_read(user))
    return [
        {
            "standing": standing,
            "floor": values.get(standing.code),
            "own": standing.code == place,
            "readable": standing.code in readable,
            "bar": _share(standing.area_m2, standing),
            "mark": _share(standing.floor_m2, standing),
        }
        for standing in compliance.districts
    ]


def _share(area_m2: float, standing: Standing) -> float:
    return round(min(100.0, 100 * area_m2 / (standing.floor_m2 * BAR_END)), 3)


def zone_rows(compliance: Compliance, place: str) -> list[dict[str, Any]]:
    """Zones of the place, those not over the threshold first, then by size."""
    failing = {zone.code for zone in compliance.zones_not_over}
    own: list[ZoneStanding] = [zone for zone in compliance.zones if place == CITY or place in zone.district_codes]
    names = {standing.code: standing.name for standing in compliance.districts}
    rows = [
        {
            "zone": zone,
            "large": zone.zone_class == "wanmu",
            "met": zone.code not in failing,
            "surplus_m2": zone.measured_m2 - compliance.zone_min_m2,
            "share_percent": 100 * zone.redline_m2 / zone.area_m2,
            "districts": "、".join(names.get(code, code) for code in zone.district_codes),
        }
        for zone in own
    ]
    return sorted(rows, key=lambda row: (row["met"], not row["large"], row["surplus_m2"]))
