"""An enterprise's land of a year: registered, actual, converted from leased floors; corrections take their place."""

from decimal import Decimal

import pytest

from core.accounts.models import Role
from efficiency.returns.models import LandCorrection, LandOfYear
from efficiency.returns.models.land import LandBasis
from efficiency.returns.services import refresh_land
from landuse.plots.models import Occupation
from tests import places
from tests.places import NANHAI, START, account, enterprise, plot, square

pytestmark = pytest.mark.django_db


def occupy(version, firm, share="1", kind="owner", **facts):
    Occupation.objects.create(plot=version.plot, enterprise=firm, kind=kind, share=share, valid_from=START, **facts)


def land(firm, year=2025):
    return LandOfYear.objects.get(enterprise=firm, year=year)


@pytest.fixture
def let():
    """A plot of a registered area whose owner uses three fifths and lets the rest, by floors."""
    version = plot(1, registered_area_m2="40000", plot_ratio_built="1.6")
    version.refresh_from_db()
    owner, tenant = enterprise(1), enterprise(2)
    occupy(version, owner, "0.6")
    occupy(version, tenant, "0.4", "tenant", leased_floor_m2="8000")
    refresh_land(year=2025)
    return version, owner, tenant


def test_an_owner_has_the_registered_area_and_uses_its_share(let):
    version, owner, _tenant = let
    row = land(owner)
    assert row.registered_m2 == 40_000
    assert row.actual_m2 == pytest.approx(version.area_m2 * 0.6, abs=1e-4)
    assert row.converted_m2 == 24_000
    assert row.principal_plot_id == version.plot_id


def test_a_tenant_has_no_registered_land_and_its_floors_are_converted(let):
    version, _owner, tenant = let
    row = land(tenant)
    assert row.registered_m2 == 0
    assert row.actual_m2 == pytest.approx(version.area_m2 * 0.4, abs=1e-4)
    assert row.converted_m2 == 5_000


def test_two_owners_split_the_registered_area_by_their_shares():
    version = plot(1, registered_area_m2="30000")
    first, second = enterprise(1), enterprise(2)
    occupy(version, first, "0.5")
    occupy(version, second, "0.25")
    refresh_land(year=2025)
    assert (land(first).registered_m2, land(second).registered_m2) == (20_000, 10_000)


def test_an_enterprise_on_two_plots_adds_up_and_its_zone_is_that_of_the_larger():
    places.zone("Z-1", square(113.009, 23.049, 0.01))
    small, large, firm = plot(1, square(113.0, 23.05, 0.002)), plot(2, square(113.01, 23.05, 0.004)), enterprise(1)
    for version in (small, large):
        version.refresh_from_db()
        occupy(version, firm)
    refresh_land(year=2025)
    row = land(firm)
    assert row.actual_m2 == pytest.approx(small.area_m2 + large.area_m2, abs=1e-4)
    assert (row.plots, row.principal_plot_id, row.zone_code) == (2, large.plot_id, "Z-1")


def test_a_correction_takes_the_place_of_the_computed_area_until_it_is_withdrawn(let):
    _version, owner, _tenant = let
    correction = LandCorrection.objects.create(
        enterprise=owner, year=2025, basis=LandBasis.ACTUAL, area_m2=Decimal("12345.67"), reason="实测",
        by=account(Role.MONITOR, NANHAI),
    )  # fmt: skip
    refresh_land(year=2025)
    assert land(owner).actual_m2 == 12345.67
    correction.withdrawn_at, correction.withdrawn_by = correction.at, correction.by
    correction.save()
    refresh_land(year=2025)
    assert land(owner).actual_m2 != 12345.67


def test_refreshing_again_writes_nothing(let):
    assert refresh_land(year=2025).written == 0


def test_who_left_before_the_end_of_the_year_has_no_land(let):
    _version, _owner, tenant = let
    Occupation.objects.filter(enterprise=tenant).update(valid_to="2025-06-30")
    refresh_land(year=2025)
    assert not LandOfYear.objects.filter(enterprise=tenant).exists()
