"""Pages of returns and land: who reads what, what is listed, saved, confirmed, corrected and exported."""

import io
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from openpyxl import load_workbook

from core.accounts.models import CITY_CODE, Role
from core.refusals import NotAllowed, Refused
from efficiency.returns import due
from efficiency.returns.figures import Office
from efficiency.returns.models import LandBasis, LandCorrection, LandOfYear, ReportState, ReturnStatus, SelfReport
from efficiency.returns.services import correcting, refresh_land, refresh_plot_figures, reporting
from efficiency.returns.services.recording import record
from landuse.plots.models import Occupation
from tests.places import NANHAI, SANSHUI, START, account, enterprise, plot

pytestmark = pytest.mark.django_db

YEAR = due.latest_year()
READERS = (Role.MONITOR, Role.PARKS, Role.PLANNER, Role.REVIEWER, Role.HEAD, Role.AUDITOR)


@pytest.fixture
def firms():
    """Two enterprises on one plot of 南海, one of 三水 on its own; the first has a return."""
    here, beside, far = enterprise(1), enterprise(2), enterprise(3, district=SANSHUI)
    shared, own = plot(1, registered_area_m2="40000", plot_ratio_built="1.6"), plot(2, district=SANSHUI)
    common = {"valid_from": START}
    Occupation.objects.create(plot=shared.plot, enterprise=here, kind="owner", share="0.6", **common)
    Occupation.objects.create(
        plot=shared.plot, enterprise=beside, kind="tenant", share="0.4", leased_floor_m2="8000", **common
    )
    Occupation.objects.create(plot=own.plot, enterprise=far, kind="owner", share="1", **common)
    for year in (YEAR - 1, YEAR):
        refresh_land(year=year)
    for year, tax in ((YEAR - 1, 4_000_000), (YEAR, 5_000_000)):
        record(
            rows={here.pk: {"tax_cny": Decimal(tax), "output_cny": Decimal(90_000_000)}},
            year=year, office=Office.TAX, status=ReturnStatus.FINAL, by=None,
        )  # fmt: skip
    return here, beside, far


@pytest.fixture
def report(firms):
    clerk = account(Role.ENTERPRISE, enterprise=firms[0])
    typed = {"tax_cny": "510", "staff": "88"}
    saved = reporting.save(year=YEAR, typed={**typed, "output_cny": "9000"}, note="", revision=0, by=clerk)
    return reporting.submit(report=saved.pk, revision=saved.revision, by=clerk)


def names(response):
    return [row.name for row in response.context["rows"]]


class TestWhoReads:
    @pytest.mark.parametrize("role", READERS)
    def test_land_roles_read_their_places(self, client, firms, role):
        client.force_login(account(role, NANHAI))
        address = reverse("returns:returns")
        assert names(client.get(address)) == [firms[0].name]
        assert client.get(reverse("returns:land_of", args=[YEAR, firms[0].uscc])).status_code == 200
        assert client.get(reverse("returns:versions", args=[YEAR, firms[0].uscc])).status_code == 200
        assert client.get(reverse("returns:land_of", args=[YEAR, firms[2].uscc])).status_code == 404
        assert len(client.get(reverse("returns:land")).context["rows"]) == 2

    def test_an_administrator_reads_none(self, client, firms):
        client.force_login(account(Role.SYSADMIN, CITY_CODE))
        for name in ("returns", "land", "reports", "export", "export_missing", "land_export"):
            assert client.get(reverse(f"returns:{name}")).status_code == 403
        for name in ("land_of", "versions"):
            assert client.get(reverse(f"returns:{name}", args=[YEAR, firms[0].uscc])).status_code == 404

    def test_an_enterprise_reads_its_own_and_learns_nothing_of_others(self, client, firms):
        client.force_login(account(Role.ENTERPRISE, enterprise=firms[0]))
        assert client.get(reverse("returns:returns")).headers["Location"] == reverse("returns:mine_years")
        own = client.get(reverse("returns:land_of", args=[YEAR, firms[0].uscc]))
        assert "合计 40%" in own.content.decode()
        assert firms[1].name not in own.content.decode()
        assert firms[1].uscc not in own.content.decode()
        for name in ("land_of", "versions"):
            assert client.get(reverse(f"returns:{name}", args=[YEAR, firms[1].uscc])).status_code == 404
        for name in ("reports", "export", "export_missing", "land_export"):
            assert client.get(reverse(f"returns:{name}")).status_code == 403

    def test_a_stranger_signs_in_first(self, client, firms):
        assert client.get(reverse("returns:returns")).status_code == 302


