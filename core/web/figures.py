"""How a figure is written: units, digits, and never a rounding that changes a verdict.

A display rounds; a verdict does not. Where rounding would carry a figure onto or
across the limit it is compared with, more digits are shown, up to six.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from core.geodata.area import M2_PER_HECTARE, M2_PER_KM2, mu_from_m2

MINUS = "\N{MINUS SIGN}"
MAX_DIGITS = 6

UNIT_LABELS = {"km2": "km²", "ha": "公顷", "mu": "亩", "m2": "m²"}


def _side(value: Decimal, limit: Decimal) -> int:
    return (value > limit) - (value < limit)


def round_honestly(value: Decimal, limit: Decimal = Decimal(0), digits: int = 2) -> Decimal:
    """``value`` with the fewest digits (``digits`` to 6) that keep it on its side of ``limit``.

    A value whose distance to ``limit`` is under half of the sixth digit is
    pushed away from it by one unit there, so a shortfall never reads as met.
    """
    side = _side(value, limit)
    for places in range(digits, MAX_DIGITS + 1):
        rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
        if _side(rounded, limit) == side:
            return rounded
    # Exactly the limit, with more digits than are shown: it rounds as the limit itself does.
    away = {1: ROUND_CEILING, 0: ROUND_HALF_EVEN, -1: ROUND_FLOOR}[side]
    return value.quantize(Decimal(1).scaleb(-MAX_DIGITS), rounding=away)


def grouped(value: Decimal, signed: bool = False) -> str:
    """``value`` with thousands separators, a true minus, and a plus if ``signed``."""
    text = f"{abs(value):,}"
    if value < 0:
        return MINUS + text
    return f"+{text}" if signed and value > 0 else text


@dataclass(frozen=True)
class AreaText:
    """One area written in every unit."""

    km2: str
    ha: str
    mu: str
    m2: str
    exact: str


def in_unit(area_m2: Decimal, unit: str) -> Decimal:
    """``area_m2`` (m²) in ``unit`` ('km2', 'ha', 'mu', 'm2'), unrounded."""
    if unit == "mu":
        return mu_from_m2(area_m2)
    return area_m2 / {"km2": M2_PER_KM2, "ha": M2_PER_HECTARE, "m2": 1}[unit]


def as_decimal(number: float | int | Decimal | str) -> Decimal:
    return number if isinstance(number, Decimal) else Decimal(str(number))


def area_text(
    area_m2: float | Decimal,
    *,
    floor_m2: float | Decimal | None = None,
    signed: bool = False,
    digits: int = 2,
) -> AreaText:
    """``area_m2`` (m²) written in km², 公顷, 亩 and m².

    ``floor_m2`` is the limit it is compared with: no unit rounds onto or over
    it. Without one the limit is zero, so a surplus keeps its sign.
    """
    area = as_decimal(area_m2)
    floor = Decimal(0) if floor_m2 is None else as_decimal(floor_m2)
    texts = {
        unit: grouped(
            round_honestly(in_unit(area, unit), in_unit(floor, unit), digits if unit == "km2" else 2),
            signed,
        )
        for unit in UNIT_LABELS
    }
    return AreaText(exact=str(area), **texts)
