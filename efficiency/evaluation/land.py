"""Whether the land of a year still follows from occupations, outlines, zones and corrections."""

from __future__ import annotations

from typing import Any

from django.db import connection

from core.mapedit.models import Layer
from efficiency.evaluation.grouping import Occupied
from efficiency.evaluation.models import Run
from efficiency.returns.services import refresh_land

_CORRECTIONS = """
SELECT coalesce(md5(string_agg(format('%%s %%s %%s', enterprise_id, basis, area_m2), ',' ORDER BY id)), '')
FROM returns_landcorrection
WHERE year = %s AND withdrawn_at IS NULL
"""


def marks(*, year: int, occupied: Occupied) -> dict[str, Any]:
    """What land rests on, as it is now: equal marks give equal land. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_CORRECTIONS, [year])
        corrections = cursor.fetchone()[0]
    revisions = dict(Layer.objects.filter(name__in=["plots", "zones"]).values_list("name", "revision"))
    return {"occupations": occupied.digest, "corrections": corrections, **revisions}


def refresh_when_stale(*, year: int, seen: dict[str, Any]) -> None:
    """Derive the land of a year anew unless the last run of the year saw the same ``seen`` marks.

    Marks are taken before: what changes in between makes the next run derive it again.
    """
    last = Run.objects.sealed().filter(year=year).order_by("-pk").first()
    if last is None or last.inputs.get("land", {}).get("marks") != seen:
        refresh_land(year=year)
