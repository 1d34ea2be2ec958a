"""What a threshold is, at a place, on a day, and where that is written; and how a reference is adopted."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.db.models import Value as Literal
from django.utils import timezone
from django.utils.translation import gettext as _

from core.policy.models import CITY_CODE, Document, Jurisdiction, Parameter
from core.policy.queries import parameter_id


class ParameterMissing(LookupError):
    """No parameter is in force for the key, the place and the day; ``key``, ``place`` and ``on`` say which."""

    def __init__(self, key: str, place: str, on: datetime.date) -> None:
        self.key, self.place, self.on = key, place, on
        super().__init__(
            _("%(on)s 在 %(place)s 没有生效的参数 %(key)s。")
            % {"on": on.isoformat(), "place": place, "key": key}
        )


class AdoptionRefused(ValueError):
    """A parameter cannot be adopted as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a value is written: the document, its article, our rule number and the row it was read from."""

    document: Document
    article: str
    clause_id: str
    parameter_id: int
    status: str


@dataclass(frozen=True, slots=True)
class Value:
    """A value in force: ``value`` in ``unit`` (``text`` where the rule is a word), how it binds, and its source."""

    value: Decimal | None
    unit: str
    citation: Citation
    name: str
    text: str
    comparison: str
    place: str

    @classmethod
    def of(cls, parameter: Parameter) -> "Value":
        """The value of one row; its document must be loaded, or costs a query."""
        return cls(
            value=parameter.value,
            unit=parameter.unit,
            citation=Citation(
                document=parameter.document,
                article=parameter.article,
                clause_id=parameter.clause_id,
                parameter_id=parameter.pk,
                status=parameter.status,
            ),
            name=parameter.name,
            text=parameter.text_value,
            comparison=parameter.comparison,
            place=parameter.jurisdiction_id,
        )


def value(key: str, place: str = CITY_CODE, on: datetime.date | None = None) -> Value:
    """Answer the value in force for ``key`` at ``place`` (an administrative code) on the day ``on`` (today).

    The place itself is asked first, then its parents: a town takes its district's value, a district the
    city's. ``Value.place`` says who answered. References never answer. One query.

    Raises ParameterMissing when nothing is in force.
    """
    on = on or timezone.localdate()
    parameter = Parameter.objects.answering(key, place, on).first()
    if parameter is None:
        raise ParameterMissing(key, place, on)
    return Value.of(parameter)


def values_for(key: str, on: datetime.date | None = None) -> dict[str, Value]:
    """Answer ``value(key, place, on)`` of every place at once, by code, in one query; silent places are absent."""
    on = on or timezone.localdate()
    places = Jurisdiction.objects.annotate(
        parameter_id=parameter_id(key, F("code"), on)
    ).exclude(parameter_id=None)
    answering = dict(places.values_list("code", "parameter_id"))
    parameters = Parameter.objects.select_related("document").in_bulk(set(answering.values()))
    return {code: Value.of(parameters[pk]) for code, pk in answering.items()}
