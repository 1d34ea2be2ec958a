"""Reminders to enterprises that have land and have not reported: before the day it is due, and again after it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core import policy
from core.accounts.models import User
from core.casework.models import Notification
from core.casework.services import notifying
from core.jobs import schedule
from core.policy.models import CITY_CODE
from efficiency.returns import due
from efficiency.returns.missing import missing
from parks.enterprises.models import EnterpriseMember

ACT = "return_missing"

EVERY = "returns.remind_every_days"


@dataclass(frozen=True)
class Reminded:
    """How many enterprises lack a return, and how many of them were told today: those with an account, and due."""

    missing: int
    told: int


def remind(day: dt.date) -> Reminded:
    """Remind, on a local day, the enterprises that lack the return of the year that ended last.

    From ``returns.remind_before_days`` before it is due, and at most once in ``returns.remind_every_days`` each. Twice
    a day is as good as once.
    """
    year = due.latest_year(day)
    until = due.due_on(year, on=day)
    every = policy.value(EVERY, CITY_CODE, on=day).value or 1
    if day < due.remind_from(year, on=day):
        return Reminded(missing=0, told=0)
    lacking = list(missing(year).values_list("enterprise_id", flat=True))
    address = reverse("returns:mine", args=[year])
    with transaction.atomic():
        told = 0
        for members in _waiting(lacking, address, day - dt.timedelta(days=int(every) - 1)).values():
            with translation.override(settings.LANGUAGE_CODE):
                notifying.tell(users=members, act=ACT, text=_text(year, until, day), url=address)
            told += 1
    return Reminded(missing=len(lacking), told=told)


def _waiting(firms: list[int], address: str, since: dt.date) -> dict[int, list[User]]:
    """The accounts of ``firms`` by firm, without firms of which an account was reminded of the year since a day."""
    begin = timezone.make_aware(dt.datetime.combine(since, dt.time()))
    recent = set(
        Notification.objects.filter(act=ACT, url=address, created_at__gte=begin).values_list(
            "user__membership__enterprise_id", flat=True
        )
    )
    found: dict[int, list[User]] = defaultdict(list)
    # Few enterprises have an account, many may lack a return: the accounts are asked, not the enterprises.
    wanted = set(firms) - recent
    members = EnterpriseMember.objects.filter(user__is_active=True).select_related("user").order_by("pk")
    for member in members:
        if member.enterprise_id in wanted:
            found[member.enterprise_id].append(member.user)
    return dict(found)


def _text(year: int, until: dt.date, day: dt.date) -> str:
    words = {"year": year, "until": until.isoformat()}
    if day > until:
        return _("本企业有用地而未报 %(year)s 年度年报，截止日 %(until)s 已过，请尽快填报。") % words
    return _("本企业有用地而未报 %(year)s 年度年报，请在 %(until)s 前填报。") % words


def register() -> None:
    """Put the reminders on the schedule."""
    schedule.register("returns.remind", at=dt.time(7), run=remind)
