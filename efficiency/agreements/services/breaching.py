"""Breaches: what was promised and not kept, followed by a case of supervision to its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework.models import Case
from core.casework.services import filing
from core.casework.states import CLOSED
from core.refusals import NotAllowed, Refused
from efficiency.agreements import perms
from efficiency.agreements.models import Agreement, Breach, Check, Verdict
from efficiency.agreements.services.acting import acting, locked, reason

KIND = "breach"

BROKEN = (Verdict.BROKEN, Verdict.LATE, Verdict.OVERDUE)
"""Verdicts that are a ground for a breach."""


def open_case(agreement: Agreement) -> Case | None:
    """The case of a breach that is not closed, if there is one."""
    return Case.objects.filter(breach__agreement=agreement).exclude(state__in=CLOSED).first()


def open_breach(
    *, agreement_id: int, by: User, check_ids: Collection[int], demand: str, due_on: dt.date | None = None
) -> Breach:
    """Send the enterprise a notice of what it did not keep; it answers with a plan by ``due_on``.

    ``check_ids`` are its grounds: broken, late or overdue promises as last checked. Raises NotAllowed
    and Refused.
    """
    with acting(by):
        agreement = locked(agreement_id, by)
        if not perms.opens_breach(by, agreement):
            raise NotAllowed(_("违约通知由本区亩均监测人员在协议生效期间发出。"))
        running = open_case(agreement)
        if running is not None:
            raise Refused(_("违约办件 %(case)s 尚未办结，不另发通知。") % {"case": running.number})
        latest = {check.pk: check for check in Check.objects.filter(agreement=agreement).latest_of_each()}
        grounds = [latest[pk] for pk in check_ids if pk in latest and latest[pk].verdict in BROKEN]
        if not grounds or len(grounds) < len(set(check_ids)):
            raise Refused(_("请选择最近一次核查中未达到或逾期的约定；页面可能已过时，请刷新。"))
        case = filing.open_supervision(
            kind=KIND,
            by=by,
            applicant_code=agreement.enterprise.uscc,
            district=agreement.district_id,
            codes=[agreement.plot_id],
            data={
                "agreement": agreement.pk,
                "number": agreement.number,
                "checks": sorted(check.pk for check in grounds),
                "demand": reason(demand, _("请写明整改要求。")),
            },
            due_on=due_on,
        )
        breach = Breach.objects.create(case=case, agreement=agreement)
        breach.checks.set(grounds)
        return breach


def follow(case: Case, move: str, by: User, values: Mapping[str, Any]) -> None:
    """Note on the breach what a move of its case came to."""
    breach = Breach.objects.select_for_update().get(case=case)
    if move == "pass_check":
        breach.remedy, breach.penalty_cny = "rectified", None
    elif move == "impose":
        breach.remedy, breach.penalty_cny = values["remedy"], values["penalty_cny"]
    elif move == "overturn_sanction":
        breach.remedy, breach.penalty_cny = "", None
    else:
        return
    breach.save()
