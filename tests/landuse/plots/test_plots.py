"""Plot codes, districts, zones by location, and shares of occupation."""

import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from landuse.plots.models import Occupation, Plot, PlotVersion
from tests.places import NANHAI, SANSHUI, START, enterprise, plot, square, zone


@pytest.mark.django_db
class TestCodes:
    @pytest.mark.parametrize("code", [f"{NANHAI}001001GB00001", f"{NANHAI}001001JB12345", f"{NANHAI}012003GX00009"])
    def test_a_code_of_nineteen_characters_is_accepted(self, code):
        Plot.objects.create(code=code)

    @pytest.mark.parametrize(
        "code", [f"{NANHAI}001001GB0001", f"{NANHAI}001001XB00001", f"{NANHAI}00100AGB00001", f"{NANHAI}001001gb00001"]
    )
    def test_a_malformed_code_is_refused_by_the_database(self, code):
        with pytest.raises(IntegrityError, match="plots_plot_code_form"), transaction.atomic():
            Plot.objects.create(code=code)

    def test_ownership_follows_from_the_code(self):
        version = plot(1)
        version.refresh_from_db()
        assert version.ownership == "G"

    def test_the_district_must_be_that_of_the_code(self):
        lasting = Plot.objects.create(code=f"{SANSHUI}001001GB00001")
        facts = plot(1)
        with pytest.raises(IntegrityError, match="district_by_code"), transaction.atomic():
            PlotVersion.objects.create(
                plot=lasting,
                geom=square(113.02, 23.06),
                district_id=NANHAI,
                publication=facts.publication,
                valid_from=START,
                use_code="100102",
                supply_mode="grant",
            )

    def test_the_town_must_be_one_of_the_district(self):
        with pytest.raises(IntegrityError, match="town_by_district"), transaction.atomic():
            plot(1, town_id="440604011")
        assert plot(1, town_id="440605121").town.parent_id == NANHAI


@pytest.mark.django_db
def test_the_zone_of_a_plot_is_the_one_covering_its_inner_point():
    zone("Z-1", square(113.0, 23.05, 0.01))
    inside, outside = plot(1), plot(9, square(113.05, 23.09))
    found = dict(PlotVersion.objects.in_force_on().with_zone().values_list("plot_id", "zone_code"))
    assert found == {inside.plot_id: "Z-1", outside.plot_id: None}


@pytest.mark.django_db
class TestShares:
    def occupy(self, version, number, share, valid_from=START, valid_to=None):
        return Occupation.objects.create(
            plot=version.plot,
            enterprise=enterprise(number),
            kind="tenant",
            share=share,
            valid_from=valid_from,
            valid_to=valid_to,
        )

    def test_shares_may_fill_a_plot_exactly(self):
        version = plot(1)
        self.occupy(version, 1, "0.6")
        self.occupy(version, 2, "0.4")

    def test_a_share_too_many_is_refused_with_its_date(self):
        version = plot(1)
        self.occupy(version, 1, "0.6")
        with pytest.raises(DatabaseError, match="2022-04-01 的占用份额合计为 1.000001"), transaction.atomic():
            self.occupy(version, 2, "0.400001")

    def test_shares_that_follow_each_other_do_not_add_up(self):
        version = plot(1)
        self.occupy(version, 1, "1", valid_to="2024-01-01")
        self.occupy(version, 2, "1", valid_from="2024-01-01")

    def test_an_earlier_beginning_that_reaches_into_a_later_share_is_refused(self):
        version = plot(1)
        self.occupy(version, 1, "1", valid_from="2024-01-01")
        with pytest.raises(DatabaseError, match="合计"), transaction.atomic():
            self.occupy(version, 2, "0.1", valid_from="2023-01-01")


@pytest.mark.django_db(transaction=True)
def test_two_writers_cannot_both_take_the_last_share():
    version = plot(1)
    firms = [enterprise(1), enterprise(2)]
    start, outcomes = threading.Barrier(2), []

    def occupy(firm):
        try:
            with transaction.atomic():
                start.wait(10)
                Occupation.objects.create(
                    plot_id=version.plot_id, enterprise=firm, kind="owner", share="0.7", valid_from=START
                )
            outcomes.append("kept")
        except DatabaseError as error:
            outcomes.append(str(error).splitlines()[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=occupy, args=(firm,)) for firm in firms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcome == "kept" for outcome in outcomes) == [False, True]
    assert Occupation.objects.count() == 1
