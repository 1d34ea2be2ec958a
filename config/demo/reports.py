"""What people did to the demo's returns and land: own reports of the demo accounts, and a corrected area."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pghistory
from django.utils import timezone
from django.utils.translation import gettext as _

from config.demo.clock import believing, working_days_back
from core.accounts.models import User
from efficiency.returns import due, entries
from efficiency.returns.figures import FIGURES
from efficiency.returns.models import LandBasis, LandOfYear, SelfReport, YearlyReturn
from efficiency.returns.services import confirming, correcting, reporting
from parks.enterprises.models import Enterprise

HOW_FAR = {"ent.1": "confirmed", "ent.2": "submitted", "ent.3": "returned", "ent.4": "draft"}
"""How far the report of each account has come."""

STEP = dt.timedelta(hours=2)


def load_reports(seed: int, accounts: dict[str, User]) -> int:
    """A report of the last year by some demo accounts, each at another stage; how many. One area is corrected."""
    days = working_days_back(timezone.localdate(), 8)
    monitor = accounts["monitor.city"]
    with pghistory.context(source="seed_demo", seed=seed):
        _correct(monitor, days[7])
        return sum(_report(accounts[name], stage, monitor, days[6]) for name, stage in HOW_FAR.items())


def _report(account: User, stage: str, monitor: User, day: dt.date) -> bool:
    """Report what is believed with a tax a little higher; False where there is nothing to start from."""
    year = due.latest_year()
    firm = Enterprise.objects.filter(members__user=account).first()
    row = YearlyReturn.objects.current().filter(enterprise=firm, year=year).first()
    if firm is None or row is None:
        return False
    typed = {figure.key: entries.write(figure, getattr(row, figure.key)) for figure in FIGURES}
    typed["tax_cny"] = entries.write(FIGURES[0], round(Decimal(row.tax_cny or 0) * Decimal("1.03"), 2))
    if stage == "draft":
        typed["staff"] = ""
    note = _("示例：实缴税收含补缴上年税款，与税务数据的入库时间不同。")
    moment = timezone.make_aware(dt.datetime.combine(day, dt.time(9, 20)))
    with believing(moment):
        report = reporting.save(year=year, typed=typed, note=note, revision=0, by=account)
    if stage == "draft":
        return True
    with believing(moment + STEP):
        report = reporting.submit(report=report.pk, revision=report.revision, by=account)
    with believing(moment + 2 * STEP):
        _decide(report, stage, monitor)
    return True


def _decide(report: SelfReport, stage: str, monitor: User) -> None:
    if stage == "confirmed":
        confirming.confirm(report=report.pk, revision=report.revision, by=monitor, overwrite=["tax_cny"])
    elif stage == "returned":
        reason = _("实缴税收与税务数据相差 3%，请附完税证明的合计数后重新提交（示例）。")
        confirming.send_back(report=report.pk, revision=report.revision, by=monitor, reason=reason)


def _correct(monitor: User, day: dt.date) -> None:
    """State a smaller area of the first enterprise that has some, as after a survey."""
    year = due.latest_year()
    land = LandOfYear.objects.filter(year=year, registered_m2__gt=5000).order_by("enterprise_id").first()
    if land is None:
        return
    with believing(timezone.make_aware(dt.datetime.combine(day, dt.time(10)))):
        correcting.correct_land(
            enterprise=land.enterprise_id,
            year=year,
            basis=LandBasis.ACTUAL,
            area_m2=round(Decimal(str(land.actual_m2)) * Decimal("0.94"), 2),
            reason=_("示例：现场实测，北侧约 6% 已移交道路建设，占用登记尚未变更。"),
            by=monitor,
        )
