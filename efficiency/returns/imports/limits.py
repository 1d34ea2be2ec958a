"""What one file of returns may cost, and how its columns travel from the reading process."""

from __future__ import annotations

from dataclasses import dataclass

MIB, GIB = 1024**2, 1024**3

EMPTY, NUMBER, TEXT, TRUTH, DATE, FAULT, NOT_COMPUTED = range(7)
"""What a cell holds: nothing, a number, a text, true or false, a date, an error of Excel, a formula without a value."""

HEADER_WITHIN = 10
"""The header is looked for in so many first rows."""


@dataclass(frozen=True)
class Limits:
    """Bytes, counts, seconds; a limit is the last value still accepted."""

    bytes: int = 200 * MIB
    unpacked_bytes: int = 3 * GIB
    ratio: int = 100
    """Unpacked over packed size, judged once a workbook unpacks to more than ``ratio_from_bytes``."""
    ratio_from_bytes: int = 32 * MIB
    entries: int = 2_000
    rows: int = 1_048_576
    seconds: float = 300
    memory_bytes: int = 6 * GIB
    """Address space of the reading process."""


LIMITS = Limits()
