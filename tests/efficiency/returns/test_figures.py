"""Per-亩 figures of plots: an enterprise's return is split over its land by area."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from core.accounts.models import Role
from core.geodata.area import mu_from_m2
from core.web import registry
from efficiency.returns.figures import FIGURES
from efficiency.returns.layer import PER_MU, RATIOS
from efficiency.returns.models import PlotFigure, PlotFigureEvent, YearlyReturn
from efficiency.returns.services import refresh_plot_figures
from efficiency.returns.services.deriving import SPLIT
from landuse.plots.models import Occupation, PlotVersion
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


def test_every_figure_of_a_return_reaches_the_plot_and_colours_it(client):
    version, firm, other = plot(1), enterprise(1), enterprise(2)
    version.refresh_from_db()
    occupy(version, firm, "0.25")
    occupy(version, other, "0.75")
    facts = {figure.key: 4_000 for figure in FIGURES} | {"staff": 40}
    YearlyReturn.objects.create(enterprise=firm, year=2025, **facts)
    YearlyReturn.objects.create(enterprise=other, year=2025, emission_kg="1.5")
    refresh_plot_figures(year=2025)
    got = figure(version)
    assert {getattr(got, name) for name in SPLIT if name not in {"staff", "emission_kg"}} == {4_000}
    assert (got.staff, got.emission_kg) == (40, Decimal("4001.5"))
    area_mu = float(mu_from_m2(version.area_m2))
    themes = {theme.key: theme for theme in registry.themes_for("plots", "monitor") if theme.key in keys_of_figures()}
    shown = {
        key: theme.annotate(PlotVersion.objects.all(), 2025).values_list("theme", flat=True).get()
        for key, theme in themes.items()
    }
    assert shown["revenue_per_mu"] == pytest.approx(0.4 / area_mu)
    assert shown["electricity_per_mu"] == pytest.approx(0.4 / area_mu)
    assert shown["energy_per_mu"] == pytest.approx(4_000 / area_mu)
    assert shown["staff_per_mu"] == pytest.approx(40 / area_mu)
    assert shown["added_value_per_energy"] == pytest.approx(1e-4)
    assert shown["added_value_per_emission"] == pytest.approx(4_000 / 4_001.5 / 10)
    assert shown["rd_of_revenue"] == pytest.approx(100)
    assert shown["productivity"] == pytest.approx(0.01)
    assert theme_without(version, "added_value_per_energy", energy_tce=0) is None
    client.force_login(account(Role.MONITOR, NANHAI))
    for key in shown:
        assert client.get(f"/tiles/plots/16/53355/28420.mvt?by={key}&year=2025").status_code in {200, 204}


def keys_of_figures():
    return {key for key, *_rest in (*PER_MU, *RATIOS)}


def theme_without(version, key, **facts):
    PlotFigure.objects.filter(plot=version.plot).update(**facts)
    [theme] = [each for each in registry.themes_for("plots", "monitor") if each.key == key]
    return theme.annotate(PlotVersion.objects.all(), 2025).values_list("theme", flat=True).get()


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
