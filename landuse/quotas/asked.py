"""A request for quota as it is judged on a day: what its form says, and what stands around it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils import timezone

from core import policy
from core.casework.findings import Source
from core.casework.models import Case
from core.policy.models import Parameter
from landuse.quotas.forms import RequestForm, district_of
from landuse.quotas.models import QuotaEntry, QuotaPool
from parks.programmes.models import Membership


@dataclass(frozen=True)
class Asked:
    """A case as it is judged on a day: what of its form can be read, and what stands around it."""

    case: Case
    on: dt.date
    data: dict[str, Any]

    @classmethod
    def of(cls, case: Case, on: dt.date) -> Asked:
        """Read it from the case's form; fields that cannot be read are absent."""
        form = RequestForm(case.data or {}, case=case)
        form.is_valid()
        return cls(case, on, form.cleaned_data)

    @cached_property
    def pool(self) -> QuotaPool | None:
        """The pool asked, with its sums as of the judgement."""
        number = self.data.get("pool")
        pools = QuotaPool.objects.select_related("plan__place", "programme").with_balance(self.until)
        return pools.filter(pk=int(number)).first() if number else None

    @property
    def until(self) -> dt.datetime:
        """The moment whose ledger counts: the submission when that day is judged again, else the end of the day."""
        submitted: dt.datetime | None = self.case.submitted_at
        if submitted and not self.case.is_editable and timezone.localdate(submitted) == self.on:
            return submitted
        day_after = dt.datetime.combine(self.on + dt.timedelta(days=1), dt.time())
        return timezone.make_aware(day_after) - dt.timedelta(microseconds=1)

    def submitted_in(self, year: int) -> bool:
        """Whether the case was submitted in a year, and is not being written anew."""
        submitted: dt.datetime | None = self.case.submitted_at
        return submitted is not None and not self.case.is_editable and timezone.localdate(submitted).year == year

    @cached_property
    def place(self) -> str:
        """Whose parameters hold: those of the place whose plan is asked, else of the district."""
        return self.pool.plan.place_id if self.pool else district_of(self.data) or self.case.district_id

    @cached_property
    def memberships(self) -> list[Membership]:
        """The applicant's memberships in force on the day."""
        rows = Membership.objects.filter(enterprise__uscc=self.case.applicant_code).in_force_on(self.on)
        return list(rows.select_related("programme"))

    def available_in(self, pool: Any) -> Decimal:
        """What a pool can give this case, in 亩: what is available and what the case itself holds of it already."""
        held = QuotaEntry.objects.filter(at__lte=self.until, pool=pool).held_by(self.case.pk)
        return Decimal(pool.available + held["reserved"] + held["committed"])

    def source(self, key: str) -> Source | None:
        """Where a rule is written: the parameter in force, else the reference it would be adopted from."""
        try:
            return Source.of(policy.value(key, self.place, self.on))
        except policy.ParameterMissing:
            row = (
                Parameter.objects.valid_on(self.on)
                .filter(key=key, status=Parameter.Status.REFERENCE)
                .select_related("document")
                .first()
            )
            return Source.of(policy.Value.of(row)) if row else None
