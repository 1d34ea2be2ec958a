"""Output that fell while land lies idle: part of the plot unused, or built far below what was planned (rules §2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from efficiency.flags.models import Rule
from efficiency.flags.rules.finding import Asked, Finder

FALL, IDLE, DIVISOR = "flag.output_fall_percent", "flag.idle_share_percent", "flag.idle_built_divisor"

# A plot nobody uses any more yields nothing; one whose occupants filed no return is not known.
# The owner with the largest share answers for the plot, else the largest tenant.
SELECT = """
SELECT p.plot_id, used.enterprise_id, p.district_id AS district_code, coalesce(e.is_demo, false) AS is_demo,
       coalesce(e.name, p.plot_id) || ' ' || %(year)s || ' 年产值下降且土地闲置' AS title,
       jsonb_build_object('output_before', before.output_cny, 'output', n.output, 'plot_area_m2', p.area_m2,
           'used_share', coalesce(used.share, 0), 'ratio_built', p.plot_ratio_built,
           'ratio_planned', p.plot_ratio_planned, 'plot_version', p.id) AS evidence,
       coalesce(used.provisional, false) AS provisional, coalesce(used.occupants, 0) > 1 AS shared,
       coalesce(used.reported, false) AS reported, false AS unpublished
FROM returns_plotfigure before
JOIN plots_plotversion p ON p.plot_id = before.plot_id
    AND p.valid_from <= %(year_end)s AND (p.valid_to IS NULL OR p.valid_to > %(year_end)s)
LEFT JOIN LATERAL (
    SELECT sum(o.share) AS share, count(DISTINCT o.enterprise_id) AS occupants,
           (array_agg(o.enterprise_id ORDER BY o.kind, o.share DESC, o.enterprise_id))[1] AS enterprise_id,
           bool_or(r.provisional) AS provisional, bool_or(r.reported) AS reported
    FROM plots_occupation o
    -- One row an occupation: its share must not count once for each of the two years.
    CROSS JOIN LATERAL (
        SELECT bool_or(status = 'provisional') AS provisional, bool_or(self_report_id IS NOT NULL) AS reported
        FROM returns_yearlyreturn
        WHERE enterprise_id = o.enterprise_id AND year IN (%(year)s, %(year)s - 1) AND valid_to IS NULL
    ) r
    WHERE o.plot_id = p.plot_id
        AND o.valid_from <= %(year_end)s AND (o.valid_to IS NULL OR o.valid_to > %(year_end)s)
    HAVING count(*) > 0
) used ON true
LEFT JOIN returns_plotfigure now ON now.plot_id = p.plot_id AND now.year = %(year)s
CROSS JOIN LATERAL (
    SELECT coalesce(now.output_cny, CASE WHEN used.occupants IS NULL THEN 0 END) AS output
) n
LEFT JOIN enterprises_enterprise e ON e.id = used.enterprise_id
WHERE before.year = %(year)s - 1 AND before.output_cny > 0
    AND n.output * 100 <= before.output_cny * (100 - %(fall)s)
    AND ((1 - coalesce(used.share, 0)) * 100 >= %(idle)s
        OR p.plot_ratio_planned > 0 AND p.plot_ratio_built * %(divisor)s < p.plot_ratio_planned)
"""


def facts(asked: Asked) -> Mapping[str, Any]:
    """The limits in force."""
    return {"fall": asked.number(FALL), "idle": asked.number(IDLE), "divisor": asked.number(DIVISOR)}


IDLE_FALLING = Finder(Rule.IDLE_FALLING, SELECT, facts, keys=(FALL, IDLE, DIVISOR))
