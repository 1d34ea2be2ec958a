"""Places and parameters in the words of the domain."""

import datetime
from typing import Self

from django.contrib.gis.db import models
from django.db.models import CharField, DateField, F, Func, OuterRef, Q, Value

from core.policy import perms

# Both `value()` and the SQL function `policy_number` stand on this function of the database, so that a
# statement over 40,000 plots and a page about one of them can never disagree.
PARAMETER_ID_FUNCTION = "policy_parameter_id"


def parameter_id(key: str | OuterRef | F, place: str | OuterRef | F, on: datetime.date | OuterRef | F) -> Func:
    """The id of the parameter in force for ``key`` at ``place`` on ``on``, as an SQL expression."""

    def argument(given: object, field: models.Field) -> object:
        return given if isinstance(given, F) else Value(given, output_field=field)

    return Func(
        argument(key, CharField()),
        argument(place, CharField()),
        argument(on, DateField()),
        function=PARAMETER_ID_FUNCTION,
        output_field=models.BigIntegerField(),
    )


class JurisdictionQuerySet(models.QuerySet):
    """Places."""

    def city(self) -> Self:
        """The city itself."""
        return self.filter(level="city")

    def districts(self) -> Self:
        """The districts, in the order of their codes."""
        return self.filter(level="district").order_by("code")

    def towns(self) -> Self:
        """The towns and streets, in the order of their codes."""
        return self.filter(level="town").order_by("code")


class ParameterQuerySet(models.QuerySet):
    """Parameters."""

    def visible_to(self, user: perms.Reader) -> Self:
        """Everything for an active, signed-in account, nothing for anyone else."""
        return self if perms.reads_parameters(user) else self.none()

    def valid_on(self, on: datetime.date) -> Self:
        """Rows whose validity holds the day, references included."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=on), valid_from__lte=on)

    def effective(self) -> Self:
        """Rows that count: binding or adopted, whatever their date."""
        return self.exclude(status="reference")

    def matching(
        self,
        *,
        text: str = "",
        document: models.Model | None = None,
        status: str = "",
        place: models.Model | None = None,
        on: datetime.date | None = None,
    ) -> Self:
        """Rows a reader looks for; ``place`` also takes what its parents set, since that holds there too."""
        rows = self
        if text:
            rows = rows.filter(Q(name__icontains=text) | Q(key__icontains=text) | Q(clause_id__iexact=text))
        if document is not None:
            rows = rows.filter(document=document)
        if status:
            rows = rows.filter(status=status)
        if place is not None:
            rows = rows.filter(jurisdiction__in={place.pk, getattr(place, "parent_id", None)} - {None})
        if on is not None:
            rows = rows.valid_on(on)
        return rows

    def answering(self, key: str, place: str, on: datetime.date) -> Self:
        """The one row (or none) that answers for a key at a place on a day: the place first, then its parents."""
        return self.filter(pk=parameter_id(key, place, on)).select_related("document", "jurisdiction")
