"""Numbers come out of cells exactly as they were typed, whatever the unit, or not at all."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency.returns.imports import codes
from efficiency.returns.imports.headings import MINOR_DIGITS, UNITS, understand
from efficiency.returns.imports.limits import NUMBER, TEXT
from efficiency.returns.imports.numbers import MOST, Amounts, amounts
from efficiency.returns.imports.reading import Cells
from efficiency.returns.models import YearlyReturn
from tests import places

MONEY = ("元", "千元", "万元", "亿元")


def taken(heading: str, *, numbers: list[float] | None = None, texts: list[str] | None = None) -> Amounts:
    """The figures of a column of numbers, or of texts."""
    found = understand(0, heading)
    assert found
    count = len(numbers or texts or [])
    return amounts(
        Cells(
            found,
            np.array(numbers if numbers is not None else [np.nan] * count),
            pa.array(texts, pa.string()) if texts is not None else pa.nulls(count, pa.string()),
            np.full(count, NUMBER if numbers is not None else TEXT, dtype=np.int8),
        )
    )


def expected(value: Decimal, unit: str) -> int:
    """Fen of ``value`` in ``unit``, by decimal arithmetic."""
    factor = UNITS["tax_cny"][unit]
    return int((value * factor * 100).quantize(Decimal(1), ROUND_HALF_UP))


typed = st.decimals(
    min_value=Decimal("-99999999"), max_value=Decimal("99999999"), places=6, allow_nan=False, allow_infinity=False
)


@given(value=typed, unit=st.sampled_from(MONEY[:3]))
def test_a_number_cell_gives_back_the_decimal_that_was_typed(value: Decimal, unit: str) -> None:
    found = taken(f"税收（{unit}）", numbers=[float(value)])
    assert found.minor[0] == expected(value, unit)


@given(value=typed, unit=st.sampled_from(MONEY[:3]), grouped=st.booleans())
def test_a_text_is_read_as_the_number_it_says(value: Decimal, unit: str, grouped: bool) -> None:
    text = f"{value:,f}" if grouped else f"{value:f}"
    found = taken(f"税收（{unit}）", texts=[text, f" {text}{unit}"])
    assert found.minor.tolist() == [expected(value, unit)] * 2


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_is_said_not_to_be(text: str) -> None:
    found = taken("税收（万元）", texts=[text])
    assert found.known[0] or found.no_number[0] or found.too_large[0]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_known_is_within_the_bound(value: float) -> None:
    found = taken("税收（亿元）", numbers=[value])
    assert found.known[0] != found.too_large[0]
    assert abs(int(found.minor[0])) <= MOST


@pytest.mark.parametrize("text", ["1,23", "1.2.3", "1.234,5", "12%", "(5)", "—", "1e5", "12斤", "1234567890123456.5"])
def test_a_text_of_more_than_one_meaning_is_no_number(text: str) -> None:
    assert taken("税收（万元）", texts=[text]).no_number[0]


@pytest.mark.parametrize(
    ("heading", "key", "factor"),
    [
        ("实缴税收（万元）", "tax_cny", 10_000),
        ("税收(元)", "tax_cny", 1),
        ("税收总额，单位：万元", "tax_cny", 10_000),
        ("2025年工业总产值（亿元）", "output_cny", 100_000_000),
        ("用电量（万kWh）", "electricity_kwh", 10_000),
        ("用水量（m³）", "water_m3", 1),
        ("主要污染物排放当量（吨）", "emission_kg", 1_000),
        ("研发费用/万元", "rd_cny", 10_000),
        ("综合能耗 吨标准煤", "energy_tce", 1),
        ("　年平均从业人数（人）＊", "staff", 1),
        ("备注", None, None),
    ],
)  # fmt: skip
def test_headings_are_known_by_name_and_unit(heading: str, key: str | None, factor: int | None) -> None:
    found = understand(0, heading)
    assert (found.key, found.factor) == (key, factor) if found else key is None


def test_figures_are_kept_with_the_places_their_columns_have() -> None:
    kept: dict[str, Any] = {
        key: getattr(YearlyReturn._meta.get_field(key), "decimal_places", 0) for key in MINOR_DIGITS
    }
    assert kept == MINOR_DIGITS


@given(at=st.integers(0, 17), letter=st.sampled_from(codes.ALPHABET), number=st.integers(0, 999_999))
def test_one_wrong_character_is_found(at: int, letter: str, number: int) -> None:
    good = places.uscc(number)
    bad = good[:at] + letter + good[at + 1 :]
    _form, right = codes.check_out(pa.array([good, bad, None]))
    assert right.tolist() == [True, bad == good, False]
