"""What the database keeps of an application, whoever writes: its figures, what took effect, and writers at once."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from core.accounts.models import User
from core.casework.models import Case
from core.casework.services import deciding, filing
from core.casework.states import State
from landuse.applications.models import FloorArea, PlotRatioApplication
from landuse.plots.models import PlotVersion
from tests import places
from tests.core.casework.cases import bring, fill_papers
from tests.landuse.applications import asking
from tests.landuse.applications.asking import World, submitted
from tests.races import at_once

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def nanhai() -> World:
    return asking.world()


class TestRawSql:
    """What the database itself holds."""

    @pytest.mark.parametrize(
        "change",
        [
            "plot_ratio = 0",
            "plot_ratio = -1",
            "plot_ratio = 20.001",
            "density = 0",
            "density = 100.01",
            "green_ratio = -0.01",
            "green_ratio = 101",
            "height_limit_m = 0",
            "height_limit_m = 500.01",
            "use_after = '0101'",
            "premium_route = 'free'",
            "premium_parameter_id = NULL",
            "base_version_id = (SELECT id FROM plots_plotversion ORDER BY id DESC LIMIT 1)",
        ],
    )
    def test_figures_out_of_bounds_and_a_base_of_another_plot_are_refused(self, nanhai, change):
        submitted(nanhai)
        places.plot(7)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE applications_plotratioapplication SET {change}")

    @pytest.mark.parametrize(
        "change", ["after_m2 = -0.01", "before_m2 = -1", "after_m2 = 10000000.01", "function = 'x'"]
    )
    def test_floor_areas_out_of_bounds_are_refused(self, nanhai, change):
        submitted(nanhai)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE applications_floorarea SET {change}")

    def test_a_function_stands_once_in_a_schedule(self, nanhai):
        row = PlotRatioApplication.objects.get(case=submitted(nanhai))
        with pytest.raises(DatabaseError), transaction.atomic():
            FloorArea.objects.create(application=row, function="office", before_m2=0, after_m2=1)

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE applications_plotratioapplication SET plot_ratio = 3",
            "DELETE FROM applications_plotratioapplication",
            "UPDATE applications_floorarea SET after_m2 = 1",
            "DELETE FROM applications_floorarea",
            "INSERT INTO applications_floorarea (application_id, function, before_m2, after_m2) "
            "SELECT id, 'other', 0, 1 FROM applications_plotratioapplication",
        ],
    )
    def test_what_took_effect_stands(self, nanhai, statement):
        bring(asking.draft(nanhai), nanhai.who, State.EFFECTIVE)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    def test_a_case_has_one_record(self, nanhai):
        submitted(nanhai)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO applications_plotratioapplication (case_id, plot_id, base_version_id, membership_id,
                    plot_ratio, density, green_ratio, height_limit_m, use_after, reason, premium_route, recorded_at)
                SELECT case_id, plot_id, base_version_id, membership_id, plot_ratio, density, green_ratio,
                    height_limit_m, use_after, reason, 'pricing', recorded_at
                FROM applications_plotratioapplication
                """
            )


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_of_two_cases_on_one_plot_submitted_at_once_one_is(self):
        nanhai = asking.world()
        cases = [asking.draft(nanhai) for _ in range(2)]
        for case in cases:
            fill_papers(case, nanhai.who.applicant)
        results = at_once(
            [lambda pk=case.pk: filing.submit(case_id=pk, by=_same(nanhai.who.applicant)) for case in cases]
        )
        assert sorted(type(result).__name__ for result in results) == ["Case", "Refused"]
        assert PlotRatioApplication.objects.count() == 1

    def test_a_case_put_into_effect_twice_at_once_publishes_once(self):
        nanhai = asking.world()
        case = bring(asking.draft(nanhai), nanhai.who, State.NOTICE)
        results = at_once(
            [lambda: deciding.take_effect(case_id=case.pk, by=_same(nanhai.who.reviewer)) for _ in range(3)]
        )
        assert sum(isinstance(result, Case) for result in results) == 1
        assert PlotVersion.objects.filter(plot=nanhai.plot.plot_id).count() == 2


def _same(user: User) -> User:
    return User.objects.get(pk=user.pk)
