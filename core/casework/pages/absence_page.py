"""``/cases/absences/``: who is away, who stands in, and handing over what is under way."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.models import Role, User
from core.accounts.scope import reader
from core.casework import working_days
from core.casework.models import Absence
from core.casework.pages import bulk
from core.casework.services import assigning
from core.refusals import NotAllowed, Refused


def _staff(request: HttpRequest) -> User:
    user = reader(request)
    if user.role != Role.HEAD and user.role not in bulk.taking_part():
        raise PermissionDenied(_("外出登记由办理办件的部门人员使用；本账号的角色不办理办件。"))
    return user


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def absences(request: HttpRequest) -> HttpResponse:
    """Absences of the reader and the colleagues near by; POST notes one."""
    user = _staff(request)
    if request.method != "POST":
        return _page(request, user)
    people = _people(user)
    try:
        absence = assigning.note_absence(
            by=user,
            user=_person(people, request.POST.get("user", "")) or user,
            deputy=_needed(_person(people, request.POST.get("deputy", "")), _("请选择代办人。")),
            since=_needed(_day(request.POST.get("since", "")), _("请填写外出的起始日期，例如 2026-10-08。")),
            until=_needed(_day(request.POST.get("until", "")), _("请填写外出的结束日期，例如 2026-10-12。")),
        )
    except Refused as refused:
        return _page(request, user, refused)
    messages.success(
        request,
        _("已登记：%(since)s 至 %(until)s 由%(deputy)s代办。")
        % {"since": absence.since.isoformat(), "until": absence.until.isoformat(), "deputy": absence.deputy},
    )
    return redirect("casework:absences")


@require_POST
@login_required
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an absence back, or end it today."""
    user = _staff(request)
    try:
        assigning.end_absence(by=user, absence_id=pk)
    except Refused as refused:
        return _page(request, user, refused)
    messages.success(request, _("外出登记已取消。"))
    return redirect("casework:absences")


@require_POST
@login_required
def hand_over(request: HttpRequest) -> HttpResponse:
    """Give everything somebody has under way to another."""
    user = _staff(request)
    people = _people(user)
    try:
        to = _needed(_person(people, request.POST.get("to", "")), _("请选择移交给谁。"))
        count = assigning.hand_over(by=user, user=_person(people, request.POST.get("user", "")) or user, to=to)
    except Refused as refused:
        return _page(request, user, refused)
    sentence = ngettext("已移交 %(n)s 件给%(to)s。", "已移交 %(n)s 件给%(to)s。", count) % {"n": count, "to": to}
    messages.success(request, sentence if count else _("没有需要移交的办件。"))
    return redirect("casework:absences")


def _page(request: HttpRequest, user: User, refusal: Refused | None = None) -> HttpResponse:
    today = timezone.localdate()
    people = _people(user)
    near: Any = Absence.objects.filter(Q(user__in=people) | Q(deputy=user), until__gte=today)
    rows = list(near.select_related("user", "deputy").order_by("since", "pk"))
    # Whose absence may be noted: one's own, and as a head that of everybody within one's places.
    subjects = list(people) if user.role == Role.HEAD else [user]
    own = [row for row in rows if row.user_id == user.pk]
    return render(
        request,
        "casework/absences.html",
        {
            "rows": [
                {
                    "absence": row,
                    "now": row.since <= today,
                    "mine": row.user_id == user.pk or user.role == Role.HEAD,
                }
                for row in rows
            ],
            "heading": _heading(user, own, rows, today),
            "people": list(people),
            "subjects": subjects,
            "deputies": [person for person in people if person.pk != user.pk or user.role == Role.HEAD],
            "unknown_years": working_days.unknown_years(today, today + dt.timedelta(days=120)),
            "today": today,
            "refusal": refusal.sentence if refusal else "",
            "given": {name: request.POST.get(name, "") for name in ("user", "deputy", "since", "until", "to")},
        },
        status=200 if refusal is None else 403 if isinstance(refusal, NotAllowed) else 422,
    )


def _people(user: User) -> QuerySet[User]:
    """The reader and the colleagues of the same role; for a head everybody of an office with a part in cases."""
    return bulk.colleagues(user, {*bulk.taking_part(), Role.HEAD.value}) | User.objects.filter(pk=user.pk)


def _heading(user: User, own: list[Absence], rows: list[Absence], today: dt.date) -> str:
    present = next((row for row in own if row.since <= today <= row.until), None)
    if present is not None:
        return _("外出中，%(deputy)s代办至 %(until)s") % {
            "deputy": present.deputy,
            "until": present.until.isoformat(),
        }
    standing_in = [row for row in rows if row.deputy_id == user.pk and row.since <= today]
    if standing_in:
        return _("正在为%(people)s代办") % {"people": _("、").join(str(row.user) for row in standing_in)}
    if own:
        return _("%(since)s 起外出，%(deputy)s代办") % {"since": own[0].since.isoformat(), "deputy": own[0].deputy}
    return _("没有登记外出")


def _person(people: QuerySet[User], text: str) -> User | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return people.filter(pk=number).first()


def _needed(value: Any, missing: str) -> Any:
    if value is None:
        raise Refused(missing)
    return value


def _day(text: str) -> dt.date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None  # 2026-02-30: the sentence for a missing day says how one is written
