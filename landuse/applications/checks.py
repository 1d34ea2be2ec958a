"""Change sets of plots against the cases about them: whoever changes a plot is told of the case it would stop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from core.casework.states import CLOSED
from core.mapedit.checks import registry
from core.mapedit.checks.prepared import Prepared
from core.mapedit.checks.thresholds import own_rule
from core.mapedit.findings import WARNING, Finding, Source
from core.mapedit.models import Change, ChangeSet
from landuse.applications import KIND

_CLOSED = ", ".join(f"'{state.value}'" for state in CLOSED)
_OPEN = f"k.kind = '{KIND}' AND k.submitted_at IS NOT NULL AND k.state NOT IN ({_CLOSED})"

# From the few open cases to the changes, which may be a million.
_CASES = Prepared(
    f"""
    SELECT c.feature, c.action, k.id, k.number, k.applicant_name
    FROM casework_case k
    CROSS JOIN LATERAL unnest(k.subject_codes) AS plot (code)
    JOIN mapedit_change c ON c.change_set_id = %(set)s AND c.feature = plot.code
    WHERE {_OPEN} AND (%(all)s OR c.feature = ANY (%(features)s))
    ORDER BY c.feature, k.number
    """,
    {"set": "bigint", "all": "boolean", "features": "text[]"},
)


def find(change_set: ChangeSet, on: dt.date, features: Sequence[str] | None) -> list[Finding]:
    """Changed, merged or removed plots with an open case; the case has to be decided or returned first."""
    values = {"set": change_set.pk, "all": features is None, "features": list(features or [])}
    return [_finding(*row) for row in _CASES.rows(values)]


def find_one(change: Change, on: dt.date) -> list[Finding]:
    """As :func:`find`, of one plot."""
    return find(change.change_set, on, [change.feature])


def _finding(feature: str, action: str, case: int, number: str, applicant: str) -> Finding:
    words = (
        _("该宗地有在办的容积率调整 %(number)s（%(applicant)s），移除后不能生效。请先办结，或退回申请人。")
        if action == "remove"
        else _("该宗地有在办的容积率调整 %(number)s（%(applicant)s），发布后须退回重新申请。请先办结，或告知经办人。")
    )
    return Finding(
        feature=feature,
        rule="applications.open_case",
        severity=WARNING,
        message=words % {"number": number, "applicant": applicant},
        source=Source(own_rule(_("在办事项")).label, url=reverse("casework:case", args=[case])),
        other=number,
    )


def register() -> None:
    """Make the rule known to map editing."""
    registry.register_check(
        registry.DomainCheck(
            "applications.open_case",
            ("plots",),
            find,
            order=30,
            find_one=find_one,
            only_if=f"EXISTS (SELECT FROM casework_case k WHERE {_OPEN})",
        )
    )
