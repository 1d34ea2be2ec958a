"""``/returns/``: a year's returns: how many there are, every enterprise's figures, and the versions of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import BooleanField, Count, F, FilteredRelation, FloatField, Func, Q, QuerySet
from django.db.models.functions import Cast
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import sheets
from core.accounts.models import Role, User
from core.accounts.scope import reader
from core.policy.models import Jurisdiction
from core.web.map_links import feature_url
from efficiency.returns import due
from efficiency.returns.figures import BY_KEY, FIGURES, KEYS, Office
from efficiency.returns.missing import missing_for
from efficiency.returns.models import LandOfYear, ReturnStatus, YearlyReturn
from efficiency.returns.pages.asking import PER_PAGE, Asked, choices, staff, years
from parks.enterprises.models import Enterprise

SHOWN = {
    "returned": gettext_lazy("已有年报"),
    "missing": gettext_lazy("有用地无年报"),
    "gaps": gettext_lazy("缺税收、产值或投资"),
    "all": gettext_lazy("全部"),
}

SORTS = {
    "uscc": (gettext_lazy("统一社会信用代码"), (F("uscc").asc(),)),
    "tax": (gettext_lazy("税收由高到低"), (F("figure__tax_cny").desc(nulls_last=True), F("uscc").asc())),
    "output": (gettext_lazy("产值由高到低"), (F("figure__output_cny").desc(nulls_last=True), F("uscc").asc())),
    "tax_per_mu": (gettext_lazy("亩均税收由高到低"), (F("tax_per_mu").desc(nulls_last=True), F("uscc").asc())),
    "least": (gettext_lazy("亩均税收由低到高"), (F("tax_per_mu").asc(nulls_last=True), F("uscc").asc())),
    "land": (gettext_lazy("用地由大到小"), (F("used__actual_m2").desc(nulls_last=True), F("uscc").asc())),
}

COLUMNS = ("tax_cny", "output_cny", "fixed_asset_investment_cny", "added_value_cny", "staff")
"""Figures of the list; the export has them all."""


class _Supplied(Func):
    """SQL: whether an office supplied any figure of a return."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, office: Office) -> None:
        super().__init__(
            F("sources"), template=f"jsonb_path_exists(%(expressions)s, '$.* ? (@ == \"{office.value}\")')"
        )


@never_cache
@require_safe
@login_required
def returns(request: HttpRequest) -> HttpResponse:
    """The returns of a year: coverage by district and office, and the enterprises' figures."""
    user = reader(request)
    if user.role == Role.ENTERPRISE:
        return redirect("returns:mine_years")
    user = staff(request)
    known = years(user)
    asked = Asked.of(request.GET, year=known[0], shown=SHOWN, sorts=SORTS)
    covered = coverage(user, asked.year)
    total = covered[-1]
    page = Paginator(firms(user, asked), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "returns/returns.html",
        {
            "asked": asked,
            "years": known,
            "sentence": _("%(year)s 年度 %(land)s 家有用地企业中 %(returned)s 家已有年报")
            % {"year": asked.year, "land": f"{total['land']:,}", "returned": f"{total['returned']:,}"},
            "until": due.due_on(asked.year),
            "coverage": covered,
            "offices": [(office.value, office.label) for office in Office],
            "page": page,
            "rows": page.object_list,
            "columns": [BY_KEY[key] for key in COLUMNS],
            "shown": SHOWN.items(),
            "sorts": [(key, label) for key, (label, _order) in SORTS.items()],
            "statuses": ReturnStatus.choices,
            **choices(user, asked),
        },
    )


