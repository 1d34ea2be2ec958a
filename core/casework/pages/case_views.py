"""``/cases/<id>/``: the one page on which a case is read and decided, and what its forms ask for."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.accounts.models import User
from core.accounts.scope import reader
from core.casework.models import Case, TimelineEntry
from core.casework.pages import acts, bulk, case_page
from core.casework.pages.case_list import readers_only
from core.casework.services import assigning, remarking, reviewing
from core.casework.states import MOVES
from core.refusals import NotAllowed, Refused, Stale


def _found(request: HttpRequest, pk: int) -> Any:
    case = case_page.rows(readers_only(request)).filter(pk=pk).first()
    if case is None:
        raise Http404(_("没有这件办件，或本账号无权查看。"))
    return case


@never_cache
@require_safe
@login_required
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a case; one of another enterprise or district answers 404."""
    return render(request, "casework/case.html", case_page.context(request, _found(request, pk)))


@require_POST
@login_required
def move(request: HttpRequest, pk: int, move: str) -> HttpResponse:
    """Make a move; refused, the page comes back with the sentence and with what was typed."""
    found, user = _found(request, pk), reader(request)
    if move not in acts.DO:
        raise Http404
    given = {**_given(request), "act": move}
    answer = _seen_before(
        request, found, user, given, {move} if move != "correct" else {"correct_filing", "correct_review"}
    )
    if answer is not None:
        return answer
    try:
        changed = acts.DO[move](pk, user, given)
    except Refused as refused:
        return _refused(request, pk, refused, given)
    messages.success(request, acts.done(changed, move))
    return redirect(changed)


@require_POST
@login_required
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the opinion of the reader's office."""
    found, user = _found(request, pk), reader(request)
    given = {**_given(request), "act": "review"}
    answer = _seen_before(request, found, user, given, {"reviewed"})
    if answer is not None:
        return answer
    try:
        said = reviewing.give_review(case_id=pk, by=user, verdict=given["verdict"], text=given["text"])
    except Refused as refused:
        return _refused(request, pk, refused, given)
    messages.success(request, _("意见已出具：%(verdict)s。") % {"verdict": said.get_verdict_display()})
    return redirect(found)


@require_POST
@login_required
def remark(request: HttpRequest, pk: int) -> HttpResponse:
    """Write on the case, and go back to where it was written."""
    found, user = _found(request, pk), reader(request)
    given = {**_given(request), "act": "remark"}
    try:
        remarking.remark(case_id=pk, by=user, text=given["text"], internal="internal" in request.POST)
    except Refused as refused:
        return _refused(request, pk, refused, given)
    messages.success(request, _("留言已发送。"))
    form = reverse("casework:edit", args=[pk])
    return redirect(form if request.POST.get("next") == form else found)


@require_POST
@login_required
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the case, or the review of an office, to somebody."""
    found, user = _found(request, pk), reader(request)
    given = {**_given(request), "act": "assign"}
    chosen = request.POST.get("to", "")
    number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else 0
    to = bulk.colleagues(user).filter(pk=number).first()
    try:
        if to is None:
            raise Refused(_("请选择分派给谁。"))
        changed = assigning.assign(case_id=pk, by=user, to=to)
    except Refused as refused:
        return _refused(request, pk, refused, given)
    messages.success(request, _("已分派给%(name)s。") % {"name": _given_to(changed, to)})
    return redirect(found)


def _given_to(case: Case, to: User) -> str:
    """Who has it now: while ``to`` is away, their deputy."""
    holders = {case.assignee, *(review.assignee for review in case.reviews.filter(round=case.round))}
    if to in holders:
        return str(to)
    newest = case.timeline.filter(act=TimelineEntry.Act.ASSIGNED).order_by("-pk").first()
    return newest.text if newest else str(to)


def _given(request: HttpRequest) -> dict[str, str]:
    """What was typed: the reason and number of every act, and the fields of its own form."""
    own = {name: value for name, value in request.POST.items() if name not in ("csrfmiddlewaretoken", "seen")}
    return dict.fromkeys(("text", "number", "verdict"), "") | {name: str(value) for name, value in own.items()}


def _seen_before(
    request: HttpRequest, found: Any, user: User, given: dict[str, str], wanted: set[str]
) -> HttpResponse | None:
    """An answer when the case moved on since the page was drawn: to a button pressed twice its page, else what changed.

    Without the mark of what was seen nothing is compared, and the state alone decides.
    """
    seen = _seen(request)
    if seen is None:
        return None
    newer = (
        # Only what the reader's own page can show: the mark is the last entry they may read.
        TimelineEntry.objects.visible_to(user)
        .filter(case=found, pk__gt=seen)
        .filter(Q(act__in=list(MOVES)) | Q(act=TimelineEntry.Act.REVIEWED))
        .select_related("by")
        .order_by("-pk")
    )
    last = newer.first()
    if last is None:
        return None
    if last.act in wanted and last.by_id == user.pk:
        messages.info(request, _("已经办理过，没有重复办理。"))
        return redirect(found)
    return _refused(request, found.pk, Stale(_("打开本页之后，这件办件有了新的进展，刚才的办理没有执行。")), given)


def _seen(request: HttpRequest) -> int | None:
    text = request.POST.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def _refused(request: HttpRequest, pk: int, refused: Refused, given: dict[str, str]) -> HttpResponse:
    status = 409 if isinstance(refused, Stale) else 403 if isinstance(refused, NotAllowed) else 422
    context = case_page.context(request, _found(request, pk), refusal=refused, given=given, since=_seen(request))
    return render(request, "casework/case.html", context, status=status)
