"""``/returns/land/``: the land of a year on each basis, the plots behind it, and corrections."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Exists, F, OuterRef, QuerySet, Sum
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core import sheets
from core.accounts.models import Role, User
from core.accounts.scope import reader
from core.refusals import NotAllowed, Refused
from core.web.figures import as_decimal
from core.web.map_links import feature_url
from efficiency.returns import perms
from efficiency.returns.models import LandBasis, LandCorrection, LandOfYear
from efficiency.returns.pages.asking import PER_PAGE, Asked, choices, staff, years
from efficiency.returns.services import correcting
from landuse.plots.models import Occupation, OccupationKind, PlotVersion
from parks.enterprises.models import Enterprise
from parks.zones.models import ZoneVersion

SHOWN = {
    "all": gettext_lazy("全部"),
    "several": gettext_lazy("占用几宗地"),
    "tenant": gettext_lazy("只租用"),
    "corrected": gettext_lazy("有更正"),
}

SORTS = {
    "uscc": (gettext_lazy("统一社会信用代码"), (F("enterprise__uscc").asc(),)),
    "actual": (gettext_lazy("实际用地由大到小"), (F("actual_m2").desc(), F("enterprise__uscc").asc())),
    "registered": (gettext_lazy("登记面积由大到小"), (F("registered_m2").desc(), F("enterprise__uscc").asc())),
    "plots": (gettext_lazy("宗地数由多到少"), (F("plots").desc(), F("enterprise__uscc").asc())),
}


class CorrectionForm(forms.Form):
    """Another area of an enterprise, on one basis, with its reason."""

    basis = forms.ChoiceField(label=gettext_lazy("口径"), choices=LandBasis.choices)
    area_m2 = forms.DecimalField(
        label=gettext_lazy("面积（m²）"), min_value=Decimal(0), max_digits=14, decimal_places=2
    )
    reason = forms.CharField(
        label=gettext_lazy("理由"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("依据哪份材料，与登记或占用有何不同。企业可以看到。"),
    )


@never_cache
@require_safe
@login_required
def land(request: HttpRequest) -> HttpResponse:
    """Every enterprise's land of a year; an enterprise is shown its own."""
    user = reader(request)
    if user.role == Role.ENTERPRISE:
        own = LandOfYear.objects.visible_to(user).select_related("enterprise").order_by("-year").first()
        if own is None:
            return render(request, "returns/land_none.html")
        return redirect("returns:land_of", year=own.year, uscc=own.enterprise.uscc)
    user = staff(request)
    known = years(user)
    asked = Asked.of(request.GET, year=known[0], shown=SHOWN, sorts=SORTS)
    found = rows(user, asked)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    sums = LandOfYear.objects.visible_to(user).filter(year=asked.year).aggregate(
        Sum("registered_m2"), Sum("actual_m2"), Sum("converted_m2")
    )  # fmt: skip
    return render(
        request,
        "returns/land.html",
        {
            "asked": asked,
            "years": known,
            "sentence": _("%(year)s 年末 %(count)s 家企业有用地")
            % {"year": asked.year, "count": f"{LandOfYear.objects.visible_to(user).filter(year=asked.year).count():,}"},
            "sums": sums,
            "page": page,
            "rows": page.object_list,
            "zones": _zone_names({row.zone_code for row in page}),
            "shown": SHOWN.items(),
            "sorts": [(key, label) for key, (label, _order) in SORTS.items()],
            **choices(user, asked),
        },
    )


def rows(user: User, asked: Asked) -> QuerySet[Any]:
    """Land of the year asked for, within the reader's places, with ``corrected``."""
    in_force = LandCorrection.objects.filter(
        enterprise=OuterRef("enterprise"), year=OuterRef("year"), withdrawn_at__isnull=True
    )
    found = asked.of_firms(LandOfYear.objects.visible_to(user).filter(year=asked.year), "enterprise__")
    found = found.annotate(corrected=Exists(in_force))
    if asked.shown == "several":
        found = found.filter(plots__gt=1)
    elif asked.shown == "tenant":
        found = found.filter(registered_m2=0, actual_m2__gt=0)
    elif asked.shown == "corrected":
        found = found.filter(corrected=True)
    return (
        found.select_related("enterprise__district", "enterprise__town")
        .defer("enterprise__district__geom", "enterprise__town__geom")
        .order_by(*SORTS[asked.sort][1])
    )


def _zone_names(codes: set[str]) -> dict[str, str]:
    return dict(ZoneVersion.objects.filter(zone__in=codes, valid_to__isnull=True).values_list("zone_id", "name"))


