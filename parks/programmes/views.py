"""``/programmes/``: the programmes, the members of each, and one membership with its past."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, F, Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from core import policy, sheets
from core.accounts.models import Role, User
from core.accounts.scope import reader
from core.policy.models import Jurisdiction, Parameter
from core.policy.queries import parameter_id
from core.refusals import NotAllowed, Refused
from core.web.map_links import feature_url
from parks.programmes import listing, perms, services
from parks.programmes.forms import GrantForm, StandingForm
from parks.programmes.models import Membership, Programme
from parks.programmes.standings import Standing

PER_PAGE = 50

TONES = {Standing.NORMAL: "met", Standing.WARNED: "risk", Standing.RETAINED: "risk"}


@require_safe
@login_required
def programmes(request: HttpRequest) -> HttpResponse:
    """Every programme with its members in force; an enterprise's own memberships first."""
    user, today = reader(request), timezone.localdate()
    held = Membership.objects.visible_to(user)
    rows = list(
        Programme.objects.visible_to(user)
        .select_related("document", "place")
        .defer("place__geom")
        .annotate(
            members=Count("memberships", filter=Q(memberships__in=held.in_force_on(today))),
            quota_parameter=parameter_id(F("quota_key"), F("place_id"), today),
        )
    )
    rows.sort(key=lambda row: (not row.stands_on(today), row.place_id, row.level, row.name))
    figures = Parameter.objects.select_related("document").in_bulk({row.quota_parameter for row in rows} - {None})
    own = held.select_related("programme").order_by("-valid_from") if user.role == Role.ENTERPRISE else None
    return render(
        request,
        "programmes/programmes.html",
        {
            "rows": [
                {
                    "programme": row,
                    "quota": policy.Value.of(figures[row.quota_parameter]) if row.quota_parameter else None,
                    "state": _standing_of(row, today),
                }
                for row in rows
            ],
            "own": [_shown(row, today) for row in own] if own is not None else None,
            "heading": _heading(rows, own, today),
            "counts_members": user.reads_land,
            "today": today,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def programme(request: HttpRequest, code: str) -> HttpResponse:
    """The members of one programme, narrowed by what the address says; POST grants a membership."""
    user, found = reader(request), _programme(request, code)
    keeps = perms.keeps(user, found)
    if request.method == "POST" and not keeps:
        raise PermissionDenied(_("计划成员由辖区覆盖其适用地区的工信园区人员认定。"))
    form = GrantForm(found, request.POST or None) if keeps else None
    refusal = ""
    if form is not None and form.is_valid():
        try:
            granted = services.grant_membership(by=user, programme=found.pk, **form.cleaned_data)
            messages.success(request, _("已认定“%s”为计划成员。") % granted.enterprise.name)
            return redirect(found)
        except Refused as refused:
            refusal = refused.sentence
    context = _page(request, found, form, refusal)
    return render(request, "programmes/programme.html", context, status=422 if request.method == "POST" else 200)


@require_safe
@login_required
def export(request: HttpRequest, code: str) -> FileResponse:
    """What the page shows, every page of it, as a workbook."""
    user, found = reader(request), _programme(request, code)
    asked = listing.Asked.of(request.GET)
    columns = [
        (_("统一社会信用代码"), 22), (_("企业"), 36), (_("所在区"), 10), (_("成员类别"), 20), (_("状态"), 10),
        (_("起始日期"), 12), (_("终止日期"), 12), (_("承诺年限"), 10), (_("基数年度"), 10),
        (_("认定文号"), 24), (_("事由"), 40),
    ]  # fmt: skip

    def cells() -> Iterator[list[Any]]:
        for row in listing.members(user, found, asked).iterator(chunk_size=2000):
            firm = row.enterprise
            yield [
                firm.uscc, firm.name, firm.district.name, row.member_type, str(row.standing_label(asked.on)),
                row.valid_from, row.valid_to, row.pledge_years, row.base_year, row.document_number, row.reason,
            ]  # fmt: skip

    return sheets.response(sheets.workbook(found.name, columns, cells()), f"{found.name}-{asked.on.isoformat()}")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def member(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """One membership and how it came to stand as it does; POST notes another standing or ends it."""
    user = reader(request)
    found: Membership | None = (
        Membership.objects.visible_to(user)
        .select_related("programme__document", "enterprise__district", "enterprise__industry")
        .filter(pk=number, programme=code)
        .first()
    )
    if found is None:
        raise Http404(_("没有这一成员资格，或不在本账号的辖区内。"))
    today = timezone.localdate()
    over = found.valid_to is not None and found.valid_to <= today
    form = StandingForm(found.standing, request.POST or None)
    refusal, status = "", 200
    if request.method == "POST" and form.is_valid():
        try:
            _note(user, found, form)
            messages.success(request, _("成员状态已改为“%s”。") % Standing(form.cleaned_data["standing"]).label)
            return redirect("programmes:member", code=code, number=number)
        except Refused as refused:
            refusal, status = refused.sentence, 403 if isinstance(refused, NotAllowed) else 422
    return render(
        request,
        "programmes/member.html",
        {
            **_shown(found, today),
            "past": _past(found, user),
            "form": form if perms.keeps(user, found.programme) and not over else None,
            "refusal": refusal,
            "enterprise_url": feature_url("enterprises", found.enterprise.uscc),
            "today": today,
        },
        status=status,
    )


def _note(user: User, found: Membership, form: StandingForm) -> None:
    wanted = {"standing": form.cleaned_data["standing"], "reason": form.cleaned_data["reason"]}
    if form.ends:
        services.end_membership(by=user, membership_id=found.pk, on=form.cleaned_data["on"], **wanted)
    else:
        services.note_standing(by=user, membership_id=found.pk, **wanted)


def _page(request: HttpRequest, found: Programme, form: GrantForm | None, refusal: str) -> dict[str, Any]:
    user, asked = reader(request), listing.Asked.of(request.GET)
    rows = listing.members(user, found, asked)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    current = Membership.objects.visible_to(user).filter(programme=found).in_force_on(asked.on).count()
    return {
        "programme": found,
        "asked": asked,
        "page": page,
        "rows": [_shown(row, asked.on) for row in page.object_list],
        "members": current,
        "quota": found.quota_on(asked.on),
        "state": _standing_of(found, asked.on),
        "districts": [
            row
            for row in Jurisdiction.objects.districts().values_list("code", "name")
            if user.sees_city or row[0] in user.place_codes
        ],
        "shown": listing.SHOWN.items(),
        "form": form,
        "refusal": refusal,
        "own": user.role == Role.ENTERPRISE,
    }


def _programme(request: HttpRequest, code: str) -> Programme:
    found: Programme | None = (
        Programme.objects.visible_to(reader(request)).select_related("document", "place").filter(pk=code).first()
    )
    if found is None:
        raise Http404(_("没有代号为“%s”的计划。") % code)
    return found


def _shown(row: Membership, on: dt.date) -> dict[str, Any]:
    """A membership as the tables show it."""
    in_force = row.is_in_force(on)
    return {
        "membership": row,
        "label": row.standing_label(on) if in_force or on >= row.valid_from else _("未开始"),
        "tone": TONES.get(Standing(row.standing), "") if in_force else "",
    }


def _past(found: Membership, user: User) -> list[dict[str, Any]]:
    """What was written about a membership, newest first; who wrote it is read by staff alone."""
    events: Any = Membership.pgh_event_model  # type: ignore[attr-defined]
    rows = list(events.objects.filter(pgh_obj=found.pk).select_related("pgh_context").order_by("-pgh_id"))
    writers = {row.pgh_context.metadata.get("user") for row in rows if row.pgh_context} - {None}
    names = User.objects.in_bulk(writers) if user.reads_land else {}
    return [
        {
            "at": row.pgh_created_at,
            "label": Standing(row.standing).label,
            "tone": TONES.get(Standing(row.standing), "unmet"),
            "reason": row.reason,
            "first": row.pgh_label == "insert" and row.standing == Standing.NORMAL,
            "by": names.get(row.pgh_context.metadata.get("user")) if row.pgh_context else None,
        }
        for row in rows
    ]


def _standing_of(row: Programme, on: dt.date) -> dict[str, str]:
    if on < row.valid_from:
        return {"label": _("未开始"), "tone": ""}
    return {"label": _("在期"), "tone": "met"} if row.stands_on(on) else {"label": _("已结束"), "tone": ""}


def _heading(rows: list[Any], own: Any, today: dt.date) -> str:
    if own is not None:
        current = sum(row.is_in_force(today) for row in own)
        return (
            ngettext("本企业是 %(n)s 个计划的成员", "本企业是 %(n)s 个计划的成员", current) % {"n": current}
            if current
            else _("本企业目前不是任何计划的成员")
        )
    running = sum(row.stands_on(today) for row in rows)
    return ngettext("%(n)s 个企业培育计划在期", "%(n)s 个企业培育计划在期", running) % {"n": running}
