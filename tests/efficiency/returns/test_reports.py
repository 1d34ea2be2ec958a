"""Own reports of enterprises: saved as typed, handed in, taken back, confirmed beside offices' figures, sent back."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from core.accounts.models import CITY_CODE, Role
from core.casework.models import Notification
from core.refusals import NotAllowed, Refused, Stale
from efficiency.returns import due, entries, plausible
from efficiency.returns.figures import BY_KEY, KEYS, Office
from efficiency.returns.models import ReportState, ReturnStatus, SelfReport, YearlyReturn
from efficiency.returns.services import confirming, reporting
from efficiency.returns.services.recording import record
from tests.places import NANHAI, SANSHUI, account, enterprise

pytestmark = pytest.mark.django_db

TYPED = {"tax_cny": "120.5", "output_cny": "3,400", "staff": "42"}


@pytest.fixture
def firm():
    return enterprise(1)


@pytest.fixture
def clerk(firm):
    return account(Role.ENTERPRISE, enterprise=firm)


@pytest.fixture
def monitor():
    return account(Role.MONITOR, NANHAI)


@pytest.fixture
def year():
    return due.latest_year()


def saved(clerk, year, typed=TYPED, revision=0, note=""):
    return reporting.save(year=year, typed=typed, note=note, revision=revision, by=clerk)


def handed_in(clerk, year, typed=TYPED):
    report = saved(clerk, year, typed)
    return reporting.submit(report=report.pk, revision=report.revision, by=clerk)


def believed(firm, year):
    return YearlyReturn.objects.current().get(enterprise=firm, year=year)


class TestEntries:
    @pytest.mark.parametrize(
        ("key", "text", "amount"),
        [
            ("tax_cny", "120.5", Decimal("1205000.00")),
            ("tax_cny", "-3.141592", Decimal("-31415.92")),
            ("output_cny", "１，２３４．５", Decimal("12345000.00")),
            ("energy_tce", "0.0001", Decimal("0.0001")),
            ("emission_kg", "1.5", Decimal("1500.0000")),
            ("staff", "42", 42),
            ("output_cny", "  ", None),
        ],
    )
    def test_what_people_type_is_read_exactly(self, key, text, amount):
        assert entries.read(BY_KEY[key], text) == amount

    @pytest.mark.parametrize(
        ("key", "text", "said"),
        [
            ("tax_cny", "12万", "须为数字"),
            ("tax_cny", "1e5", "须为数字"),
            ("tax_cny", "1,23", "须为数字"),
            ("output_cny", "-1", "不得为负"),
            ("staff", "4.5", "须为整数"),
            ("tax_cny", "0.0000001", "最多 6 位小数"),
            ("output_cny", "9" * 16, "过大"),
        ],
    )
    def test_what_cannot_be_a_figure_is_refused_with_a_sentence(self, key, text, said):
        with pytest.raises(entries.Unreadable, match=said):
            entries.read(BY_KEY[key], text)

    def test_a_figure_written_is_read_back(self):
        for key, amount in (("tax_cny", Decimal("-31415.92")), ("energy_tce", Decimal("7.0001")), ("staff", 10)):
            assert entries.read(BY_KEY[key], entries.write(BY_KEY[key], amount)) == amount


class TestHints:
    def hints(self, **figures):
        before = {"tax_cny": Decimal(1_000_000), "output_cny": Decimal(20_000_000)}
        return {hint.key: hint.text for hint in plausible.hints(figures, before=before)}

    def test_a_figure_in_the_wrong_unit_is_told(self):
        assert "一万倍" in self.hints(tax_cny=Decimal(10_400_000_000))["tax_cny"]
        assert "万分之一" in self.hints(tax_cny=Decimal(98))["tax_cny"]

    def test_a_jump_is_told_from_the_parameter_on_and_says_where_it_stands(self):
        assert self.hints(tax_cny=Decimal(2_990_000)) == {}
        assert "3.0 倍" in self.hints(tax_cny=Decimal(3_000_000))["tax_cny"]

    def test_figures_that_contradict_each_other_are_told(self):
        found = self.hints(output_cny=Decimal(100), added_value_cny=Decimal(101))
        assert "大于" in found["added_value_cny"]
        assert "GB/T 2589" in self.hints(electricity_kwh=Decimal(100_000), energy_tce=Decimal(10))["energy_tce"]
        assert "energy_tce" not in self.hints(electricity_kwh=Decimal(100_000), energy_tce=Decimal("12.29"))


class TestTheEnterprisesSide:
    def test_what_is_typed_is_kept_readable_or_not(self, clerk, year):
        report = saved(clerk, year, {"tax_cny": "12万", "output_cny": "3400"})
        assert report.typed == {"tax_cny": "12万", "output_cny": "3400"}
        assert (report.tax_cny, report.output_cny) == (None, Decimal(34_000_000))
        assert report.revision == 1
        again = saved(clerk, year, {"tax_cny": "12万", "output_cny": "3400"}, revision=1)
        assert again.revision == 1

    def test_a_page_of_before_the_last_save_is_stale(self, clerk, year):
        saved(clerk, year)
        with pytest.raises(Stale):
            saved(clerk, year, {"tax_cny": "1"})

    def test_tax_and_investment_or_output_are_the_least_a_report_says(self, clerk, year):
        report = saved(clerk, year, {"staff": "3"})
        with pytest.raises(Refused, match="实缴税收.*累计固定资产投资”或“工业总产值"):
            reporting.submit(report=report.pk, revision=1, by=clerk)
        report = saved(clerk, year, {"tax_cny": "1", "fixed_asset_investment_cny": "0"}, revision=1)
        assert reporting.submit(report=report.pk, revision=2, by=clerk).state == ReportState.SUBMITTED

    def test_handing_in_tells_the_monitors_and_taking_back_makes_it_a_draft(self, clerk, monitor, year):
        report = handed_in(clerk, year)
        assert Notification.objects.get(user=monitor).url == f"/returns/reports/{report.pk}/"
        with pytest.raises(NotAllowed, match="可先撤回"):
            saved(clerk, year, {"tax_cny": "9"}, revision=report.revision)
        assert reporting.take_back(report=report.pk, by=clerk).state == ReportState.DRAFT
        with pytest.raises(Refused, match="填报中"):
            reporting.take_back(report=report.pk, by=clerk)

    def test_only_years_that_are_over_and_not_long_ago_are_reported(self, clerk, year):
        for wrong in (year + 1, year - 5):
            with pytest.raises(Refused, match="年度不在其内"):
                saved(clerk, wrong)
        assert saved(clerk, year - 4).year == year - 4

    def test_nobody_reports_for_another(self, clerk, monitor, year):
        report = handed_in(clerk, year)
        stranger = account(Role.ENTERPRISE, enterprise=enterprise(2))
        for somebody in (stranger, monitor, account(Role.PARKS, NANHAI), account(Role.ENTERPRISE)):
            with pytest.raises(NotAllowed):
                reporting.take_back(report=report.pk, by=somebody)
        with pytest.raises(NotAllowed):
            saved(monitor, year)


class TestTheOfficesSide:
    def test_a_confirmed_report_is_a_new_version_from_the_enterprise(self, firm, clerk, monitor, year):
        report = handed_in(clerk, year)
        done = confirming.confirm(report=report.pk, revision=report.revision, by=monitor)
        assert (done.state, done.decided_by) == (ReportState.CONFIRMED, monitor)
        version = believed(firm, year)
        assert (version.tax_cny, version.staff, version.self_report) == (Decimal(1_205_000), 42, done)
        assert version.sources == dict.fromkeys(TYPED, Office.ENTERPRISE)
        assert Notification.objects.filter(user=clerk, act="report_confirmed").count() == 1

    def test_an_offices_own_figure_stands_unless_it_is_overwritten(self, firm, clerk, monitor, year):
        tax = {firm.pk: {"tax_cny": Decimal(999_000)}}
        record(rows=tax, year=year, office=Office.TAX, status=ReturnStatus.PROVISIONAL, by=None)
        report = handed_in(clerk, year)
        confirming.confirm(report=report.pk, revision=report.revision, by=monitor)
        version = believed(firm, year)
        assert (version.tax_cny, version.output_cny) == (Decimal(999_000), Decimal(34_000_000))
        assert (version.sources["tax_cny"], version.sources["output_cny"]) == (Office.TAX, Office.ENTERPRISE)
        assert version.status == ReturnStatus.PROVISIONAL
        assert "1 项以部门数据为准" in Notification.objects.get(user=clerk, act="report_confirmed").text

        again = handed_in(clerk, year)
        confirming.confirm(report=again.pk, revision=again.revision, by=monitor, overwrite=["tax_cny"])
        assert believed(firm, year).tax_cny == Decimal(1_205_000)
        report.refresh_from_db()
        assert report.state == ReportState.REPLACED
        assert YearlyReturn.objects.filter(enterprise=firm, year=year).count() == 3

    def test_sent_back_with_a_reason_and_handed_in_anew(self, clerk, monitor, year):
        report = handed_in(clerk, year)
        with pytest.raises(Refused, match="须写明理由"):
            confirming.send_back(report=report.pk, revision=report.revision, by=monitor, reason=" ")
        back = confirming.send_back(report=report.pk, revision=report.revision, by=monitor, reason="产值与统计不符")
        assert "产值与统计不符" in Notification.objects.get(user=clerk, act="report_returned").text
        changed = saved(clerk, year, {**TYPED, "output_cny": "3000"}, revision=back.revision)
        assert changed.pk == report.pk
        assert reporting.submit(report=report.pk, revision=changed.revision, by=clerk).answer == ""

    def test_what_changed_while_an_officer_read_it_is_not_confirmed(self, clerk, monitor, year):
        report = handed_in(clerk, year)
        reporting.take_back(report=report.pk, by=clerk)
        changed = saved(clerk, year, {**TYPED, "tax_cny": "1"}, revision=report.revision + 1)
        reporting.submit(report=report.pk, revision=changed.revision, by=clerk)
        with pytest.raises(Stale):
            confirming.confirm(report=report.pk, revision=report.revision, by=monitor)

    @pytest.mark.parametrize(
        ("role", "place", "may"),
        [
            (Role.MONITOR, NANHAI, True),
            (Role.MONITOR, CITY_CODE, True),
            (Role.MONITOR, SANSHUI, False),
            (Role.PARKS, NANHAI, False),
            (Role.PLANNER, NANHAI, False),
            (Role.REVIEWER, CITY_CODE, False),
            (Role.HEAD, NANHAI, False),
            (Role.AUDITOR, CITY_CODE, False),
            (Role.SYSADMIN, CITY_CODE, False),
        ],
    )
    def test_monitors_of_the_place_confirm_and_nobody_else(self, clerk, year, role, place, may):
        report = handed_in(clerk, year)
        somebody = account(role, place)
        if may:
            confirming.confirm(report=report.pk, revision=report.revision, by=somebody)
        else:
            with pytest.raises(NotAllowed):
                confirming.confirm(report=report.pk, revision=report.revision, by=somebody)
            with pytest.raises(NotAllowed):
                confirming.send_back(report=report.pk, revision=report.revision, by=somebody, reason="不符")


class TestTheDatabase:
    def refused(self, sql, *values):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)

    def test_a_report_begins_as_a_draft_and_walks_the_declared_way(self, clerk, year):
        report = saved(clerk, year)
        for state in ("confirmed", "returned", "replaced"):
            self.refused("UPDATE returns_selfreport SET state = %s, answer = 'x' WHERE id = %s", state, report.pk)
        self.refused(
            "INSERT INTO returns_selfreport (enterprise_id, year, state, note, typed, revision, reported_by_id,"
            " changed_at, answer) VALUES (%s, 2020, 'submitted', '', '{}', 0, %s, now(), '')",
            report.enterprise_id, clerk.pk,
        )  # fmt: skip

    @pytest.mark.parametrize("column", [*KEYS, "note", "typed", "year"])
    def test_what_was_handed_in_stands(self, clerk, year, column):
        report = handed_in(clerk, year)
        value = {"note": "'x'", "typed": "'{}'", "year": "2019"}.get(column, "7")
        self.refused(f"UPDATE returns_selfreport SET {column} = {value} WHERE id = %s", report.pk)

    def test_handed_in_reports_are_not_deleted_and_decisions_stand(self, clerk, monitor, year):
        report = handed_in(clerk, year)
        self.refused("DELETE FROM returns_selfreport WHERE id = %s", report.pk)
        self.refused(
            "UPDATE returns_selfreport SET state = 'confirmed', decided_by_id = %s, decided_at = now() WHERE id = %s",
            clerk.pk, report.pk,
        )  # fmt: skip
        confirming.confirm(report=report.pk, revision=report.revision, by=monitor)
        self.refused("UPDATE returns_selfreport SET answer = 'x' WHERE id = %s", report.pk)
        self.refused("UPDATE returns_selfreport SET decided_by_id = %s WHERE id = %s", clerk.pk, report.pk)

    def test_one_report_of_a_year_is_under_way(self, clerk, year):
        report = saved(clerk, year)
        with pytest.raises(DatabaseError), transaction.atomic():
            SelfReport.objects.create(enterprise=report.enterprise, year=year, reported_by=clerk)
