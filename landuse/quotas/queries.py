"""Plans, pools, the ledger and requests as the domain asks for them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Self

from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum, Value, Window
from django.db.models.functions import Coalesce

from core.accounts.models import CITY_CODE, User
from core.accounts.scope import PlaceScopedQuerySet, Viewer
from core.casework.states import State

_MU: Any = models.DecimalField(max_digits=16, decimal_places=4)
_NONE = Value(Decimal(0), output_field=_MU)

AVAILABLE: Any = F("granted_mu") + F("transferred_mu") - F("reserved_mu") - F("committed_mu")
"""What an entry, or a sum of entries, leaves available."""

WAITING = (State.SUBMITTED, State.CORRECTION, State.REVIEW, State.DECISION, State.APPEAL)
"""States in which a case still waits for quota: asked for, not decided."""


class _OfPlace(PlaceScopedQuerySet):
    """Rows of plans: land roles read those of their districts, and the city's, which every district draws on."""

    def visible_to(self, user: Viewer) -> Self:
        """Rows of the reader's places and of the city; nothing for enterprises, which read their own request."""
        if not user.is_authenticated or not user.reads_land:
            return self.none()
        return self if user.sees_city else self.filter(**{f"{self.place_field}__in": [*user.place_codes, CITY_CODE]})


class QuotaPlanQuerySet(_OfPlace):
    """Annual plans."""

    place_field = "place_id"

    def with_balance(self) -> Self:
        """Annotate the sums of the plan's pools, in 亩; see :func:`balances`."""
        return self.annotate(**balances(Q(pool__plan=OuterRef("pk"))))


class QuotaPoolQuerySet(_OfPlace):
    """Pools."""

    place_field = "plan__place_id"

    def with_balance(self, until: dt.datetime | None = None) -> Self:
        """Annotate the pool's sums, in 亩; of the entries up to a moment when one is given."""
        moment = Q(at__lte=until) if until else Q()
        return self.annotate(**balances(Q(pool=OuterRef("pk")) & moment))

    def open_to(self, district: str, year: int) -> Self:
        """Pools of a year a case of ``district`` may draw on: the district's and the city's."""
        return self.filter(plan__year=year, plan__place__in=[district, CITY_CODE])


class QuotaEntryQuerySet(_OfPlace):
    """Bookings."""

    place_field = "pool__plan__place_id"

    def with_running(self) -> Self:
        """Annotate ``running_mu``: what was available after each entry, in 亩, in the order of booking."""
        return self.annotate(running_mu=Window(Sum(AVAILABLE), partition_by=F("pool"), order_by=F("pk").asc()))

    def held_by(self, case_id: int) -> dict[str, Decimal]:
        """What a case holds, in 亩: ``reserved`` and ``committed``."""
        return self.filter(case_id=case_id).aggregate(
            reserved=Coalesce(Sum("reserved_mu"), _NONE), committed=Coalesce(Sum("committed_mu"), _NONE)
        )


class QuotaRequestQuerySet(PlaceScopedQuerySet):
    """Requests of submitted cases, read with the case."""

    place_field = "case__district_id"

    def owned_by(self, user: User) -> Self:
        """Requests of the enterprise the account acts for."""
        from core.casework.models import Case

        return self.filter(case__in=Case.objects.owned_by(user))

    def waiting(self) -> Self:
        """Requests that are asked for and not decided."""
        return self.filter(case__state__in=WAITING)


def balances(of: Q) -> dict[str, Any]:
    """Subqueries of the sums over the entries ``of``: what was granted, moved in, reserved, committed, and is left."""
    from landuse.quotas.models import QuotaEntry

    def total(expression: Any) -> Any:
        entries: QuerySet[Any] = QuotaEntry.objects.filter(of).order_by().annotate(_all=Value(1)).values("_all")
        return Coalesce(Subquery(entries.annotate(total=Sum(expression)).values("total"), output_field=_MU), _NONE)

    return {
        "granted": total(F("granted_mu")),
        "transferred": total(F("transferred_mu")),
        "reserved": total(F("reserved_mu")),
        "committed": total(F("committed_mu")),
        "available": total(AVAILABLE),
    }
