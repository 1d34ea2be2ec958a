"""How a draft of a scheme would move classes, asked while it is typed. Nothing is stored."""

from __future__ import annotations

import json
import time
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.accounts.models import User
from core.accounts.scope import reader
from core.policy.models import Jurisdiction
from efficiency.evaluation import columns as reading_columns
from efficiency.evaluation.columns import Columns
from efficiency.evaluation.models import Run, Score
from efficiency.evaluation.moving import GRADES, Moves, Standing, moves
from efficiency.evaluation.scoring import evaluate_columns
from efficiency.returns.models import YearlyReturn
from efficiency.schemes import checks, perms, reading
from efficiency.schemes.models import Grade, SchemeVersion, VersionState
from efficiency.schemes.rules import rules_of
from parks.enterprises.models import Enterprise

KEPT_SECONDS = 60
"""How long a year's columns are kept between two keystrokes' questions."""
LONGEST_BODY = 200_000


@require_POST
@login_required
def preview(request: HttpRequest) -> HttpResponse:
    """The part of the editor that shows what ``{"version", "data", "year", "against"}`` in JSON would do.

    ``against`` is "run" (the year's current evaluation) or the id of a version; without it the run, else the scheme's
    version in use.
    """
    user = reader(request)
    if not perms.previews(user):
        raise PermissionDenied(_("试算涉及全市企业，由辖区为全市的账号查看。"))
    asked = _asked(request)
    years = _years()
    if not years:
        return render(
            request, "evaluation/preview.html", {"problem": _("还没有企业年报，无法试算。导入年报后可看影响。")}
        )
    rules, faults = reading.read(asked.get("data"))
    faults = faults or checks.uncomputable(rules)
    if rules is None or faults:
        problem = _("先改正标出的内容，再看影响：%s") % faults[0].sentence
        return render(request, "evaluation/preview.html", {"problem": problem})
    year = asked["year"] if asked.get("year") in years else years[0]
    began = time.perf_counter()
    columns, read_at = _columns(year)
    after = Standing.of_results(columns, evaluate_columns(columns, rules, year))
    choices = _choices(user, asked, year)
    against = next(
        (key for key, _label in choices if key == str(asked.get("against", ""))), choices[0][0] if choices else ""
    )
    before = _before(user, against, columns, year)
    found = moves(columns, before or Standing.of_rows([]), after)
    return render(
        request,
        "evaluation/preview.html",
        {
            "years": years,
            "year": year,
            "choices": choices,
            "against": against,
            **_shown(user, found, before is not None),
            "count": len(columns),
            "seconds": time.perf_counter() - began,
            "read_at": read_at,
        },
    )


def _asked(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body) if len(request.body) <= LONGEST_BODY else None
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise Http404(_("内容不完整，请刷新页面后重试。"))
    return body


def _key(*parts: object) -> str:
    """The name something is kept under, of this database: databases of one machine may share a cache."""
    return ":".join(map(str, ("evaluation:preview", connection.settings_dict["NAME"], *parts)))


def _years() -> list[int]:
    """Years with returns, newest first."""
    key = _key("years")
    kept: list[int] | None = cache.get(key)
    if kept is None:
        kept = sorted(YearlyReturn.objects.current().values_list("year", flat=True).distinct(), reverse=True)
        cache.set(key, kept, KEPT_SECONDS)
    return kept


def _columns(year: int) -> tuple[Columns, Any]:
    """A year's columns and when they were read: a minute old at most."""
    key = _key("columns", year)
    kept: tuple[Columns, Any] | None = cache.get(key)
    if kept is None:
        kept = reading_columns.read(year=year), timezone.now()
        cache.set(key, kept, KEPT_SECONDS)
    return kept


def _choices(user: User, asked: dict[str, Any], year: int) -> list[tuple[str, str]]:
    """What a draft can be held against: the year's current evaluation, and versions in use, its own scheme's first."""
    own = (
        SchemeVersion.objects.visible_to(user).filter(pk=asked.get("version") or None).first()
        if isinstance(asked.get("version"), int)
        else None
    )
    found = []
    run = _run(user, year)
    if run is not None:
        found.append(("run", _("%(year)s 年第 %(n)s 次评价") % {"year": year, "n": run.number}))
    versions = SchemeVersion.objects.visible_to(user).filter(state=VersionState.APPROVED).select_related("scheme")
    rows = sorted(
        versions, key=lambda row: (own is None or row.scheme_id != own.scheme_id, row.scheme.name, -row.number)
    )
    return found + [
        (str(row.pk), _("%(name)s 第 %(n)s 版") % {"name": row.scheme.name, "n": row.number}) for row in rows
    ]


def _run(user: User, year: int) -> Run | None:
    run: Run | None = Run.objects.visible_to(user).by_weight().filter(year=year).first()
    return run


def _before(user: User, against: str, columns: Columns, year: int) -> Standing | None:
    if against == "run" and (run := _run(user, year)) is not None:
        key = _key("run", run.pk, run.digest)
        kept: Standing | None = cache.get(key)
        if kept is None:
            rows = Score.objects.visible_to(user).filter(run=run).values_list("enterprise_id", "grade", "total")
            kept = Standing.of_rows(list(rows))
            cache.set(key, kept, KEPT_SECONDS)
        return kept
    if against.isdigit():
        version = SchemeVersion.objects.visible_to(user).whole().get(pk=int(against))
        return Standing.of_results(columns, evaluate_columns(columns, rules_of(version), year))
    return None


def _shown(user: User, found: Moves, compared: bool) -> dict[str, Any]:
    labels = [Grade(grade).label if grade else _("不参评") for grade in GRADES]
    firms = Enterprise.objects.visible_to(user).in_bulk([move.enterprise for move in found.farthest])
    names = dict(Jurisdiction.objects.districts().values_list("code", "name"))
    return {
        "compared": compared,
        "moves": found,
        "counts": [
            {"grade": grade, "label": label, "before": before, "after": after, "change": after - before}
            for grade, label, before, after in zip(GRADES, labels, found.before, found.after, strict=True)
        ],
        "matrix": [
            {
                "grade": grade,
                "label": label,
                "cells": [{"count": count, "same": i == j} for j, count in enumerate(row)],
            }
            for i, (grade, label, row) in enumerate(zip(GRADES, labels, found.matrix, strict=True))
            if sum(row)
        ],
        "labels": labels,
        "farthest": [(move, firms[move.enterprise]) for move in found.farthest if move.enterprise in firms]
        if compared
        else [],
        "districts": [(names.get(row.code, row.code), row) for row in found.districts],
    }
