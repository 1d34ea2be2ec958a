"""Cells of a file as values of a layer's attributes.

A value is held as canonical text: a code, a number without needless zeros, an ISO date, "true"; several codes are
joined with "、". Cells of every kind but text are converted once for each distinct content and stay in dictionaries, so
that a million rows need few megabytes. What cannot be read becomes a finding and leaves the value null.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from core.mapedit.checks.thresholds import own_rule
from core.mapedit.findings import ERROR, Finding
from core.mapedit.imports.remarks import Remarks
from core.mapedit.layers import Attribute, EditableLayer
from core.policy.models import Jurisdiction

SEVERAL = "、"
_EXACT_FLOAT = 2**53
_RULES = {"text": "length", "integer": "number", "places": "place", "town": "place"}
_YES = {"1", "true", "t", "y", "yes", "是", "有"}
_NO = {"0", "false", "f", "n", "no", "否", "无"}
_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[T ].*)?")


class Unreadable(ValueError):
    """A cell is no value of its attribute; the message says why, in Chinese."""


class Reader:
    """Reads the columns of one file for one layer; ``names`` (n,) are what its features are called in findings."""

    def __init__(self, layer: EditableLayer, names: pa.Array, remarks: Remarks) -> None:
        self.layer = layer
        self.names = names
        self.remarks = remarks

    def values(self, attribute: Attribute, column: Any) -> pa.Array:
        """Canonical texts of ``attribute`` from a column of any type; unreadable cells are findings and null.

        Every kind but text comes in a dictionary; see :func:`plain`.
        """
        chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
        read: list[pa.Array] = []
        first = 0
        for chunk in chunks:
            read.append(self._canonical(attribute, chunk, first))
            first += len(chunk)
        if not read:
            return pa.array([], type=pa.string())
        if attribute.kind == "text":
            return pa.concat_arrays(read)
        return _narrow(pa.chunked_array(read).unify_dictionaries().combine_chunks())

    def _canonical(self, attribute: Attribute, column: pa.Array, first: int) -> pa.Array:
        """As :meth:`values`, of a part of the column that begins at row ``first``."""
        if attribute.kind == "text":
            return self._texts(attribute, column, first)
        coded = (cells(column) if pa.types.is_nested(column.type) else column).dictionary_encode()
        figures = coded.dictionary
        if attribute.kind == "number" and (pa.types.is_floating(figures.type) or pa.types.is_integer(figures.type)):
            return self._numbers(attribute, coded, first)
        return self._distinct(attribute, coded, self._converter(attribute), first)

    def _texts(self, attribute: Attribute, column: pa.Array, first: int) -> pa.Array:
        texts = _clean(cells(column))
        if attribute.max_length:
            over = pc.greater(pc.utf8_length(texts), attribute.max_length)
            self._fault(
                over,
                attribute,
                first,
                lambda row: (
                    _("“%(label)s”有 %(length)s 字，最多 %(limit)s 字。")
                    % {"label": attribute.label, "length": len(texts[row].as_py()), "limit": attribute.max_length}
                ),
            )
        return texts

    def _numbers(self, attribute: Attribute, coded: pa.DictionaryArray, first: int) -> pa.Array:
        figures = coded.dictionary.cast(pa.float64()).to_numpy(zero_copy_only=False)
        known = np.isfinite(figures)
        field = self.layer.version._meta.get_field(attribute.name)
        if isinstance(field, models.DecimalField) and field.decimal_places is not None:
            figures = np.round(figures, field.decimal_places)
        over = known & (np.abs(figures) >= float(_bound(field)))
        self._fault(
            pa.array(over).take(coded.indices),
            attribute,
            first,
            lambda row: (
                _("“%(label)s”的数值 %(value)g 过大。")
                % {"label": attribute.label, "value": figures[coded.indices[row].as_py()]}
            ),
        )
        fine = known & ~over
        return _recoded(coded, _drop_zero(pa.array(np.where(fine, figures, 0.0), mask=~fine).cast(pa.string())))

    def _distinct(
        self, attribute: Attribute, coded: pa.DictionaryArray, convert: Callable[[str], str | None], first: int
    ) -> pa.Array:
        values: list[str | None] = []
        faults: dict[int, str] = {}
        for at, text in enumerate(cells(coded.dictionary).to_pylist()):
            try:
                values.append(convert(text.strip()) if text and text.strip() else None)
            except Unreadable as error:
                values.append(None)
                faults[at] = str(error)
        if faults:
            bad = pc.is_in(coded.indices, pa.array(list(faults), type=coded.indices.type))
            self._fault(bad, attribute, first, lambda row: faults[coded.indices[row].as_py()])
        return _recoded(coded, pa.array(values, type=pa.string()))

    def _fault(self, bad: pa.Array, attribute: Attribute, first: int, sentence: Callable[[int], str]) -> None:
        rows = np.flatnonzero(pc.fill_null(bad, False).to_numpy(zero_copy_only=False))
        self.remarks.refuse(
            rows + first,
            (
                Finding(
                    self.names[first + int(row)].as_py(),
                    f"attribute.{_RULES.get(attribute.kind, attribute.kind)}",
                    ERROR,
                    sentence(int(row)),
                    source=own_rule(_("属性")),
                )
                for row in rows
            ),
        )

    def _converter(self, attribute: Attribute) -> Callable[[str], str | None]:
        return {
            "choice": lambda text: self._choice(attribute, text),
            "number": lambda text: self._number(attribute, text),
            "integer": lambda text: self._integer(attribute, text),
            "date": lambda text: _date(attribute, text),
            "bool": lambda text: _bool(attribute, text),
            "place": lambda text: self._place(attribute, text, self._districts),
            "town": lambda text: self._place(attribute, text, self._towns),
            "places": lambda text: SEVERAL.join(
                dict.fromkeys(self._place(attribute, part, self._districts) for part in _parts(text))
            ),
        }[attribute.kind]

    def _choice(self, attribute: Attribute, text: str) -> str:
        known = {str(value).casefold(): str(value) for value, _label in attribute.choices}
        known |= {str(label).casefold(): str(value) for value, label in attribute.choices}
        try:
            return known[unicodedata.normalize("NFKC", text).casefold()]
        except KeyError:
            raise Unreadable(
                _("“%(label)s”写作“%(text)s”，应为：%(choices)s。")
                % {
                    "label": attribute.label,
                    "text": text[:40],
                    "choices": SEVERAL.join(f"{value} {label}" for value, label in attribute.choices),
                }
            ) from None

    def _number(self, attribute: Attribute, text: str) -> str:
        try:
            figure = Decimal(unicodedata.normalize("NFKC", text).replace(",", ""))
        except InvalidOperation:
            raise Unreadable(_("“%(label)s”不是数：“%(text)s”。") % _cell(attribute, text)) from None
        if not figure.is_finite() or abs(figure) >= _bound(self.layer.version._meta.get_field(attribute.name)):
            raise Unreadable(_("“%(label)s”的数值过大：“%(text)s”。") % _cell(attribute, text))
        return f"{figure.normalize():f}"

    def _integer(self, attribute: Attribute, text: str) -> str:
        figure = Decimal(self._number(attribute, text))
        if figure != figure.to_integral_value() or not 0 <= figure <= 32767:
            raise Unreadable(_("“%(label)s”应为整数：“%(text)s”。") % _cell(attribute, text))
        return str(int(figure))

    def _place(self, attribute: Attribute, text: str, known: dict[str, str]) -> str:
        try:
            return known[unicodedata.normalize("NFKC", text.strip())]
        except KeyError:
            raise Unreadable(
                _("“%(label)s”写作“%(text)s”，不是佛山市的区划代码或名称。") % _cell(attribute, text)
            ) from None

    @cached_property
    def _districts(self) -> dict[str, str]:
        return _codes_by_name(Jurisdiction.Level.DISTRICT)

    @cached_property
    def _towns(self) -> dict[str, str]:
        return _codes_by_name(Jurisdiction.Level.TOWN)


def cells(column: Any) -> pa.Array:
    """A column of any type as texts. A whole number loses its ".0"; several texts are joined with "、"."""
    column = _array(column)
    kind = column.type
    if pa.types.is_dictionary(kind):
        return cells(column.dictionary_decode())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pc.binary_join(column.cast(pa.list_(pa.string())), SEVERAL)
    if pa.types.is_floating(kind):
        return _drop_zero(pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind)).cast(pa.string()))
    if pa.types.is_timestamp(kind):
        return column.cast(pa.date32()).cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.nulls(len(column), pa.string())
    return column.cast(pa.string())


def imprecise(column: Any) -> np.ndarray:
    """Rows (n,) whose number is too long to have kept its last digits."""
    column = _array(column)
    if not pa.types.is_floating(column.type):
        return np.zeros(len(column), dtype=bool)
    figures = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        return np.abs(figures) >= _EXACT_FLOAT


def same(attribute: Attribute, ours: pa.Array, theirs: pa.Array) -> np.ndarray:
    """Whether each pair of canonical texts is the same value; empty and null are the same."""
    if attribute.kind in {"number", "integer"}:
        a, b = (x.cast(pa.float64()).to_numpy(zero_copy_only=False) for x in (ours, theirs))
        with np.errstate(invalid="ignore"):
            near = np.abs(a - b) <= 1e-9 * np.maximum(1.0, np.abs(b))
        return near | (np.isnan(a) & np.isnan(b))
    if attribute.kind == "places":
        ours, theirs = _sorted_parts(ours), _sorted_parts(theirs)
    return pc.equal(pc.fill_null(ours, ""), pc.fill_null(theirs, "")).to_numpy(zero_copy_only=False)


def plain(texts: pa.Array) -> pa.Array:
    """Canonical texts without their dictionary."""
    return texts.dictionary_decode() if pa.types.is_dictionary(texts.type) else texts


def json_objects(held: Iterable[tuple[Attribute, pa.Array]]) -> pa.Array:
    """Rows of canonical texts as JSON objects (n,), as the attributes of a change hold them.

    Keys stand as jsonb orders them, by length, so that PostgreSQL has nothing to sort.
    """
    parts: list[pa.Array | str] = []
    between = "{"
    for attribute, texts in sorted(held, key=lambda each: (len(each[0].name), each[0].name)):
        before, literals, after = _literals(attribute, texts)
        parts += [f'{between}"{attribute.name}":{before}', literals]
        between = f"{after},"
    return pc.binary_join_element_wise(*parts, between.removesuffix(",") + "}", "")


def _literals(attribute: Attribute, texts: pa.Array) -> tuple[str, pa.Array, str]:
    """JSON literals: what stands before each, the part that differs, what stands after each."""
    if attribute.kind in {"number", "integer", "bool"}:
        return "", pc.fill_null(texts, "null"), ""
    if attribute.kind == "places":
        return "", pc.fill_null(_join('["', pc.replace_substring(texts, SEVERAL, '","'), '"]'), "[]"), ""
    # Looked for in the whole buffer first: hardly any text has one.
    content = texts.buffers()[2]
    if content is not None and any(mark in memoryview(content).tobytes() for mark in (b'"', b"\\")):
        texts = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    if not texts.null_count or attribute.default == "":
        return '"', pc.fill_null(texts, ""), '"'
    return "", pc.fill_null(_join('"', texts, '"'), "null"), ""


def _join(before: str, texts: pa.Array, after: str) -> pa.Array:
    return pc.binary_join_element_wise(before, texts, after, "")


def _array(column: Any) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column


def _clean(texts: pa.Array) -> pa.Array:
    """Texts without control characters and space around; empty ones null."""
    texts = pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, "[\\x00-\\x1f\\x7f]+", " "))
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _recoded(coded: pa.DictionaryArray, texts: pa.Array) -> pa.DictionaryArray:
    """``coded`` with ``texts`` in the place of its dictionary; where a text is null, so are the rows that have it."""
    if not texts.null_count:
        return pa.DictionaryArray.from_arrays(coded.indices, texts)
    valid = texts.is_valid().to_numpy(zero_copy_only=False)
    places = pa.array(np.cumsum(valid) - 1, type=pa.int32(), mask=~valid)
    return pa.DictionaryArray.from_arrays(places.take(coded.indices), texts.drop_null())


def _narrow(texts: pa.DictionaryArray) -> pa.Array:
    """The same with the smallest integers that reach the whole dictionary."""
    size = len(texts.dictionary)
    kind = pa.int8() if size < 128 else pa.int16() if size < 32_768 else pa.int32()
    return pa.DictionaryArray.from_arrays(texts.indices.cast(kind), texts.dictionary)


def _drop_zero(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(texts, r"^(-?\d+)\.0$", r"\1")


def _sorted_parts(texts: pa.Array) -> pa.Array:
    coded = texts.dictionary_encode()
    ordered = [SEVERAL.join(sorted(text.split(SEVERAL))) for text in coded.dictionary.to_pylist()]
    return pa.array(ordered, type=pa.string()).take(coded.indices)


def _bound(field: Any) -> Decimal:
    if isinstance(field, models.DecimalField) and field.max_digits is not None and field.decimal_places is not None:
        return Decimal(10) ** (field.max_digits - field.decimal_places)
    return Decimal(10) ** 15


def _cell(attribute: Attribute, text: str) -> dict[str, Any]:
    return {"label": attribute.label, "text": text[:40]}


def _parts(text: str) -> list[str]:
    # A list that came through a text column keeps its brackets and quotes.
    return [part for part in re.split(r"[、,，;；|/\s\[\]\"']+", text) if part]


def _codes_by_name(level: str) -> dict[str, str]:
    known: dict[str, str] = {}
    for code, name, short in Jurisdiction.objects.filter(level=level).values_list("code", "name", "short_name"):
        known |= {short: code, name: code, code: code}
    return known


# The days of a column are few and come again in every block.
@lru_cache(maxsize=1 << 16)
def _day(text: str) -> str | None:
    """The date a text is, in ISO form; None for no date."""
    match = _DATE.fullmatch(unicodedata.normalize("NFKC", text))
    try:
        return dt.date(*map(int, match.groups())).isoformat() if match else None
    except ValueError:
        return None


def _date(attribute: Attribute, text: str) -> str:
    day = _day(text)
    if day is not None:
        return day
    raise Unreadable(_("“%(label)s”不是日期：“%(text)s”，应写作 2026-03-31。") % _cell(attribute, text))


def _bool(attribute: Attribute, text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    if plain in _YES | _NO:
        return "true" if plain in _YES else "false"
    raise Unreadable(_("“%(label)s”应为是或否：“%(text)s”。") % _cell(attribute, text))
