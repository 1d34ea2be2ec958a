"""A promise of an agreement in force that its newest check found broken (PM-3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from efficiency.agreements.models import Promise
from efficiency.flags.models import Rule
from efficiency.flags.rules.finding import Asked, Finder

# What a breach already pursues is not flagged beside it.
SELECT = """
SELECT a.plot_id, a.enterprise_id, a.district_id AS district_code, e.is_demo,
       e.name || ' ' || %(year)s || ' 年低于协议 ' || a.number || ' 约定' AS title,
       jsonb_build_object('agreement', a.id, 'number', a.number, 'checks', found.checks) AS evidence,
       found.provisional, used.occupants > 1 AS shared, found.reported, false AS unpublished
FROM (
    SELECT c.agreement_id,
           jsonb_agg(jsonb_build_object('check', c.id, 'on', c.on, 'subject', c.subject, 'promised', c.promised,
               'actual', c.actual, 'ratio', c.ratio, 'return', c.yearly_return_id) ORDER BY c.subject) AS checks,
           coalesce(bool_or(r.status = 'provisional'), false) AS provisional,
           bool_or(r.self_report_id IS NOT NULL) AS reported
    FROM (
        SELECT DISTINCT ON (agreement_id, subject) *
        FROM agreements_check
        WHERE year = %(year)s AND subject = ANY (%(promises)s) AND "on" <= %(on)s
        ORDER BY agreement_id, subject, "on" DESC, id DESC
    ) c
    LEFT JOIN returns_yearlyreturn r ON r.id = c.yearly_return_id
    WHERE c.verdict = 'broken' AND NOT EXISTS (
        SELECT FROM agreements_breach b
        JOIN agreements_breach_checks bc ON bc.breach_id = b.id
        JOIN agreements_check pursued ON pursued.id = bc.check_id
        WHERE b.agreement_id = c.agreement_id AND pursued.subject = c.subject AND pursued.year = c.year
    )
    GROUP BY c.agreement_id
) found
JOIN agreements_agreement a ON a.id = found.agreement_id AND a.state = 'in_force'
JOIN enterprises_enterprise e ON e.id = a.enterprise_id
CROSS JOIN LATERAL (
    SELECT count(DISTINCT o.enterprise_id) AS occupants FROM plots_occupation o
    WHERE o.plot_id = a.plot_id
        AND o.valid_from <= %(year_end)s AND (o.valid_to IS NULL OR o.valid_to > %(year_end)s)
) used
"""


def facts(_asked: Asked) -> Mapping[str, Any]:
    """The promises per 亩 and year; dates are the breach's own to pursue."""
    return {"promises": list(Promise.values)}


BELOW_PROMISE = Finder(Rule.BELOW_PROMISE, SELECT, facts)
