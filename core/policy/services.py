"""What a threshold is, at a place, on a day, and where that is written; adopting a reference, changing a default."""

import datetime
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import pghistory
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from core.policy import perms
from core.policy.models import CITY_CODE, DEFAULTS, Document, Jurisdiction, Parameter
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


class DefaultError(ValueError):
    """A default cannot be changed as asked; the message says why."""


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


# Counted in whole numbers: half a working day is no deadline.
COUNTED = {"天", "个工作日", "个月", "年", "次", "分之一"}
MONTH_AND_DAY = re.compile(r"\d\d-\d\d")


def may_change(parameter: Parameter) -> bool:
    """Whether the row is a default (or the city's own figure in place of one), still open, and a figure or a day."""
    if parameter.document_id != DEFAULTS or parameter.valid_to is not None:
        return False
    return parameter.value is not None or bool(MONTH_AND_DAY.fullmatch(parameter.text_value))


@transaction.atomic
def change_default(
    *, parameter: Parameter, by: perms.Reader, wanted: str, decision: str, on: datetime.date
) -> Parameter:
    """Put the city's own figure in place of a default of the product from ``on``, today or later.

    The default ends that day and a row of status *adopted* begins; its note keeps the ``decision`` it rests on and
    the figure it follows. What was judged before stays as it was. ``wanted`` is a number in the parameter's unit,
    or a day such as 07-01 where the default is one.

    Raises PermissionDenied unless ``by`` is a planner of the whole city, DefaultError when the row is no open
    default, the figure will not do or changes nothing, the decision is empty or too long, or the day has passed.
    """
    if not perms.changes_defaults(by):
        raise PermissionDenied(_("只有全市范围的自然资源编制人员可以修改产品默认值。"))
    # Of two people who change it at once, the second finds it ended.
    parameter = Parameter.objects.select_for_update(of=["self"]).get(pk=parameter.pk)
    if not may_change(parameter):
        raise DefaultError(_("“%s”不是现行的产品默认值，不能在此修改。") % parameter.name)
    if on < timezone.localdate():
        raise DefaultError(_("生效日不能早于今天，以免改变已经作出的判定。"))
    if on <= parameter.valid_from:
        raise DefaultError(_("生效日须晚于现行取值的生效日 %s。") % parameter.valid_from.isoformat())
    number, text = _read(parameter, wanted.strip())
    if (number, text) == (parameter.value, parameter.text_value):
        raise DefaultError(_("新值与现行取值相同，无须修改。"))
    note = _("本市自定：%(decision)s；原为 %(before)s") % {
        "decision": decision.strip(),
        "before": f"{parameter.shown_value} {parameter.unit}".strip(),
    }
    if not decision.strip():
        raise DefaultError(_("请写明修改依据，例如会议纪要或文号。"))
    if len(note) > (Parameter._meta.get_field("note").max_length or 0):
        raise DefaultError(_("修改依据过长，请只写文号或会议名称。"))
    with pghistory.context(user=by.pk):
        parameter.valid_to = on
        parameter.save(update_fields=["valid_to"])
        parameter.pk = None
        parameter._state.adding = True
        parameter.value, parameter.text_value = number, text
        parameter.valid_from, parameter.valid_to = on, None
        parameter.status, parameter.note = Parameter.Status.ADOPTED, note
        parameter.save(force_insert=True)
    return parameter


def _read(parameter: Parameter, wanted: str) -> tuple[Decimal | None, str]:
    """The figure or the day that was typed; raises DefaultError."""
    if parameter.value is None:
        try:
            # 2024 had a 29 February.
            datetime.date.fromisoformat(f"2024-{wanted}" if MONTH_AND_DAY.fullmatch(wanted) else "")
        except ValueError:
            raise DefaultError(_("应为 07-01 这样的月和日，实为“%s”。") % wanted) from None
        return None, wanted
    try:
        number = Decimal(wanted.replace(",", ""))
    except InvalidOperation:
        raise DefaultError(_("应为数字，实为“%s”。") % wanted) from None
    if not number.is_finite() or number != round(number, 6) or not 0 <= number < 10**14:
        raise DefaultError(_("应为不小于 0、至多六位小数的数字，实为“%s”。") % wanted)
    if parameter.unit in COUNTED and number != int(number):
        raise DefaultError(_("以“%(unit)s”计的应为整数，实为“%(given)s”。") % {"unit": parameter.unit, "given": wanted})
    if parameter.unit == "分之一" and number == 0:
        raise DefaultError(_("以“分之一”计的不能为 0。"))
    return number, ""
