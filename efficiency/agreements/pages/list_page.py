"""``/agreements/``: the agreements a reader may see, and how the promises of each stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import sheets
from core.accounts.models import Role, User
from core.casework.states import CLOSED
from core.policy.models import Jurisdiction
from efficiency.agreements import perms
from efficiency.agreements.models import Agreement, AgreementState, Check, Verdict
from efficiency.agreements.pages.reading import readers_only
from efficiency.agreements.services.breaching import BROKEN

PER_PAGE = 50

SORTS = {
    "changed": (gettext_lazy("最近修改"), ("-changed_at", "-pk")),
    "number": (gettext_lazy("协议编号"), ("number",)),
    "production": (gettext_lazy("约定投产先后"), (F("production_by").asc(nulls_last=True), "pk")),
    "broken": (gettext_lazy("未履行的约定"), ("-broken", "-changed_at", "-pk")),
}
STANDINGS = {"broken": gettext_lazy("有未履行的约定"), "case": gettext_lazy("违约办理中")}


@dataclass(frozen=True)
class Asked:
    """What the address asks for; anything it cannot mean is left out."""

    q: str = ""
    state: str = ""
    district: str = ""
    standing: str = ""
    sort: str = "changed"

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Read it from a query string."""
        return cls(
            q=query.get("q", "").replace("\0", "").strip()[:60],
            state=query.get("state", "") if query.get("state") in AgreementState.values else "",
            district=query.get("district", "")[:6].replace("\0", ""),
            standing=query.get("standing", "") if query.get("standing") in STANDINGS else "",
            sort=query.get("sort", "") if query.get("sort") in SORTS else "changed",
        )

    @property
    def narrowed(self) -> bool:
        """Whether less than everything is shown."""
        return any((self.q, self.state, self.district, self.standing))

    @property
    def query(self) -> str:
        """The same as a query string."""
        return urlencode({name: value for name, value in vars(self).items() if value and (name, value) != USUAL})


USUAL = ("sort", "changed")


def rows_of(user: User, asked: Asked) -> QuerySet[Any]:
    """Everything asked for, in order, with how many promises are not kept and the open case of a breach."""
    latest = Check.objects.filter(agreement__state=AgreementState.IN_FORCE).latest_of_each().values("pk")
    counted = Q(checks__in=latest, checks__verdict__in=BROKEN)
    open_breach = Q(breaches__isnull=False) & ~Q(breaches__case__state__in=CLOSED)
    rows: Any = (
        Agreement.objects.visible_to(user)
        .select_related("enterprise", "district")
        .annotate(
            broken=Count("checks", filter=counted, distinct=True),
            cases=Count("breaches", filter=open_breach, distinct=True),
        )
    )
    if asked.q:
        rows = rows.filter(
            Q(number__icontains=asked.q)
            | Q(enterprise__name__icontains=asked.q)
            | Q(enterprise__uscc__istartswith=asked.q)
            | Q(plot__code__istartswith=asked.q.upper())
        )
    if asked.state:
        rows = rows.filter(state=asked.state)
    if asked.district:
        rows = rows.filter(district=asked.district)
    if asked.standing:
        rows = rows.filter(broken__gt=0) if asked.standing == "broken" else rows.filter(cases__gt=0)
    return rows.order_by(*SORTS[asked.sort][1])  # type: ignore[no-any-return]


@never_cache
@require_safe
@login_required
def agreements(request: HttpRequest) -> HttpResponse:
    """The list; for an enterprise its own."""
    user = readers_only(request)
    asked = Asked.of(request.GET)
    page = Paginator(rows_of(user, asked), PER_PAGE).get_page(request.GET.get("page"))
    own = user.role == Role.ENTERPRISE
    return render(
        request,
        "agreements/list.html",
        {
            "asked": asked,
            "page": page,
            "own": own,
            "sentence": sentence(user),
            "may_draw_up": perms.draws_up_somewhere(user),
            "states": [choice for choice in AgreementState.choices if not own or choice[0] != AgreementState.DRAFT],
            "standings": STANDINGS.items(),
            "sorts": [(key, label) for key, (label, _order) in SORTS.items()],
            "districts": []
            if own
            else Jurisdiction.objects.filter(code__in=user.district_codes).order_by("code").values_list("code", "name"),
        },
    )


def sentence(user: User) -> str:
    """The answer of the list: how many bind, and how many of them are not kept."""
    rows = rows_of(user, Asked(state=AgreementState.IN_FORCE)).order_by()
    counted = rows.aggregate(count=Count("pk"), short=Count("pk", filter=Q(broken__gt=0)))
    if not counted["count"]:
        return _("没有生效的监管协议")
    kept = ngettext("%(n)s 份监管协议生效", "%(n)s 份监管协议生效", counted["count"]) % {"n": counted["count"]}
    if not counted["short"]:
        return kept + _("，约定均未见违反")
    return kept + _("，%(short)s 份有未履行的约定") % {"short": counted["short"]}


@never_cache
@require_safe
@login_required
def export(request: HttpRequest) -> FileResponse:
    """What the list shows, all pages of it, with the newest check of every promise: one row a promise."""
    user = readers_only(request)
    columns = [
        (_("协议编号"), 20), (_("企业"), 30), (_("统一社会信用代码"), 22), (_("宗地代码"), 24), (_("区"), 10),
        (_("状态"), 10), (_("签订"), 12), (_("约定"), 20), (_("年度"), 8), (_("约定值（万元/亩）"), 18),
        (_("实际值（万元/亩）"), 18), (_("完成率"), 10), (_("约定日期"), 12), (_("实际日期"), 12), (_("结论"), 12),
        (_("核查日期"), 12),
    ]  # fmt: skip
    file = sheets.workbook(_("监管协议"), columns, _lines(user, Asked.of(request.GET)))
    return sheets.response(file, _("监管协议 %(day)s") % {"day": timezone.localdate().isoformat()})


def _lines(user: User, asked: Asked) -> Iterator[list[Any]]:
    rows = list(rows_of(user, asked))
    checks: dict[int, list[Check]] = {}
    for check in Check.objects.visible_to(user).filter(agreement__in=[row.pk for row in rows]).latest_of_each():
        checks.setdefault(check.agreement_id, []).append(check)
    for row in rows:
        head = [
            row.number,
            row.enterprise.name,
            row.enterprise.uscc,
            row.plot_id,
            row.district.name,
            row.get_state_display(),
            row.signed_on,
        ]
        for check in checks.get(row.pk, []):
            yield [
                *head,
                check.title,
                check.year,
                check.promised,
                check.actual,
                check.ratio,
                check.promised_on,
                check.actual_on,
                str(Verdict(check.verdict).label),
                check.on,
            ]
        if row.pk not in checks:
            yield [*head, *[""] * 9]
