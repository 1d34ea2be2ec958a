"""``/agreements/new/`` and ``/agreements/<id>/edit/``: drawing an agreement up, by form or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.models import User
from core.refusals import Refused
from efficiency.agreements import perms
from efficiency.agreements.models import Agreement
from efficiency.agreements.pages.forms import IndicatorForm, TermsForm, faults, indicator_forms
from efficiency.agreements.pages.reading import agreement_of, readers_only, status_of
from efficiency.agreements.services import binding, drafting

SPARE_ROWS = 2
"""Empty rows of promises at the end of the form."""

_COLUMNS = ("promise", "year", "at_least")


@dataclass
class Draft:
    """What somebody wrote: the form of the terms, a form a promise, and the revision they read."""

    form: TermsForm
    indicators: list[IndicatorForm]
    revision: int

    @classmethod
    def of(cls, terms: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], revision: Any) -> Draft:
        """Read it from a request."""
        text = str(revision)
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        return cls(TermsForm(terms), indicator_forms(rows), number)

    @property
    def is_valid(self) -> bool:
        """Whether all of it can be read; the forms keep their faults."""
        return all([self.form.is_valid(), *[row.is_valid() for row in self.indicators]])

    def save(self, user: User, agreement: Agreement | None) -> Agreement:
        """Write it. Raises NotAllowed, Stale and Refused."""
        parties = {"plot": self.form.cleaned_data["plot"], "enterprise": self.form.cleaned_data["uscc"]}
        agreed = [row.agreed for row in self.indicators]
        if agreement is None:
            return drafting.draw_up(by=user, terms=self.form.terms, indicators=agreed, **parties)
        return drafting.save(
            agreement_id=agreement.pk,
            by=user,
            revision=self.revision,
            terms=self.form.terms,
            indicators=agreed,
            **parties,
        )


def _writer(request: HttpRequest, agreement: Agreement | None) -> User:
    """The account behind the request, if it may write; PermissionDenied with a sentence otherwise."""
    user = readers_only(request)
    allowed = perms.draws_up_somewhere(user) if agreement is None else perms.edits(user, agreement)
    if not allowed:
        raise PermissionDenied(_("监管协议由宗地所在区的亩均监测人员或工信园区人员拟定；生效后约定不可修改。"))
    return user


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """An empty form; POST draws the agreement up."""
    user = _writer(request, None)
    if request.method == "POST":
        return _posted(request, user, None)
    return _page(request, None, TermsForm(), [])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a draft; POST writes it."""
    agreement = agreement_of(readers_only(request), pk)
    user = _writer(request, agreement)
    if request.method == "POST":
        return _posted(request, user, agreement)
    rows = [
        IndicatorForm(initial={name: getattr(row, name) for name in _COLUMNS}, auto_id=f"id_%s_{number}")
        for number, row in enumerate(agreement.indicators.all())
    ]
    return _page(request, agreement, TermsForm(initial=TermsForm.initial_of(agreement)), rows)


def _posted(request: HttpRequest, user: User, agreement: Agreement | None) -> HttpResponse:
    draft = Draft.of(request.POST, _rows(request.POST), request.POST.get("revision", ""))
    if not draft.is_valid:
        return _page(request, agreement, draft.form, draft.indicators, status=422)
    try:
        saved = draft.save(user, agreement)
    except Refused as refused:
        return _page(
            request, agreement, draft.form, draft.indicators, refusal=refused.sentence, status=status_of(refused)
        )
    messages.success(request, _("已保存。"))
    return redirect(saved)


def _rows(post: QueryDict) -> list[dict[str, str]]:
    """The rows of the table of promises, as the form names their columns."""
    columns = [post.getlist(name) for name in _COLUMNS]
    return [dict(zip(_COLUMNS, values, strict=True)) for values in zip(*columns, strict=False)]


def _page(
    request: HttpRequest,
    agreement: Agreement | None,
    form: TermsForm,
    rows: list[IndicatorForm],
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    spare = [
        IndicatorForm(auto_id=f"id_%s_{len(rows) + number}", use_required_attribute=False)
        for number in range(SPARE_ROWS if rows else SPARE_ROWS + 2)
    ]
    context = {
        "agreement": agreement,
        "form": form,
        "rows": [*rows, *spare],
        "refusal": refusal,
        "revision": agreement.revision if agreement else 0,
        "json_url": reverse("agreements:draft_json", args=[agreement.pk])
        if agreement
        else reverse("agreements:new_json"),
    }
    return render(request, "agreements/form.html", context, status=status)


@never_cache
@require_POST
@login_required
def draft_json(request: HttpRequest, pk: int | None = None) -> JsonResponse:
    """Write a draft from ``{"revision": 3, "terms": {…}, "indicators": [{"promise", "year", "at_least"}, …]}``.

    Answers with its address, its new revision and what is still missing before it may bind; 422 with the
    faults by field, 409 when somebody wrote since, 403 to whom it is not.
    """
    user = readers_only(request)
    agreement = agreement_of(user, pk) if pk is not None else None
    body = _body(request)
    if body is None:
        return JsonResponse({"sentence": _("请求不是有效的 JSON。")}, status=400)
    draft = Draft.of(body["terms"], body["indicators"], body["revision"])
    if not draft.is_valid:
        found = faults(draft.form, draft.indicators)
        sentence = _("填写有 %(count)s 处需要修改。") % {"count": len(found)}
        return JsonResponse({"sentence": sentence, "faults": found}, status=422)
    try:
        saved = draft.save(user, agreement)
    except Refused as refused:
        return JsonResponse({"sentence": refused.sentence}, status=status_of(refused))
    return JsonResponse(
        {
            "id": saved.pk,
            "url": saved.get_absolute_url(),
            "revision": saved.revision,
            "missing": binding.missing(saved),
        }
    )


@never_cache
@require_POST
@login_required
def bind_json(request: HttpRequest, pk: int) -> JsonResponse:
    """Put a draft in force; 422 naming what it lacks."""
    user = readers_only(request)
    agreement_of(user, pk)
    try:
        bound = binding.bind(agreement_id=pk, by=user)
    except Refused as refused:
        return JsonResponse({"sentence": refused.sentence}, status=status_of(refused))
    return JsonResponse({"id": bound.pk, "state": bound.state, "in_force_from": bound.in_force_from})


def _body(request: HttpRequest) -> dict[str, Any] | None:
    """The parts of the body, each of its type; None when it is something else."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    terms, rows = body.get("terms"), body.get("indicators", [])
    if not isinstance(terms, dict) or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    return {"terms": terms, "indicators": rows, "revision": body.get("revision", "")}
