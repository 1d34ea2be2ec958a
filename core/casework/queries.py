"""Cases, their timeline and papers as people see them."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from core.accounts.models import Role, User
from core.accounts.scope import PlaceScopedQuerySet, Viewer
from core.casework import applicants, kinds
from core.casework.states import CLOSED, OWED, TURN, WITH_APPLICANT, Actor, State


class CaseQuerySet(PlaceScopedQuerySet):
    """Cases, read within the reader's districts; an enterprise reads its own."""

    def visible_to(self, user: Viewer) -> Self:
        """Cases of the reader's places, or the enterprise's own.

        Staff see a draft only when they file it themselves; a case withdrawn before it was
        ever submitted stays with who wrote it.
        """
        rows = super().visible_to(user)
        if not user.is_authenticated or user.role == Role.ENTERPRISE:
            return rows
        return rows.filter(Q(submitted_at__isnull=False) | Q(filed_by=user))

    def owned_by(self, user: User) -> Self:
        """Cases of the enterprise the account acts for."""
        applicant = applicants.directory().of_user(user)
        return self.filter(applicant_code=applicant.code) if applicant else self.none()

    def open(self) -> Self:
        """Cases somebody still has something to do on."""
        return self.exclude(state__in=CLOSED)

    def waiting_for(self, user: Viewer) -> Self:
        """Visible cases on which ``user`` has the next move, by role; see :mod:`core.casework.perms`."""
        rows = self.visible_to(user)
        if not user.is_authenticated or not user.is_active:
            return rows.none()
        if user.role == Role.ENTERPRISE:
            return rows.filter(state__in=WITH_APPLICANT)
        return rows.filter(self.next_move_of(user))

    @staticmethod
    def next_move_of(user: User) -> Q:
        """The condition under which an office's account has the next move on a case it can see.

        The conducting office waits while others review in time: it moves again once all have
        spoken, or one is late and may be passed over, and when the applicant did not bring in
        time what it owes. A notice is left alone until it is over.
        Staff who filed on behalf have the applicant's moves, and no others.
        """
        from core.casework.models import Review

        today = timezone.localdate()
        unspoken = Review.objects.filter(case=OuterRef("pk"), round=OuterRef("round"), given_at__isnull=True)
        heard = ~Exists(unspoken) | Exists(unspoken.filter(due_on__lt=today))
        over = Q(notice_until__isnull=True) | Q(notice_until__lt=today)
        held = {State.REVIEW: Q(heard), State.NOTICE: over}
        turns = {
            actor: Q(state__in=[state for state, whose in TURN.items() if whose == actor and state not in held])
            | Q(*[Q(state=state) & until for state, until in held.items() if TURN[state] == actor], _connector=Q.OR)
            for actor in (Actor.OFFICER, Actor.DECIDER, Actor.APPEALS)
        }
        waiting = Q(pk__in=[])
        for kind in kinds.all_kinds():
            mine = Q(kind=kind.name)
            if not kind.is_supervision:
                mine &= ~Q(filed_by=user)
            if user.role == kind.officer:
                waiting |= mine & (turns[Actor.OFFICER] | Q(state__in=OWED, due_on__lt=today))
            if user.role in kind.offices:
                waiting |= mine & Q(state=State.REVIEW) & Q(Exists(unspoken.filter(office=user.role)))
            if user.role == kind.decider:
                waiting |= mine & turns[Actor.DECIDER] & ~Q(accepted_by=user)
            if user.role == kind.appeals:
                waiting |= mine & turns[Actor.APPEALS] & ~Q(decided_by=user) & ~Q(filed_by=user)
        return waiting | Q(filed_by=user, on_behalf=True, state__in=WITH_APPLICANT)

    def overdue(self, on: dt.date) -> Self:
        """Open cases past the last day of their stage, or with a review past its own; not what applicants owe."""
        from core.casework.models import Review

        late = Review.objects.filter(case=OuterRef("pk"), round=OuterRef("round"), given_at__isnull=True, due_on__lt=on)
        return self.open().filter((Q(due_on__lt=on) & ~Q(state__in=OWED)) | (Q(state=State.REVIEW) & Q(Exists(late))))

    def due_by(self, day: dt.date) -> Self:
        """Open cases whose stage ends on or before ``day``."""
        return self.open().filter(due_on__lte=day)


class _OfVisibleCase(models.QuerySet[Any]):
    """Rows of cases; the applicant does not read internal ones."""

    def visible_to(self, user: Viewer) -> Self:
        """Rows of the cases ``user`` sees, without internal ones for an enterprise."""
        from core.casework.models import Case

        rows = self.filter(case__in=Case.objects.visible_to(user))
        if user.is_authenticated and user.role == Role.ENTERPRISE:
            return rows.filter(internal=False)
        return rows


class TimelineQuerySet(_OfVisibleCase):
    """Timeline entries."""


class RemarkQuerySet(_OfVisibleCase):
    """Remarks."""


class CasePaperQuerySet(_OfVisibleCase):
    """Papers."""

    def counting(self) -> Self:
        """Versions that were not removed."""
        return self.filter(removed_at__isnull=True)


class NotificationQuerySet(models.QuerySet[Any]):
    """Notifications."""

    def visible_to(self, user: Viewer) -> Self:
        """One's own."""
        return self.filter(user=user) if user.is_authenticated and user.is_active else self.none()

    def unread(self) -> Self:
        """Those not read yet."""
        return self.filter(read_at__isnull=True)
