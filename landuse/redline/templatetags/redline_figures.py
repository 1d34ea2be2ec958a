"""Figures of the compliance tables that keep their side of the floor."""

from __future__ import annotations

from decimal import Decimal

from django import template

from core.web.figures import grouped, round_honestly
from landuse.redline import wording
from landuse.redline.compliance import Standing

register = template.Library()


@register.filter
def deviation(standing: Standing) -> str:
    """Distance from the delineated size in percent, with its sign (A1): +0.33."""
    share = Decimal(str(100 * standing.surplus_m2 / standing.floor_m2))
    return grouped(round_honestly(share), signed=True)


@register.filter
def floor_km2(floor_m2: float) -> str:
    """A floor as the documents write it: 190 km²."""
    return wording.floor_text(floor_m2)
