"""Class D of a run: the last of their cohort (rules §2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from efficiency.flags.models import Rule
from efficiency.flags.rules.finding import Asked, Finder

SELECT = """
SELECT l.principal_plot_id AS plot_id, s.enterprise_id, s.district_code, e.is_demo,
       e.name || ' ' || %(year)s || ' 年评价为 D 类' AS title,
       jsonb_build_object('total', s.total, 'rank', s.rank, 'cohort', s.cohort, 'industry_rank', s.industry_rank,
           'industry_count', s.industry_count, 'land_m2', s.land_m2, 'return', r.id) AS evidence,
       coalesce(r.status = 'provisional', false) AS provisional,
       used.occupants > 1 AS shared,
       r.self_report_id IS NOT NULL AS reported,
       %(unpublished)s AS unpublished
FROM evaluation_score s
JOIN enterprises_enterprise e ON e.id = s.enterprise_id
LEFT JOIN returns_landofyear l ON l.enterprise_id = s.enterprise_id AND l.year = %(year)s
LEFT JOIN returns_yearlyreturn r ON r.enterprise_id = s.enterprise_id AND r.year = %(year)s
    AND r.valid_from <= %(as_of)s AND (r.valid_to IS NULL OR r.valid_to > %(as_of)s)
CROSS JOIN LATERAL (
    SELECT count(DISTINCT o.enterprise_id) AS occupants FROM plots_occupation o
    WHERE o.plot_id = l.principal_plot_id
        AND o.valid_from <= %(year_end)s AND (o.valid_to IS NULL OR o.valid_to > %(year_end)s)
) used
WHERE s.run_id = %(run)s AND s.grade = 'D'
"""


def facts(asked: Asked) -> Mapping[str, Any]:
    """The run and the moment its figures were believed at. Raises CannotTell."""
    run = asked.evaluated()
    return {"run": run.pk, "as_of": run.as_of}


CLASS_D = Finder(Rule.CLASS_D, SELECT, facts, evaluates=True)
