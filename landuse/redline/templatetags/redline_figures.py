"""Figures of the compliance tables that keep their side of the floor."""

from __future__ import annotations

from decimal import Decimal

from django import template

from core.web.figures import area_text, grouped, round_honestly
from landuse.redline import wording
from landuse.redline.compliance import Standing

register = template.Library()


@register.filter
def signed_m2(area_m2: float) -> str:
    """m² with its sign, at least two digits: −0.01, +620,266.67."""
    return area_text(area_m2, signed=True).m2


@register.filter
def deviation(standing: Standing) -> str:
    """Distance from the delineated size in percent, with its sign (A1): +0.33."""
    share = Decimal(str(100 * standing.surplus_m2 / standing.floor_m2))
    return grouped(round_honestly(share), signed=True)


@register.filter
def signed_mu(area_m2: float) -> str:
    """亩 with its sign, at least two digits."""
    return area_text(area_m2, signed=True).mu


@register.filter
def floor_km2(floor_m2: float) -> str:
    """A floor as the documents write it: 190 km²."""
    return wording.floor_text(floor_m2)
