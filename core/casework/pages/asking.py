"""Which cases a reader asks for, and in which order: tabs, filters, search, paging by key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from core.accounts.models import Role, User
from core.casework import deputies, kinds, working_days
from core.casework.models import Case, Review
from core.casework.pages import standing
from core.casework.states import CLOSED, OWED, State

PER_PAGE = 50

TABS = {
    "mine": _("待我办理"),
    "soon": _("将到期"),
    "late": _("逾期"),
    "others": _("等待他人"),
    "all": _("全部"),
    "done": _("已办结"),
}
SORTS = {"due": _("截止先后"), "changed": _("最近修改"), "submitted": _("提交先后")}
OPEN_TABS = ("mine", "soon", "late", "others")
"""Tabs that are worked through by deadline; the others are looked up, newest first."""

MINE, NOBODY = "me", "none"

_HEAVY = ("data", "evidence", "decision_evidence", "decision_text", "correction_text", "appeal_text")
"""What a list never shows and a case may hold much of."""


@dataclass
class Asked:
    """What the address asks for; anything it cannot mean is left out.

    ``assignee`` is the number of an account, "me" or "none"; ``since`` and ``until`` are
    days of submission, both counted.
    """

    tab: str = "mine"
    kind: str = ""
    district: str = ""
    state: str = ""
    assignee: str = ""
    q: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    sort: str = "due"
    after: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Read it from a query string."""
        tab = query.get("tab", "") if query.get("tab") in TABS else "mine"
        usual = "due" if tab in OPEN_TABS else "changed"
        return cls(
            tab=tab,
            kind=query.get("kind", "") if query.get("kind") in {kind.name for kind in kinds.all_kinds()} else "",
            district=query.get("district", "")[:6].replace("\0", ""),
            state=query.get("state", "") if query.get("state") in State.values else "",
            assignee=_assignee(query.get("assignee", "")),
            q=query.get("q", "").replace("\0", "").strip()[:60],
            since=_day(query.get("since", "")),
            until=_day(query.get("until", "")),
            sort=query.get("sort", "") if query.get("sort") in SORTS else usual,
            after=query.get("after", "")[:60].replace("\0", ""),
        )

    @property
    def narrowed(self) -> bool:
        """Whether more than the tab limits what is shown."""
        return any((self.kind, self.district, self.state, self.assignee, self.q, self.since, self.until))

    @property
    def query(self) -> str:
        """The same as a query string, without the page: what a saved filter keeps."""
        usual = "due" if self.tab in OPEN_TABS else "changed"
        parts = {
            "tab": self.tab,
            "kind": self.kind,
            "district": self.district,
            "state": self.state,
            "assignee": self.assignee,
            "q": self.q,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "sort": "" if self.sort == usual else self.sort,
        }
        return urlencode({name: part for name, part in parts.items() if part})

    @classmethod
    def of_query(cls, text: str) -> Asked:
        """Read it from the text of a query string."""
        return cls.of(QueryDict(text[:500]))

    @property
    def whole(self) -> Asked:
        """The same from the first page on."""
        return replace(self, after="")


@dataclass(frozen=True)
class Page:
    """One page of rows and the key behind which the next begins ("" on the last)."""

    rows: list[Any]
    after: str
    counts: dict[str, int] = field(default_factory=dict)


def page(user: User, asked: Asked) -> Page:
    """The rows asked for and the size of every tab; two queries, however many rows there are."""
    soon = soon_day()
    found = list(_behind(rows_of(user, asked, soon), asked)[: PER_PAGE + 1])
    shown = found[:PER_PAGE]
    return Page(shown, _key(shown[-1], asked.sort) if len(found) > PER_PAGE else "", counts(user, soon))


def rows_of(user: User, asked: Asked, soon: dt.date) -> QuerySet[Any]:
    """Everything asked for, in order, with what a row shows; pages and exports alike start from it."""
    rows = _narrow(tab_of(user, asked.tab, soon), asked, user)
    return _sorted(
        standing.with_standing(rows).select_related("assignee", "district", "filed_by").defer(*_HEAVY), asked.sort
    )


def counts(user: User, soon: dt.date) -> dict[str, int]:
    """How many cases every tab holds, and how many of one's own are late (``mine_late``); one query."""
    tabs = {tab: tab_of(user, tab, soon).values("pk") for tab in TABS}
    wanted = {tab: Q(pk__in=rows) for tab, rows in tabs.items()}
    wanted["mine_late"] = wanted["mine"] & wanted["late"]
    counted: dict[str, int] = Case.objects.aggregate(
        **{name: Count("pk", filter=wish) for name, wish in wanted.items()}
    )
    return counted


def soon_day() -> dt.date:
    """Up to which day a deadline counts as coming soon."""
    return working_days.add(timezone.localdate(), standing.due_soon_days())