class TestTheYear:
    def test_coverage_counts_by_district_and_office(self, client, firms, report):
        client.force_login(account(Role.MONITOR, CITY_CODE))
        rows = {row["code"]: row for row in client.get(reverse("returns:returns")).context["coverage"]}
        assert (rows[NANHAI]["land"], rows[NANHAI]["returned"], rows[NANHAI]["missing"]) == (2, 1, 1)
        assert (rows[SANSHUI]["land"], rows[SANSHUI]["returned"], rows[SANSHUI]["missing"]) == (1, 0, 1)
        assert rows[""]["offices"][0] == 1
        assert sum(rows[""]["offices"]) == 1

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({}, [1]),
            ({"shown": "missing"}, [2, 3]),
            ({"shown": "all"}, [1, 2, 3]),
            ({"shown": "gaps"}, [1]),
            ({"shown": "all", "district": SANSHUI}, [3]),
            ({"shown": "all", "q": "2号"}, [2]),
            ({"shown": "all", "industry": "34"}, []),
            ({"status": "provisional"}, []),
            ({"year": "1999"}, []),
            ({"year": "x", "sort": "nonsense", "shown": "\0", "q": "\0%"}, []),
        ],
    )
    def test_the_list_is_narrowed(self, client, firms, asked, found):
        client.force_login(account(Role.MONITOR, CITY_CODE))
        shown = {row.pk for row in client.get(reverse("returns:returns"), asked).context["rows"]}
        assert shown == {firms[number - 1].pk for number in found}

    @pytest.mark.parametrize("sort", ["uscc", "tax", "output", "tax_per_mu", "least", "land"])
    def test_every_sort_answers(self, client, firms, sort):
        client.force_login(account(Role.MONITOR, CITY_CODE))
        assert client.get(reverse("returns:returns"), {"sort": sort, "shown": "all"}).status_code == 200

    def test_the_queries_do_not_grow_with_the_rows(self, client, firms, django_assert_max_num_queries):
        client.force_login(account(Role.MONITOR, CITY_CODE))
        client.get(reverse("returns:returns"))
        with django_assert_max_num_queries(22):
            client.get(reverse("returns:returns"), {"shown": "all"})

    def test_workbooks_open_and_hold_every_figure(self, client, firms):
        client.force_login(account(Role.MONITOR, CITY_CODE))
        book = load_workbook(io.BytesIO(b"".join(client.get(reverse("returns:export")).streaming_content)))
        head, row = list(book.active.iter_rows(values_only=True))
        assert row[head.index("实缴税收（元）")] == 5_000_000
        lacking = load_workbook(io.BytesIO(b"".join(client.get(reverse("returns:export_missing")).streaming_content)))
        assert [row[0] for row in lacking.active.iter_rows(min_row=2, values_only=True)] == [
            firms[1].uscc, firms[2].uscc,
        ]  # fmt: skip

    def test_versions_say_what_changed(self, client, firms):
        record(
            rows={firms[0].pk: {"tax_cny": Decimal(5_500_000)}},
            year=YEAR, office=Office.TAX, status=ReturnStatus.FINAL, by=None,
        )  # fmt: skip
        client.force_login(account(Role.MONITOR, NANHAI))
        told = client.get(reverse("returns:versions", args=[YEAR, firms[0].uscc])).context["versions"]
        assert [version["first"] for version in told] == [False, True]
        assert [(each["figure"].key, each["then"], each["now"]) for each in told[0]["changed"]] == [
            ("tax_cny", Decimal(5_000_000), Decimal(5_500_000))
        ]


