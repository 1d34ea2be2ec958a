"""What people are told of an agreement: a day that comes near, one that passed, a promise per 亩 that was broken."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from core import policy
from core.accounts.models import CITY_CODE, User
from core.casework import applicants
from core.casework.models import Notification
from core.casework.services import notifying
from core.jobs import schedule
from efficiency.agreements.figures import permu
from efficiency.agreements.models import Agreement, Check, Milestone, Promise
from efficiency.agreements.perms import KEEPERS
from efficiency.agreements.services.checking import verify_all

DUE, LATE, BROKEN = "milestone_due", "milestone_late", "permu_breach"


def watch(on: dt.date) -> int:
    """Check every agreement as of ``on`` and tell what is new; how many things were told. Twice tells once."""
    with translation.override(settings.LANGUAGE_CODE):
        told = sum(_tell_broken(check) for check in verify_all(on).broken)
        near = Agreement.objects.in_force().due_within(on, _days(on))
        return told + sum(_tell_near(agreement, on) for agreement in near)


def _tell_broken(check: Check) -> int:
    if check.subject in Milestone.values:
        what = Milestone(check.subject).label
        said = _("约定 %(day)s 前%(what)s，尚无%(what)s记录。") % {"day": check.promised_on, "what": what}
        return _tell(check.agreement, LATE, said, f"check-{check.pk}")
    said = _("%(year)s 年%(what)s %(actual)s 万元/亩，低于约定的 %(promised)s 万元/亩。") % {
        "year": check.year,
        "what": Promise(check.subject).label,
        "actual": permu(check.actual),
        "promised": permu(check.promised),
    }
    return _tell(check.agreement, BROKEN, said, f"check-{check.pk}")


def _tell_near(agreement: Agreement, on: dt.date) -> int:
    """The milestones of an agreement that end within the days of the parameter and were not reached."""
    reached = set(agreement.facts.values_list("milestone", flat=True))
    told = 0
    for milestone in Milestone:
        day = agreement.promised_day(milestone)
        if day is None or milestone in reached or not on <= day <= on + dt.timedelta(days=_days(on)):
            continue
        said = _("约定 %(day)s 前%(what)s，请按期完成并提供证明。") % {"day": day, "what": milestone.label}
        told += _tell(agreement, DUE, said, f"due-{milestone.value}")
    return told


def _tell(agreement: Agreement, act: str, said: str, key: str) -> int:
    """Tell the keepers of the district and the enterprise once; the address is the mark of having told."""
    url = f"{reverse('agreements:agreement', args=[agreement.pk])}#{key}"
    if Notification.objects.filter(act=act, url=url).exists():
        return 0
    text = _("监管协议 %(number)s（%(enterprise)s）：") % {
        "number": agreement.number,
        "enterprise": agreement.enterprise.name,
    }
    return int(bool(notifying.tell(users=_people(agreement), act=act, text=text + said, url=url)))


def _people(agreement: Agreement) -> list[User]:
    rows = User.objects.filter(role__in=KEEPERS, is_active=True)
    near = list(rows.filter(place_codes__contains=[agreement.district_id]).order_by("pk"))
    offices = near or list(rows.filter(Q(place_codes__contains=[CITY_CODE])).order_by("pk"))
    return [*offices, *applicants.directory().accounts(agreement.enterprise.uscc)]


def _days(on: dt.date) -> int:
    """How many days ahead a milestone is spoken of; 0 without a parameter in force: then only on its day."""
    try:
        return int(policy.value("agreement.milestone_remind_days", on=on).value or 0)
    except policy.ParameterMissing:
        return 0


def register() -> None:
    """Put the daily check on the schedule."""
    schedule.register("agreements.watch", at=dt.time(5), run=watch)
