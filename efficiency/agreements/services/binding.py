"""An agreement comes into force, and ends."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import User
from core.refusals import NotAllowed, Refused
from efficiency.agreements import perms
from efficiency.agreements.models import Agreement, AgreementState, Promise
from efficiency.agreements.services.acting import acting, locked, reason
from efficiency.agreements.services.breaching import open_case
from efficiency.agreements.services.checking import verify_within

DATES = {
    "signed_on": gettext_lazy("签订"),
    "start_by": gettext_lazy("动工"),
    "completion_by": gettext_lazy("竣工"),
    "production_by": gettext_lazy("投产"),
}


def missing(agreement: Agreement) -> list[str]:
    """What an agreement still lacks before it may bind, in words; the database asks for the same."""
    lacking = [
        str(_("%(date)s日期") % {"date": label}) for name, label in DATES.items() if getattr(agreement, name) is None
    ]
    promised = set(agreement.indicators.values_list("promise", flat=True))
    if Promise.TAX not in promised:
        lacking.append(_("亩均税收的约定"))
    if not promised & {Promise.INVESTMENT, Promise.OUTPUT}:
        lacking.append(_("固定资产投资强度或亩均工业总产值的约定"))
    return lacking


def bind(*, agreement_id: int, by: User, revision: int | None = None) -> Agreement:
    """Put a draft in force from today. ``revision`` is the one that was read, None where nobody read one.

    Raises NotAllowed, and Refused naming what is missing.
    """
    with acting(by):
        agreement = locked(agreement_id, by)
        if agreement.state != AgreementState.DRAFT:
            raise NotAllowed(
                _("协议 %(number)s 目前为“%(state)s”，不能再办生效。")
                % {"number": agreement.number, "state": agreement.get_state_display()}
            )
        if not perms.binds(by, agreement):
            raise NotAllowed(_("生效由本区另一名亩均监测、工信园区或自然资源编制人员办理，拟定人不得自行办理。"))
        if revision is not None and agreement.revision != revision:
            raise Refused(_("打开本页之后协议又有修改，请刷新并核对后再办生效。"))
        lacking = missing(agreement)
        if lacking:
            raise Refused(_("协议还缺：%(lacking)s。请补齐后再办生效。") % {"lacking": _("、").join(lacking)})
        other = Agreement.objects.in_force().filter(plot=agreement.plot_id, enterprise=agreement.enterprise_id).first()
        if other is not None:
            raise Refused(
                _("该企业在该宗地已有生效的监管协议 %(number)s，解除后才能另行生效。") % {"number": other.number}
            )
        today = timezone.localdate()
        if agreement.signed_on and agreement.signed_on > today:
            raise Refused(_("签订日期 %(on)s 晚于今天，签订后才能生效。") % {"on": agreement.signed_on.isoformat()})
        agreement.state, agreement.in_force_from = AgreementState.IN_FORCE, today
        agreement.save()
        verify_within(agreement.pk, today)
        return agreement


def fulfil(*, agreement_id: int, by: User, on: dt.date, text: str) -> Agreement:
    """Close an agreement whose promises were kept. Raises NotAllowed and Refused."""
    return _end(agreement_id, by, AgreementState.FULFILLED, on, text)


def terminate(*, agreement_id: int, by: User, on: dt.date, text: str) -> Agreement:
    """Dissolve an agreement. Raises NotAllowed and Refused."""
    return _end(agreement_id, by, AgreementState.TERMINATED, on, text)


def _end(agreement_id: int, by: User, state: AgreementState, on: dt.date, text: str) -> Agreement:
    with acting(by):
        agreement = locked(agreement_id, by)
        if not perms.follows(by, agreement):
            raise NotAllowed(_("生效的监管协议由本区亩均监测人员或工信园区人员终止。"))
        if on > timezone.localdate() or (agreement.in_force_from and on < agreement.in_force_from):
            raise Refused(
                _("终止日期须在生效日 %(since)s 与今天之间。") % {"since": (agreement.in_force_from or on).isoformat()}
            )
        case = open_case(agreement)
        if case is not None:
            raise Refused(_("违约办件 %(case)s 尚未办结，结案后才能终止协议。") % {"case": case.number})
        agreement.state, agreement.ended_on = state, on
        agreement.end_reason = reason(text, _("请写明终止的原因。"))
        agreement.save()
        return agreement
