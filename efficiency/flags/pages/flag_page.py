"""``/flags/<id>/``: what a flag rests on, where it is, what was seen and done, and what the reader may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.accounts.models import User
from core.accounts.scope import reader
from core.policy.models import Jurisdiction
from core.refusals import Refused
from efficiency.evaluation.models import Score
from efficiency.flags import perms, wording
from efficiency.flags.drawing import drawing
from efficiency.flags.models import OPEN, Flag, FlagPhoto, FlagState, Rule, Visit
from efficiency.flags.pages.flag_list import TONES, number, readers_only
from efficiency.flags.services import deciding
from efficiency.schemes.models import ClassMeasure, Grade


@dataclass(frozen=True)
class Event:
    """Something that happened to a flag, for people."""

    at: Any
    what: str
    by: str
    text: str
    tone: str


def found(request: HttpRequest, pk: int) -> Flag:
    """The flag, if the reader may see it; else 404."""
    rows = Flag.objects.visible_to(readers_only(request))
    row: Flag | None = rows.select_related("enterprise__industry", "case", "run", "decided_by").filter(pk=pk).first()
    if row is None:
        raise Http404(_("没有这条预警，或本账号无权查看。"))
    return row


@never_cache
@require_safe
@login_required
def flag(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a flag."""
    row = found(request, pk)
    return page(request, row)


def page(
    request: HttpRequest, row: Flag, *, refusal: str = "", text: str = "", act: str = "", status: int = 200
) -> HttpResponse:
    """The page, with what an act was refused for and what was typed, where there was one."""
    user = reader(request)
    inside = perms.reads_inside(user)
    district = Jurisdiction.objects.filter(code=row.district_code).first()
    return render(
        request,
        "flags/flag.html",
        {
            "flag": row,
            "told": wording.told(row) if inside else wording.outside(row),
            "inside": inside,
            "tone": TONES[FlagState(row.state)],
            "district": district.name if district else row.district_code,
            "drawing": drawing(row.plot_id, row.place, neighbours=inside),
            "may_confirm": perms.may(user, row, "confirm"),
            "may_dismiss": perms.may(user, row, "dismiss"),
            "may_undo": perms.may(user, row, "undo"),
            "may_photo": perms.adds_photos(user, row),
            "may_visit": perms.visits(user, row.district_code),
            "together": _together(row, user),
            "photos": FlagPhoto.objects.visible_to(user).filter(flag=row).select_related("by"),
            "visits": Visit.objects.visible_to(user).filter(flag=row).select_related("by"),
            "measures": _measures(row, user),
            "since": _since(row),
            "result_url": _result_url(row),
            "history": _history(row, inside),
            "refusal": refusal,
            "typed": text,
            "act": act,
        },
        status=status,
    )


@require_POST
@login_required
def judge(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm the flag (with others of its enterprise), dismiss it, or take its dismissal back."""
    row = found(request, pk)
    user = reader(request)
    act, text = request.POST.get("act", ""), request.POST.get("text", "")
    if act not in {"confirm", "dismiss", "undo"} or not perms.reads_inside(user):
        raise Http404
    try:
        if act == "confirm":
            others = [number(other) for other in request.POST.getlist("with")]
            case = deciding.confirm(flags=[row.pk, *others], by=user, requirement=text)
            messages.success(request, _("已确认，整改通知 %(number)s 已发给企业。") % {"number": case.number})
        elif act == "dismiss":
            deciding.dismiss(flags=[row.pk], by=user, reason=text)
            messages.success(request, _("已按不成立处理，可以撤回。"))
        else:
            deciding.take_back(flags=[row.pk], by=user)
            messages.success(request, _("已撤回，重新待核实。"))
    except Refused as refused:
        return page(request, found(request, pk), refusal=refused.sentence, text=text, act=act, status=422)
    return redirect("flags:flag", pk=row.pk)


def _together(row: Flag, user: User) -> list[Flag]:
    """Other flags of the enterprise in the district that wait as well: they can go into the same notice."""
    if row.state != FlagState.RAISED or row.enterprise_id is None:
        return []
    rows = Flag.objects.visible_to(user).filter(
        enterprise=row.enterprise_id, district_code=row.district_code, state=FlagState.RAISED
    )
    return list(rows.exclude(pk=row.pk).order_by("pk"))


def _measures(row: Flag, user: User) -> list[ClassMeasure]:
    """What class D brings, beside a flag of class D that still stands."""
    if row.rule != Rule.CLASS_D or row.state not in (*OPEN, FlagState.CLOSED):
        return []
    return list(ClassMeasure.objects.visible_to(user).filter(grade=Grade.D).order_by("order", "pk"))


def _since(row: Flag) -> str:
    """What became of the enterprise in the evaluation that replaced the one the flag rests on; "" for none."""
    run = row.run
    if run is None or run.state != "superseded" or row.rule != Rule.CLASS_D:
        return ""
    newest = run
    while newest.state == "superseded" and (after := getattr(newest, "superseded_by", None)) is not None:
        newest = after
    score = Score.objects.filter(run=newest, enterprise=row.enterprise_id).first() if newest != run else None
    if score is None:
        return _("依据的评价已被替代，新的评价里没有这家企业。请按新的评价核实。")
    return _("依据的评价已被重算替代，新结果为“%(grade)s”。请按新的评价核实。") % {
        "grade": score.get_grade_display() or score.get_why_display()
    }


def _result_url(row: Flag) -> str:
    """The page with the working of the score; "" where there is none."""
    if row.run_id is None or row.enterprise is None:
        return ""
    try:
        return reverse("evaluation:result", args=[row.run_id, row.enterprise.uscc])
    except NoReverseMatch:
        return ""


def _history(row: Flag, inside: bool) -> list[Event]:
    """Every change of state, newest first; an enterprise reads them from the confirmation on, without names."""
    events: Any = Flag.pgh_event_model  # type: ignore[attr-defined]
    rows = list(events.objects.filter(pgh_obj=row.pk).select_related("pgh_context").order_by("pgh_id"))
    writers = {event.pgh_context.metadata.get("user") for event in rows if event.pgh_context} - {None}
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=writers)}
    told: list[Event] = []
    before = ""
    for event in rows:
        if event.state == before:
            continue
        what = str(FlagState(event.state).label)
        if not before:
            what = _("人工标记") if row.rule == Rule.BY_HAND else _("规则标记")
        elif event.state == FlagState.RAISED:
            what = _("撤回“不成立”，重新待核实") if before == FlagState.DISMISSED else _("整改通知撤销，重新待核实")
        elif event.state == FlagState.CONFIRMED and before == FlagState.ESCALATED:
            what = _("继续整改")
        writer = names.get(event.pgh_context.metadata.get("user"), "") if event.pgh_context else ""
        judged = event.state in (FlagState.CONFIRMED, FlagState.DISMISSED) and before == FlagState.RAISED
        before = event.state
        told.append(Event(event.pgh_created_at, what, writer if inside else "", event.reason if judged else "",
                          TONES[FlagState(event.state)]))  # fmt: skip
    if not inside:
        first = next((place for place, event in enumerate(told) if event.tone == "risk"), len(told))
        told = told[first:]
    return told[::-1]
