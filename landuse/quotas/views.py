"""``/quotas/``: the annual plans of a year with their pools, and one pool with its ledger and what waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.forms import Form
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import sheets
from core.accounts.models import User
from core.accounts.scope import reader
from core.casework.models import Case
from core.refusals import NotAllowed, Refused
from landuse.quotas import perms, services
from landuse.quotas.amounts import shown
from landuse.quotas.forms import pool_title
from landuse.quotas.ledger_forms import GrantForm, PlanForm, PoolForm, ReturnForm, TransferForm
from landuse.quotas.models import QuotaEntry, QuotaPool
from landuse.quotas.overview import Bar, Overview, overview
from landuse.quotas.ranking import ranking

PER_PAGE = 50

FORMS: dict[str, Any] = {"grant": GrantForm, "transfer": TransferForm, "return": ReturnForm, "open": PoolForm}


def _reader(request: HttpRequest) -> User:
    """The account behind the request; PermissionDenied with a sentence for those who do not read the ledger."""
    user = reader(request)
    if not perms.reads_ledger(user):
        raise PermissionDenied(
            _("指标台账由自然资源、园区、监测、审计和区领导账号查看；企业在“我的办件”中查看本企业的申请。")
        )
    return user


def _asked(request: HttpRequest, user: User) -> Overview:
    """The overview of the year and place of the address; what it cannot mean is left out."""
    text = request.GET.get("year", "")
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else None
    return overview(user, year=year, place=request.GET.get("place", "")[:6].replace("\0", ""))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def plan(request: HttpRequest) -> HttpResponse:
    """The plans of a year, by place and category; POST opens another."""
    user = _reader(request)
    books = perms.books_somewhere(user)
    form = PlanForm(request.POST or None, user=user) if books else None
    refusal = ""
    if request.method == "POST":
        if form is None:
            raise PermissionDenied(_("指标由自然资源编制人员登记。"))
        if form.is_valid():
            try:
                opened = services.open_plan(**form.cleaned_data, by=user)
                messages.success(request, _("已登记计划，请下达指标。"))
                return redirect(opened.pools.get())
            except Refused as refused:
                refusal = refused.sentence
    context = {
        "overview": _asked(request, user),
        "form": form,
        "refusal": refusal,
        "today": timezone.localdate(),
    }
    return render(request, "quotas/plan.html", context, status=422 if request.method == "POST" else 200)


@require_safe
@login_required
def plan_export(request: HttpRequest) -> FileResponse:
    """What the page of the plans shows, as a workbook: one row a pool."""
    found = _asked(request, _reader(request))
    columns = [
        (_("年度"), 8), (_("地区"), 12), (_("类别"), 18), (_("指标池"), 28), (_("面向的计划成员"), 24),
        (_("下达（亩）"), 14), (_("净调入（亩）"), 14), (_("预留（亩）"), 14), (_("使用（亩）"), 14),
        (_("可用（亩）"), 14), (_("下达文件"), 40),
    ]  # fmt: skip
    rows = (
        [
            row.plan.year,
            row.plan.place.name,
            str(row.plan.get_category_display()),
            pool.name,
            pool.programme.name if pool.programme else "",
            pool.granted,
            pool.transferred,
            pool.reserved,
            pool.committed,
            pool.available,
            row.plan.document,
        ]
        for row in found.rows
        for pool in row.pools
    )
    name = _("用地指标-%(year)s-%(on)s") % {"year": found.year, "on": timezone.localdate().isoformat()}
    return sheets.response(sheets.workbook(_("用地指标"), columns, rows), name)


def _pool(user: User, pk: int) -> Any:
    pools = QuotaPool.objects.visible_to(user).select_related("plan__place", "programme").with_balance()
    found = pools.filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这个指标池，或不在本账号的管辖范围内。"))
    return found


@require_safe
@login_required
def pool(request: HttpRequest, pk: int) -> HttpResponse:
    """One pool: what is left, what waits for it and in which order, and every booking."""
    user = _reader(request)
    return _pool_page(request, user, _pool(user, pk))


def _pool_page(
    request: HttpRequest, user: User, found: Any, *, act: str = "", form: Form | None = None, refusal: str = ""
) -> HttpResponse:
    entries = QuotaEntry.objects.visible_to(user).filter(pool=found).with_running()
    page = Paginator(entries.select_related("case", "by").order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    ranked = ranking(found)
    cases = {row.request.case_id for row in ranked.rows} | {entry.case_id for entry in page}
    readable = set(Case.objects.visible_to(user).filter(pk__in=cases - {None}).values_list("pk", flat=True))
    books = perms.books(user, found.plan.place_id)
    forms = {
        name: form if name == act and form else form_class(pool=found, user=user, prefix=name)
        for name, form_class in FORMS.items()
        if books
    }
    return render(
        request,
        "quotas/pool.html",
        {
            "pool": found,
            "title": pool_title(found),
            "year_text": str(found.plan.year),
            "bar": Bar.of(found),
            "sentence": _sentence(found),
            "counterparts": _counterparts(page),
            "page": page,
            "ranking": ranked,
            "readable": readable,
            "forms": forms,
            "act": act,
            "refusal": refusal,
            "today": timezone.localdate(),
        },
        status=422 if act else 200,
    )


def _sentence(found: Any) -> str:
    total = found.granted + found.transferred
    if not total:
        return _("“%s”还没有指标") % found.name
    return _("“%(name)s”可用 %(left)s 亩，共 %(total)s 亩") % {
        "name": found.name,
        "left": shown(found.available),
        "total": shown(total),
    }


def _counterparts(page: Any) -> dict[Any, QuotaPool]:
    """The other pool of every transfer on a page, by the transfer's mark and kind; one query."""
    marks = [entry.transfer for entry in page if entry.transfer]
    others = QuotaEntry.objects.filter(transfer__in=marks).select_related("pool__plan__place") if marks else ()
    by_mark = {(entry.transfer, entry.kind): entry.pool for entry in others}
    other_kind = {"transfer_in": "transfer_out", "transfer_out": "transfer_in"}
    return {entry.pk: by_mark[entry.transfer, other_kind[entry.kind]] for entry in page if entry.transfer}


