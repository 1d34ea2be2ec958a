"""How figures of agreements are written."""

from __future__ import annotations

from decimal import Decimal


def permu(figure: Decimal | None) -> str:
    """万元 per 亩 with two decimals at least, without the zeros behind them; a dash for none."""
    if figure is None:
        return "—"
    text = f"{figure:,.4f}".rstrip("0")
    return text + "00"[: max(0, 2 - len(text.partition(".")[2]))]


def money(text: str) -> str:
    """An amount or area kept as text, with its thousands apart."""
    return f"{Decimal(text):,.2f}"
