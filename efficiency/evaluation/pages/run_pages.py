"""``/evaluation/``: the runs of all years, and one run with its ranking and sums."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.accounts.models import Role, User
from core.accounts.scope import reader
from core.policy.models import Jurisdiction
from core.refusals import Refused
from efficiency.evaluation import perms
from efficiency.evaluation.models import GroupKind, Objection, Run, RunState, Score, Why
from efficiency.evaluation.pages import asked as asking
from efficiency.evaluation.pages import standing
from efficiency.evaluation.pages.forms import RunForm
from efficiency.evaluation.services import showing, starting
from efficiency.schemes.models import Grade

PER_PAGE = 50

TABS = {
    "firms": gettext_lazy("企业排名"),
    "industry": gettext_lazy("行业"),
    "zone": gettext_lazy("集聚区"),
    "town": gettext_lazy("镇街"),
    "district": gettext_lazy("区"),
    "inputs": gettext_lazy("办法和输入"),
}

MOVES = {
    "open": (showing.open_objections, gettext_lazy("已公示，异议期至 %(until)s。")),
    "publish": (showing.publish, gettext_lazy("评价结果已公布。")),
    "discard": (showing.discard, gettext_lazy("这次评价已作废。")),
}


def staff(request: HttpRequest) -> User:
    """The account behind the request; PermissionDenied with a sentence for those who read no runs."""
    user = reader(request)
    if not perms.reads(user):
        raise PermissionDenied(
            _("评价由监测、园区、自然资源、审计和区领导账号查看；企业在“本企业评价”中查看自己的结果。")
        )
    return user


def run_of(user: User, pk: int) -> Run:
    """A sealed run the reader may see; 404 otherwise."""
    runs = Run.objects.visible_to(user).sealed().select_related("version__scheme__document", "place", "by")
    found: Run | None = runs.prefetch_related("version__cohorts__indicators").filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这次评价，或本账号无权查看。"))
    return found


@never_cache
@require_safe
@login_required
def runs(request: HttpRequest) -> HttpResponse:
    """Every run, the latest year first; an enterprise is sent to its own result."""
    if reader(request).role == Role.ENTERPRISE:
        return redirect("evaluation:mine")
    user = staff(request)
    return _runs_page(request, user, _form(user))


@require_POST
@login_required
def begin(request: HttpRequest) -> HttpResponse:
    """Hand a new run over to the worker, or say why not."""
    user = staff(request)
    form = _form(user, request.POST)
    if form is None:
        raise PermissionDenied(_("评价由亩均效益监测人员发起。"))
    if form.is_valid():
        try:
            job = starting.start(
                year=form.cleaned_data["year"],
                version=form.cleaned_data["version"],
                place=form.cleaned_data["place"].pk,
                by=user,
                supersedes=form.cleaned_data["supersedes"],
                reason=form.cleaned_data["reason"],
            )
        except Refused as refused:
            form.add_error(None, refused.sentence)
        else:
            return redirect("evaluation:job", pk=job.pk)
    return _runs_page(request, user, form, status=422)


def _form(user: User, data: Any = None) -> RunForm | None:
    return RunForm(data, user=user) if user.role == Role.MONITOR else None


def _runs_page(request: HttpRequest, user: User, form: RunForm | None, status: int = 200) -> HttpResponse:
    found = list(
        Run.objects.visible_to(user).sealed().select_related("version__scheme", "place", "by", "superseded_by")
    )
    latest = next((run for run in found if run.state == RunState.FINAL), None)
    shown = next((run for run in found if run.state == RunState.OBJECTION), None)
    return render(
        request,
        "evaluation/runs.html",
        {
            "sentence": standing.sentence(latest or shown or found[0]) if found else _("还没有评价"),
            "detail": standing.standing_of(latest or shown or found[0]) if found else "",
            "rows": [
                {"run": run, "bar": standing.Bar.of(run.counts), "standing": standing.standing_of(run),
                 "tone": standing.tone(run.state)}
                for run in found
            ],
            "form": form,
            "waiting": Objection.objects.visible_to(user).filter(state="open").count(),
        },
        status=status,
    )  # fmt: skip


@never_cache
@require_safe
@login_required
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: how many of each class, who ranks where, what places and industries come to."""
    user = staff(request)
    found = run_of(user, pk)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "firms"
    context = {
        "run": found,
        "sentence": standing.sentence(found),
        "detail": standing.standing_of(found),
        "tone": standing.tone(found.state),
        "bar": standing.Bar.of(found.counts),
        "cohorts": standing.cohorts(found),
        "tab": tab,
        "tabs": [{"key": key, "label": label, "current": key == tab} for key, label in TABS.items()],
        "acts": acts(user, found),
        "objections": Objection.objects.visible_to(user).filter(run=found, state="open").count(),
    }
    context |= _firms(request, user, found) if tab == "firms" else {}
    if tab == "inputs":
        context["bases"] = standing.bases(found)
    if tab in GroupKind.values:
        context["groups"] = standing.groups(user, found, tab)
        context["kind_label"] = GroupKind(tab).label
    return render(request, "evaluation/run.html", context)


def acts(user: User, found: Run) -> list[str]:
    """What the reader may do with a run as it stands."""
    if found.state == RunState.COMPUTED:
        return ["open", "discard"] if perms.evaluates(user, found.place_id) else []
    if found.state == RunState.OBJECTION and perms.publishes(user, found):
        return ["publish"]
    return []


def _firms(request: HttpRequest, user: User, found: Run) -> dict[str, Any]:
    wanted = asking.Asked.of(request.GET)
    rows = asking.rows(user, found, wanted)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    before = previous(user, found)
    totals = (
        dict(
            Score.objects.visible_to(user)
            .filter(run=before, enterprise__in=[row.enterprise_id for row in page])
            .values_list("enterprise_id", "total")
        )
        if before
        else {}
    )
    names = standing.names("town", {row.town_code for row in page} | {row.district_code for row in page})
    industries = standing.names(GroupKind.INDUSTRY, {row.industry_code for row in page})
    cohorts = {cohort.order: cohort.name for cohort in found.version.cohorts.all()}
    return {
        "asked": wanted,
        "page": page,
        "before": before,
        "rows": [
            {
                "score": row,
                "cohort": cohorts.get(row.cohort, ""),
                "place": names.get(row.town_code) or names.get(row.district_code, ""),
                "industry": industries.get(row.industry_code, row.industry_code),
                "change": change(row.total, totals.get(row.enterprise_id)),
            }
            for row in page
        ],
        "grades": [*Grade.choices, (asking.NONE, _("未评级"))],
        "whys": [choice for choice in Why.choices if choice[0]],
        "cohort_choices": sorted(cohorts.items()),
        "districts": list(
            Jurisdiction.objects.filter(code__in=user.district_codes).order_by("code").values_list("code", "name")
        ),
        "sorts": [(key, label) for key, (label, _order) in asking.SORTS.items()],
    }


def previous(user: User, found: Run) -> Run | None:
    """The run that counts for the year before."""
    row: Run | None = Run.objects.visible_to(user).by_weight(found.place_id).filter(year=found.year - 1).first()
    return row


def change(now: float | None, before: float | None) -> float | None:
    """How many points more than the year before; None where one is missing."""
    return None if now is None or before is None else round(now - before, 4)


@require_POST
@login_required
def move(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Show, publish or discard a run."""
    user = staff(request)
    run_of(user, pk)
    service, done = MOVES[act]
    try:
        moved = service(run=pk, by=user)
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, str(done) % {"until": moved.objection_until} if act == "open" else str(done))
    return redirect("evaluation:run", pk=pk)
