"""Per-亩 figures of plots: an enterprise's return is split over its land by area."""

import pytest
from django.db import IntegrityError, transaction

from core.accounts.models import Role
from core.geodata.area import mu_from_m2
from efficiency.returns.models import PlotFigure, PlotFigureEvent, YearlyReturn
from efficiency.returns.services import refresh_plot_figures
from landuse.plots.models import Occupation
from tests.places import NANHAI, SANSHUI, START, account, enterprise, plot, square

pytestmark = pytest.mark.django_db


def occupy(version, firm, share="1"):
    Occupation.objects.create(plot=version.plot, enterprise=firm, kind="owner", share=share, valid_from=START)


def figure(version, year=2025):
    return PlotFigure.objects.get(plot=version.plot, year=year)


def test_a_plot_with_one_occupant_yields_that_occupants_return_per_mu():
    version, firm = plot(1), enterprise(1)
    version.refresh_from_db()
    occupy(version, firm)
    YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny="900000.00", output_cny="12000000")
    refresh_plot_figures(year=2025)
    got = figure(version)
    assert got.tax_cny == 900_000
    assert got.tax_cny_per_mu == pytest.approx(900_000 / float(mu_from_m2(version.area_m2)))
    assert got.investment_cny is None


def test_an_enterprise_on_two_plots_is_split_by_the_land_it_uses():
    large, small, firm = plot(1, square(113.0, 23.05, 0.004)), plot(2, square(113.01, 23.05, 0.002)), enterprise(1)
    for version in (large, small):
        version.refresh_from_db()
    occupy(large, firm, "0.5")
    occupy(small, firm)
    YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny="300000")
    refresh_plot_figures(year=2025)
    land = large.area_m2 / 2 + small.area_m2
    assert float(figure(large).tax_cny) == pytest.approx(300_000 * large.area_m2 / 2 / land, abs=0.01)
    assert float(figure(small).tax_cny) == pytest.approx(300_000 * small.area_m2 / land, abs=0.01)


def test_several_occupants_of_a_plot_add_up():
    version = plot(1)
    for number in (1, 2):
        firm = enterprise(number)
        occupy(version, firm, "0.5")
        YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny=-50_000 if number == 2 else 200_000)
    refresh_plot_figures(year=2025)
    assert figure(version).tax_cny == 150_000


def test_refreshing_again_writes_only_what_changed():
    version, firm = plot(1), enterprise(1)
    occupy(version, firm)
    first = YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny="100")
    assert refresh_plot_figures(year=2025).written == 1
    assert refresh_plot_figures(year=2025).written == 0
    YearlyReturn.objects.filter(pk=first.pk).update(tax_cny="200")
    assert refresh_plot_figures(year=2025).written == 1
    assert figure(version).tax_cny == 200
    assert PlotFigureEvent.objects.filter(pgh_label="update").count() == 1


def test_a_figure_disappears_with_its_occupation():
    version, firm = plot(1), enterprise(1)
    occupy(version, firm)
    YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny="100")
    refresh_plot_figures(year=2025)
    Occupation.objects.update(valid_to="2025-06-30")
    refresh_plot_figures(year=2025)
    assert not PlotFigure.objects.exists()


def test_a_year_has_one_open_return():
    firm = enterprise(1)
    YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny="100")
    with pytest.raises(IntegrityError, match="returns_one_open_version"), transaction.atomic():
        YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny="200")


def test_districts_are_compared_by_their_whole_land():
    for number, district, tax in ((1, NANHAI, 100_000), (2, NANHAI, 300_000), (3, SANSHUI, 50_000)):
        version, firm = plot(number, district=district), enterprise(number, district=district)
        occupy(version, firm)
        YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny=tax)
    refresh_plot_figures(year=2025)
    land = sum(f.area_m2 for f in PlotFigure.objects.filter(plot__district_code=NANHAI))
    nanhai, sanshui = PlotFigure.objects.visible_to(account(Role.MONITOR, "440600")).by_district(2025)
    assert (nanhai["district"], nanhai["plots"], sanshui["district"]) == (NANHAI, 2, SANSHUI)
    assert float(nanhai["tax_cny_per_mu"]) == pytest.approx(400_000 / float(mu_from_m2(land)), abs=0.01)
    [own] = PlotFigure.objects.visible_to(account(Role.MONITOR, SANSHUI)).by_district(2025)
    assert own["district"] == SANSHUI


@pytest.mark.parametrize("role", [Role.MONITOR, Role.PARKS, Role.HEAD])
def test_the_home_page_shows_what_a_district_yields(client, role):
    version, firm = plot(1), enterprise(1)
    occupy(version, firm)
    YearlyReturn.objects.create(enterprise=firm, year=2025, tax_cny=100_000, output_cny=900_000)
    refresh_plot_figures(year=2025)
    client.force_login(account(role, NANHAI))
    assert "亩均税收（万元/亩）" in client.get("/").content.decode()
