"""The enterprise's side of a return: what it reports of its own year, handed in and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.accounts.models import CITY_CODE, Role, User
from core.casework.services import notifying
from core.casework.services.acting import acting
from core.refusals import NotAllowed, Refused, Stale
from efficiency.returns import due, entries, perms
from efficiency.returns.figures import BY_KEY, KEYS
from efficiency.returns.models import EDITABLE, UNDER_WAY, ReportState, SelfReport
from parks.enterprises.models import Enterprise

LONGEST_NOTE = 1000

TAX, EITHER = "tax_cny", ("fixed_asset_investment_cny", "output_cny")
"""The least a return says: tax, and investment or output (S002 专项行动六 二(四)1; PM-1)."""


def save(*, year: int, typed: Mapping[str, Any], note: str, revision: int, by: User) -> SelfReport:
    """Keep what is typed of the report of ``year``; the first save begins it.

    ``revision`` is the one the page was drawn with. What cannot be read as a number is kept as typed and
    stops the report only when it is handed in. Raises NotAllowed, Refused and Stale.
    """
    with acting(by):
        report = _under_way(_own(by), year)
        if report is None:
            report = _begun(by, year)
        elif report.state not in EDITABLE:
            raise NotAllowed(
                _("%(year)s 年自报现为“%(state)s”，内容不可再改；待确认的可先撤回。")
                % {"year": year, "state": report.get_state_display()}
            )
        kept, text = entries.kept(typed), note.replace("\0", "").strip()
        if len(text) > LONGEST_NOTE:
            raise Refused(_("说明最多 %(most)s 字，现有 %(count)s 字。") % {"most": LONGEST_NOTE, "count": len(text)})
        if revision != report.revision:
            raise Stale(_("这份自报已在另一处修改，请核对后再保存。"))
        if report.pk and (kept, text) == (report.typed, report.note):
            return report
        report.typed, report.note = kept, text
        _read_into(report)
        report.reported_by = by
        report.revision += 1
        try:
            with transaction.atomic():
                report.save()
        except IntegrityError as error:
            if "returns_one_report_under_way" not in str(error):
                raise
            raise Stale(_("这份自报已在另一处修改，请核对后再保存。")) from error
        return report


def submit(*, report: int, revision: int, by: User) -> SelfReport:
    """Hand a report in, so that an office may confirm it, and tell the office. Raises NotAllowed, Refused, Stale."""
    with acting(by):
        row = _mine(report, by)
        _expect(row, EDITABLE, _("提交"))
        if revision != row.revision:
            raise Stale(_("这份自报已在另一处修改，请核对后再提交。"))
        if faults := faults_of(row.typed):
            raise Refused(" ".join(faults.values()))
        row.state, row.submitted_at, row.reported_by = ReportState.SUBMITTED, timezone.now(), by
        row.decided_by, row.decided_at, row.answer = None, None, ""
        row.revision += 1
        row.save()
        _tell_office(row)
        return row


def take_back(*, report: int, by: User) -> SelfReport:
    """Take a report back that no office has decided on yet, to change it. Raises NotAllowed and Refused."""
    with acting(by):
        row = _mine(report, by)
        _expect(row, (ReportState.SUBMITTED,), _("撤回"))
        row.state, row.submitted_at = ReportState.DRAFT, None
        row.revision += 1
        row.save()
        return row


def faults_of(typed: Mapping[str, Any]) -> dict[str, str]:
    """What keeps a report from being handed in, by figure: what cannot be read, and what is missing."""
    amounts, faults = entries.read_all(typed)
    if TAX not in faults and amounts[TAX] is None:
        faults[TAX] = _("请填“%(tax)s”：年报至少要有税收（S002 专项行动六 二(四)1）。") % {"tax": BY_KEY[TAX].title}
    if not any(key in faults or amounts[key] is not None for key in EITHER):
        names = _("”或“").join(str(BY_KEY[key].title) for key in EITHER)
        faults[EITHER[1]] = _("请填“%s”中的至少一项（S002 专项行动六 二(四)1）。") % names
    return faults


def _own(by: User) -> Enterprise:
    enterprise: Enterprise | None = Enterprise.objects.visible_to(by).first() if by.role == Role.ENTERPRISE else None
    if enterprise is None or not perms.reports(by, enterprise):
        raise NotAllowed(_("年报由企业经办人填报；本账号没有绑定企业。"))
    return enterprise


def _under_way(enterprise: Enterprise, year: int) -> SelfReport | None:
    rows = SelfReport.objects.select_for_update(of=["self"]).filter(enterprise=enterprise, year=year)
    found: SelfReport | None = rows.filter(state__in=UNDER_WAY).first()
    return found


def _begun(by: User, year: int) -> SelfReport:
    enterprise = _own(by)
    years = due.reportable_years(place=enterprise.district_id)
    if year not in years:
        raise Refused(
            _("可填报 %(first)s 至 %(last)s 年度，%(year)s 年度不在其内。")
            % {"first": years[-1], "last": years[0], "year": year}
        )
    return SelfReport(enterprise=enterprise, year=year, reported_by=by)


def _read_into(report: SelfReport) -> None:
    amounts, _faults = entries.read_all(report.typed)
    for key in KEYS:
        setattr(report, key, amounts[key])


def _mine(report: int, by: User) -> SelfReport:
    rows = SelfReport.objects.visible_to(by).select_for_update(of=["self"]).select_related("enterprise")
    row: SelfReport | None = rows.filter(pk=report).first()
    if row is None or not perms.reports(by, row.enterprise):
        raise NotAllowed(_("没有这份自报，或不是本企业的。"))
    return row


def _expect(row: SelfReport, states: tuple[str, ...], act: str) -> None:
    if row.state not in states:
        raise Refused(
            _("%(year)s 年自报现为“%(state)s”，不能%(act)s；页面可能已过时，请刷新。")
            % {"year": row.year, "state": row.get_state_display(), "act": act}
        )


def monitors_of(district: str) -> list[User]:
    """The accounts that confirm reports of a district: its monitors, or the city's when it has none."""
    rows = User.objects.filter(role=Role.MONITOR, is_active=True).order_by("pk")
    return list(rows.filter(place_codes__contains=[district])) or list(rows.filter(place_codes__contains=[CITY_CODE]))


def _tell_office(row: SelfReport) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        notifying.tell(
            users=monitors_of(row.enterprise.district_id),
            act="report_submitted",
            text=_("%(name)s 已提交 %(year)s 年度自报，待确认。") % {"name": row.enterprise.name, "year": row.year},
            url=reverse("returns:report", args=[row.pk]),
        )
