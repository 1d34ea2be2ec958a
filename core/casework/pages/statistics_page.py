"""``/cases/statistics/``: how long each office takes, and how often it is late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import sheets
from core.accounts.models import Role, User
from core.casework import offices
from core.casework.pages.case_list import readers_only
from core.casework.statistics import Turnaround, turnaround


@dataclass(frozen=True)
class Line:
    """A row of the table. ``bar`` and ``limit_at`` are per cent of the widest row: its 90 % and its limit."""

    row: Turnaround
    office: str
    bar: int
    limit_at: int | None

    @property
    def tone(self) -> str:
        """Late at all is a risk, one in ten an unmet limit: the limit is meant to hold for every case."""
        if not self.row.late:
            return "met"
        return "unmet" if self.row.late * 10 >= self.row.count else "risk"


@dataclass(frozen=True)
class Asked:
    """Days between which a stage ended, both counted; this year's unless asked otherwise."""

    since: dt.date
    until: dt.date

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        """Read it from the address; dates in the wrong order are taken the other way round."""
        today = timezone.localdate()
        since = _day(request.GET.get("since", "")) or today.replace(month=1, day=1)
        until = _day(request.GET.get("until", "")) or today
        return cls(min(since, until), max(since, until))


def _staff(request: HttpRequest) -> User:
    user = readers_only(request)
    if user.role == Role.ENTERPRISE:
        raise PermissionDenied(_("办理统计由办理部门、区领导和审计账号查看。"))
    return user


@never_cache
@require_safe
@login_required
def statistics(request: HttpRequest) -> HttpResponse:
    """The table by kind, stage and office, of the cases the reader sees."""
    user, asked = _staff(request), Asked.of(request)
    rows = turnaround(user, since=asked.since, until=asked.until)
    today = timezone.localdate()
    return render(
        request,
        "casework/statistics.html",
        {
            "asked": asked,
            "heading": heading(rows),
            "groups": _groups(lines(rows)),
            "rows": rows,
            "late": sum(row.late for row in rows),
            "presets": [
                {
                    "label": label,
                    "since": since,
                    "until": until,
                    "current": (since, until) == (asked.since, asked.until),
                }
                for label, since, until in _presets(today)
            ],
        },
    )


@never_cache
@require_safe
@login_required
def statistics_export(request: HttpRequest) -> FileResponse:
    """The same as a workbook."""
    user, asked = _staff(request), Asked.of(request)
    columns = [
        (_("事项"), 24),
        (_("环节"), 14),
        (_("部门"), 18),
        (_("办结件数"), 12),
        (_("中位数（工作日）"), 18),
        (_("九成以内（工作日）"), 18),
        (_("期限（工作日）"), 16),
        (_("逾期件数"), 12),
        (_("逾期率（%）"), 12),
    ]
    file = sheets.workbook(_("办理统计"), columns, _cells(turnaround(user, since=asked.since, until=asked.until)))
    return sheets.response(file, _("办理统计 %(since)s 至 %(until)s") % _words(asked))


def heading(rows: Sequence[Turnaround]) -> str:
    """The answer: how many stages ended, how many of them late, and which office is late most often."""
    count, late = sum(row.count for row in rows), sum(row.late for row in rows)
    if not count:
        return _("这段时间没有办结的环节")
    if not late:
        return _("办结 %(count)s 个环节，全部按期") % {"count": count}
    worst = max(rows, key=lambda row: (row.late_percent, row.late))
    return _("办结 %(count)s 个环节，逾期 %(late)s 个；%(office)s%(stage)s逾期率最高，%(percent)s%%") % {
        "count": count,
        "late": late,
        "office": offices.title(worst.office),
        "stage": worst.stage_title,
        "percent": f"{worst.late_percent:.1f}",
    }


def lines(rows: Sequence[Turnaround]) -> list[Line]:
    """The rows with their bars, all to one scale."""
    widest = max((max(row.ninety, Decimal(row.limit or 0)) for row in rows), default=Decimal(0)) or Decimal(1)
    return [
        Line(
            row,
            offices.title(row.office),
            round(100 * row.ninety / widest),
            None if row.limit is None else round(100 * row.limit / widest),
        )
        for row in rows
    ]


def _groups(rows: Sequence[Line]) -> list[dict[str, Any]]:
    found: dict[str, list[Line]] = {}
    for line in rows:
        found.setdefault(line.row.kind_title, []).append(line)
    return [{"title": title, "lines": held} for title, held in found.items()]


def _cells(rows: Sequence[Turnaround]) -> Iterator[list[Any]]:
    for row in rows:
        yield [
            row.kind_title,
            row.stage_title,
            offices.title(row.office),
            row.count,
            row.median,
            row.ninety,
            row.limit,
            row.late,
            round(row.late_percent, 1),
        ]


def _presets(today: dt.date) -> list[tuple[str, dt.date, dt.date]]:
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    year = today.replace(month=1, day=1)
    last = year.replace(year=year.year - 1)
    return [
        (_("本季度"), quarter, today),
        (_("今年"), year, today),
        (_("去年"), last, year - dt.timedelta(days=1)),
    ]


def _words(asked: Asked) -> dict[str, str]:
    return {"since": asked.since.isoformat(), "until": asked.until.isoformat()}


def _day(text: str) -> dt.date | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None  # 2026-02-30: no day, so the usual one
    return found if found and 1990 <= found.year <= 2100 else None
