"""Checks: every promise of an agreement against its fact, in one statement for one agreement or all.

What an enterprise yields on the agreement's plot is its figure of the year, split over the land it
occupied at the end of that year by area (as :mod:`efficiency.returns.services.deriving` does), per 亩 of
the area agreed. A check is written when its outcome differs from the last one, so that a daily run keeps
the history of changes and not of days.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.refusals import NotAllowed
from efficiency.agreements import perms
from efficiency.agreements.models import FIGURE_OF, Check, Verdict
from efficiency.agreements.services.acting import acting, locked

_FIGURES = ", ".join(f"('{promise.value}', r.{column})" for promise, column in FIGURE_OF.items())

_LOCK = """
    SELECT id FROM agreements_agreement
    WHERE state = 'in_force' AND (%(agreement)s::bigint IS NULL OR id = %(agreement)s)
    ORDER BY id FOR NO KEY UPDATE
"""

_STATEMENT = """
    WITH bound AS MATERIALIZED (
        SELECT a.* FROM agreements_agreement a
        WHERE a.state = 'in_force' AND (%(agreement)s::bigint IS NULL OR a.id = %(agreement)s)
    ), milestone AS (
        SELECT a.id AS agreement_id, m.subject, m.promised_on, fact.id AS fact_id, fact.on AS actual_on, fact.evidence
        FROM bound a
        CROSS JOIN LATERAL (VALUES
            ('start', a.start_by), ('completion', a.completion_by), ('production', a.production_by)
        ) AS m (subject, promised_on)
        LEFT JOIN LATERAL (
            SELECT f.id, f.on, f.evidence FROM agreements_milestonefact f
            WHERE f.agreement_id = a.id AND f.milestone = m.subject ORDER BY f.at DESC, f.id DESC LIMIT 1
        ) AS fact ON true
    ), promised AS (
        SELECT a.id AS agreement_id, a.plot_id, a.enterprise_id, a.area_m2, i.promise, y.year, i.at_least
        FROM bound a
        JOIN LATERAL (
            SELECT promise, min(year) AS since FROM agreements_agreedindicator
            WHERE agreement_id = a.id GROUP BY promise
        ) AS first ON true
        CROSS JOIN LATERAL generate_series(first.since, extract(year FROM %(on)s::date)::integer - 1) AS y (year)
        JOIN LATERAL (
            SELECT promise, at_least FROM agreements_agreedindicator
            WHERE agreement_id = a.id AND promise = first.promise AND year <= y.year ORDER BY year DESC LIMIT 1
        ) AS i ON true
    ), used AS (
        SELECT p.enterprise_id, p.year, o.plot_id, sum(o.share) * v.area_m2 AS area_m2
        FROM (SELECT DISTINCT enterprise_id, year FROM promised) AS p
        JOIN plots_occupation o ON o.enterprise_id = p.enterprise_id
            AND o.valid_from <= make_date(p.year, 12, 31)
            AND (o.valid_to IS NULL OR o.valid_to > make_date(p.year, 12, 31))
        JOIN plots_plotversion v ON v.plot_id = o.plot_id
            AND v.valid_from <= make_date(p.year, 12, 31)
            AND (v.valid_to IS NULL OR v.valid_to > make_date(p.year, 12, 31))
        GROUP BY p.enterprise_id, p.year, o.plot_id, v.area_m2
    ), part AS (
        SELECT enterprise_id, year, plot_id, area_m2 AS here_m2,
            sum(area_m2) OVER (PARTITION BY enterprise_id, year) AS all_m2
        FROM used
    ), measured AS (
        SELECT p.*, r.id AS return_id, figure.value AS figure, part.here_m2, part.all_m2,
            figure.value * (part.here_m2 / nullif(part.all_m2, 0))::numeric / (p.area_m2 * 3 / 2000) / 10000 AS actual
        FROM promised p
        LEFT JOIN returns_yearlyreturn r
            ON r.enterprise_id = p.enterprise_id AND r.year = p.year AND r.valid_to IS NULL
        LEFT JOIN LATERAL (
            SELECT value FROM (VALUES {figures}) AS f (promise, value) WHERE f.promise = p.promise
        ) AS figure ON true
        LEFT JOIN part
            ON part.enterprise_id = p.enterprise_id AND part.year = p.year AND part.plot_id = p.plot_id
    ), found AS (
        SELECT agreement_id, subject, NULL::integer AS year, NULL::numeric AS promised, NULL::numeric AS actual,
            NULL::numeric AS ratio, promised_on, actual_on, coalesce(actual_on, %(on)s::date) - promised_on AS days,
            CASE
                WHEN actual_on <= promised_on THEN 'kept'
                WHEN actual_on IS NOT NULL THEN 'late'
                WHEN promised_on < %(on)s::date THEN 'overdue'
                ELSE 'pending'
            END AS verdict,
            jsonb_strip_nulls(jsonb_build_object('fact', fact_id, 'document', evidence)) AS evidence,
            NULL::bigint AS return_id
        FROM milestone
        UNION ALL
        SELECT agreement_id, promise, year, at_least, round(actual, 4), round(actual / at_least, 4), NULL, NULL, NULL,
            CASE WHEN actual IS NULL THEN 'unknown' WHEN actual >= at_least THEN 'kept' ELSE 'broken' END,
            jsonb_strip_nulls(jsonb_build_object(
                'figure', figure::text, 'here_m2', round(here_m2::numeric, 2)::text,
                'all_m2', round(all_m2::numeric, 2)::text, 'agreed_m2', area_m2::text
            )),
            return_id
        FROM measured
    )
    INSERT INTO agreements_check AS c (agreement_id, "on", subject, year, promised, actual, ratio, promised_on,
        actual_on, days, verdict, evidence, yearly_return_id)
    SELECT agreement_id, %(on)s::date, subject, year, promised, actual, ratio, promised_on, actual_on, days, verdict,
        evidence, return_id
    FROM found
    WHERE NOT EXISTS (
        SELECT FROM (
            SELECT last.* FROM agreements_check last
            WHERE last.agreement_id = found.agreement_id AND last.subject = found.subject
                AND last.year IS NOT DISTINCT FROM found.year
            ORDER BY last.on DESC, last.id DESC LIMIT 1
        ) AS last
        -- How late an open milestone is changes every day and says nothing new.
        WHERE (last.verdict, last.promised, last.actual, last.promised_on, last.actual_on)
            IS NOT DISTINCT FROM (found.verdict, found.promised, found.actual, found.promised_on, found.actual_on)
    )
    ORDER BY agreement_id, subject, year
    RETURNING c.id
