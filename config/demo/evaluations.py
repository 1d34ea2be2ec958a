"""Evaluations of the demo city: the sample schemes approved, every year scored, the newest in its objection window.

Led through the real services, each act in the name of an account and on a day of its own, as the cases are. The results
are the same for the same seed; the days of the newest year are counted back from the day of seeding.
"""

from __future__ import annotations

import datetime as dt

import pghistory
from django.utils import timezone
from django.utils.translation import gettext as _

from config.demo.city import Say
from config.demo.clock import believing, working_days_back
from config.demo.returns import REPORTED
from core.accounts.models import User
from efficiency.evaluation.models import Run, Score
from efficiency.evaluation.services import showing
from efficiency.evaluation.services.evaluating import evaluate
from efficiency.schemes.models import SchemeVersion, VersionState
from efficiency.schemes.services import approving

SCHEME = "huangyan-2022"
"""The sample that classes the demo's enterprises; the other one is approved as well, to compare with."""

SCHEMES = ("s002-plain", SCHEME)

APPROVED = dt.date(2021, 3, 12)
COMPUTED = (7, 1)
"""Month and day on which a year is evaluated, in the year after it."""

SECOND = dt.timedelta(hours=1)


def load_evaluations(seed: int, years: list[int], accounts: dict[str, User], say: Say) -> int:
    """Approve the sample schemes and evaluate ``years``; how many runs there are.

    Earlier years are published; of the newest the objection window is open, with an objection of an enterprise.
    """
    monitor, parks = accounts["monitor.city"], accounts["parks.city"]
    with believing(_at(APPROVED)), pghistory.context(source="seed_demo", seed=seed):
        for code in SCHEMES:
            _approve(code, monitor, parks)
    version = SchemeVersion.objects.get(scheme=_scheme(SCHEME), state=VersionState.APPROVED)
    today = timezone.localdate()
    count = 0
    for year in years:
        reported = dt.datetime.fromisoformat(f"{year + 1}{REPORTED}")
        if timezone.now() <= reported:
            # Before its figures came in a year cannot have been evaluated.
            continue
        newest = year == years[-1]
        moment = _at(dt.date(year + 1, *COMPUTED))
        if newest or moment > timezone.now():
            moment = _at(working_days_back(today, 1)[1])
            moment = max(moment, reported + SECOND)
        with pghistory.context(source="seed_demo", seed=seed):
            run = _shown(year, version, monitor, moment)
            if newest:
                _contested(run, accounts["ent.2"], moment + 2 * SECOND)
            else:
                _published(run, parks)
        say(_("%(year)d 年度评价 %(count)d 家") % {"year": year, "count": run.enterprises})
        count += 1
    return count


def _at(day: dt.date) -> dt.datetime:
    """Half past nine on a local day."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time(9, 30)))


def _scheme(code: str) -> int:
    return SchemeVersion.objects.filter(scheme__code=code).values_list("scheme_id", flat=True)[0]


def _approve(code: str, monitor: User, parks: User) -> None:
    """Approve the first version of a sample scheme, unless somebody did already."""
    version = SchemeVersion.objects.filter(scheme__code=code, number=1, state=VersionState.DRAFT).first()
    if version is None:
        return
    approving.submit(by=monitor, version_id=version.pk)
    approving.approve(by=parks, version_id=version.pk, approval=_("示例工信〔2021〕6 号"))


def _shown(year: int, version: SchemeVersion, monitor: User, moment: dt.datetime) -> Run:
    with believing(moment):
        run = evaluate(year=year, version=version, by=monitor)
    with believing(moment + SECOND):
        return showing.open_objections(run=run.pk, by=monitor)


def _published(run: Run, parks: User) -> None:
    until = run.objection_until
    assert until is not None  # noqa: S101 - open_objections has just set it
    with believing(_at(until + dt.timedelta(days=1))):
        showing.publish(run=run.pk, by=parks)


def _contested(run: Run, account: User, moment: dt.datetime) -> None:
    if not Score.objects.visible_to(account).filter(run=run).exists():
        return
    with believing(moment):
        showing.contest(
            run=run.pk, by=account, text=_("实际用地含二期空地，二期尚未动工，请核对用地面积后重新计算（示例）。")
        )
