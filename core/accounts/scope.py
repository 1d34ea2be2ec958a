"""`visible_to(user)`: the one way a QuerySet reaches a person.

Pages, API, tiles, exports and services alike start from it, so a permission
mistake has one place to be, and one matrix of tests.
"""

from __future__ import annotations

from typing import Any, Self, cast

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.http import HttpRequest

from core.accounts.models import User

Viewer = User | AnonymousUser


def reader(request: HttpRequest) -> User:
    """The account behind a request that a sign-in guard has let through."""
    return cast(User, request.user)


class SignedInQuerySet(models.QuerySet[Any]):
    """Rows every signed-in account may read: published outlines, rules, codes."""

    def visible_to(self, user: Viewer) -> Self:
        """Everything for a signed-in user, nothing for anyone else."""
        return self if user.is_authenticated and user.is_active else self.none()


class PlaceScopedQuerySet(models.QuerySet[Any]):
    """Rows that belong to a district and are read within the reader's places.

    Subclasses that enterprises may also read override :meth:`owned_by`.
    """

    place_field = "district_id"

    def visible_to(self, user: Viewer) -> Self:
        """Rows in the user's districts; an enterprise's own rows; else nothing."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.role == "enterprise":
            return self.owned_by(user)
        if not user.reads_land:
            return self.none()
        if user.sees_city:
            return self
        return self.filter(**{f"{self.place_field}__in": user.place_codes})

    def owned_by(self, user: User) -> Self:
        """Rows that belong to the enterprise of ``user``. Nothing by default."""
        return self.none()
