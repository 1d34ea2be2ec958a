"""The only writers of memberships: granting one, noting how a member stands, ending one."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework.services.acting import acting
from core.refusals import NotAllowed, Refused
from parks.enterprises.models import Enterprise
from parks.programmes import perms
from parks.programmes.models import Membership, Programme
from parks.programmes.standings import ENDED, STEPS, Standing


def grant_membership(
    *,
    by: User,
    programme: str,
    enterprise_code: str,
    document_number: str,
    member_type: str = "",
    pledge_years: int | None = None,
    base_year: int | None = None,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> Membership:
    """Make an enterprise, named by its 统一社会信用代码, a member from ``valid_from`` (today) up to ``valid_to``.

    ``valid_to`` itself is not included; without it the membership lasts as long as the programme. Raises
    NotAllowed, and Refused when the enterprise is unknown or not of the programme's place, is a member on one
    of the days, the programme's cap is reached, a date or pledge makes no sense, or no document is named.
    """
    with acting(by):
        of = _locked(programme, by)
        enterprise = Enterprise.objects.filter(uscc=enterprise_code.strip().upper()).first()
        if enterprise is None:
            raise Refused(
                _("没有统一社会信用代码为“%s”的企业。请核对 18 位代码。")
                % enterprise_code.strip()[:18].replace("\0", "")
            )
        if not document_number.strip():
            raise Refused(_("请写明认定文号，例如公布名单的通知。"))
        membership = Membership(
            enterprise=enterprise,
            programme=of,
            member_type=member_type.strip(),
            pledge_years=pledge_years,
            base_year=base_year,
            valid_from=valid_from or timezone.localdate(),
            valid_to=valid_to or of.valid_to,
            document_number=document_number.strip(),
            is_demo=of.is_demo,
        )
        _write(membership)
        return membership


def note_standing(*, by: User, membership_id: int, standing: str, reason: str = "") -> Membership:
    """Warn a member, keep it on for a year, or take either back (rules §3.3). Raises NotAllowed and Refused."""
    with acting(by):
        membership = _member(membership_id, by)
        if standing not in (Standing.NORMAL, Standing.WARNED, Standing.RETAINED):
            raise Refused(_("请选择成员状态。"))
        _step(membership, standing)
        if standing != Standing.NORMAL and not reason.strip():
            raise Refused(_("提示或保留一年须写明事由，例如哪一年的指标未增长。"))
        membership.standing, membership.reason = standing, reason.strip()
        _write(membership)
        return membership


def end_membership(
    *, by: User, membership_id: int, standing: str, reason: str, on: dt.date | None = None
) -> Membership:
    """End a membership before its time; ``on`` (today) is the first day the enterprise is no member.

    Raises NotAllowed, and Refused when it has ended, the standing is no end, no reason is given, or the day
    lies ahead or before its beginning.
    """
    with acting(by):
        membership = _member(membership_id, by)
        if standing not in ENDED:
            raise Refused(_("请选择结束的方式：降级、淘汰或退出。"))
        _step(membership, standing)
        if not reason.strip():
            raise Refused(_("降级、淘汰或退出须写明事由。"))
        today = timezone.localdate()
        on = on or today
        if on > today:
            raise Refused(_("终止日期 %(on)s 不得晚于今日。到期当日再办理。") % {"on": on.isoformat()})
        membership.standing, membership.reason, membership.valid_to = standing, reason.strip(), on
        _write(membership)
        return membership


def _locked(code: str, by: User) -> Programme:
    """The programme, locked, so that writers of one list wait for each other. Raises NotAllowed."""
    programme = Programme.objects.visible_to(by).select_for_update().filter(pk=code).first()
    if programme is None or not perms.keeps(by, programme):
        raise NotAllowed(_("计划成员由辖区覆盖其适用地区的工信园区人员认定和调整。"))
    return programme


def _member(membership_id: int, by: User) -> Membership:
    """The membership of a programme ``by`` keeps, both locked. Raises NotAllowed, and Refused when it is over."""
    found = Membership.objects.visible_to(by).filter(pk=membership_id).values_list("programme", flat=True).first()
    if found is None:
        raise NotAllowed(_("没有这一成员资格，或不在本账号的辖区内。"))
    _locked(found, by)
    membership: Membership = Membership.objects.select_for_update().get(pk=membership_id)
    if membership.valid_to is not None and membership.valid_to <= timezone.localdate():
        raise Refused(
            _("这一成员资格已于 %(on)s 终止。需恢复的，重新认定一次。") % {"on": membership.valid_to.isoformat()}
        )
    return membership


def _step(membership: Membership, standing: str) -> None:
    if (membership.standing, standing) not in STEPS:
        raise Refused(
            _("成员目前为“%(now)s”，不能改为“%(then)s”。")
            % {"now": membership.get_standing_display(), "then": Standing(standing).label}
        )


def _write(membership: Membership) -> None:
    """Save, with what Django can tell beforehand as sentences; the guards of the database have the last word."""
    if membership.valid_to is not None and membership.valid_to < membership.valid_from:
        # Asked first: PostgreSQL makes no range of such dates, and with it no constraint speaks.
        raise Refused(
            _("终止日期 %(to)s 不得早于起始日期 %(since)s。")
            % {"to": membership.valid_to.isoformat(), "since": membership.valid_from.isoformat()}
        )
    try:
        membership.full_clean(validate_unique=False)
    except ValidationError as error:
        raise Refused("".join(f"{message.rstrip('。')}。" for message in error.messages)) from error
    membership.save()
