"""What a change set does to figures with a legal meaning: the strip beside the map."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.utils.translation import gettext as _

from core.mapedit import layers
from core.mapedit.checks import registry
from core.mapedit.findings import Consequence
from core.mapedit.models import ChangeSet
from core.policy.models import CITY_CODE


def consequences(change_set: ChangeSet, *, on: dt.date) -> list[Consequence]:
    """Figures before and after ``change_set`` if it came into force on ``on``: how many features, then its domain's.

    Areas are ellipsoidal m², unrounded. Drafts may be broken: a broken outline counts with the
    area of its repaired self, one without any area with none.
    """
    layer = layers.editable(change_set.layer_id)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE action <> 'add'), count(*) FILTER (WHERE action <> 'remove')
            FROM mapedit_change WHERE change_set_id = %s
            """,
            [change_set.pk],
        )
        now, after = cursor.fetchone()
    found = [
        Consequence(
            key="features",
            label=_("本次变更的要素"),
            place=CITY_CODE,
            now=float(now),
            after=float(after),
            unit=str(layer.measure_word),
        )
    ]
    for effect in registry.effects_of(layer.name):
        found += effect.weigh(change_set, on)
    return found


def overlayable_sql(geom: str) -> str:
    """SQL: ``geom`` itself when valid, else its repaired self; null where nothing can be made of it."""
    return f"""CASE
        -- Coordinates that are no degrees cannot be repaired; NaN is beyond every bound.
        WHEN NOT coalesce({geom} @ ST_MakeEnvelope(-360, -360, 360, 360, 4490), false)
            OR ST_XMax({geom}) = 'NaN' OR ST_YMax({geom}) = 'NaN' THEN NULL
        WHEN ST_IsValid({geom}) THEN {geom}
        WHEN ST_AsText({geom}) ~* 'nan|inf' THEN NULL
        ELSE ST_CollectionExtract(ST_MakeValid({geom}), 3)
    END"""
