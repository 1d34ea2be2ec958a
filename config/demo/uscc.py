"""Unified social credit codes that check out, marked as the demo city's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# GB 32100-2015: digits and letters without I, O, S, V, Z; the check digit is mod 31.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS = [pow(3, i, 31) for i in range(17)]

# GB 11714-1997, the organisation code within: mod 11 over digits and all letters.
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def check_digit(first_17: str) -> str:
    """The 18th character of a code, from its first 17."""
    total = sum(_VALUE[c] * w for c, w in zip(first_17, _WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]


def organisation_code(body: str) -> str:
    """Eight characters of an organisation code with their check character."""
    total = sum(int(c, 36) * w for c, w in zip(body, _ORG_WEIGHTS, strict=True))
    rest = 11 - total % 11
    return body + ("X" if rest == 10 else "0" if rest == 11 else str(rest))


def demo_codes(numbers: NDArray[np.int64], districts: list[str]) -> list[str]:
    """A code for each (number, district). Bodies begin with XD, so that they stand out."""
    codes = []
    for number, district in zip(numbers.tolist(), districts, strict=True):
        first = f"91{district}{organisation_code(f'XD{number:06d}')}"
        codes.append(first + check_digit(first))
    return codes
