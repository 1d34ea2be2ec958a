"""Who has a change set, or a feature, open in an editor right now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from core.accounts.models import User
from core.mapedit.models import ChangeSet, Presence
from core.mapedit.states import ENDED

GONE_AFTER = dt.timedelta(seconds=25)
"""Editors say so every ten seconds; two missed beats and they are gone."""


@dataclass(frozen=True)
class Present:
    """Somebody at work: in this set, or in another open one of the layer on the same feature."""

    name: str
    change_set: int
    feature: str
    here: bool


@transaction.atomic
def beat(*, change_set: ChangeSet, by: User, feature: str = "") -> None:
    """Note that ``by`` has the set open, with ``feature`` selected ("" for none)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO mapedit_presence (change_set_id, user_id, feature, seen_at)
            VALUES (%s, %s, %s, clock_timestamp())
            ON CONFLICT (change_set_id, user_id) DO UPDATE
                SET feature = excluded.feature, seen_at = excluded.seen_at
            """,
            [change_set.pk, by.pk, feature],
        )


@transaction.atomic
def leave(*, change_set: ChangeSet, by: User) -> None:
    """Note that ``by`` closed the editor."""
    Presence.objects.filter(change_set=change_set, user=by).delete()


def others(*, change_set: ChangeSet, by: User, feature: str = "") -> list[Present]:
    """Everybody else who has this set open, and who has ``feature`` open in another open set ``by`` may read."""
    seen = Presence.objects.filter(seen_at__gte=timezone.now() - GONE_AFTER).exclude(user=by).select_related("user")
    here = seen.filter(change_set=change_set)
    elsewhere = (
        seen.filter(
            feature=feature,
            change_set__in=ChangeSet.objects.visible_to(by)
            .filter(layer_id=change_set.layer_id)
            .exclude(state__in=ENDED)
            .exclude(pk=change_set.pk),
        )
        if feature
        else seen.none()
    )
    return [
        *(Present(str(row.user), row.change_set_id, row.feature, True) for row in here),
        *(Present(str(row.user), row.change_set_id, row.feature, False) for row in elsewhere),
    ]
