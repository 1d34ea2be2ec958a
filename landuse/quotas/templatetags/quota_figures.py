"""Figures of quota in templates."""

from decimal import Decimal
from typing import Any

from django import template

from landuse.quotas import amounts

register = template.Library()


@register.filter
def mu_figure(amount: Any) -> str:
    """亩 for the eye: two decimals, up to four where they are not zero; a dash for nothing."""
    return "—" if amount is None or amount == "" else amounts.shown(Decimal(amount))
