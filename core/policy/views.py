"""The rules page: what is in force, where it is written, and how it changed."""

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.policy import perms
from core.policy.forms import AdoptionForm, DefaultForm, ParameterFilter
from core.policy.models import CITY_CODE, DEFAULTS, Document, Jurisdiction, Parameter
from core.policy.services import (
    AdoptionError,
    DefaultError,
    ParameterMissing,
    adopt_parameter,
    change_default,
    may_change,
    value,
)

# The order of the rule numbers, in which an office works: red line first, other land clauses last.
FAMILIES = ["RL", "RS", "VR", "PR", "LT", "QT", "PD", "TR", "CS", "PM", "CF", "PE", "EP", "DM", "MG", "OL", "MC"]


@dataclass(frozen=True, slots=True)
class Group:
    """The parameters one document sets, in the order of their rule numbers."""

    document: Document
    parameters: list[Parameter]


def _refuse_strangers(request: HttpRequest) -> None:
    if not perms.reads_parameters(request.user):  # type: ignore[arg-type]
        raise PermissionDenied


def _rule_order(clause_id: str) -> tuple[int, list[tuple[int, int, str]]]:
    """Families in their order, and RL-2 before RL-10."""
    family, *_rest = clause_id.split("-")
    parts = re.findall(r"\d+|\D+", clause_id)
    return (
        FAMILIES.index(family) if family in FAMILIES else len(FAMILIES),
        [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts],
    )


def _grouped(parameters: list[Parameter]) -> list[Group]:
    """By document: those that bind before those that do not, newest first, the product's own defaults last."""
    by_document = sorted(
        parameters,
        key=lambda parameter: (parameter.document_id, _rule_order(parameter.clause_id), parameter.pk),
    )
    groups = [
        Group(rows[0].document, rows)
        for rows in (list(rows) for _code, rows in groupby(by_document, lambda parameter: parameter.document_id))
    ]
    return sorted(
        groups,
        key=lambda group: (
            group.document.code == DEFAULTS,
            all(row.status == Parameter.Status.REFERENCE for row in group.parameters),
            -group.document.issued_on.toordinal(),
        ),
    )


@require_safe
@login_required
def parameters(request: HttpRequest) -> HttpResponse:
    """List parameters by document, narrowed by what the address says."""
    _refuse_strangers(request)
    form = ParameterFilter(request.GET or None)
    # What can be read narrows the list even where something beside it cannot.
    form.is_valid()
    wanted = form.cleaned_data if form.is_bound else {}
    today = timezone.localdate()
    rows = list(
        Parameter.objects.matching(
            text=wanted.get("q") or "",
            document=wanted.get("document"),
            status=wanted.get("status") or "",
            place=wanted.get("place"),
            on=wanted.get("on"),
        )
        .select_related("document", "jurisdiction")
        .defer("jurisdiction__geom")
    )
    narrowed = any(wanted.values())
    day = wanted.get("on") or today
    in_force = sum(row.stands_on(day) and row.status != Parameter.Status.REFERENCE for row in rows)
    references = sum(row.status == Parameter.Status.REFERENCE for row in rows)
    for row in rows:
        row.state_today = row.state_on(day)  # type: ignore[attr-defined]
    return render(
        request,
        "policy/parameters.html",
        {
            "form": form,
            "groups": _grouped(rows),
            "count": len(rows),
            "in_force": in_force,
            "references": references,
            "narrowed": narrowed,
            "day": day,
        },
    )


@require_safe
@login_required
def parameter(request: HttpRequest, pk: int) -> HttpResponse:
    """One parameter, and every value its key has had at its place."""
    _refuse_strangers(request)
    row = _found(pk)
    today = {"on": timezone.localdate()}
    return _parameter_page(request, row, DefaultForm(initial=today) if may_change(row) else AdoptionForm(initial=today))


@require_POST
@login_required
def adopt(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a reference in force; what is wrong with the form is said beside it."""
    _refuse_strangers(request)
    if not perms.adopts_parameters(request.user):  # type: ignore[arg-type]
        raise PermissionDenied
    row = _found(pk)

    def decide(wanted: dict[str, Any]) -> Parameter:
        place = wanted.pop("place").pk
        return adopt_parameter(reference=row, by=request.user, place=place, **wanted)  # type: ignore[arg-type]

    return _decided(request, row, AdoptionForm(request.POST), decide, _("已采用“%s”。"))


@require_POST
@login_required
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the city's own figure in place of a default; what is wrong with the form is said beside it."""
    _refuse_strangers(request)
    if not perms.changes_defaults(request.user):  # type: ignore[arg-type]
        raise PermissionDenied
    row = _found(pk)

    def decide(wanted: dict[str, Any]) -> Parameter:
        return change_default(parameter=row, by=request.user, **wanted)  # type: ignore[arg-type]

    return _decided(request, row, DefaultForm(request.POST), decide, _("已修改“%s”。"))


def _decided(
    request: HttpRequest,
    row: Parameter,
    form: AdoptionForm | DefaultForm,
    decide: Callable[[dict[str, Any]], Parameter],
    said: str,
) -> HttpResponse:
    """Go to the row a decision began, with the sentence ``said``; or back to the form with what is wrong."""
    if form.is_valid():
        try:
            begun = decide(dict(form.cleaned_data))
        except (AdoptionError, DefaultError) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, said % begun.name)
            return redirect(begun)
    return _parameter_page(request, row, form, status=422)


def _found(pk: int) -> Parameter:
    return get_object_or_404(
        Parameter.objects.select_related("document", "jurisdiction").defer("jurisdiction__geom"), pk=pk
    )


def _parameter_page(
    request: HttpRequest, row: Parameter, form: AdoptionForm | DefaultForm, status: int = 200
) -> HttpResponse:
    today = timezone.localdate()
    history = list(
        Parameter.objects.filter(key=row.key, jurisdiction=row.jurisdiction_id)
        .select_related("document")
        .order_by("-valid_from", "status", "pk")
    )
    for version in (row, *history):
        version.state_today = version.state_on(today)  # type: ignore[attr-defined]
    may_adopt = row.status == Parameter.Status.REFERENCE and perms.adopts_parameters(request.user)  # type: ignore[arg-type]
    changeable = may_change(row)
    return render(
        request,
        "policy/parameter.html",
        {
            "parameter": row,
            "history": history,
            "today": today,
            "form": form,
            "may_adopt": may_adopt,
            "changeable": changeable,
            "may_change": changeable and perms.changes_defaults(request.user),  # type: ignore[arg-type]
        },
        status=status,
    )


@require_safe
@login_required
def key(request: HttpRequest, key: str) -> HttpResponse:
    """The permanent address of a §: the parameter in force for a key at a place on a day."""
    _refuse_strangers(request)
    place = request.GET.get("place") or CITY_CODE
    given = request.GET.get("on", "")
    try:
        on = datetime.date.fromisoformat(given) if given else timezone.localdate()
    except ValueError:
        return _missing(request, key, place, _("“%s”不是日期，应写作 2026-03-31。") % given)
    try:
        answer = value(key, place, on)
    except ParameterMissing as missing:
        return _missing(request, key, place, str(missing))
    return redirect("policy:parameter", pk=answer.citation.parameter_id)


def _missing(request: HttpRequest, key: str, place: str, problem: str) -> HttpResponse:
    known = Jurisdiction.objects.filter(code=place).values_list("name", flat=True).first()
    return render(
        request,
        "policy/missing.html",
        {"key": key, "place": known or place, "problem": problem},
        status=404,
    )
