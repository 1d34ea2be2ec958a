"""How long offices take: working days from the begin of a stage to its end, less the days a clock stood still.

A correction is the applicant's time: while it lasts the case is in another state, so the
days of a stage are those of its visits, added up. What is still going on is not counted.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from core.accounts.scope import Viewer
from core.casework import kinds
from core.casework.models import Case


class Stage(models.TextChoices):
    """What is timed: accepting, each review, the decision since the acceptance; of a supervision what offices owe."""

    ACCEPT = "accept", _("受理")
    REVIEW = "review", _("会审")
    DECISION = "decision", _("受理至决定")
    PLAN = "plan_review", _("整改方案审查")
    CHECK = "check", _("整改复核")
    SANCTION = "sanction", _("处理决定")


@dataclass(frozen=True)
class Turnaround:
    """A stage of a kind at an office: ``count`` ended, ``median`` and ``ninety`` (90 %) in working days, ``late`` ones.

    ``limit`` is the longest limit that applied, in working days, None where no parameter did.
    """

    kind: str
    stage: str
    office: str
    count: int
    median: Decimal
    ninety: Decimal
    late: int
    limit: int | None

    @property
    def kind_title(self) -> str:
        """The kind in words."""
        return str(kinds.kind(self.kind).title)

    @property
    def stage_title(self) -> str:
        """The stage in words."""
        return str(Stage(self.stage).label)

    @property
    def late_percent(self) -> Decimal:
        """The share of late ones, per cent."""
        return Decimal(100) * self.late / self.count


_STATEMENT = """
    WITH office (kind, officer, decider) AS (VALUES {offices}),
    -- The state that is timed, the stage it belongs to, its parameter, and who is counted.
    step (state, stage, clock, place, by_decider) AS (VALUES
        ('submitted', 'accept', 'accept', 1, false), ('review', 'decision', 'decision', 3, true),
        ('decision', 'decision', 'decision', 3, true), ('planned', 'plan_review', 'accept', 4, false),
        ('checking', 'check', 'check', 5, false), ('sanction', 'sanction', 'decision', 6, true)
    ),
    visible AS ({visible}),
    moved AS (
        SELECT t.case_id, t.to_state, (t.at AT TIME ZONE %s)::date AS day,
            row_number() OVER way AS n, lead((t.at AT TIME ZONE %s)::date) OVER way AS left_on,
            lead(t.act) OVER way AS left_by
        FROM casework_timelineentry t JOIN visible ON visible.id = t.case_id
        WHERE t.to_state <> ''
        WINDOW way AS (PARTITION BY t.case_id ORDER BY t.at, t.id)
    ),
    visit AS (
        SELECT case_id, n, day, left_on, left_by, stage
        FROM moved JOIN step ON step.state = moved.to_state WHERE left_on IS NOT NULL
    ),
    -- A visit left for a correction, or for the next part of the same stage, goes on in the next one of its stage.
    part AS (
        SELECT *, coalesce(sum((left_by NOT IN ('ask_correction', 'conclude_review'))::integer) OVER (
            PARTITION BY case_id, stage ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS run
        FROM visit
    ),
    run AS (
        SELECT case_id, stage, min(day) AS since, max(left_on) AS until,
            (array_agg(left_by ORDER BY n DESC))[1] AS ended_by, sum(casework_working_days(day, left_on)) AS days
        FROM part GROUP BY case_id, stage, run
    ),
    timed AS (
        SELECT c.kind, c.district_id, run.stage,
            CASE WHEN timed_as.by_decider THEN office.decider ELSE office.officer END AS office,
            run.since, run.until, run.days, timed_as.clock, timed_as.place
        FROM run JOIN casework_case c ON c.id = run.case_id JOIN office ON office.kind = c.kind
        JOIN (SELECT DISTINCT stage, clock, place, by_decider FROM step) AS timed_as ON timed_as.stage = run.stage
        WHERE run.ended_by IN ('accept', 'decline', 'approve', 'refuse', 'return_to_applicant', 'accept_plan',
            'return_plan', 'pass_check', 'insist', 'escalate', 'impose', 'remit')
        UNION ALL
        SELECT c.kind, c.district_id, 'review', r.office, asked.day, given.day,
            casework_working_days(asked.day, given.day) - coalesce((
                SELECT sum(casework_working_days(greatest(p.since, asked.day), least(p.until, given.day)))
                FROM casework_pause p
                WHERE p.case_id = r.case_id AND p.since < given.day AND p.until > asked.day
            ), 0), 'review', 2
        FROM casework_review r
        JOIN visible ON visible.id = r.case_id
        JOIN casework_case c ON c.id = r.case_id
        CROSS JOIN LATERAL (SELECT (r.asked_at AT TIME ZONE %s)::date AS day) AS asked
        CROSS JOIN LATERAL (SELECT (r.given_at AT TIME ZONE %s)::date AS day) AS given
        WHERE r.given_at IS NOT NULL
    ),
    measured AS (
        SELECT *, policy_number('case.' || kind || '.' || clock || '_days', district_id, since) AS most
        FROM timed WHERE until BETWEEN %s AND %s
    )
    SELECT kind, stage, office, count(*),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY days), percentile_cont(0.9) WITHIN GROUP (ORDER BY days),
        count(*) FILTER (WHERE days > most), max(most)::integer
    FROM measured
    GROUP BY kind, stage, place, office
    ORDER BY kind, place, office
"""


def turnaround(user: Viewer, *, since: dt.date, until: dt.date) -> list[Turnaround]:
    """Turnaround by kind, stage and office of the cases ``user`` may see, of stages that ended in [since, until].

    Late is what took more working days than the parameter in force when the stage began.
    One query. The decision is counted to the office that decides, from the acceptance on.
    """
    visible = Case.objects.visible_to(user).order_by().values("id").query
    if visible.is_empty():
        return []
    sql, parameters = visible.sql_with_params()
    roles = [text for kind in kinds.all_kinds() for text in (kind.name, kind.officer.value, kind.decider.value)]
    offices = ", ".join(["(%s, %s, %s)"] * len(kinds.all_kinds()))
    zone = settings.TIME_ZONE
    with connection.cursor() as cursor:
        cursor.execute(
            _STATEMENT.format(offices=offices, visible=sql), [*roles, *parameters, *[zone] * 4, since, until]
        )
        return [_row(row) for row in cursor.fetchall()]


def _row(row: tuple[Any, ...]) -> Turnaround:
    kind, stage, office, count, median, ninety, late, limit = row
    return Turnaround(kind, stage, office, count, _days(median), _days(ninety), late, limit)


def _days(figure: float) -> Decimal:
    return Decimal(str(round(figure, 1)))