def coverage(user: User, year: int) -> list[dict[str, Any]]:
    """Per district within the reader's places, and in all: enterprises with land, with a return, missing, by office."""
    names = Jurisdiction.objects.filter(code__in=user.district_codes).order_by("code").values_list("code", "name")
    place = "enterprise__district"
    land = _counted(LandOfYear.objects.visible_to(user).filter(year=year), place, enterprises=Count("pk"))
    filed = _counted(
        YearlyReturn.objects.visible_to(user).current().filter(year=year),
        place,
        enterprises=Count("pk"),
        provisional=Count("pk", filter=Q(status=ReturnStatus.PROVISIONAL)),
        **{office.value: Count("pk", filter=_Supplied(office)) for office in Office},
    )
    lacking = _counted(missing_for(user, year), place, enterprises=Count("pk"))
    rows = [
        {
            "code": code,
            "name": name,
            "land": land.get(code, {}).get("enterprises", 0),
            "returned": filed.get(code, {}).get("enterprises", 0),
            "provisional": filed.get(code, {}).get("provisional", 0),
            "missing": lacking.get(code, {}).get("enterprises", 0),
            "offices": [filed.get(code, {}).get(office.value, 0) for office in Office],
        }
        for code, name in names
    ]
    sums: dict[str, Any] = {
        key: sum(row[key] for row in rows) for key in ("land", "returned", "provisional", "missing")
    }
    offices = [sum(each) for each in zip(*(row["offices"] for row in rows), strict=True)] or [0] * len(Office)
    return [*rows, {"code": "", "name": _("合计"), **sums, "offices": offices}]


def _counted(rows: QuerySet[Any], place: str, **counts: Any) -> dict[str, dict[str, Any]]:
    return {row["place"]: row for row in rows.order_by().values(place=F(place)).annotate(**counts)}


def firms(user: User, asked: Asked) -> QuerySet[Any]:
    """Enterprises within the reader's places with a return or land in the year, with ``figure`` and ``used`` of it."""
    rows = Enterprise.objects.visible_to(user).annotate(
        figure=FilteredRelation("returns", condition=Q(returns__year=asked.year, returns__valid_to__isnull=True)),
        used=FilteredRelation("land", condition=Q(land__year=asked.year)),
    )
    rows = asked.of_firms(rows, "")
    if asked.shown == "missing":
        rows = rows.filter(pk__in=missing_for(user, asked.year).values("enterprise"))
    elif asked.shown == "all":
        rows = rows.filter(Q(figure__isnull=False) | Q(used__isnull=False))
    else:
        rows = rows.filter(figure__isnull=False)
    if asked.shown == "gaps":
        rows = rows.filter(
            Q(figure__tax_cny=None) | Q(figure__output_cny=None) | Q(figure__fixed_asset_investment_cny=None)
        )
    if asked.status in ReturnStatus.values:
        rows = rows.filter(figure__status=asked.status)
    mu = F("used__actual_m2") * 3 / 2000
    return (
        rows.annotate(
            **{key: F(f"figure__{key}") for key in KEYS},
            return_status=F("figure__status"),
            sources=F("figure__sources"),
            actual_m2=F("used__actual_m2"),
            registered_m2=F("used__registered_m2"),
            converted_m2=F("used__converted_m2"),
            tax_per_mu=Cast(F("figure__tax_cny"), FloatField())
            / Func(mu, 0.0, function="NULLIF", output_field=FloatField()),
        )
        .select_related("district", "town", "industry")
        .defer("district__geom", "town__geom")
        .order_by(*SORTS[asked.sort][1])
    )


@require_safe
@login_required
def export(request: HttpRequest) -> FileResponse:
    """What the list shows, every page of it and every figure, as a workbook."""
    user = staff(request)
    asked = Asked.of(request.GET, year=years(user)[0], shown=SHOWN, sorts=SORTS)
    columns = [
        *_FIRM_COLUMNS, (_("数据状态"), 10),
        *((f"{figure.title}（{figure.unit}）", 20) for figure in FIGURES),
        (_("登记面积（m²）"), 16), (_("实际用地（m²）"), 16), (_("租用折算（m²）"), 16),
    ]  # fmt: skip

    def cells() -> Iterator[list[Any]]:
        for row in firms(user, asked).iterator(chunk_size=2000):
            yield [
                *_firm_cells(row), str(ReturnStatus(row.return_status).label) if row.return_status else "",
                *(getattr(row, key) for key in KEYS), row.registered_m2, row.actual_m2, row.converted_m2,
            ]  # fmt: skip

    name = _("%(year)s 年度企业年报") % {"year": asked.year}
    return sheets.response(sheets.workbook(name, columns, cells()), name)