class TestMyReturns:
    def test_every_year_and_the_form_with_last_year_beside(self, client, firms):
        client.force_login(account(Role.ENTERPRISE, enterprise=firms[0]))
        assert "已采信" in client.get(reverse("returns:mine_years")).content.decode()
        page = client.get(reverse("returns:mine", args=[YEAR]))
        tax = page.context["rows"][0]
        assert (tax["believed"], tax["office"], tax["before"]) == (Decimal(5_000_000), "tax", Decimal(4_000_000))
        assert client.get(reverse("returns:mine", args=[YEAR + 1])).status_code == 404

    def test_saving_as_typed_tells_faults_hints_and_the_revision(self, client, firms):
        client.force_login(account(Role.ENTERPRISE, enterprise=firms[0]))
        address = reverse("returns:mine_draft", args=[YEAR])
        answer = client.post(address, {"revision": "0", "tax_cny": "4000000", "staff": "x"}).json()
        assert answer["revision"] == 1
        assert "须为数字" in answer["errors"]["staff"][0]
        assert "一万倍" in answer["findings_html"]
        stale = client.post(address, {"revision": "0", "tax_cny": "5"})
        assert stale.status_code == 409
        assert [row["mine"] for row in stale.json()["differences"]] == ["5", "未填"]
        assert client.post(address, {"tax_cny": "5"}).status_code == 422

    def test_handing_in_without_a_script_saves_first(self, client, firms):
        client.force_login(account(Role.ENTERPRISE, enterprise=firms[1]))
        address = reverse("returns:mine", args=[YEAR])
        refused = client.post(address, {"act": "submit", "revision": "0", "staff": "3"})
        assert refused.status_code == 422
        assert "请填“实缴税收”" in refused.content.decode()
        done = client.post(address, {"act": "submit", "revision": "1", "tax_cny": "3", "output_cny": "4"})
        assert done.headers["Location"] == reverse("returns:mine_years")
        report = SelfReport.objects.get(enterprise=firms[1])
        assert report.state == ReportState.SUBMITTED
        assert "撤回修改" in client.get(address).content.decode()
        client.post(address, {"act": "take_back", "report": report.pk})
        report.refresh_from_db()
        assert report.state == ReportState.DRAFT

    def test_staff_are_told_where_reports_are(self, client, firms):
        client.force_login(account(Role.MONITOR, NANHAI))
        assert client.get(reverse("returns:mine", args=[YEAR])).status_code == 403
        assert client.get(reverse("returns:mine_years")).headers["Location"] == reverse("returns:returns")

    def test_the_home_page_says_that_the_return_is_due(self, client, firms, monkeypatch):
        client.force_login(account(Role.ENTERPRISE, enterprise=firms[1]))
        home = client.get("/").content.decode()
        assert f"{YEAR} 年度年报" in home


class TestReports:
    def test_what_waits_is_listed_with_what_differs(self, client, firms, report):
        client.force_login(account(Role.MONITOR, NANHAI))
        page = client.get(reverse("returns:reports"))
        assert [(row["report"].pk, row["against"]) for row in page.context["rows"]] == [(report.pk, 1)]
        client.force_login(account(Role.MONITOR, SANSHUI))
        assert client.get(reverse("returns:reports")).context["rows"] == []
        assert client.get(reverse("returns:report", args=[report.pk])).status_code == 404

    def test_a_draft_is_nobodys_but_the_enterprises(self, client, firms, report):
        reporting.take_back(report=report.pk, by=report.reported_by)
        client.force_login(account(Role.MONITOR, NANHAI))
        assert client.get(reverse("returns:report", args=[report.pk])).status_code == 404

    def test_confirmed_on_the_page(self, client, firms, report):
        client.force_login(account(Role.MONITOR, NANHAI))
        address = reverse("returns:report", args=[report.pk])
        assert "以自报替代部门数据" in client.get(address).content.decode()
        stale = client.post(address, {"act": "confirm", "revision": "0"})
        assert stale.status_code == 422
        client.post(address, {"act": "confirm", "revision": report.revision, "overwrite": ["tax_cny", "nonsense"]})
        report.refresh_from_db()
        assert report.state == ReportState.CONFIRMED
        assert report.returns.get().tax_cny == Decimal(5_100_000)

    def test_sent_back_on_the_page(self, client, firms, report):
        client.force_login(account(Role.MONITOR, NANHAI))
        address = reverse("returns:report", args=[report.pk])
        assert client.post(address, {"act": "send_back", "revision": report.revision}).status_code == 422
        client.post(address, {"act": "send_back", "revision": report.revision, "reason": "税收与税务不符"})
        client.force_login(report.reported_by)
        assert "税收与税务不符" in client.get(reverse("returns:mine", args=[YEAR])).content.decode()

    def test_those_who_only_read_see_no_buttons_and_cannot_act(self, client, firms, report):
        for role in READERS[1:]:
            client.force_login(account(role, NANHAI))
            address = reverse("returns:report", args=[report.pk])
            assert "确认自报" not in client.get(address).content.decode()
            assert client.post(address, {"act": "confirm", "revision": report.revision}).status_code == 403
            assert client.post(reverse("returns:reports_confirm"), {"report": report.pk}).status_code == 403

    def test_many_are_confirmed_at_once_and_offices_keep_their_figures(self, client, firms, report):
        client.force_login(account(Role.MONITOR, NANHAI))
        client.post(reverse("returns:reports_confirm"), {"report": [report.pk, "x", "999999"]})
        report.refresh_from_db()
        assert report.state == ReportState.CONFIRMED
        assert report.returns.get().tax_cny == Decimal(5_000_000)


