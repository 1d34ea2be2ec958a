"""Who acts for somebody who is away; see :class:`core.casework.models.Absence`."""

from __future__ import annotations

import datetime as dt

from core.accounts.models import User
from core.casework.models import Absence


def deputy_of(user: User, on: dt.date) -> User:
    """Who acts for ``user`` on a day: themselves, their deputy, or the deputy's own while that one is away too.

    Two who name each other stand in for nobody: then it is ``user``.
    """
    seen = {user.pk}
    present = user
    while True:
        absence = (
            Absence.objects.filter(user=present, since__lte=on, until__gte=on, deputy__is_active=True)
            .select_related("deputy")
            .first()
        )
        if absence is None:
            return present
        present = absence.deputy
        if present.pk in seen:
            return user
        seen.add(present.pk)


def stands_in_for(user: User, on: dt.date) -> list[int]:
    """Accounts whose work is with ``user`` on a day: their own, and those of the absent they stand in for."""
    away = Absence.objects.filter(since__lte=on, until__gte=on).select_related("user")
    return [user.pk, *(absence.user_id for absence in away if deputy_of(absence.user, on).pk == user.pk)]
