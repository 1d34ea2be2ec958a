"""Cells into exact figures: whole numbers of the smallest kept unit (分, 0.0001 吨标准煤, 1 人) as int64.

A workbook stores the nearest float64 to what was typed. Multiplied by ``factor`` (smallest units in one unit of the
column, a whole number) and rounded, it gives back the typed decimal exactly, as long as the result stays under
:data:`MOST`: the two roundings together are then off by less than a half. Digits beyond the smallest unit are rounded
half away from zero, the dust of binary fractions apart.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from efficiency.returns.imports.headings import MINOR_DIGITS, UNITS, Heading, folded
from efficiency.returns.imports.limits import EMPTY, NUMBER, TEXT
from efficiency.returns.imports.reading import Cells

MOST = 2**50
"""Beyond this many smallest units (11 万亿元) a float no longer says which one is meant."""

_DUST = 2.0**-50
_PLAIN = r"^[-+]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?$"
_GROUPED = re.compile(r"^([-+]?)([0-9]{1,3}(?:[, '][0-9]{3})+|[0-9]+)(\.[0-9]+)?([^0-9.,]*)$")
MOST_DIGITS = 15


@dataclass(frozen=True)
class Amounts:
    """A column of figures: ``minor`` int64 smallest units where ``known``; masks of what is to be said of the rest.

    ``from_text``: read from a text that has one meaning; ``no_number``: neither a number nor empty; ``fraction``: more
    digits than a whole figure has; ``too_large``: beyond :data:`MOST`.
    """

    minor: np.ndarray
    known: np.ndarray
    from_text: np.ndarray
    no_number: np.ndarray
    fraction: np.ndarray
    too_large: np.ndarray


def amounts(cells: Cells, *, as_text: bool = False) -> Amounts:
    """The figures of ``cells``; with ``as_text`` the file knows nothing but texts, so that one is nothing to remark."""
    key, count = cells.heading.key, len(cells.kind)
    smallest = 10 ** MINOR_DIGITS[key]
    values = np.where(cells.kind == NUMBER, cells.number, np.nan)
    from_text, no_number = np.zeros(count, dtype=bool), (cells.kind != NUMBER) & (cells.kind != EMPTY)
    factor = np.full(count, float(cells.heading.factor))
    texts = np.flatnonzero(cells.kind == TEXT)
    if len(texts):
        read, units = _read_texts(cells.text.take(pa.array(texts)), cells.heading)
        good = np.isfinite(read)
        values[texts[good]], factor[texts[good]] = read[good], units[good]
        no_number[texts[good]] = False
        from_text[texts[good]] = not as_text
    # What overflows is beyond the bound like any other number too large.
    with np.errstate(over="ignore"):
        exact = values * (factor * smallest)
    whole, fraction = _rounded(exact)
    too_large = np.abs(whole) > MOST
    known = np.isfinite(values) & ~too_large
    if MINOR_DIGITS[key]:
        fraction[:] = False
    known &= ~fraction
    minor = np.where(known, whole, 0).astype(np.int64)
    return Amounts(minor, known, from_text & known, no_number, fraction, too_large)


def _rounded(exact: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest whole numbers, halves away from zero, and where there was more than dust to round away."""
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(exact)
        near = np.rint(size)
        dust = size * _DUST
        is_dust = np.abs(size - near) <= dust
        half_up = np.floor(size + 0.5 + dust)
        whole = np.where(is_dust, near, half_up)
        return np.copysign(whole, exact), np.isfinite(exact) & ~is_dust


def _read_texts(texts: pa.Array, heading: Heading) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of texts (NaN where there is none or not one only) and how many units of the database column one makes.

    A unit behind the number counts when it is one of the figure's: 1,234.5万元.
    """
    plain = pc.utf8_trim_whitespace(pc.utf8_normalize(texts, form="NFKC"))
    usual = pc.match_substring_regex(plain, _PLAIN)
    stripped = pc.replace_substring(pc.if_else(usual, plain, None), ",", "")
    stripped = pc.if_else(pc.less_equal(pc.utf8_length(stripped), MOST_DIGITS), stripped, None)
    # Arrow's cast knows no leading plus.
    values = pc.cast(pc.utf8_ltrim(stripped, "+"), pa.float64()).to_numpy(zero_copy_only=False).copy()
    units = np.full(len(values), float(heading.factor))
    for at in np.flatnonzero(np.isnan(values)):
        values[at], units[at] = _read_text(plain[int(at)].as_py(), heading)
    return values, units


def _read_text(text: str, heading: Heading) -> tuple[float, float]:
    found = _GROUPED.match(unicodedata.normalize("NFKC", text).replace("\u00a0", " ").strip())
    if not found:
        return np.nan, 0.0
    sign, whole, rest, unit = found.groups()
    digits = re.sub(r"[, ']", "", whole) + (rest or "")
    if len(digits.replace(".", "").lstrip("0")) > MOST_DIGITS:
        return np.nan, 0.0
    factor = UNITS[heading.key].get(folded(unit), 0) if unit.strip() else heading.factor
    return (float(sign + digits), float(factor)) if factor else (np.nan, 0.0)
