"""Floors belong to places: a district is held to its own, and zones to the measure the city chose."""

import pytest

from core.policy.models import Parameter
from landuse.redline.compliance import FloorMissing, assess
from tests.places import square, tract, zone

pytestmark = pytest.mark.django_db


def test_a_district_without_a_floor_of_its_own_is_not_held_to_the_citys():
    Parameter.objects.filter(key="redline.floor_km2", jurisdiction_id="440605").delete()
    with pytest.raises(FloorMissing, match="南海区没有现行的红线下限"):
        assess()


def test_zones_are_measured_gross_until_the_city_chooses_the_red_line_inside():
    zone("Z-1", square(113.0, 23.05, 0.03))
    tract("T-1", square(113.0, 23.05, 0.01))
    assert not assess().zones_not_over
    Parameter.objects.filter(key="zone.area_basis").update(text_value="red_line")
    [short] = assess().zones_not_over
    assert short.measured_m2 == pytest.approx(short.redline_m2)
    assert short.area_m2 > assess().zone_min_m2
