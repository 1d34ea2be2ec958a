"""How figures of an evaluation are written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template

from core.web.figures import grouped

register = template.Library()


@register.filter
def exact(number: Any, digits: int = 4) -> str:
    """A figure with at most ``digits`` decimals and no zeros behind them, thousands apart; "" for none.

    For values that were rounded when they were stored: nothing is lost, and no verdict rests on the text.
    """
    if number is None or number == "":
        return ""
    text = f"{Decimal(str(number)):.{digits}f}"
    return grouped(Decimal(text.rstrip("0").rstrip(".") if "." in text else text))
