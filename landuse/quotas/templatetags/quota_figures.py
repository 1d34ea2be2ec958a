"""Figures of quota in templates."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template

from core.web.figures import MINUS
from landuse.quotas import amounts

register = template.Library()


@register.filter
def mu_figure(amount: Any) -> str:
    """亩 for the eye: two decimals, up to four where they are not zero; a dash for nothing."""
    return "—" if amount is None or amount == "" else amounts.shown(Decimal(amount))


@register.filter
def quota_total(row: Any) -> str:
    """What the plan of a row has to give: granted and moved in, in 亩."""
    return amounts.shown(row.plan.granted + row.plan.transferred)


@register.filter
def available_change(entry: Any) -> str:
    """By how much an entry changes what is available, in 亩 with its sign."""
    change = entry.granted_mu + entry.transferred_mu - entry.reserved_mu - entry.committed_mu
    return ("+" if change > 0 else MINUS if change < 0 else "") + amounts.shown(abs(change))


@register.filter
def entry_of(table: Mapping[Any, Any], key: Any) -> Any:
    """``table[key]``, or None."""
    return table.get(key)
