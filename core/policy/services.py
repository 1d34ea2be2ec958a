"""What a threshold is, at a place, on a day, and where that is written; and how a reference is adopted."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

import pghistory
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from core.policy import perms
from core.policy.models import CITY_CODE, Document, Jurisdiction, Parameter
from core.policy.queries import parameter_id


class ParameterMissing(LookupError):
    """No parameter is in force for the key, the place and the day; ``key``, ``place`` and ``on`` say which."""

    def __init__(self, key: str, place: str, on: datetime.date) -> None:
        self.key, self.place, self.on = key, place, on
        super().__init__(
            _("%(on)s 在 %(place)s 没有生效的参数 %(key)s。") % {"on": on.isoformat(), "place": place, "key": key}
        )


class AdoptionError(ValueError):
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
    places = Jurisdiction.objects.annotate(parameter_id=parameter_id(key, F("code"), on)).exclude(parameter_id=None)
    answering = dict(places.values_list("code", "parameter_id"))
    parameters = Parameter.objects.select_related("document").in_bulk(set(answering.values()))
    return {code: Value.of(parameters[pk]) for code, pk in answering.items()}


@transaction.atomic
def adopt_parameter(
    *,
    reference: Parameter,
    by: perms.Reader,
    decision: str,
    on: datetime.date,
    until: datetime.date | None = None,
    place: str = CITY_CODE,
) -> Parameter:
    """Put a peer city's figure in force at ``place`` from ``on`` (up to, not including, ``until``).

    Writes a second row of status *adopted* with the reference's figure, document and article; its note keeps
    where the figure comes from and the ``decision`` (document number or minutes) it rests on. The reference
    stays. ``on`` and ``until`` are the adopting city's own dates; the peer's validity does not bind it.

    Raises PermissionDenied unless ``by`` is a planner of the whole city, AdoptionError when the row is no
    reference, the decision is empty, the dates are out of order, the place is unknown, or a figure is already
    in force there on one of the days.
    """
    if not perms.adopts_parameters(by):
        raise PermissionDenied(_("只有全市范围的自然资源编制人员可以采用参照参数。"))
    if reference.status != Parameter.Status.REFERENCE:
        raise AdoptionError(_("“%s”不是参照参数，不需要采用。") % reference.name)
    if not decision.strip():
        raise AdoptionError(_("请写明采用依据，例如会议纪要或文号。"))
    if until is not None and until <= on:
        raise AdoptionError(_("失效日必须晚于生效日。"))
    if not Jurisdiction.objects.filter(code=place).exists():
        raise AdoptionError(_("没有代码为“%s”的地区。") % place)
    adopted = Parameter(
        jurisdiction_id=place,
        key=reference.key,
        value=reference.value,
        text_value=reference.text_value,
        comparison=reference.comparison,
        unit=reference.unit,
        name=reference.name,
        document=reference.document,
        article=reference.article,
        clause_id=reference.clause_id,
        valid_from=on,
        valid_to=until,
        status=Parameter.Status.ADOPTED,
        note=_("采用依据：%(decision)s；%(note)s") % {"decision": decision.strip(), "note": reference.note},
    )
    if len(adopted.note) > (Parameter._meta.get_field("note").max_length or 0):
        raise AdoptionError(_("采用依据过长，请只写文号或会议名称。"))
    try:
        # Only the EXCLUDE constraint can tell when two people adopt at once; it is the check.
        with transaction.atomic(), pghistory.context(user=by.pk):
            adopted.save(force_insert=True)
    except IntegrityError as error:
        if "parameter_in_force_never_overlaps" not in str(error):
            raise
        raise AdoptionError(
            _("%(place)s 的“%(name)s”在这段日期已有生效的取值，请先结束原取值。")
            % {"place": place, "name": reference.name}
        ) from error
    return adopted
