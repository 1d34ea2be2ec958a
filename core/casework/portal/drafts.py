"""The form of a case as it is typed: raw values, the faults worth showing, and how two versions differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.utils.translation import gettext as _

from core.casework.kinds import CaseKind
from core.casework.models import Case

LONGEST_SHOWN = 120


@dataclass(frozen=True)
class Difference:
    """A field two people filled in differently, in words."""

    name: str
    label: str
    mine: str
    theirs: str


def form_of(case: Case, kind: CaseKind, data: Mapping[str, Any] | None = None) -> Form:
    """The kind's form with what is saved, or with ``data``; unbound while nothing was ever typed."""
    values = case.data if data is None else data
    return kind.form(values or None, case=case)  # type: ignore[call-arg]


def raw_values(case: Case, kind: CaseKind, posted: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, by field, as the widgets read it: strings, lists of strings, or true and false.

    NUL, which PostgreSQL cannot keep, is dropped.
    """
    form = kind.form(posted, case=case)  # type: ignore[call-arg]
    return {
        name: _kept(field.widget.value_from_datadict(posted, {}, form.add_prefix(name)))
        for name, field in form.fields.items()
    }


def _kept(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return value
    if isinstance(value, list | tuple):
        return [str(item).replace("\0", "") for item in value]
    return str(value).replace("\0", "")


def is_empty(value: Any) -> bool:
    """Whether nothing was typed."""
    return value in (None, "", [], False)


def errors(form: Form, *, complete: bool = False) -> dict[str, list[str]]:
    """The faults of a form by field, in sentences; of fields left empty only when it has to be ``complete``.

    Somebody who has not come to a field yet has made no mistake in it.
    """
    if not form.is_bound:
        return {}
    found = {}
    for name, messages in form.errors.items():
        empty = name == "__all__" or is_empty(form.data.get(form.add_prefix(name)))
        if complete or not empty:
            found[name] = [str(message) for message in messages]
    return found


def hide_unreached(form: Form) -> None:
    """Take the faults of fields nobody came to yet off the form, so that its template does not show them."""
    if not form.is_bound:
        return
    shown = errors(form)
    for name in [name for name in form.errors if name not in shown]:
        del form.errors[name]


def differences(form: Form, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Difference]:
    """The fields in which ``mine`` differs from ``theirs``, with both values as people read them."""
    return [
        Difference(name, str(field.label or name), in_words(form, name, mine), in_words(form, name, theirs))
        for name, field in form.fields.items()
        if not (is_empty(mine.get(name)) and is_empty(theirs.get(name))) and mine.get(name) != theirs.get(name)
    ]


def in_words(form: Form, name: str, values: Mapping[str, Any]) -> str:
    """The value of a field as people read it: the label of a choice, 是 or 否, at most a line of text."""
    value = values.get(name)
    if is_empty(value):
        return _("未填")
    if value is True:
        return _("是")
    choices = {str(key): str(label) for key, label in getattr(form.fields[name], "choices", [])}
    parts = value if isinstance(value, list) else [value]
    text = _("、").join(choices.get(str(part), str(part)) for part in parts)
    if text[:1] in ("[", "{") and _is_json(text):
        return _("表格内容，%(count)s 个字符") % {"count": len(text)}
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
