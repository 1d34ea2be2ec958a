"""A run under way: how far it has come, cancelled or taken up again by who began it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.accounts.scope import reader
from core.jobs import tracking
from core.jobs.models import Job, JobState
from efficiency.evaluation.services import starting


def _job(request: HttpRequest, pk: int) -> Job:
    found: Job | None = Job.objects.filter(pk=pk, kind=starting.KIND, owner=reader(request)).first()
    if found is None:
        raise Http404(_("没有这个评价任务，或不是本账号发起的。"))
    return found


@never_cache
@require_safe
@login_required
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """The waiting page; once done it leads on to the run."""
    found = _job(request, pk)
    if found.state == JobState.DONE and found.result:
        return redirect("evaluation:run", pk=found.result["run"])
    return render(request, "evaluation/job.html", {"job": found})


@never_cache
@require_safe
@login_required
def state(request: HttpRequest, pk: int) -> JsonResponse:
    """How far it has come: state, stage, done and total, and where to go once it is done."""
    found = _job(request, pk)
    return JsonResponse(found.as_seen() | {"url": "" if found.is_open else reverse("evaluation:job", args=[pk])})


@require_POST
@login_required
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Cancel it, or hand it to the worker again."""
    found = _job(request, pk)
    if act == "cancel":
        tracking.cancel(number=found.pk)
    elif act == "resume":
        try:
            tracking.resume(number=found.pk)
        except tracking.NotResumable as error:
            messages.error(request, str(error))
    else:
        raise Http404
    return redirect("evaluation:job", pk=pk)
