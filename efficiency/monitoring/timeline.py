"""The life of a plot as events in time, newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from efficiency.agreements.models import AgreementState
from efficiency.agreements.services.breaching import BROKEN
from efficiency.flags import wording
from efficiency.monitoring.life import Life


@dataclass(frozen=True)
class Event:
    """Something that happened to a plot on a day. ``tone`` is that of a state's tag."""

    on: dt.date
    kind: str
    title: str
    text: str = ""
    url: str = ""
    tone: str = ""
    firm: str = ""


def timeline(life: Life) -> list[Event]:
    """Every event of a life, the newest first; of one day in the order of kinds."""
    found = [*_of_land(life), *_of_users(life), *_of_years(life), *_of_agreements(life), *_of_flags(life),
             *_of_visits(life), *_of_cases(life)]  # fmt: skip
    return sorted(found, key=lambda event: (-event.on.toordinal(), event.kind, event.title))


def _day(moment: Any) -> dt.date:
    return timezone.localtime(moment).date() if isinstance(moment, dt.datetime) else moment


def _of_land(life: Life) -> Iterator[Event]:
    for version in life.versions:
        yield Event(version.valid_from, _("宗地"), str(version.publication), _("图形和规划条件自本日现行"))
        if version.valid_to and not any(later.valid_from == version.valid_to for later in life.versions):
            yield Event(version.valid_to, _("宗地"), _("宗地不再现行"))


def _of_users(life: Life) -> Iterator[Event]:
    for held in life.occupations:
        share = _("%(kind)s，份额 %(share)s") % {
            "kind": held.get_kind_display(), "share": f"{held.share.normalize():f}",
        }  # fmt: skip
        name = held.enterprise.name
        yield Event(held.valid_from, _("使用"), _("%(name)s 开始使用") % {"name": name}, share, firm=name)
        if held.valid_to:
            yield Event(held.valid_to, _("使用"), _("%(name)s 停止使用") % {"name": name}, firm=name)


def _of_years(life: Life) -> Iterator[Event]:
    for year in life.years:
        if year.score is None or year.run is None:
            continue
        title = _("%(year)s 年度评价 %(grade)s") % {
            "year": year.year, "grade": year.score.get_grade_display() or _("未评级"),
        }  # fmt: skip
        text = "" if year.score.total is None else _("%(total)s 分") % {"total": f"{year.score.total:.2f}"}
        day = _day(year.run.published_on or year.run.as_of)
        tone = "unmet" if year.score.grade == "D" else ""
        yield Event(day, _("评价"), title, text, reverse("evaluation:run", args=[year.run.pk]), tone)
    for each in life.firm_years:
        if each.filed is None:
            continue
        title = _("%(name)s %(year)s 年度年报（%(status)s）") % {
            "name": each.enterprise.name, "year": each.year, "status": each.filed.get_status_display(),
        }  # fmt: skip
        url = reverse("returns:versions", args=[each.year, each.enterprise.uscc])
        yield Event(_day(each.filed.valid_from), _("年报"), title, url=url, firm=each.enterprise.name)


def _of_agreements(life: Life) -> Iterator[Event]:
    for held in life.agreements:
        agreement, name = held.agreement, held.agreement.enterprise.name
        url = agreement.get_absolute_url()
        if agreement.in_force_from:
            title = _("监管协议 %(number)s 生效") % {"number": agreement.number}
            yield Event(agreement.in_force_from, _("协议"), title, name, url, firm=name)
        if agreement.ended_on:
            title = _("监管协议 %(number)s %(state)s") % {
                "number": agreement.number, "state": AgreementState(agreement.state).label,
            }  # fmt: skip
            yield Event(agreement.ended_on, _("协议"), title, agreement.end_reason, url, firm=name)
        for check in held.checks:
            if check.verdict in BROKEN:
                title = _("核查：%(promise)s%(year)s %(verdict)s") % {
                    "promise": check.title, "year": f" {check.year}" if check.year else "",
                    "verdict": check.get_verdict_display(),
                }  # fmt: skip
                yield Event(check.on, _("协议"), title, said_of(check), url, "unmet", name)


def said_of(check: Any) -> str:
    """A check's promise and fact beside each other."""
    if check.promised is not None and check.actual is not None:
        figures = {"promised": f"{check.promised.normalize():f}", "actual": f"{check.actual.normalize():f}"}
        return _("约定 %(promised)s 万元/亩，实际 %(actual)s 万元/亩") % figures
    if check.promised_on:
        actual = check.actual_on.isoformat() if check.actual_on else _("未完成")
        return _("约定 %(promised)s，实际 %(actual)s") % {"promised": check.promised_on.isoformat(), "actual": actual}
    return ""


def _of_flags(life: Life) -> Iterator[Event]:
    for flag in life.flags:
        url, firm = reverse("flags:flag", args=[flag.pk]), flag.enterprise.name if flag.enterprise else ""
        label = str(flag.get_rule_display())
        yield Event(_day(flag.raised_at), _("预警"), _("标记：%(rule)s") % {"rule": label}, wording.sentence(flag), url,
                    "risk", firm)  # fmt: skip
        if flag.decided_at:
            title = _("%(rule)s：%(state)s") % {
                "rule": label, "state": _("不成立") if flag.state == "dismissed" else _("已确认"),
            }  # fmt: skip
            yield Event(_day(flag.decided_at), _("预警"), title, flag.reason, url, firm=firm)
        if flag.closed_at:
            yield Event(_day(flag.closed_at), _("预警"), _("%(rule)s：已整改") % {"rule": label}, "", url, "met", firm)


def _of_visits(life: Life) -> Iterator[Event]:
    for visit in life.visits:
        firm = visit.enterprise.name if visit.enterprise else ""
        title = _("走访 %(name)s") % {"name": firm} if firm else _("走访")
        yield Event(visit.on, _("走访"), title, visit.text, firm=firm)


def _of_cases(life: Life) -> Iterator[Event]:
    for case in life.cases:
        url, title = case.get_absolute_url(), case.title or str(case.number)
        name = case.applicant_name
        yield Event(_day(case.submitted_at), _("办件"), title, _("%(number)s 立件") % {"number": case.number}, url,
                    firm=name)  # fmt: skip
        if case.decided_at:
            text = _("%(number)s 作出决定") % {"number": case.number}
            yield Event(_day(case.decided_at), _("办件"), title, text, url, firm=name)
        if case.closed_at:
            text = _("%(number)s %(state)s") % {"number": case.number, "state": case.get_state_display()}
            yield Event(_day(case.closed_at), _("办件"), title, text, url, firm=name)