""".replace("{figures}", _FIGURES)


@dataclass(frozen=True)
class Verified:
    """The checks a run wrote: those whose outcome is new."""

    checks: tuple[int, ...]

    @property
    def broken(self) -> list[Check]:
        """Those that say a promise is broken or a day has passed, with their agreements."""
        rows = Check.objects.filter(pk__in=self.checks, verdict__in=[Verdict.BROKEN, Verdict.OVERDUE])
        return list(rows.select_related("agreement__enterprise", "agreement__district").order_by("pk"))


def verify(*, agreement_id: int, by: User, on: dt.date | None = None) -> Verified:
    """Check every promise of one agreement as of ``on`` (today). Raises NotAllowed."""
    with acting(by):
        agreement = locked(agreement_id, by)
        if not perms.follows(by, agreement):
            raise NotAllowed(_("履约核查由本区亩均监测人员或工信园区人员在协议生效期间办理。"))
        return verify_within(agreement.pk, on or timezone.localdate())


def verify_all(on: dt.date) -> Verified:
    """Check every promise of every agreement in force as of ``on``; one statement."""
    with acting(None):
        return verify_within(None, on)


def verify_within(agreement_id: int | None, on: dt.date) -> Verified:
    """The same within the caller's transaction."""
    with connection.cursor() as cursor:
        # Two who check at once: the second waits here and then sees what the first wrote.
        cursor.execute(_LOCK, {"agreement": agreement_id})
        cursor.execute(_STATEMENT, {"agreement": agreement_id, "on": on})
        return Verified(tuple(row[0] for row in cursor.fetchall()))
