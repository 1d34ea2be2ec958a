"""Two people at the same report at the same moment: one goes first, the other is told."""

import pytest

from core.accounts.models import Role
from core.refusals import Refused, Stale
from efficiency.returns import due
from efficiency.returns.figures import Office
from efficiency.returns.models import ReportState, ReturnStatus, SelfReport, YearlyReturn
from efficiency.returns.services import confirming, reporting
from efficiency.returns.services.recording import record
from tests.places import NANHAI, account, enterprise
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

TYPED = {"tax_cny": "120", "output_cny": "3400"}


def test_the_first_save_of_two_pages_begins_one_report():
    clerk, year = account(Role.ENTERPRISE, enterprise=enterprise(1)), due.latest_year()

    def save(tax):
        return reporting.save(year=year, typed={"tax_cny": tax}, note="", revision=0, by=clerk)

    results = at_once([lambda: save("1"), lambda: save("2")])
    assert sorted(isinstance(result, Stale) for result in results) == [False, True]
    assert SelfReport.objects.count() == 1


def test_confirmed_taken_back_and_overtaken_by_an_import_at_once():
    firm, year = enterprise(1), due.latest_year()
    clerk, monitor = account(Role.ENTERPRISE, enterprise=firm), account(Role.MONITOR, NANHAI)
    saved = reporting.save(year=year, typed=TYPED, note="", revision=0, by=clerk)
    report = reporting.submit(report=saved.pk, revision=saved.revision, by=clerk)
    results = at_once(
        [
            lambda: confirming.confirm(report=report.pk, revision=report.revision, by=monitor),
            lambda: reporting.take_back(report=report.pk, by=clerk),
            lambda: record(
                rows={firm.pk: {"tax_cny": 777}}, year=year, office=Office.TAX, status=ReturnStatus.FINAL, by=monitor
            ),
        ]
    )
    report.refresh_from_db()
    confirmed, taken_back, _recorded = results
    assert isinstance(confirmed, Refused) != isinstance(taken_back, Refused)
    believed = YearlyReturn.objects.current().get(enterprise=firm, year=year)
    # Whichever came first, the tax office's own figure is the one believed.
    assert believed.tax_cny == 777
    assert believed.sources["tax_cny"] == Office.TAX
    if report.state == ReportState.CONFIRMED:
        assert believed.sources["output_cny"] == Office.ENTERPRISE
