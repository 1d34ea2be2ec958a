"""Who sees what: role × place for every table that reaches a person."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, IntegrityError, connection, transaction

from core.accounts.models import CITY_CODE, LAND_ROLES, Role, User
from core.accounts.perms import reads_place
from efficiency.returns.models import PlotFigure, YearlyReturn
from efficiency.returns.services import refresh_plot_figures
from landuse.plots.models import Occupation, PlotVersion
from landuse.redline.models import TractVersion
from parks.enterprises.models import Enterprise
from parks.zones.models import ZoneVersion
from tests.places import NANHAI, SANSHUI, START, account, enterprise, plot, square, tract, zone

pytestmark = pytest.mark.django_db

OUTLINES = [ZoneVersion, TractVersion]
RECORDS = [PlotVersion, Enterprise, Occupation, YearlyReturn, PlotFigure]
STAFF = sorted(LAND_ROLES)


@pytest.fixture
def two_districts():
    """One zone, tract, plot, enterprise, occupation, return and figure in Nanhai and in Sanshui."""
    for number, district in ((1, NANHAI), (2, SANSHUI)):
        lon, lat = {NANHAI: (113.00, 23.05), SANSHUI: (112.88, 23.20)}[district]
        zone(f"Z-{number}", square(lon, lat, 0.03), districts=(district,))
        tract(f"T-{number}", square(lon, lat, 0.01), district=district)
        firm = enterprise(number, district=district)
        version = plot(number, district=district)
        Occupation.objects.create(plot=version.plot, enterprise=firm, kind="owner", share=1, valid_from=START)
        YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny=1_000_000)
    refresh_plot_figures(year=2025)


def seen(model, user):
    return model.objects.visible_to(user).count()


@pytest.mark.usefixtures("two_districts")
class TestRolesAndPlaces:
    @pytest.mark.parametrize("role", STAFF)
    @pytest.mark.parametrize("model", RECORDS)
    def test_a_city_scope_reads_both_districts(self, role, model):
        assert seen(model, account(Role(role), CITY_CODE)) == 2

    @pytest.mark.parametrize("role", STAFF)
    @pytest.mark.parametrize("model", RECORDS)
    def test_a_district_scope_reads_its_own_district_only(self, role, model):
        rows = model.objects.visible_to(account(Role(role), NANHAI))
        assert rows.count() == 1
        assert rows.count() == model.objects.filter(pk__in=rows).count()

    @pytest.mark.parametrize("model", RECORDS)
    def test_a_scope_of_two_districts_reads_both(self, model):
        assert seen(model, account(Role.MONITOR, NANHAI, SANSHUI)) == 2

    @pytest.mark.parametrize("model", RECORDS)
    def test_the_system_administrator_reads_no_land_records(self, model):
        assert seen(model, account(Role.SYSADMIN, CITY_CODE)) == 0

    @pytest.mark.parametrize("model", [PlotVersion, Enterprise, Occupation, YearlyReturn])
    def test_an_enterprise_reads_its_own_rows_only(self, model):
        own = Enterprise.objects.get(district_id=NANHAI)
        assert seen(model, account(Role.ENTERPRISE, enterprise=own)) == 1

    def test_an_enterprise_does_not_read_plot_figures_that_mix_firms(self):
        own = Enterprise.objects.get(district_id=NANHAI)
        assert seen(PlotFigure, account(Role.ENTERPRISE, enterprise=own)) == 0

    def test_an_enterprise_stops_reading_a_plot_it_has_left(self):
        own = Enterprise.objects.get(district_id=NANHAI)
        Occupation.objects.filter(enterprise=own).update(valid_to="2023-01-01")
        assert seen(PlotVersion, account(Role.ENTERPRISE, enterprise=own)) == 0

    @pytest.mark.parametrize("model", OUTLINES)
    @pytest.mark.parametrize("role", Role.values)
    def test_published_outlines_are_read_by_every_signed_in_role(self, model, role):
        user = account(Role(role)) if role == Role.ENTERPRISE else account(Role(role), NANHAI)
        assert seen(model, user) == 2

    @pytest.mark.parametrize("model", [*OUTLINES, *RECORDS])
    def test_nobody_signed_in_sees_nothing(self, model):
        assert seen(model, AnonymousUser()) == 0

    @pytest.mark.parametrize("model", [*OUTLINES, *RECORDS])
    def test_a_closed_account_sees_nothing(self, model):
        user = account(Role.PLANNER, CITY_CODE)
        user.is_active = False
        assert seen(model, user) == 0


@pytest.mark.parametrize(
    ("role", "places", "place", "reads"),
    [
        (Role.HEAD, [NANHAI], NANHAI, True),
        (Role.HEAD, [NANHAI], SANSHUI, False),
        (Role.HEAD, [NANHAI], CITY_CODE, False),
        (Role.HEAD, [CITY_CODE], NANHAI, True),
        (Role.AUDITOR, [CITY_CODE], CITY_CODE, True),
        (Role.SYSADMIN, [CITY_CODE], NANHAI, False),
        (Role.ENTERPRISE, [], NANHAI, False),
    ],
)
def test_a_place_is_read_within_the_scope_of_a_land_role(role, places, place, reads):
    assert reads_place(account(role, *places), place) is reads


class TestAccountsInTheDatabase:
    def test_a_scope_must_name_known_places(self):
        with pytest.raises(DatabaseError, match="未知区划代码"), transaction.atomic():
            account(Role.HEAD, "999999")

    def test_raw_sql_cannot_give_a_scope_of_an_unknown_place(self):
        account(Role.HEAD, NANHAI)
        with pytest.raises(DatabaseError, match="未知区划代码"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_user SET place_codes = '{440699}'")

    def test_staff_without_a_place_are_refused(self):
        with pytest.raises(IntegrityError, match="accounts_places_by_role"), transaction.atomic():
            account(Role.MONITOR)

    def test_an_enterprise_account_has_no_place(self):
        with pytest.raises(IntegrityError, match="accounts_places_by_role"), transaction.atomic():
            account(Role.ENTERPRISE, NANHAI)

    def test_an_unknown_role_is_refused(self):
        account(Role.HEAD, NANHAI)
        with pytest.raises(IntegrityError, match="accounts_role_known"), transaction.atomic():
            User.objects.update(role="mayor")
