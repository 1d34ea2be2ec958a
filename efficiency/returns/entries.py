"""Figures as people type and read them: in 万元 and the like, turned exactly into the units of the columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.web.figures import MINUS
from efficiency.returns.figures import BY_KEY, FIGURES, Figure
from efficiency.returns.imports.headings import MINOR_DIGITS

Amount = Decimal | int

MOST_TYPED = 60
"""Characters of one figure that are kept as typed."""

MOST_DIGITS = 16
"""Digits before the point of a figure in the unit of its column; one more does not fit the column."""

_NUMBER = re.compile(r"^([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?$")


class Unreadable(ValueError):
    """What was typed is no figure of this kind; the message says why and how to write it."""


def read(figure: Figure, text: str) -> Amount | None:
    """``text`` in the unit people type, as the column keeps it; None for nothing. Raises Unreadable."""
    plain = unicodedata.normalize("NFKC", text).replace(MINUS, "-").replace(" ", "").strip()
    if not plain:
        return None
    found = _NUMBER.match(plain)
    if not found:
        raise Unreadable(
            _("“%(figure)s”须为数字，单位%(unit)s，现为“%(text)s”。")
            % {"figure": figure.title, "unit": figure.shown_unit, "text": text.strip()[:20]}
        )
    amount = Decimal(found[1] + found[2].replace(",", "") + (found[3] or "")) * figure.scale
    places = MINOR_DIGITS[figure.key]
    exact = amount.quantize(Decimal(1).scaleb(-places)) if abs(amount) < 10**MOST_DIGITS else None
    if exact is None:
        raise Unreadable(_("“%(figure)s”过大，请核对单位（%(unit)s）。") % _named(figure))
    if exact != amount:
        raise Unreadable(_too_fine(figure, places))
    if amount < 0 and not figure.signed:
        raise Unreadable(_("“%(figure)s”不得为负。") % _named(figure))
    return int(exact) if figure.whole else exact


def read_all(typed: Mapping[str, Any]) -> tuple[dict[str, Amount | None], dict[str, str]]:
    """Every figure of ``typed`` (by key), and the sentence for each that cannot be read."""
    amounts: dict[str, Amount | None] = {}
    faults: dict[str, str] = {}
    for figure in FIGURES:
        try:
            amounts[figure.key] = read(figure, str(typed.get(figure.key, "")))
        except Unreadable as unreadable:
            amounts[figure.key] = None
            faults[figure.key] = str(unreadable)
    return amounts, faults


def kept(posted: Mapping[str, Any]) -> dict[str, str]:
    """What was typed, by figure, as it is kept: no NUL, at most ``MOST_TYPED`` characters each, nothing empty."""
    typed = {key: str(posted.get(key, "")).replace("\0", "").strip()[:MOST_TYPED] for key in BY_KEY}
    return {key: text for key, text in typed.items() if text}


def write(figure: Figure, amount: Amount | float | None) -> str:
    """A figure of the column as one would type it; "" for None."""
    if amount is None:
        return ""
    shown = Decimal(str(amount)) / figure.scale
    return f"{shown.normalize():f}"


def _named(figure: Figure) -> dict[str, Any]:
    return {"figure": figure.title, "unit": figure.shown_unit}


def _too_fine(figure: Figure, places: int) -> str:
    digits = places + len(str(figure.scale)) - 1
    if not digits:
        return _("“%(figure)s”须为整数。") % _named(figure)
    return _("“%(figure)s”最多 %(digits)s 位小数，单位%(unit)s。") % {**_named(figure), "digits": digits}
