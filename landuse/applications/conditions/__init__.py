"""The conditions of a higher plot ratio (rules PR-1, PR-2, PR-5), each a finding with its source.

Pure: what they answer follows from the case, the facts and the parameters of one day.
"""

from __future__ import annotations

import datetime as dt

from core.casework.findings import Finding
from core.casework.models import Case
from landuse.applications.conditions import conformity, figures, land, premium, schedule, standing
from landuse.applications.conditions.subject import Subject


def assess(case: Case, on: dt.date) -> list[Finding]:
    """Every finding about a case on a day, in the order people read them."""
    subject = Subject.of(case, on)
    found = [
        land.in_force(subject),
        land.no_other_case(subject),
        standing.basis(subject),
        standing.membership(subject),
        *conformity.conformity(subject),
        conformity.place(subject),
        land.use_unchanged(subject),
        standing.no_breach(subject),
        standing.no_idle_land(subject),
        figures.ratio_not_lower(subject),
        figures.relaxed(subject),
        schedule.adds_up(subject),
        schedule.ancillary(subject),
        schedule.science(subject),
    ]
    return [*found, premium.supplement(subject, found)]
