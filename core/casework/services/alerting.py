"""Alerts on deadlines: opened when one comes near or passes, reported to heads, closed when it is met.

What is due stands in the cases and their reviews; an alert only remembers that somebody
was told. One statement compares the two, so a watch may run as often as it likes, and two
at once make one.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Role, User
from core.casework import audience, kinds, offices, working_days
from core.casework.models import Alert, Case, Review, TimelineEntry
from core.casework.services import notifying, timeline
from core.casework.states import TURN, State, states_of

DUE_SOON, OVERDUE, ESCALATED = (rule.value for rule in Alert.Rule)


class Duty(NamedTuple):
    """What a stage asks for, in words, and of whom."""

    task: Any
    people: audience.People


DUTIES = {
    State.SUBMITTED: Duty(gettext_lazy("决定是否受理"), audience.officers),
    State.REVIEW: Duty(gettext_lazy("会审结束并报决定"), audience.officers),
    State.DECISION: Duty(gettext_lazy("作出决定"), audience.deciders),
    State.NOTICE: Duty(gettext_lazy("办理生效"), audience.deciders),
    State.APPEAL: Duty(gettext_lazy("办理复核"), audience.hearers),
    State.CORRECTION: Duty(gettext_lazy("补正"), audience.applicant),
    State.ISSUED: Duty(gettext_lazy("报送整改方案"), audience.applicant),
    State.PLANNED: Duty(gettext_lazy("审查整改方案"), audience.officers),
    State.RECTIFYING: Duty(gettext_lazy("完成整改并报告"), audience.applicant),
    State.CHECKING: Duty(gettext_lazy("复核整改情况"), audience.officers),
    State.SANCTION: Duty(gettext_lazy("作出处理决定"), audience.deciders),
    State.IMPOSED: Duty(gettext_lazy("落实处理决定"), audience.officers),
}

_DUE = """
    WITH part (kind, state, office) AS (VALUES {parts}),
    place AS MATERIALIZED (
        SELECT code,
            casework_add_working_days(%(on)s, policy_number('case.due_soon_days', code, %(on)s)::integer) AS soon,
            policy_number('case.escalation_days', code, %(on)s) AS escalation_days
        FROM (SELECT DISTINCT district_id AS code FROM casework_case) AS used
    ),
    duty AS (
        SELECT c.id AS case_id, c.district_id, part.office, c.due_on
        FROM casework_case c JOIN part ON part.kind = c.kind AND part.state = c.state
        WHERE c.due_on IS NOT NULL
        UNION ALL
        SELECT c.id, c.district_id, r.office, r.due_on
        FROM casework_review r JOIN casework_case c ON c.id = r.case_id AND c.round = r.round
        WHERE c.state = 'review' AND r.given_at IS NULL
    ),
    due AS (
        -- An office with two duties in a case is told of the earlier one.
        SELECT DISTINCT ON (duty.case_id, told.rule, duty.office) duty.case_id, told.rule, duty.office, duty.due_on
        FROM duty
        JOIN place ON place.code = duty.district_id
        CROSS JOIN LATERAL (VALUES
            ('due_soon', duty.due_on BETWEEN %(on)s AND place.soon),
            ('overdue', duty.due_on < %(on)s),
            -- An applicant who is late is nobody's delay.
            ('escalated', duty.due_on < %(on)s AND duty.office <> '{applicant}'
                AND casework_working_days(duty.due_on, %(on)s) >= place.escalation_days)
        ) AS told (rule, holds)
        WHERE told.holds
        ORDER BY duty.case_id, told.rule, duty.office, duty.due_on
    )
"""

_CLOSE = """
    UPDATE casework_alert alert SET closed_at = %(now)s
    WHERE closed_at IS NULL AND NOT EXISTS (
        SELECT FROM due
        WHERE due.case_id = alert.case_id AND due.rule = alert.rule
            AND due.office = alert.office AND due.due_on = alert.due_on
    )
"""

_OPEN = """
    INSERT INTO casework_alert (case_id, rule, office, due_on, opened_at)
    SELECT case_id, rule, office, due_on, %(now)s FROM due ORDER BY case_id, rule, office
    ON CONFLICT (case_id, rule, office) WHERE closed_at IS NULL DO NOTHING
    RETURNING id