@require_POST
@login_required
def book(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Book in a pool: ``grant``, ``transfer``, ``return``; or ``open`` another pool of its plan."""
    user = _reader(request)
    found = _pool(user, pk)
    if act not in FORMS:
        raise Http404(_("没有这种记账。"))
    if not perms.books(user, found.plan.place_id):
        raise PermissionDenied(_("指标由自然资源编制人员登记：全市计划由市级账号，各区计划由本区或市级账号。"))
    form: Any = FORMS[act](request.POST, pool=found, user=user, prefix=act)
    if not form.is_valid():
        return _pool_page(request, user, found, act=act, form=form)
    try:
        target, sentence = _BOOKINGS[act](found, user, form.cleaned_data)
    except NotAllowed as refused:
        raise PermissionDenied(refused.sentence) from refused
    except Refused as refused:
        return _pool_page(request, user, found, act=act, form=form, refusal=refused.sentence)
    messages.success(request, sentence)
    return redirect(target)


def _grant(found: QuotaPool, user: User, data: dict[str, Any]) -> tuple[QuotaPool, str]:
    booked = services.grant(pool_id=found.pk, by=user, **data)
    return found, _("已下达 %s 亩。") % shown(booked.amount_mu)


def _transfer(found: QuotaPool, user: User, data: dict[str, Any]) -> tuple[QuotaPool, str]:
    target = int(data.pop("to_pool"))
    out, _into = services.transfer(from_pool_id=found.pk, to_pool_id=target, by=user, **data)
    return found, _("已调出 %s 亩。") % shown(out.amount_mu)


def _return(found: QuotaPool, user: User, data: dict[str, Any]) -> tuple[QuotaPool, str]:
    number = data.pop("case")
    if number:
        booked = services.give_back(case=Case.objects.get(pk=int(number)), by=user, **data)
        return found, _("已收回 %s 亩。") % shown(booked.amount_mu)
    booked = services.give_back(pool_id=found.pk, by=user, **data)
    return found, _("已交回 %s 亩。") % shown(booked.amount_mu)


def _open(found: QuotaPool, user: User, data: dict[str, Any]) -> tuple[QuotaPool, str]:
    opened = services.open_pool(plan_id=found.plan_id, by=user, **data)
    return opened, _("已新设指标池“%s”。") % opened.name


_BOOKINGS: dict[str, Callable[[QuotaPool, User, dict[str, Any]], tuple[QuotaPool, str]]] = {
    "grant": _grant,
    "transfer": _transfer,
    "return": _return,
    "open": _open,
}


@require_safe
@login_required
def pool_export(request: HttpRequest, pk: int) -> FileResponse:
    """The ledger of a pool as a workbook, in the order of booking."""
    user = _reader(request)
    found = _pool(user, pk)
    columns = [
        (_("序号"), 8), (_("记账日期"), 12), (_("类型"), 8), (_("面积（亩）"), 14), (_("余额（亩）"), 14),
        (_("办件"), 18), (_("文号"), 28), (_("说明"), 40), (_("记账人"), 16), (_("记账时间"), 20),
    ]  # fmt: skip

    def cells() -> Iterator[list[Any]]:
        entries = QuotaEntry.objects.visible_to(user).filter(pool=found).with_running().select_related("case", "by")
        readable = set(Case.objects.visible_to(user).filter(quota_entries__pool=found).values_list("pk", flat=True))
        for entry in entries.order_by("pk").iterator(chunk_size=2000):
            case = (entry.case.number or "") if entry.case_id in readable else _("其他区办件") if entry.case_id else ""
            yield [
                entry.pk, entry.booked_on, str(entry.title), entry.amount_mu, entry.running_mu, case,
                entry.document_number, entry.text, str(entry.by), entry.at,
            ]  # fmt: skip

    name = f"{pool_title(found)}-{timezone.localdate().isoformat()}"
    return sheets.response(sheets.workbook(_("指标台账"), columns, cells()), name)
