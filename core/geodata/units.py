"""亩, 公顷 and km² as exact multiples of m². Knows neither Django nor GDAL.

Only m² is ever stored, so a comparison never depends on how a figure was rounded for display.
"""

from decimal import Decimal
from fractions import Fraction

M2_PER_MU = Fraction(2000, 3)
M2_PER_HECTARE = 10_000
M2_PER_KM2 = 1_000_000


def mu_from_m2(area_m2: float | Decimal) -> Decimal:
    """Return ``area_m2`` in 亩 (1 亩 = 2000/3 m²), unrounded."""
    return Decimal(str(area_m2)) * 3 / 2000


def m2_from_mu(area_mu: float | Decimal) -> Decimal:
    """Return ``area_mu`` (亩) in m², unrounded beyond Decimal precision."""
    return Decimal(str(area_mu)) * 2000 / 3