@require_safe
@login_required
def export(request: HttpRequest) -> FileResponse:
    """What the list shows, every page of it, as a workbook."""
    user = staff(request)
    asked = Asked.of(request.GET, year=years(user)[0], shown=SHOWN, sorts=SORTS)
    columns = [
        (_("统一社会信用代码"), 22), (_("企业"), 36), (_("所在区"), 10), (_("镇街"), 12), (_("宗地数"), 8),
        (_("登记面积（m²）"), 16), (_("实际用地（m²）"), 16), (_("租用折算（m²）"), 16),
        (_("主要宗地"), 24), (_("所在集聚区"), 12), (_("有更正"), 8),
    ]  # fmt: skip

    def cells() -> Iterator[list[Any]]:
        for row in rows(user, asked).iterator(chunk_size=2000):
            firm = row.enterprise
            yield [
                firm.uscc, firm.name, firm.district.name, firm.town.name if firm.town else "", row.plots,
                row.registered_m2, row.actual_m2, row.converted_m2, row.principal_plot_id or "", row.zone_code,
                _("是") if row.corrected else "",
            ]  # fmt: skip

    name = _("%(year)s 年末企业用地") % {"year": asked.year}
    return sheets.response(sheets.workbook(name, columns, cells()), name)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def of_enterprise(request: HttpRequest, year: int, uscc: str) -> HttpResponse:
    """The plots and shares behind one enterprise's land; POST corrects it or withdraws a correction."""
    user = reader(request)
    firm: Enterprise | None = Enterprise.objects.visible_to(user).select_related("district").filter(uscc=uscc).first()
    if firm is None or not 2000 <= year <= 2100:
        raise Http404(_("没有这家企业，或不在本账号的管辖范围内。"))
    may = perms.corrects_land(user, firm)
    posted = request.POST if request.method == "POST" and "withdraw" not in request.POST else None
    form = CorrectionForm(posted)
    refusal, status = "", 200
    if request.method == "POST":
        try:
            if _acted(request, user, firm, year, form):
                return redirect("returns:land_of", year=year, uscc=uscc)
            status = 422
        except Refused as refused:
            refusal, status = refused.sentence, 403 if isinstance(refused, NotAllowed) else 422
    corrections = LandCorrection.objects.visible_to(user).filter(enterprise=firm, year=year)
    return render(
        request,
        "returns/land_of.html",
        {
            "firm": firm,
            "year": year,
            "own": user.role == Role.ENTERPRISE,
            "land": LandOfYear.objects.visible_to(user).filter(enterprise=firm, year=year).first(),
            "parts": parts(user, firm, year),
            "corrections": corrections.select_related("by", "withdrawn_by"),
            "in_force": {row.basis: row for row in corrections if row.withdrawn_at is None},
            "years": LandOfYear.objects.visible_to(user).filter(enterprise=firm).order_by("-year")
            .values_list("year", flat=True),
            "form": form if may else None,
            "may": may,
            "refusal": refusal,
            "map_url": feature_url("enterprises", firm.uscc),
        },
        status=status,
    )  # fmt: skip


def _acted(request: HttpRequest, user: User, firm: Enterprise, year: int, form: CorrectionForm) -> bool:
    """Do what was posted; False when the form has faults to show."""
    withdrawn = request.POST.get("withdraw", "")
    if withdrawn:
        number = int(withdrawn) if withdrawn.isascii() and withdrawn.isdigit() and len(withdrawn) < 18 else 0
        correcting.withdraw_land(correction=number, by=user)
        messages.success(request, _("更正已撤销，恢复按登记和占用计算的面积。"))
        return True
    if not form.is_valid():
        return False
    correcting.correct_land(enterprise=firm.pk, year=year, by=user, **form.cleaned_data)
    messages.success(request, _("已更正。已完成的评价不受影响，重算后按新面积。"))
    return True


def parts(user: User, firm: Enterprise, year: int) -> list[dict[str, Any]]:
    """The plots an enterprise used on 31 December, with what each adds to every basis, in m²; as ``refresh_land`` does.

    Who else uses a plot is told to staff alone; an enterprise is told their share together.
    """
    day = dt.date(year, 12, 31)
    used = list(Occupation.objects.visible_to(user).in_force_on(day).filter(enterprise=firm).order_by("plot_id", "pk"))
    codes = [row.plot_id for row in used]
    plots = {row.plot_id: row for row in PlotVersion.objects.in_force_on(day).filter(plot__in=codes).defer("geom")}
    everybody = Occupation.objects.in_force_on(day).filter(plot__in=codes).select_related("enterprise")
    others: dict[str, list[Occupation]] = {}
    for row in everybody.order_by("-share"):
        others.setdefault(row.plot_id, []).append(row)
    found = []
    for row in used:
        plot = plots.get(row.plot_id)
        if plot is None:
            continue
        beside = [each for each in others[row.plot_id] if each.enterprise_id != firm.pk]
        area = as_decimal(plot.area_m2)
        registered = plot.registered_area_m2 if plot.registered_area_m2 is not None else area
        owned = sum(each.share for each in others[row.plot_id] if each.kind == OccupationKind.OWNER)
        owner = row.kind == OccupationKind.OWNER
        by_floor = not owner and row.leased_floor_m2 is not None and plot.plot_ratio_built
        found.append(
            {
                "use": row,
                "plot": plot,
                "url": feature_url("plots", row.plot_id),
                "registered": registered * row.share / owned if owner and owned else Decimal(0),
                "actual": row.share * area,
                "converted": row.share * registered
                if owner
                else row.leased_floor_m2 / plot.plot_ratio_built
                if by_floor
                else row.share * area,
                "by_floor": by_floor,
                "others": beside if user.reads_land else [],
                "others_share": sum(each.share for each in beside),
            }
        )
    return found
