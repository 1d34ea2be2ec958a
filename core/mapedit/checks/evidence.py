"""What was found when a change set was submitted, to be frozen with it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection

from core.mapedit.checks.complete import check_change_set
from core.mapedit.checks.effects import consequences
from core.mapedit.checks.thresholds import Thresholds
from core.mapedit.findings import as_json, consequence_as_json
from core.mapedit.models import ChangeSet, Layer

MOST_KEPT = 1_000
"""Findings kept in full; more are counted. Errors come first, and a set with errors is not submitted."""


def evidence(change_set: ChangeSet, on: dt.date) -> dict[str, Any]:
    """A complete check as one JSON object.

    Keys: ``on``, ``layer``, ``layer_revision`` and ``revision`` (what was looked at), ``errors`` and
    ``warnings`` (counts), ``findings`` (at most MOST_KEPT), ``consequences``, ``parameters`` (every
    parameter that a verdict rests on: key, place, value, unit, document, article).
    """
    findings = check_change_set(change_set, on=on)
    weighed = consequences(change_set, on=on)
    named = {s.parameter for s in [*(f.source for f in findings), *(c.source for c in weighed)] if s and s.parameter}
    return {
        "on": on.isoformat(),
        "layer": change_set.layer_id,
        "layer_revision": Layer.objects.values_list("revision", flat=True).get(pk=change_set.layer_id),
        "revision": change_set.revision,
        "errors": sum(finding.is_error for finding in findings),
        "warnings": sum(not finding.is_error for finding in findings),
        "findings": [as_json(finding) for finding in findings[:MOST_KEPT]],
        "consequences": [consequence_as_json(consequence) for consequence in weighed],
        "parameters": _parameters(named | set(Thresholds.in_force(on).rows), on),
    }


def _parameters(keys: set[str], on: dt.date) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.key, p.jurisdiction_id, p.value::float8, p.text_value, p.unit, d.title, p.article, p.status
            FROM policy_parameter p JOIN policy_document d ON d.code = p.document_id
            WHERE p.key = ANY (%(keys)s) AND p.status <> 'reference'
                AND p.valid_from <= %(on)s AND (p.valid_to IS NULL OR p.valid_to > %(on)s)
            ORDER BY p.key, p.jurisdiction_id
            """,
            {"keys": sorted(keys), "on": on},
        )
        names = ("key", "place", "value", "text", "unit", "document", "article", "status")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
