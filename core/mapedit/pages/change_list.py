"""Which change sets a reader asks for, and in which order: tabs, filters, search, paging by key."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from core.mapedit import layers
from core.mapedit.models import Change, ChangeSet
from core.mapedit.states import EDITABLE, UNDER_REVIEW, State

PER_PAGE = 50

TABS = {
    "mine": _("待我办理"),
    "drafts": _("我的草稿"),
    "review": _("审核中"),
    "published": _("已发布"),
    "all": _("全部"),
}
SORTS = {"changed": _("最近修改"), "number": _("编号")}


@dataclass
class Asked:
    """What the address asks for; anything it cannot mean is left out."""

    tab: str = "mine"
    layer: str = ""
    district: str = ""
    state: str = ""
    author: int | None = None
    q: str = ""
    sort: str = "changed"
    after: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> Asked:
        """Read it from a query string."""
        author = query.get("author", "")
        return cls(
            tab=query.get("tab", "") if query.get("tab") in TABS else "mine",
            layer=query.get("layer", "") if query.get("layer") in {layer.name for layer in layers.all_layers()} else "",
            district=query.get("district", "")[:6].replace("\0", ""),
            state=query.get("state", "") if query.get("state") in State.values else "",
            author=int(author) if author.isascii() and author.isdigit() and len(author) < 10 else None,
            q=query.get("q", "").replace("\0", "").strip()[:60],
            sort=query.get("sort", "") if query.get("sort") in SORTS else "changed",
            after=query.get("after", "")[:60],
        )

    @property
    def narrowed(self) -> bool:
        """Whether more than the tab limits what is shown."""
        return bool(self.layer or self.district or self.state or self.author or self.q)


@dataclass(frozen=True)
class Page:
    """One page of rows and the key behind which the next begins ("" on the last)."""

    rows: list[ChangeSet]
    after: str
    counts: dict[str, int] = field(default_factory=dict)


def page(user: User, asked: Asked) -> Page:
    """The rows asked for; two queries, however many there are."""
    rows = _narrow(_tab(ChangeSet.objects.visible_to(user), user, asked.tab), asked)
    counts = {tab: Count("pk", filter=Q(pk__in=_tab(ChangeSet.objects.visible_to(user), user, tab))) for tab in TABS}
    found = list(
        _behind(rows, asked)
        .select_related("author")
        .defer("evidence")
        .annotate(
            change_count=Coalesce(
                Subquery(
                    Change.objects.filter(change_set=OuterRef("pk"))
                    .order_by()
                    .values("change_set")
                    .annotate(n=Count("pk"))
                    .values("n")
                ),
                0,
            )
        )[: PER_PAGE + 1]
    )
    shown = found[:PER_PAGE]
    more = len(found) > PER_PAGE
    return Page(shown, _key(shown[-1], asked.sort) if more else "", ChangeSet.objects.aggregate(**counts))


def _tab(rows: QuerySet[Any], user: User, tab: str) -> QuerySet[Any]:
    if tab == "mine":
        return ChangeSet.objects.waiting_for(user)
    if tab == "drafts":
        return rows.filter(author=user, state__in=EDITABLE)
    if tab == "review":
        return rows.filter(state__in=UNDER_REVIEW)
    return rows.filter(state=State.PUBLISHED) if tab == "published" else rows


def _narrow(rows: QuerySet[Any], asked: Asked) -> QuerySet[Any]:
    if asked.layer:
        rows = rows.filter(layer=asked.layer)
    if asked.district:
        rows = rows.filter(place_codes__contains=[asked.district])
    if asked.state:
        rows = rows.filter(state=asked.state)
    if asked.author:
        rows = rows.filter(author=asked.author)
    if asked.q:
        number = asked.q.removeprefix("#")
        wanted = Q(title__icontains=asked.q) | Q(document_number__icontains=asked.q)
        wanted |= Q(pk__in=Change.objects.filter(feature=asked.q.upper()).values("change_set"))
        if number.isascii() and number.isdigit() and len(number) < 10:
            wanted |= Q(pk=int(number))
        rows = rows.filter(wanted)
    return rows


def _behind(rows: QuerySet[Any], asked: Asked) -> QuerySet[Any]:
    moment, _mark, number = asked.after.rpartition("~")
    pk = int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None
    if asked.sort == "number":
        rows = rows.order_by("-pk")
        return rows.filter(pk__lt=pk) if pk is not None else rows
    rows = rows.order_by("-changed_at", "-pk")
    try:
        at = parse_datetime(moment) if moment else None
    except ValueError:
        at = None
    if at is None or pk is None:
        return rows
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return rows.filter(Q(changed_at__lt=at) | Q(changed_at=at, pk__lt=pk))


def _key(row: ChangeSet, sort: str) -> str:
    return f"~{row.pk}" if sort == "number" else f"{row.changed_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{row.pk}"
