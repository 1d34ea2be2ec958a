"""``/monitoring/``: what the year comes to in one sentence, classes by year and district, and doors to what is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.accounts.models import User
from efficiency.evaluation.models import Objection, Run, Score
from efficiency.evaluation.pages import standing
from efficiency.flags.models import Flag, FlagState
from efficiency.monitoring import watching
from efficiency.monitoring.pages.reading import Years, districts, staff
from efficiency.returns.missing import missing_for
from efficiency.schemes.models import Grade, SchemeVersion

CLASSED = tuple(grade.value for grade in standing.GRADES)


@dataclass(frozen=True)
class Door:
    """A neighbouring page with the figure that tells whether to go there."""

    title: str
    url: str
    figure: int | None
    unit: str
    said: str


@never_cache
@require_safe
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """The reader's places in the year asked for."""
    user = staff(request)
    years = Years.asked(user, request.GET)
    counts = _by_district(user, years.runs)
    below = watching.below_promise(user, years.now.year).values("agreement").distinct().count() if years.now else 0
    return render(
        request,
        "monitoring/overview.html",
        {
            **years.context("monitoring"),
            "sentence": _sentence(counts, years, below),
            "detail": standing.standing_of(years.now) if years.now else "",
            "as_of": years.now.as_of if years.now else None,
            "tone": standing.tone(years.now.state) if years.now else "",
            "by_year": [
                {"year": year, "run": run, "bar": standing.Bar.of(_sum(counts[run.pk])), "current": run == years.now}
                for year, run in sorted(years.runs.items())
            ],
            "by_district": _districts(user, counts, years),
            "doors": _doors(user, years, below),
        },
    )


def _by_district(user: User, runs: dict[int, Run]) -> dict[int, dict[str, dict[str, int]]]:
    """By run and district how many are in each class, of the enterprises the reader may see; one query."""
    found: dict[int, dict[str, dict[str, int]]] = {run.pk: {} for run in runs.values()}
    rows = Score.objects.visible_to(user).filter(run__in=found, grade__in=CLASSED).order_by()
    for run, district, grade, n in rows.values_list("run", "district_code", "grade").annotate(n=Count("*")):
        found[run].setdefault(district, {})[grade] = n
    return found


def _sum(counts: dict[str, dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts.values():
        for grade, n in each.items():
            total[grade] = total.get(grade, 0) + n
    return total


def _share_of_d(counts: dict[str, int]) -> float | None:
    """D in percent of those ranked; None where nobody is."""
    ranked = sum(n for grade, n in counts.items() if grade != Grade.UNRATED)
    return 100 * counts.get(Grade.D, 0) / ranked if ranked else None


def _sentence(counts: dict[int, dict[str, dict[str, int]]], years: Years, below: int) -> str:
    if years.now is None:
        return _("还没有评价")
    now = _sum(counts[years.now.pk])
    said = _("%(year)s 年度 D 类 %(d)s 家") % {"year": years.now.year, "d": f"{now.get(Grade.D, 0):,}"}
    if years.before is not None:
        change = now.get(Grade.D, 0) - _sum(counts[years.before.pk]).get(Grade.D, 0)
        word = _("，比上年多 %(n)s 家") if change > 0 else _("，比上年少 %(n)s 家")
        said += word % {"n": f"{abs(change):,}"} if change else _("，与上年持平")
    if below:
        return said + _("；%(n)s 份监管协议低于约定") % {"n": f"{below:,}"}
    return said + _("；没有监管协议低于约定")


def _districts(user: User, counts: dict[int, dict[str, dict[str, int]]], years: Years) -> list[dict[str, Any]]:
    if years.now is None:
        return []
    rows = []
    for code, name in districts(user):
        now = counts[years.now.pk].get(code, {})
        share = _share_of_d(now)
        earlier = _share_of_d(counts[years.before.pk].get(code, {})) if years.before else None
        rows.append(
            {
                "code": code,
                "name": name,
                "bar": standing.Bar.of(now),
                "d": now.get(Grade.D, 0),
                "share": share,
                "change": None if share is None or earlier is None else share - earlier,
            }
        )
    return rows


def _doors(user: User, years: Years, below: int) -> list[Door]:
    today = timezone.localdate()
    flags = dict(Flag.objects.visible_to(user).order_by().values_list("state").annotate(n=Count("pk")))
    points = watching.fall_points(today).value or 0
    watched = watching.watched(user, years.now, years.before, points, today).count()  # type: ignore[arg-type]
    waiting = Objection.objects.visible_to(user).filter(state="open").count()
    year = years.now.year if years.now else today.year - 1
    asked = f"?year={years.now.year}" if years.now else ""
    lacking = missing_for(user, year).count()
    schemes = SchemeVersion.objects.visible_to(user).filter(state="approved").count()
    return [
        Door(_("关注名单"), reverse("monitoring:watch") + asked, watched, _("家"),
             _("D 类、得分下降、有未了结预警或约定未履行")),
        Door(_("低效预警"), reverse("flags:flags"), flags.get(FlagState.RAISED, 0), _("条待核实"),
             _("另有 %(n)s 条整改中") % {"n": f"{flags.get(FlagState.CONFIRMED, 0):,}"}),
        Door(_("监管协议"), reverse("agreements:agreements") + "?standing=broken", below, _("份未达约定"),
             _("按 %(year)s 年度亩均指标") % {"year": year}),
        Door(_("评价"), reverse("evaluation:run", args=[years.now.pk]) if years.now else reverse("evaluation:runs"),
             waiting, _("件异议待核"), _("历年评价、排名、公示和公布")),
        Door(_("年报"), f"{reverse('returns:returns')}?year={year}&shown=missing", lacking, _("家有用地无年报"),
             _("%(year)s 年度") % {"year": year}),
        Door(_("评价办法"), reverse("schemes:schemes"), schemes, _("个已批准版本"), _("指标、权重、基准和分档")),
    ]  # fmt: skip
