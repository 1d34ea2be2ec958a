"""What people change of their own account; roles and places are set by administrators."""

from __future__ import annotations

import pghistory
from django.db import transaction

from core.accounts.models import User


def set_contacts(*, by: User, email: str, mobile: str) -> User:
    """Where notices reach somebody outside the application; "" sends nothing there.

    ``mobile`` are the 11 digits the database asks for. Raises IntegrityError for others.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        user: User = User.objects.select_for_update().get(pk=by.pk)
        user.email, user.mobile = email, mobile
        user.save(update_fields=["email", "mobile"])
        return user
