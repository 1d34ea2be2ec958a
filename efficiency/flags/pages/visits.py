"""``/flags/visits/``: who went where, and what was seen; noting another."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.models import User
from core.accounts.scope import reader
from core.refusals import Refused
from efficiency.flags import perms
from efficiency.flags.models import Visit
from efficiency.flags.pages.flag_page import found, page
from efficiency.flags.services import visiting
from parks.enterprises.models import Enterprise

PER_PAGE = 50


class VisitForm(forms.Form):
    """When, where and what."""

    on = forms.DateField(
        label=gettext_lazy("走访日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    text = forms.CharField(label=gettext_lazy("看到的情况"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    plot = forms.CharField(label=gettext_lazy("宗地代码"), max_length=19, required=False)
    enterprise = forms.CharField(label=gettext_lazy("企业（统一社会信用代码）"), max_length=18, required=False)

    def clean_plot(self) -> str:
        """The code, in capitals."""
        return str(self.cleaned_data["plot"]).strip().upper()

    def clean_enterprise(self) -> Enterprise | None:
        """The enterprise of the code."""
        code = str(self.cleaned_data["enterprise"]).strip().upper()
        firm: Enterprise | None = Enterprise.objects.filter(uscc=code).first() if code else None
        if code and firm is None:
            raise forms.ValidationError(_("没有统一社会信用代码为 %(code)s 的企业，请核对。") % {"code": code})
        return firm


def _readers_only(request: HttpRequest) -> User:
    user = reader(request)
    if not perms.reads_inside(user):
        raise PermissionDenied(_("走访记录由办理部门查看。"))
    return user


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def visits(request: HttpRequest) -> HttpResponse:
    """The visits within the reader's places, newest first; POST notes another."""
    user = _readers_only(request)
    form = (
        VisitForm(request.POST or None, initial={"on": timezone.localdate()}) if perms.visits_somewhere(user) else None
    )
    refusal = ""
    if request.method == "POST":
        if form is None:
            raise PermissionDenied(_("走访由亩均效益监测人员或工信园区人员登记。"))
        if form.is_valid():
            try:
                _note(form.cleaned_data, user)
                messages.success(request, _("已登记走访。"))
                return redirect("flags:visits")
            except Refused as refused:
                refusal = refused.sentence
    query = request.GET.get("q", "").replace("\0", "").strip()[:100]
    rows: Any = Visit.objects.visible_to(user).select_related("enterprise", "flag", "by")
    if query:
        rows = rows.filter(
            Q(plot__code__startswith=query.upper()) | Q(enterprise__name__icontains=query) | Q(text__icontains=query)
        )
    return render(
        request,
        "flags/visits.html",
        {
            "page": Paginator(rows.order_by("-on", "-pk"), PER_PAGE).get_page(request.GET.get("page")),
            "q": query,
            "form": form,
            "refusal": refusal,
            "total": Visit.objects.visible_to(user).count(),
        },
        status=422 if request.method == "POST" else 200,
    )


@require_POST
@login_required
def of_flag(request: HttpRequest, pk: int) -> HttpResponse:
    """Note a visit to what a flag is about, from its page."""
    row = found(request, pk)
    form = VisitForm(request.POST)
    if not form.is_valid():
        problem = next(iter(form.errors.values()))[0]
        return page(request, row, refusal=str(problem), text=request.POST.get("text", ""), act="visit", status=422)
    try:
        visiting.add_visit(by=reader(request), on=form.cleaned_data["on"], text=form.cleaned_data["text"], flag=row.pk)
    except Refused as refused:
        return page(request, row, refusal=refused.sentence, text=form.cleaned_data["text"], act="visit", status=422)
    messages.success(request, _("已登记走访。"))
    return redirect("flags:flag", pk=row.pk)


def _note(data: dict[str, Any], user: User) -> Visit:
    on: dt.date = data["on"]
    firm = data["enterprise"]
    return visiting.add_visit(
        by=user, on=on, text=data["text"], plot=data["plot"], enterprise=firm.pk if firm else None
    )
