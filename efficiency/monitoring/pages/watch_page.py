"""``/monitoring/watch/``: whom to look at first, and why; as a page and a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import sheets
from core.accounts.models import User
from core.web.map_links import feature_url
from efficiency.evaluation.models import GroupKind, Run
from efficiency.evaluation.pages import standing
from efficiency.flags.models import Flag
from efficiency.monitoring import perms, watching
from efficiency.monitoring.pages.reading import Years, districts, divisions, one, staff, text, within

PER_PAGE = 50


@dataclass(frozen=True)
class Asked:
    """What narrows the list; anything the address cannot mean is left out."""

    q: str
    reason: str
    district: str
    industry: str
    sort: str

    @classmethod
    def of(cls, query: QueryDict) -> Asked:
        """Read it from a query string."""
        return cls(
            q=text(query, "q", 60),
            reason=one(query, "reason", watching.REASONS),
            district=text(query, "district", 6),
            industry=text(query, "industry", 5),
            sort=one(query, "sort", watching.SORTS, "lowest"),
        )

    @property
    def narrowed(self) -> bool:
        """Whether less than everything is shown."""
        return any((self.q, self.reason, self.district, self.industry))

    def cleared(self, years: Years) -> str:
        """The address without what narrows it."""
        return urlencode({"year": years.now.year} if years.now else {})

    def of_rows(self, rows: QuerySet[Any], fall: Decimal) -> QuerySet[Any]:
        """``rows`` asked for, in their order."""
        if self.reason:
            rows = rows.filter(watching.for_reason(self.reason, fall))
        if self.district:
            rows = rows.filter(district=self.district)
        if self.industry:
            rows = rows.filter(industry__in=within(self.industry))
        if self.q:
            wanted = Q(name__icontains=self.q) | Q(short_name__icontains=self.q)
            rows = rows.filter(wanted | Q(uscc__istartswith=self.q))
        return rows.order_by(*watching.SORTS[self.sort][1])


@never_cache
@require_safe
@login_required
def watch(request: HttpRequest) -> HttpResponse:
    """The enterprises to look at, each with its reasons."""
    user = staff(request)
    years = Years.asked(user, request.GET)
    asked = Asked.of(request.GET)
    today = timezone.localdate()
    fall = watching.fall_points(today)
    points = fall.value or Decimal(0)
    everybody = watching.watched(user, years.now, years.before, points, today)
    counts = _counts(everybody, points)
    page = Paginator(asked.of_rows(everybody, points), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "monitoring/watch.html",
        {
            **years.context("watch"),
            "sentence": _("%(count)s 家企业需要关注") % {"count": f"{counts['all']:,}"},
            "detail": _(
                "D 类 %(grade)s 家，得分下降 %(fallen)s 家，有未了结预警 %(flagged)s 家，约定未履行 %(broken)s 家"
            )
            % {key: f"{count:,}" for key, count in counts.items()},
            "fall": fall,
            "asked": asked,
            "cleared": asked.cleared(years),
            "page": page,
            "rows": _shown(user, years.now, list(page.object_list), points),
            "reasons": watching.REASONS.items(),
            "sorts": [(key, label) for key, (label, _order) in watching.SORTS.items()],
            "districts": districts(user),
            "divisions": divisions(),
            "flags_by_hand": perms.flags_by_hand(user),
        },
    )


def _counts(rows: QuerySet[Any], fall: Decimal) -> dict[str, int]:
    found = {key: rows.filter(watching.for_reason(key, fall)).count() for key in watching.REASONS}
    return {"all": rows.count(), **found}


def _shown(user: User, run: Run | None, rows: list[Any], fall: Decimal) -> list[dict[str, Any]]:
    """Rows of a page with plot, reasons in words, and how many flags are open."""
    ids = [row.pk for row in rows]
    plots = watching.plots_of(user, ids, timezone.localdate())
    flags = dict(
        Flag.objects.visible_to(user).open().filter(enterprise__in=ids).order_by().values_list("enterprise").annotate(
            n=Count("pk")
        )
    )  # fmt: skip
    industries = standing.names(GroupKind.INDUSTRY, {row.industry_code or row.industry_id for row in rows})
    return [
        {
            "firm": row,
            "plot": plots.get(row.pk, ""),
            "url": reverse("evaluation:result", args=[run.pk, row.uscc])
            if run and row.score_grade is not None
            else feature_url("enterprises", row.uscc),
            "flags": flags.get(row.pk, 0),
            "change": None if row.fall is None else -row.fall,
            "industry": industries.get(row.industry_code or row.industry_id, ""),
            "reasons": reasons_of(row, fall),
        }
        for row in rows
    ]


def reasons_of(row: Any, fall: Decimal) -> list[tuple[str, Any]]:
    """Why an enterprise is on the list: keys and words."""
    holds = {
        "grade": row.score_grade == "D",
        "fallen": row.fall is not None and row.fall >= fall,
        "flagged": row.flagged,
        "broken": row.broken,
    }
    return [(key, label) for key, label in watching.REASONS.items() if holds[key]]


@require_safe
@login_required
def export(request: HttpRequest) -> FileResponse:
    """What the list shows, every page of it, as a workbook."""
    user = staff(request)
    years = Years.asked(user, request.GET)
    today = timezone.localdate()
    fall = watching.fall_points(today).value or Decimal(0)
    rows = Asked.of(request.GET).of_rows(watching.watched(user, years.now, years.before, fall, today), fall)
    columns = [
        (_("统一社会信用代码"), 22), (_("企业名称"), 40), (_("区"), 10), (_("镇街"), 14), (_("行业"), 28),
        (_("主要宗地"), 22), (_("用地面积（亩）"), 16), (_("类别"), 8), (_("总分"), 12), (_("较上年"), 12),
        (_("未了结预警（条）"), 16), (_("关注原因"), 40),
    ]  # fmt: skip
    file = sheets.workbook(_("关注名单"), columns, _lines(user, years.now, rows, fall))
    return sheets.response(file, _("关注名单-%(day)s") % {"day": today.isoformat()})


def _lines(user: User, run: Run | None, rows: QuerySet[Any], fall: Decimal) -> Iterator[list[Any]]:
    found = list(rows)
    for start in range(0, len(found), 1000):
        for each in _shown(user, run, found[start : start + 1000], fall):
            firm = each["firm"]
            yield [
                firm.uscc, firm.name, firm.district.name, firm.town.name if firm.town else "", each["industry"],
                each["plot"], None if firm.land_m2 is None else round(firm.land_m2 * 3 / 2000, 4),
                firm.score_grade or "", firm.total, None if each["change"] is None else round(each["change"], 4),
                each["flags"], "、".join(str(label) for _key, label in each["reasons"]),
            ]  # fmt: skip