@require_safe
@login_required
def export_missing(request: HttpRequest) -> FileResponse:
    """Enterprises with land and without a return of the year, as a workbook."""
    user = staff(request)
    asked = Asked.of(request.GET, year=years(user)[0], shown=SHOWN, sorts=SORTS)
    columns = [*_FIRM_COLUMNS, (_("宗地数"), 8), (_("登记面积（m²）"), 16), (_("实际用地（m²）"), 16)]
    rows = missing_for(user, asked.year).select_related(
        "enterprise__district", "enterprise__town", "enterprise__industry"
    )
    rows = rows.defer("enterprise__district__geom", "enterprise__town__geom").order_by("enterprise__uscc")

    def cells() -> Iterator[list[Any]]:
        for row in rows.iterator(chunk_size=2000):
            yield [*_firm_cells(row.enterprise), row.plots, row.registered_m2, row.actual_m2]

    name = _("%(year)s 年度未报年报企业") % {"year": asked.year}
    return sheets.response(sheets.workbook(name, columns, cells()), name)


_FIRM_COLUMNS = [
    (gettext_lazy("统一社会信用代码"), 22),
    (gettext_lazy("企业"), 36),
    (gettext_lazy("所在区"), 10),
    (gettext_lazy("镇街"), 12),
    (gettext_lazy("行业"), 24),
]


def _firm_cells(firm: Enterprise) -> list[str]:
    return [firm.uscc, firm.name, firm.district.name, firm.town.name if firm.town else "", firm.industry.name]


@never_cache
@require_safe
@login_required
def versions(request: HttpRequest, year: int, uscc: str) -> HttpResponse:
    """Every version of one enterprise's return of a year, newest first, and what each changed."""
    user = reader(request)
    firm: Enterprise | None = (
        Enterprise.objects.visible_to(user).select_related("district", "industry").filter(uscc=uscc).first()
    )
    rows = list(
        YearlyReturn.objects.visible_to(user)
        .filter(enterprise=firm, year=year)
        .select_related("batch", "batch__by", "self_report", "self_report__decided_by")
        .order_by("-valid_from")
    ) if firm else []  # fmt: skip
    if firm is None or not rows:
        raise Http404(_("没有这家企业 %(year)s 年度的年报，或不在本账号的管辖范围内。") % {"year": year})
    told = [_told(row, rows[at + 1] if at + 1 < len(rows) else None, user) for at, row in enumerate(rows)]
    return render(
        request,
        "returns/versions.html",
        {
            "firm": firm,
            "year": year,
            "own": user.role == Role.ENTERPRISE,
            "sentence": _("%(name)s %(year)s 年度年报，共 %(count)s 版")
            % {"name": firm.short_name or firm.name, "year": year, "count": len(rows)},
            "current": rows[0],
            "rows": [{"figure": figure, "value": getattr(rows[0], figure.key),
                      "office": rows[0].sources.get(figure.key, "")} for figure in FIGURES],
            "versions": told,
            "land": LandOfYear.objects.visible_to(user).filter(enterprise=firm, year=year).first(),
            "years": YearlyReturn.objects.visible_to(user).current().filter(enterprise=firm).order_by("-year")
            .values_list("year", flat=True),
            "map_url": feature_url("enterprises", firm.uscc),
        },
    )  # fmt: skip


def _told(row: YearlyReturn, before: YearlyReturn | None, user: User) -> dict[str, Any]:
    """A version as the page tells it; who wrote it is read by staff alone."""
    changed = [
        {"figure": figure, "then": getattr(before, figure.key), "now": getattr(row, figure.key)}
        for figure in FIGURES
        if before and getattr(before, figure.key) != getattr(row, figure.key)
    ]
    by = row.self_report.decided_by if row.self_report else row.batch.by if row.batch else None
    return {
        "row": row,
        "first": before is None,
        "changed": changed,
        "restated": before.get_status_display() if before and before.status != row.status else "",
        "by": by if user.reads_land else None,
    }
