"""Land but no return of the year, after the day it was due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from efficiency.flags.models import Rule
from efficiency.flags.rules.finding import Asked, CannotTell, Finder
from efficiency.returns.due import DUE, due_on

# Whoever has handed in a report is not to blame for the office that has not confirmed it.
SELECT = """
SELECT l.principal_plot_id AS plot_id, l.enterprise_id, e.district_id AS district_code, e.is_demo,
       e.name || ' 未报 ' || %(year)s || ' 年年报' AS title,
       jsonb_build_object('due', %(due)s::date, 'registered_m2', l.registered_m2, 'actual_m2', l.actual_m2,
           'converted_m2', l.converted_m2, 'plots', l.plots) AS evidence,
       false AS provisional, false AS shared, false AS reported, false AS unpublished
FROM returns_landofyear l
JOIN enterprises_enterprise e ON e.id = l.enterprise_id
WHERE l.year = %(year)s AND greatest(l.registered_m2, l.actual_m2, l.converted_m2) > 0
    AND NOT EXISTS (
        SELECT FROM returns_yearlyreturn r
        WHERE r.enterprise_id = l.enterprise_id AND r.year = %(year)s AND r.valid_to IS NULL
    )
    AND NOT EXISTS (
        SELECT FROM returns_selfreport s
        WHERE s.enterprise_id = l.enterprise_id AND s.year = %(year)s AND s.state IN ('submitted', 'confirmed')
    )
"""


def facts(asked: Asked) -> Mapping[str, Any]:
    """The day returns were due. Raises CannotTell while there is still time."""
    due = due_on(asked.year, on=asked.on)
    if asked.on <= due:
        raise CannotTell(f"{asked.year} 年年报填报至 {due.isoformat()}，当日仍可填报")
    return {"due": due}


NO_RETURN = Finder(Rule.NO_RETURN, SELECT, facts, keys=(DUE,))
