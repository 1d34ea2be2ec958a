"""How pages show a figure of a return: in the unit people type, the exact amount on hover."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.web.figures import as_decimal, grouped, round_honestly
from efficiency.returns.figures import BY_KEY, Figure, Office

register = template.Library()


@register.simple_tag
def amount(figure: Figure | str, value: Any, signed: bool = False) -> SafeString | str:
    """``value`` of the column in the shown unit of ``figure``; a dash for a figure nobody knows."""
    kind = BY_KEY[figure] if isinstance(figure, str) else figure
    # A lookup through nothing reaches a tag as "".
    if value is None or value == "":
        return "—"
    exact = as_decimal(value)
    shown = exact if kind.whole else round_honestly(exact / kind.scale)
    text = f"{exact.normalize():f}" if exact else "0"
    return format_html(
        '<span class="num" title="{} {}">{}</span>', grouped(Decimal(text)), kind.unit, grouped(shown, signed)
    )


@register.filter
def office_name(office: str) -> str:
    """The office behind a figure in words."""
    return str(Office(office).label) if office in Office.values else ""


@register.filter
def get(mapping: Any, key: str) -> Any:
    """``mapping[key]``, or None."""
    return mapping.get(key) if mapping else None


@register.filter
def times100(ratio: Any) -> Any:
    """A ratio as per cent."""
    return None if ratio is None else ratio * 100
