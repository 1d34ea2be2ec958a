"""Figures as written: rounding never changes which side of a limit they are on."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.web.figures import area_text, grouped, round_honestly

KM2 = 1_000_000
areas = st.decimals(min_value=-2_000_000_000, max_value=2_000_000_000, places=4)


def test_an_area_is_written_in_every_unit():
    text = area_text(190_620_123.45)
    assert (text.km2, text.ha, text.mu, text.m2) == (
        "190.62",
        "19,062.01",
        "285,930.19",
        "190,620,123.45",
    )
    assert text.exact == "190620123.45"


def test_a_shortfall_of_half_a_square_metre_is_never_written_as_the_floor():
    text = area_text(190 * KM2 - 0.4, floor_m2=190 * KM2)
    assert text.km2 == "189.999999"
    assert text.mu != area_text(190 * KM2).mu


def test_a_tiny_surplus_keeps_its_sign():
    assert area_text(0.3, signed=True).km2 == "+0.000001"
    assert area_text(-0.3, signed=True).km2 == "\N{MINUS SIGN}0.000001"


def test_exactly_the_floor_is_written_as_the_floor():
    assert area_text(190 * KM2, floor_m2=190 * KM2).km2 == "190.00"


def test_the_nominal_ten_thousand_mu_zone_that_falls_short_reads_as_short():
    assert area_text(Decimal("6666666.6"), floor_m2=Decimal(20_000_000) / 3).mu == "9,999.9999"


@pytest.mark.parametrize(("value", "text"), [("-1234.5", "\N{MINUS SIGN}1,234.5"), ("0", "0")])
def test_thousands_are_grouped_and_minus_is_a_minus(value, text):
    assert grouped(Decimal(value)) == text


@given(value=areas, limit=areas)
def test_no_rounding_carries_a_figure_onto_or_across_its_limit(value, limit):
    rounded = round_honestly(value / KM2, limit / KM2)
    if value == limit:
        assert abs(rounded - limit / KM2) <= Decimal("0.0000005")
    else:
        assert (rounded > limit / KM2) == (value > limit)
        assert (rounded < limit / KM2) == (value < limit)