def tab_of(user: User, tab: str, soon: dt.date) -> QuerySet[Any]:
    """The cases under a tab: of an office what waits for it, of an enterprise its own."""
    rows: Any = Case.objects.visible_to(user)
    today = timezone.localdate()
    if tab == "mine":
        return mine(user)
    if tab == "soon":
        return (
            standing.with_standing(rows.open())
            .filter(next_due__gte=today, next_due__lte=soon)
            .exclude(state=State.NOTICE)
        )
    if tab == "late":
        return late(user, today)
    if tab == "others":
        return rows.open().exclude(pk__in=mine(user).values("pk"))
    return rows.filter(state__in=CLOSED) if tab == "done" else rows


def mine(user: User) -> QuerySet[Any]:
    """Cases on which ``user`` has the next move, without those that a colleague of the office was given.

    What was given to somebody ``user`` stands in for is theirs; a closed account keeps nothing to itself.
    """
    rows: Any = Case.objects.waiting_for(user)
    if user.role == Role.ENTERPRISE:
        return rows
    own = deputies.stands_in_for(user, timezone.localdate())
    others = Review.objects.filter(
        case=OuterRef("pk"), round=OuterRef("round"), office=user.role, given_at__isnull=True, assignee__is_active=True
    ).exclude(assignee__in=own)
    rows = rows.exclude(Q(assignee__role=user.role, assignee__is_active=True) & ~Q(assignee__in=own))
    return rows.exclude(Q(state=State.REVIEW) & Exists(others))


def late(user: User, today: dt.date) -> QuerySet[Any]:
    """Cases past a deadline; an applicant who is late is so to itself, not to the offices."""
    rows: Any = Case.objects.visible_to(user)
    overdue = rows.overdue(today)
    if user.role == Role.ENTERPRISE:
        return overdue | rows.filter(state__in=OWED, due_on__lt=today)
    return overdue


def _narrow(rows: QuerySet[Any], asked: Asked, user: User) -> QuerySet[Any]:
    for name in ("kind", "district", "state"):
        if value := getattr(asked, name):
            rows = rows.filter(**{name: value})
    if asked.assignee:
        wanted = {MINE: user.pk, NOBODY: None}.get(asked.assignee, asked.assignee)
        rows = rows.filter(assignee=wanted) if wanted is not None else rows.filter(assignee__isnull=True)
    if asked.since:
        rows = rows.filter(submitted_at__date__gte=asked.since)
    if asked.until:
        rows = rows.filter(submitted_at__date__lte=asked.until)
    if asked.q:
        rows = rows.filter(matching(asked.q))
    return rows


def matching(text: str) -> Q:
    """Cases whose number, title, applicant or plot is called ``text``."""
    return (
        Q(number__icontains=text)
        | Q(title__icontains=text)
        | Q(applicant_name__icontains=text)
        | Q(applicant_code__istartswith=text)
        | Q(subject_codes__contains=[text.upper()])
    )


_COLUMNS = {"due": ("next_due", False), "changed": ("changed_at", True), "submitted": ("submitted_at", False)}
"""The column of each order and whether it goes downwards; rows without a value stand last."""


def _sorted(rows: QuerySet[Any], sort: str) -> QuerySet[Any]:
    column, down = _COLUMNS[sort]
    order = F(column).desc(nulls_last=True) if down else F(column).asc(nulls_last=True)
    return rows.order_by(order, "-pk")


def _behind(rows: QuerySet[Any], asked: Asked) -> QuerySet[Any]:
    """The rows after a key: the value of the sort column and the number of the last row shown."""
    text, _mark, number = asked.after.rpartition("~")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return rows
    column, down = _COLUMNS[asked.sort]
    pk = int(number)
    if not text:
        return rows.filter(**{f"{column}__isnull": True, "pk__lt": pk})
    value = _day(text) if column == "next_due" else _moment(text)
    if value is None:
        return rows
    return rows.filter(
        Q(**{f"{column}__{'lt' if down else 'gt'}": value})
        | Q(**{f"{column}__isnull": True})
        | Q(**{column: value, "pk__lt": pk})
    )


def _key(row: Any, sort: str) -> str:
    value = getattr(row, _COLUMNS[sort][0])
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{row.pk}"
    return f"{value.isoformat() if value else ''}~{row.pk}"


def _assignee(text: str) -> str:
    if text in (MINE, NOBODY):
        return text
    return text if text.isascii() and text.isdigit() and len(text) < 10 else ""


def _day(text: str) -> dt.date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None  # 2026-02-30: no day, so nothing is asked


def _moment(text: str) -> dt.datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None  # likewise
    return found if found is None or found.tzinfo else found.replace(tzinfo=dt.UTC)
