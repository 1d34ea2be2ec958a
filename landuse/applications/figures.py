"""The figures of an application: what each may be, and how one is read from what somebody typed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Range:
    """What a figure may be: from ``least`` (excluded when ``above``) to ``most``, with ``places`` decimals."""

    label: StrOrPromise
    least: Decimal
    most: Decimal
    places: int
    unit: StrOrPromise = ""
    above: bool = False

    def holds(self, value: Decimal) -> bool:
        """Whether ``value`` may be such a figure; how many decimals it has is not asked."""
        return (value > self.least if self.above else value >= self.least) and value <= self.most


# Bounds of plausibility, not of law: they tell a slip of unit or digit from a plan. The database holds the same ones.
RATIO = Range(_("容积率"), Decimal(0), Decimal(20), 3, above=True)
DENSITY = Range(_("建筑密度"), Decimal(0), Decimal(100), 2, "%", above=True)
GREEN = Range(_("绿地率"), Decimal(0), Decimal(100), 2, "%")
HEIGHT = Range(_("建筑限高"), Decimal(0), Decimal(500), 2, "m", above=True)
FLOOR = Range(_("建筑面积"), Decimal(0), Decimal(10_000_000), 2, "m²")

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_LONGEST = 40


def read(typed: object) -> Decimal | None:
    """The number somebody typed: ２．５, "1,200" and " 3 " are numbers, words are none.

    Raises ValueError for what is no plain number (1e9 is written 1000000000); None for nothing.
    """
    text = unicodedata.normalize("NFKC", str(typed if typed is not None else "")).strip()
    if not text:
        return None
    plain = text.replace(",", "").replace(" ", "")
    if len(plain) > _LONGEST or not _NUMBER.fullmatch(plain):
        raise ValueError(text[:_LONGEST])
    try:
        return Decimal(plain)
    except InvalidOperation as error:
        raise ValueError(text[:_LONGEST]) from error


def usable(typed: object, allowed: Range) -> Decimal | None:
    """The number typed when it may be such a figure; else None, and the form's own sentence says why."""
    try:
        value = read(typed)
    except ValueError:
        return None
    return value if value is not None and allowed.holds(value) else None


def plain(value: Decimal | None) -> str:
    """A figure as people write it: no trailing zeros, never an exponent; a dash for nothing."""
    if value is None:
        return "—"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
