"""What an enterprise sees first: the land it occupies and the returns it has filed."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.policy.models import Jurisdiction
from core.web import registry
from core.web.figures import area_text, as_decimal
from core.web.map_links import feature_url
from core.web.shell import SignedIn
from efficiency.returns import due
from efficiency.returns.missing import missing_for
from efficiency.returns.models import PlotFigure, ReportState, SelfReport, YearlyReturn
from landuse.plots.models import Occupation, PlotVersion
from parks.enterprises.models import EnterpriseMember

ENTERPRISE = ("enterprise",)
YIELD_ROLES = ("monitor", "parks", "head")


def _occupied(request: SignedIn) -> list[Any]:
    """Areas of the plots the reader's enterprise uses today, in m² (share × plot area)."""
    today = timezone.localdate()
    shares = dict(Occupation.objects.visible_to(request.user).in_force_on(today).values_list("plot_id", "share"))
    areas = PlotVersion.objects.visible_to(request.user).in_force_on(today).values_list("plot_id", "area_m2")
    return [as_decimal(area_m2) * shares[plot] for plot, area_m2 in areas if plot in shares]


def returns(request: SignedIn) -> dict[str, Any]:
    """The last five years the enterprise is believed for, newest first."""
    return {"rows": YearlyReturn.objects.visible_to(request.user).current().order_by("-year")[:5]}


def yields(request: SignedIn) -> dict[str, Any] | None:
    """Tax and output per 亩 by district in the latest year, and the change of tax on the year before; PM-1."""
    year = PlotFigure.objects.aggregate(year=Max("year"))["year"]
    if year is None:
        return None
    figures = PlotFigure.objects.visible_to(request.user)
    before = {row["district"]: row["tax_cny_per_mu"] for row in figures.by_district(year - 1)}
    names = dict(Jurisdiction.objects.districts().values_list("code", "name"))
    return {
        "year": year,
        "rows": [
            {
                **row,
                "name": names[row["district"]],
                "url": feature_url("districts", row["district"]) + f"&by=tax_per_mu&year={year}",
                "change_percent": 100 * (row["tax_cny_per_mu"] / earlier - 1)
                if (earlier := before.get(row["district"])) and row["tax_cny_per_mu"] is not None
                else None,
            }
            for row in figures.by_district(year)
        ],
    }


def due_answer(request: SignedIn) -> registry.Answer | None:
    """That the return of the last year is missing or was sent back, from the day reminders begin."""
    member = EnterpriseMember.objects.select_related("enterprise").filter(user=request.user).first()
    if member is None:
        return None
    today, place = timezone.localdate(), member.enterprise.district_id
    year = due.latest_year(today)
    words = {"year": year, "until": due.due_on(year, place=place, on=today).isoformat()}
    url = reverse("returns:mine", args=[year])
    back = SelfReport.objects.visible_to(request.user).filter(year=year, state=ReportState.RETURNED).first()
    if back is not None:
        return registry.Answer(
            sentence=_("%(year)s 年度自报被退回，请修改后重新提交") % words,
            state="unmet",
            state_label=_("退回"),
            url=url,
            url_label=_("去修改"),
            detail=back.answer,
        )
    if today < due.remind_from(year, place=place, on=today):
        return None
    if not missing_for(request.user, year).exists():
        return None
    late = today > due.due_on(year, place=place, on=today)
    sentence = (
        _("%(year)s 年度年报未报，截止日 %(until)s 已过") if late else _("请在 %(until)s 前填报 %(year)s 年度年报")
    )
    return registry.Answer(
        sentence=sentence % words,
        state="unmet" if late else "risk",
        state_label=_("逾期") if late else _("未报"),
        url=url,
        url_label=_("去填报"),
    )


def answer(request: SignedIn) -> registry.Answer | None:
    """How much land the enterprise occupies."""
    member = EnterpriseMember.objects.select_related("enterprise").filter(user=request.user).first()
    if member is None:
        return None
    areas = _occupied(request)
    if not areas:
        return registry.Answer(sentence=_("%(name)s没有登记占用的宗地") % {"name": member.enterprise.name})
    return registry.Answer(
        sentence=_("占用宗地 %(count)s 宗，共 %(mu)s 亩") % {"count": len(areas), "mu": area_text(sum(areas)).mu},
        detail=_("%(name)s，统一社会信用代码 %(uscc)s")
        % {"name": member.enterprise.name, "uscc": member.enterprise.uscc},
    )


def register() -> None:
    panel, add = registry.HomePanel, registry.register_home_panel
    add(panel("returns", gettext_lazy("历年填报"), ENTERPRISE, "returns/home_returns.html", returns, 30, 8))
    add(panel("yields", gettext_lazy("亩均效益"), YIELD_ROLES, "returns/home_yields.html", yields, 25, 8))
    registry.register_home_answer(registry.HomeAnswer("return_due", ENTERPRISE, due_answer, order=8))
    registry.register_home_answer(registry.HomeAnswer("plots", ENTERPRISE, answer, order=10))
