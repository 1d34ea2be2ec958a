"""Which map layers can be edited, and what core must know of each to do so.

``core`` imports nothing from ``parks`` or ``landuse``: they announce their layers in
``AppConfig.ready()``. Everything that drafts, checks, imports, exports or publishes
works from this description, so a new layer needs no new editor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import models

from core.accounts.models import Role

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class LayerUnknown(LookupError):
    """No editable layer has this name."""


@dataclass(frozen=True)
class Attribute:
    """One editable fact of a feature.

    ``name`` is the column of the version table, ``sql`` its PostgreSQL type. ``kind``
    decides the form's control: text, choice, number, integer, date, bool, place (a
    district code), town (a town code or none) or places (district codes). ``dbf`` is
    its name in a shapefile (at most ten characters); ``aliases`` are further names
    under which files carry it.
    """

    name: str
    label: StrOrPromise
    sql: str
    kind: str = "text"
    dbf: str = ""
    aliases: tuple[str, ...] = ()
    required: bool = False
    max_length: int = 0
    unit: StrOrPromise = ""
    help: StrOrPromise = ""
    choices: tuple[tuple[str, StrOrPromise], ...] = ()
    default: Any = None


@dataclass(frozen=True)
class EditableLayer:
    """A layer whose features change by change sets.

    ``version`` is its table of versions and ``feature`` the name of the version's key
    to the lasting thing ("zone"); ``place`` the attribute that holds its district code
    or codes. ``label`` is the attribute people call a feature by. ``declared_area`` names
    the attribute a file's declared area lands in, in m². ``offices`` are the roles
    whose opinion is heard before the notice, ``notice_parameter`` the policy key of
    the notice's days. ``next_code(attributes, taken)`` proposes a code for a new
    feature. Districts are the one layer without versions: their boundary is given from
    outside, so a publication corrects the row itself (``versioned`` is false).
    """

    name: str
    title: StrOrPromise
    measure_word: StrOrPromise
    version: type[models.Model]
    feature: str
    code_label: StrOrPromise
    code_pattern: str
    code_hint: StrOrPromise
    code_dbf: str
    place: str
    attributes: tuple[Attribute, ...]
    label: str
    notice_parameter: str
    next_code: Callable[[Mapping[str, Any], Iterable[str]], str]
    code_aliases: tuple[str, ...] = ()
    offices: tuple[Role, ...] = ()
    declared_area: str = ""
    keeps_code_on_split: bool = True
    versioned: bool = True
    order: int = 100
    _by_name: dict[str, Attribute] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_name.update({attribute.name: attribute for attribute in self.attributes})

    @property
    def table(self) -> str:
        """The version table."""
        return self.version._meta.db_table

    @property
    def feature_model(self) -> type[models.Model]:
        """The lasting thing, keyed by its code."""
        related = self.version._meta.get_field(self.feature).related_model
        return related if isinstance(related, type) else self.version

    @property
    def feature_column(self) -> str:
        """The version's column that holds the feature's code."""
        return str(self.version._meta.get_field(self.feature).column)  # type: ignore[union-attr]

    def open_sql(self, alias: str) -> str:
        """SQL: whether row ``alias`` is the version drafts start from."""
        return f"{alias}.valid_to IS NULL" if self.versioned else f"{alias}.level = 'district'"

    def in_force_sql(self, alias: str, date: str) -> str:
        """SQL: whether row ``alias`` is in force on ``date``, itself an SQL expression or placeholder."""
        if not self.versioned:
            return self.open_sql(alias)
        return f"{alias}.valid_from <= {date} AND ({alias}.valid_to IS NULL OR {alias}.valid_to > {date})"

    def version_id_sql(self, alias: str) -> str:
        """SQL: what a change made from row ``alias`` notes as its base."""
        return f"{alias}.id" if self.versioned else "0::bigint"

    def attribute(self, name: str) -> Attribute:
        """The attribute called ``name``; raises ``KeyError``."""
        return self._by_name[name]

    def places_of(self, attributes: Mapping[str, Any]) -> list[str]:
        """District codes of a feature with ``attributes``."""
        held = attributes.get(self.place)
        if not held:
            return []
        return [held] if isinstance(held, str) else list(held)

    def is_code(self, text: str) -> bool:
        """Whether ``text`` is written as a code of this layer."""
        return re.fullmatch(self.code_pattern, text) is not None

    def name_of(self, code: str, attributes: Mapping[str, Any]) -> str:
        """What people call the feature: its label, or its code when it has none."""
        return str(attributes.get(self.label) or code)

    def attributes_sql(self, alias: str) -> str:
        """SQL: the editable attributes of row ``alias`` as one jsonb object."""
        pairs = ", ".join(f"'{attribute.name}', {alias}.{attribute.name}" for attribute in self.attributes)
        return f"jsonb_build_object({pairs})"

    def record_sql(self) -> str:
        """SQL: the column list by which ``jsonb_to_record`` reads the attributes back."""
        return ", ".join(f"{attribute.name} {attribute.sql}" for attribute in self.attributes)

    def columns(self) -> list[str]:
        """The version table's editable columns."""
        return [attribute.name for attribute in self.attributes]


_layers: dict[str, EditableLayer] = {}


def register(layer: EditableLayer) -> None:
    """Make ``layer`` editable; registering a different one under the same name is an error."""
    if _layers.setdefault(layer.name, layer) is not layer:
        raise ValueError(f"layer {layer.name!r} is registered twice")


def editable(name: str) -> EditableLayer:
    """The editable layer called ``name``; raises :class:`LayerUnknown`."""
    try:
        return _layers[name]
    except KeyError as error:
        raise LayerUnknown(name) from error


def all_layers() -> Sequence[EditableLayer]:
    """Every editable layer, in the order pages list them."""
    return sorted(_layers.values(), key=lambda layer: layer.order)
