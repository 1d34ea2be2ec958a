"""The office's side of a report: its figures believed, or sent back with a reason."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.casework.services import notifying
from core.casework.services.acting import acting, words
from core.refusals import NotAllowed, Refused, Stale
from efficiency.returns import perms
from efficiency.returns.entries import Amount
from efficiency.returns.figures import FIGURES, Figure, Office
from efficiency.returns.models import ReportState, ReturnStatus, SelfReport, YearlyReturn
from efficiency.returns.services.locking import lock
from efficiency.returns.services.recording import record
from parks.enterprises.models import EnterpriseMember


@dataclass(frozen=True)
class Compared:
    """A figure as reported and as believed; ``office`` supplied the believed one ("" for nobody).

    ``kept`` is an office's own figure that differs: it stands unless the officer overwrites it.
    """

    figure: Figure
    reported: Amount | None
    believed: Amount | None
    office: str

    @property
    def difference(self) -> Amount | None:
        """Reported less believed."""
        if self.reported is None or self.believed is None:
            return None
        return self.reported - self.believed

    @property
    def differs(self) -> bool:
        """Whether taking the reported figure would change what is believed."""
        return self.reported is not None and self.reported != self.believed

    @property
    def kept(self) -> bool:
        """Whether an office's own figure stands in the way."""
        return self.differs and self.believed is not None and self.office != Office.ENTERPRISE


def compare(report: SelfReport, believed: YearlyReturn | None) -> list[Compared]:
    """Every figure of a report beside what is believed of the year."""
    return [
        Compared(
            figure,
            getattr(report, figure.key),
            getattr(believed, figure.key) if believed else None,
            # What an office supplied before sources were kept is an office's all the same.
            believed.sources.get(figure.key, "") if believed else "",
        )
        for figure in FIGURES
    ]


def confirm(*, report: int, revision: int, by: User, overwrite: Collection[str] = (), answer: str = "") -> SelfReport:
    """Believe what a report says where no office has a figure of its own, and the figures named in ``overwrite``.

    The enterprise's earlier confirmed report of the year is replaced, and the enterprise told. Raises NotAllowed,
    Refused and Stale.
    """
    with acting(by):
        row = _open(report, revision, by, _("确认"))
        # An import that ends first is seen; one that comes later waits.
        lock(row.year)
        believed = YearlyReturn.objects.filter(enterprise=row.enterprise_id, year=row.year).current().first()
        compared = compare(row, believed)
        taken = {
            each.figure.key: each.reported
            for each in compared
            # A figure an office supplies as well stays the office's.
            if each.differs and (not each.kept or each.figure.key in overwrite)
        }
        SelfReport.objects.filter(enterprise=row.enterprise_id, year=row.year, state=ReportState.CONFIRMED).update(
            state=ReportState.REPLACED
        )
        row.state, row.decided_by, row.decided_at, row.answer = ReportState.CONFIRMED, by, timezone.now(), words(answer)
        row.revision += 1
        row.save()
        record(
            rows={row.enterprise_id: taken},
            year=row.year,
            office=Office.ENTERPRISE,
            # A confirmed report settles the figures it names, not the quick figures of other offices beside them.
            status=believed.status if believed else ReturnStatus.FINAL,
            by=by,
            self_report=row,
        )
        kept = sum(each.kept and each.figure.key not in overwrite for each in compared)
        with translation.override(settings.LANGUAGE_CODE):
            sentence = _("%(year)s 年度自报已确认。") % {"year": row.year}
            if kept:
                sentence += _("其中 %(count)s 项以部门数据为准。") % {"count": kept}
            _tell_enterprise(row, "report_confirmed", sentence + row.answer)
        return row


def send_back(*, report: int, revision: int, by: User, reason: str) -> SelfReport:
    """Send a report back to be changed, with the reason, and tell the enterprise. Raises NotAllowed, Refused, Stale."""
    with acting(by):
        row = _open(report, revision, by, _("退回"))
        row.answer = words(reason, _("退回须写明理由：哪一项、差在哪里、如何修改。"))
        row.state, row.decided_by, row.decided_at = ReportState.RETURNED, by, timezone.now()
        row.revision += 1
        row.save()
        with translation.override(settings.LANGUAGE_CODE):
            sentence = _("%(year)s 年度自报被退回，请修改后重新提交：%(reason)s")
            _tell_enterprise(row, "report_returned", sentence % {"year": row.year, "reason": row.answer})
        return row


def _open(report: int, revision: int, by: User, act: str) -> SelfReport:
    rows = SelfReport.objects.visible_to(by).select_for_update(of=["self"]).select_related("enterprise")
    row: SelfReport | None = rows.filter(pk=report).first()
    if row is None:
        raise NotAllowed(_("没有这份自报，或不在本账号的管辖范围内。"))
    if not perms.confirms(by, row.enterprise):
        raise NotAllowed(_("企业自报由所在区的亩均效益监测人员确认或退回。"))
    if row.state != ReportState.SUBMITTED:
        raise Refused(
            _("这份自报现为“%(state)s”，不能%(act)s；页面可能已过时，请刷新。")
            % {"state": row.get_state_display(), "act": act}
        )
    if row.revision != revision:
        raise Stale(_("企业撤回后又重新提交了这份自报，请核对新的数据。"))
    return row


def _tell_enterprise(row: SelfReport, act: str, text: str) -> None:
    members = EnterpriseMember.objects.filter(enterprise=row.enterprise_id).select_related("user")
    notifying.tell(
        users=[member.user for member in members],
        act=act,
        text=text,
        url=reverse("returns:mine", args=[row.year]),
    )
