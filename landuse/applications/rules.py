"""The parameters an application is judged by, and whether one is in force or only a peer city's reference."""

from __future__ import annotations

import datetime as dt

from core import policy
from core.casework.findings import Source
from core.policy.models import Parameter

RELAXED = "plot_ratio.relaxed_limits"
PREMIUM = "plot_ratio.premium_supplement_percent"
ANCILLARY = "plot_ratio.ancillary_max_percent"
SCIENCE = "plot_ratio.science_compatible_max_percent"
FLOOR_TOLERANCE = "plot_ratio.floor_area_tolerance_percent"
DIVISION = "division.compatible_use"
STOREY_HEIGHT = "plot_ratio.storey_height_m"


def in_force(key: str, place: str, on: dt.date) -> policy.Value | None:
    """What is in force for a key at a place on a day; None when nothing is."""
    try:
        return policy.value(key, place, on)
    except policy.ParameterMissing:
        # That nothing is in force is an answer here: every condition says so in its own words.
        return None


def reference(key: str, on: dt.date) -> policy.Value | None:
    """A peer city's figure for a key that nobody here has adopted; it never binds."""
    rows = Parameter.objects.valid_on(on).filter(key=key, status=Parameter.Status.REFERENCE)
    row = rows.select_related("document", "jurisdiction").order_by("document", "pk").first()
    return policy.Value.of(row) if row else None


def cited(value: policy.Value | None) -> Source | None:
    """Its source; None for none."""
    return Source.of(value) if value else None
