"""Code and attributes of a feature against the description of its layer.

The rule is written twice: in Python, which says what is wrong, and as an SQL condition, which
finds the rows among a million that Python has to look at. The condition may pick a row too
many, never one too few; a test compares the two.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from core.mapedit.checks.thresholds import own_rule
from core.mapedit.findings import ERROR, Finding
from core.mapedit.layers import Attribute, EditableLayer

_NUMBER = r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$"
_INTEGER = r"^-?[0-9]{1,9}$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


@dataclass(frozen=True)
class Places:
    """Districts (code → name) and the towns asked about (code → district code)."""

    districts: Mapping[str, str]
    towns: Mapping[str, str]

    def names(self, codes: list[str]) -> str:
        """南海区、三水区; a code no district has stands for itself."""
        return "、".join(self.districts.get(code, code) for code in codes)


def attribute_findings(
    layer: EditableLayer, feature: str, attributes: Mapping[str, Any], places: Places
) -> list[Finding]:
    """What is wrong with the code and the attributes of a feature that is to be in force."""
    found = []
    if not layer.is_code(feature):
        hint = str(layer.code_hint)
        message = _("%(label)s“%(code)s”不合格式。%(hint)s") % {
            "label": layer.code_label,
            "code": feature,
            "hint": hint,
        }
        found.append(_finding(feature, "code.form", message, _("编号")))
    for attribute in layer.attributes:
        for rule, message in _faults(attribute, attributes.get(attribute.name), attributes, layer, places):
            found.append(_finding(feature, f"attribute.{rule}", message, _("属性")))
    return found


def _finding(feature: str, rule: str, message: str, subject: str) -> Finding:
    return Finding(feature=feature, rule=rule, severity=ERROR, message=message, source=own_rule(subject))


def _faults(
    attribute: Attribute, value: Any, attributes: Mapping[str, Any], layer: EditableLayer, places: Places
) -> Iterator[tuple[str, str]]:
    label = attribute.label
    if value is None or value == "" or value == []:
        if attribute.required:
            yield "required", _("“%(label)s”必填。") % {"label": label}
        elif value is None and not _nullable(layer, attribute):
            yield "required", _("“%(label)s”不可为空值，请填写或留空白。") % {"label": label}
        return
    values = {"label": label, "value": value if not isinstance(value, list) else "、".join(map(str, value))}
    match attribute.kind:
        case "choice":
            if value not in [key for key, __ in attribute.choices]:
                listed = "、".join(f"{name}（{key}）" for key, name in attribute.choices)
                yield (
                    "choice",
                    _("“%(label)s”的取值“%(value)s”不在可选项内：%(listed)s。") % {**values, "listed": listed},
                )
        case "number" | "integer":
            yield from _number_faults(attribute, value, values, layer)
        case "date":
            if not _is_date(value):
                yield "date", _("“%(label)s”的“%(value)s”不是日期，应写作 2026-03-31。") % values
        case "bool":
            if not isinstance(value, bool):
                yield "bool", _("“%(label)s”只填是或否。") % values
        case "place" | "places":
            unknown = [
                str(code) for code in (value if isinstance(value, list) else [value]) if code not in places.districts
            ]
            if unknown or isinstance(value, list) != (attribute.kind == "places"):
                yield (
                    "place",
                    _("“%(label)s”中的“%(codes)s”不是本市的区。")
                    % {
                        "label": label,
                        "codes": "、".join(unknown) or values["value"],
                    },
                )
        case "town":
            above = places.towns.get(str(value))
            if above is None:
                yield "place", _("“%(label)s”的“%(value)s”不是本市的镇街。") % values
            elif layer.place and above not in layer.places_of(attributes):
                yield "place", _("“%(label)s”不在所填的区内。") % values
        case _:
            if not isinstance(value, str):
                yield "text", _("“%(label)s”应为文字。") % values
            elif attribute.max_length and len(value) > attribute.max_length:
                yield (
                    "length",
                    _("“%(label)s”长 %(length)s 字，最多 %(most)s 字。")
                    % {
                        "label": label,
                        "length": len(value),
                        "most": attribute.max_length,
                    },
                )
            elif "\x00" in value:
                yield "text", _("“%(label)s”含有不可见字符，请重新填写。") % values


def _nullable(layer: EditableLayer, attribute: Attribute) -> bool:
    field = layer.version._meta.get_field(attribute.name.removesuffix("_id"))
    return bool(field.null)


def _number_faults(
    attribute: Attribute, value: Any, values: Mapping[str, Any], layer: EditableLayer
) -> Iterator[tuple[str, str]]:
    form = _INTEGER if attribute.kind == "integer" else _NUMBER
    try:
        number = None if isinstance(value, bool) or not re.match(form, _plain(value)) else Decimal(_plain(value))
    except InvalidOperation:
        number = None
    if number is None:
        expected = _("整数") if attribute.kind == "integer" else _("数字")
        yield "number", _("“%(label)s”的“%(value)s”不是%(expected)s。") % {**values, "expected": expected}
        return
    least, most = _range(layer, attribute)
    if (least is not None and number < least) or (most is not None and number >= most):
        yield "range", _("“%(label)s”的 %(value)s 超出可填范围。") % values


def _plain(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else repr(value) if isinstance(value, float) else str(value)


def _range(layer: EditableLayer, attribute: Attribute) -> tuple[int | None, int | None]:
    """What the column can hold: at least, and less than."""
    field = layer.version._meta.get_field(attribute.name)
    if isinstance(field, models.DecimalField):
        most = 10 ** ((field.max_digits or 0) - (field.decimal_places or 0))
        return -most, most
    if isinstance(field, models.PositiveSmallIntegerField):
        return 0, 2**15
    return None, None


def _is_date(value: Any) -> bool:
    try:
        return bool(re.match(_DATE, str(value)) and dt.date.fromisoformat(str(value)))
    except ValueError:
        return False


def suspects_sql(layer: EditableLayer, alias: str = "c") -> tuple[str, dict[str, Any]]:
    """SQL: whether change ``alias`` may break a rule above; and the parameters it names.

    Places are left to the caller, who joins them.
    """
    conditions = [f"{alias}.feature !~ %(code_form)s"]
    parameters: dict[str, Any] = {"code_form": rf"^({layer.code_pattern})$"}
    for number, attribute in enumerate(layer.attributes):
        json, text = f"{alias}.attributes->'{attribute.name}'", f"{alias}.attributes->>'{attribute.name}'"
        if attribute.required or not _nullable(layer, attribute):
            conditions.append(f"{text} IS NULL")
        if attribute.required:
            conditions.append(f"{text} IN ('', '[]')")
        filled = f"coalesce({text}, '') <> ''"
        match attribute.kind:
            case "choice":
                parameters[f"choices_{number}"] = [key for key, __ in attribute.choices]
                conditions.append(f"{filled} AND NOT {text} = ANY (%(choices_{number})s)")
            case "number" | "integer":
                parameters[f"form_{number}"] = _INTEGER if attribute.kind == "integer" else _NUMBER
                least, most = _range(layer, attribute)
                ranged = (
                    f" OR CASE WHEN {text} ~ %(form_{number})s"
                    f" THEN ({text})::numeric < {least} OR ({text})::numeric >= {most} END"
                    if most is not None
                    else ""
                )
                conditions.append(
                    f"{filled} AND ({text} !~ %(form_{number})s"
                    f" OR jsonb_typeof({json}) NOT IN ('number', 'string'){ranged})"
                )
            case "date":
                parameters["date_form"] = _DATE
                # Days a month does not have are told by Python; only odd ones get there.
                conditions.append(
                    f"{filled} AND ({text} !~ %(date_form)s OR substr({text}, 9) > '28'"
                    f" OR substr({text}, 9) < '01' OR substr({text}, 6, 2) NOT BETWEEN '01' AND '12'"
                    f" OR {text} < '0001')"
                )
            case "bool":
                conditions.append(f"{filled} AND jsonb_typeof({json}) <> 'boolean'")
            case "place":
                conditions.append(
                    f"{filled} AND (NOT {text} = ANY (%(districts)s) OR jsonb_typeof({json}) <> 'string')"
                )
            case "places":
                conditions.append(
                    f"{filled} AND (jsonb_typeof({json}) <> 'array' OR NOT %(districts_json)s::jsonb @> ({json}))"
                )
            case "town":
                inside = f"left({text}, 6) = {alias}.attributes->>'{layer.place}'" if layer.place else "true"
                conditions.append(f"{filled} AND NOT ({text} = ANY (%(towns)s) AND {inside})")
            case _:
                long = f" OR length({text}) > {attribute.max_length}" if attribute.max_length else ""
                conditions.append(f"{filled} AND (jsonb_typeof({json}) <> 'string'{long})")
    return "(" + ") OR (".join(conditions) + ")", parameters