"""


@dataclass(frozen=True)
class Watched:
    """How many alerts a watch opened, by rule, and how many it closed."""

    due_soon: int
    overdue: int
    escalated: int
    closed: int

    def __str__(self) -> str:
        return _("将到期 %(due_soon)s，逾期 %(overdue)s，上报 %(escalated)s，解除 %(closed)s") % self.__dict__


def watch_deadlines(*, on: dt.date | None = None) -> Watched:
    """Bring the alerts in line with what is due on ``on`` (today), and tell everybody whom a new one concerns.

    Due soon is what ends within ``case.due_soon_days`` working days, overdue what ended
    before the day; after ``case.escalation_days`` working days it is reported to the heads
    of the district and the city. Where a parameter is not in force nobody is told.
    """
    on = on or timezone.localdate()
    values: dict[str, Any] = {"on": on, "now": timezone.now(), **_part_values()}
    due = _due_statement()
    with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
        with connection.cursor() as cursor:
            cursor.execute(due + _CLOSE, values)
            closed = cursor.rowcount
            cursor.execute(due + _OPEN, values)
            opened = [row[0] for row in cursor.fetchall()]
        alerts = Alert.objects.filter(pk__in=opened).select_related(
            "case__assignee", "case__accepted_by", "case__filed_by", "case__district"
        )
        counts = Counter(alert.rule for alert in alerts)
        for alert in alerts.order_by("pk"):
            _tell(alert, on)
    return Watched(counts[DUE_SOON], counts[OVERDUE], counts[ESCALATED], closed)


def close_met(case: Case) -> int:
    """Close the alerts of a case whose duty has been done or has another day now; how many. An act need not wait
    for the next watch."""
    owed = {(office, case.due_on) for kind, state, office in _parts() if (kind, state) == (case.kind, case.state)}
    if case.state == State.REVIEW:
        unspoken = case.reviews.filter(round=case.round, given_at__isnull=True)
        owed.update(unspoken.values_list("office", "due_on"))
    still_open = Alert.objects.filter(case=case, closed_at__isnull=True)
    met = [alert.pk for alert in still_open if (alert.office, alert.due_on) not in owed]
    return Alert.objects.filter(pk__in=met).update(closed_at=timezone.now())


def _parts() -> list[tuple[str, str, str]]:
    """(kind, state, office): who has the next move where, as far as a clock runs."""
    return [
        (kind.name, state.value, kind.role_of(TURN[state]).value)
        for kind in kinds.all_kinds()
        for state in DUTIES
        if state.value in states_of(kind.procedure)
    ]


def _part_values() -> dict[str, str]:
    return {f"part_{n}": text for n, text in enumerate(text for part in _parts() for text in part)}


def _due_statement() -> str:
    rows = (f"(%(part_{n})s, %(part_{n + 1})s, %(part_{n + 2})s)" for n in range(0, 3 * len(_parts()), 3))
    return _DUE.format(parts=", ".join(rows), applicant=Role.ENTERPRISE.value)


def _tell(alert: Alert, on: dt.date) -> None:
    """Tell who is late or nearly so, and who conducts the case; what is late stands in the timeline for staff."""
    case = alert.case
    task, people = _asked(alert)
    who = offices.party(alert.office, supervised=case.kind_of.is_supervision)
    words = {"office": who, "task": task, "due": alert.due_on}
    if alert.rule == DUE_SOON:
        _notify(alert, people, _("即将到期，请不迟于 %(due)s %(task)s。") % words)
        return
    late = _("%(office)s应不迟于 %(due)s %(task)s，已逾期") % words
    if alert.rule == OVERDUE:
        _notify(alert, people, _("已逾期：应不迟于 %(due)s %(task)s，请尽快办理。") % words)
        others = [user for user in audience.officers(case) if user not in people]
        _notify(alert, others, late + _("。"))
        timeline.record(case, TimelineEntry.Act.OVERDUE, None, late, internal=True)
        return
    late += _(" %(days)s 个工作日") % {"days": working_days.between(alert.due_on, on)}
    _notify(alert, audience.heads(case), _("逾期上报：%(late)s，请督办。") % {"late": late})
    timeline.record(case, TimelineEntry.Act.ESCALATED, None, late, internal=True)


def _asked(alert: Alert) -> tuple[Any, list[User]]:
    """What is asked of whom: the review of an office, or the next move of the case."""
    case: Case = alert.case
    if case.state == State.REVIEW:
        review = Review.objects.filter(
            case=case, round=case.round, office=alert.office, given_at__isnull=True, due_on=alert.due_on
        ).first()
        if review is not None:
            return _("出具会审意见"), audience.reviewers_of(review, case)
    duty = DUTIES[State(case.state)]
    return duty.task, list(duty.people(case))


def _notify(alert: Alert, people: list[User], sentence: str) -> None:
    users = audience.with_deputies(people, timezone.localdate())
    notifying.tell(users=users, act=alert.rule, text=audience.lead(alert.case) + sentence, case=alert.case)