class TestLand:
    def test_the_plots_behind_it_add_up(self, client, firms):
        client.force_login(account(Role.MONITOR, NANHAI))
        for firm in firms[:2]:
            page = client.get(reverse("returns:land_of", args=[YEAR, firm.uscc]))
            land = page.context["land"]
            for basis in LandBasis.values:
                parts = sum(part[basis] for part in page.context["parts"])
                assert float(parts) == pytest.approx(getattr(land, f"{basis}_m2"), abs=0.001)
        assert firms[0].name in page.content.decode()

    def test_corrected_withdrawn_and_corrected_again(self, client, firms):
        client.force_login(account(Role.MONITOR, NANHAI))
        address = reverse("returns:land_of", args=[YEAR, firms[0].uscc])
        before = LandOfYear.objects.get(enterprise=firms[0], year=YEAR).actual_m2
        wrong = client.post(address, {"basis": "actual", "area_m2": "-1", "reason": ""})
        assert wrong.status_code == 422
        typed = {"basis": "actual", "area_m2": "12345.67", "reason": "实测"}
        for _again in range(2):
            client.post(address, typed)
        rows = LandCorrection.objects.filter(enterprise=firms[0], year=YEAR)
        assert (rows.count(), rows.filter(withdrawn_at=None).count()) == (2, 1)
        assert LandOfYear.objects.get(enterprise=firms[0], year=YEAR).actual_m2 == 12345.67
        page = client.get(reverse("returns:land"), {"shown": "corrected"})
        assert [row.enterprise for row in page.context["rows"]] == [firms[0]]
        client.post(address, {"withdraw": rows.get(withdrawn_at=None).pk})
        assert LandOfYear.objects.get(enterprise=firms[0], year=YEAR).actual_m2 == before

    @pytest.mark.parametrize(
        ("role", "place"),
        [(Role.MONITOR, SANSHUI), *((role, NANHAI) for role in READERS[1:]), (Role.SYSADMIN, CITY_CODE)],
    )
    def test_monitors_of_the_place_correct_and_nobody_else(self, firms, role, place):
        somebody = account(role, place)
        with pytest.raises(NotAllowed):
            correcting.correct_land(
                enterprise=firms[0].pk, year=YEAR, basis="actual", area_m2=Decimal(1), reason="实测", by=somebody
            )
        monitor = account(Role.MONITOR, CITY_CODE)
        row = correcting.correct_land(
            enterprise=firms[0].pk, year=YEAR, basis="actual", area_m2=Decimal(1), reason="实测", by=monitor
        )
        with pytest.raises(NotAllowed):
            correcting.withdraw_land(correction=row.pk, by=somebody)

    def test_an_enterprise_does_not_correct_its_own(self, client, firms):
        clerk = account(Role.ENTERPRISE, enterprise=firms[0])
        client.force_login(clerk)
        address = reverse("returns:land_of", args=[YEAR, firms[0].uscc])
        typed = {"basis": "actual", "area_m2": "1", "reason": "实测"}
        assert client.post(address, typed).status_code == 403
        assert not LandCorrection.objects.exists()

    def test_a_correction_says_why(self, firms):
        with pytest.raises(Refused, match="须写明理由"):
            correcting.correct_land(
                enterprise=firms[0].pk, year=YEAR, basis="actual", area_m2=Decimal(1), reason=" ",
                by=account(Role.MONITOR, NANHAI),
            )  # fmt: skip

    def test_by_raw_sql_a_correction_is_only_withdrawn(self, firms):
        row = correcting.correct_land(
            enterprise=firms[0].pk, year=YEAR, basis="actual", area_m2=Decimal(1), reason="实测",
            by=account(Role.MONITOR, NANHAI),
        )  # fmt: skip
        table = "returns_landcorrection"
        for sql in (
            f"UPDATE {table} SET area_m2 = 2", f"UPDATE {table} SET reason = 'x'", f"DELETE FROM {table}",
            f"UPDATE {table} SET withdrawn_at = now()",
        ):  # fmt: skip
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"{sql} {'WHERE id = %s'}", [row.pk])
        correcting.withdraw_land(correction=row.pk, by=row.by)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET withdrawn_at = NULL, withdrawn_by_id = NULL WHERE id = %s", [row.pk])

    def test_one_enterprise_is_recomputed_as_everybody_is(self, firms):
        whole = list(LandOfYear.objects.filter(year=YEAR).order_by("pk").values())
        assert refresh_land(year=YEAR, enterprises=[firms[0].pk]).written == 0
        assert refresh_plot_figures(year=YEAR, enterprises=[firms[0].pk, firms[1].pk]).written == 0
        LandOfYear.objects.filter(year=YEAR, enterprise=firms[1]).update(actual_m2=1)
        assert refresh_land(year=YEAR, enterprises=[firms[0].pk]).written == 0
        assert refresh_land(year=YEAR, enterprises=[firms[1].pk]).written == 1
        assert list(LandOfYear.objects.filter(year=YEAR).order_by("pk").values()) == whole
