"""Rows of a file against the register, against what is believed and against last year."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from core.policy.models import CITY_CODE
from core.policy.services import Value
from efficiency.returns.figures import BY_KEY, Office
from efficiency.returns.imports.headings import CODE, MINOR_DIGITS, NAME
from efficiency.returns.imports.incoming import Incoming, folded_names, shown
from efficiency.returns.imports.reading import Cells, Reading
from efficiency.returns.imports.remarks import ERROR, WARNING, Remarks
from efficiency.returns.imports.standing import Standing, usual_per_head


@dataclass(frozen=True)
class Bounds:
    """Parameters in force: how near to a unit's step a ratio looks like one, and which multiple is remarked."""

    unit_suspect_factor: Value
    jump_times: Value


def against_register(
    source: Reading, incoming: Incoming, held: Standing, places: Sequence[str], remarks: Remarks
) -> None:
    """Unknown and repeated enterprises, those out of ``places``, and names that differ."""
    cells = source.columns[CODE]
    column, asked = cells.heading.text, incoming.codes.is_valid().to_numpy(zero_copy_only=False)

    def code(at: int) -> str:
        return str(incoming.codes[at].as_py())

    unknown = asked & (held.enterprise == 0)
    remarks.rows(
        unknown, "unknown_uscc", ERROR, column,
        _("企业名录中没有这个统一社会信用代码：请核对代码；新企业请先登记入册。"), code,
    )  # fmt: skip
    _duplicates(source, incoming, column, code, remarks)
    known = held.enterprise != 0
    if CITY_CODE not in places:
        inside = pc.fill_null(pc.is_in(held.district.cast(pa.string()), pa.array(list(places))), False)
        remarks.rows(
            known & ~inside.to_numpy(zero_copy_only=False), "out_of_place", ERROR, column,
            _("企业不在本次导入的管辖范围内：请删去该行，或由所在区、市级账号导入。"), code,
        )  # fmt: skip
    if incoming.names is not None:
        named = source.columns[NAME]
        differs = pc.fill_null(pc.not_equal(incoming.names, folded_names(held.name)), False)
        remarks.rows(
            known & differs.to_numpy(zero_copy_only=False), "name_differs", WARNING, named.heading.text,
            lambda at: _("名称与企业名录不同，名录为“%(name)s”：按代码写入，请核对是否同一家。")
            % {"name": held.name[at].as_py()},
            lambda at: shown(named, at),
        )  # fmt: skip


def _duplicates(source: Reading, incoming: Incoming, column: str, code: Callable[[int], str], remarks: Remarks) -> None:
    """Refuse rows of an enterprise that came before; the first as well where their figures differ."""
    numbered = pc.dictionary_encode(incoming.codes)
    asked = np.flatnonzero(incoming.codes.is_valid().to_numpy(zero_copy_only=False))
    places = numbered.indices.fill_null(-1).to_numpy(zero_copy_only=False)[asked]
    order = np.argsort(places, kind="stable")
    again = np.flatnonzero(places[order][1:] == places[order][:-1]) + 1
    if not len(again):
        return
    starts = np.searchsorted(places[order], places[order][again])
    later, first = asked[order[again]], asked[order[starts]]
    first_of = dict(zip(later.tolist(), first.tolist(), strict=True))
    mask = np.zeros(len(incoming), dtype=bool)
    mask[later] = True
    numbers = source.numbers
    remarks.rows(
        mask, "duplicate", ERROR, column,
        lambda at: _("第 %(row)d 行与第 %(first)d 行是同一家企业：请只保留一行。")
        % {"row": numbers[at], "first": numbers[first_of[at]]},
        code,
    )  # fmt: skip
    differing = np.zeros(len(later), dtype=bool)
    for held in incoming.figures.values():
        differing |= (held.minor[later] != held.minor[first]) | (held.known[later] != held.known[first])
    mask = np.zeros(len(incoming), dtype=bool)
    mask[first[differing]] = True
    later_of = {one: other for other, one in zip(later[differing].tolist(), first[differing].tolist(), strict=True)}
    remarks.rows(
        mask, "duplicate", ERROR, column,
        lambda at: _("第 %(row)d 行与第 %(first)d 行是同一家企业，数据不同：请核对后只保留一行。")
        % {"row": numbers[at], "first": numbers[later_of[at]]},
        code,
    )  # fmt: skip


def against_figures(
    source: Reading,
    incoming: Incoming,
    held: Standing,
    *,
    year: int,
    office: str,
    bounds: Bounds,
    units_checked: bool,
    remarks: Remarks,
) -> None:
    """Figures whose unit looks wrong, that jump over last year, or that another office supplied."""
    fit = (held.enterprise != 0) & ~remarks.refused
    references = _per_head(incoming, held, fit, year)
    near, most = float(bounds.unit_suspect_factor.value or 1), float(bounds.jump_times.value or np.inf)
    for key, found in incoming.figures.items():
        figure, cells = BY_KEY[key], source.columns[key]
        value, before = np.abs(found.minor).astype(float), np.abs(held.before.minor[key]).astype(float)
        comparable = fit & found.known & held.before.known[key] & (value > 0) & (before > 0)
        suspect = np.zeros(len(incoming), dtype=bool)
        if figure.scale != 1:
            suspect = comparable & _is_step(value, before, figure.scale, near)
            _say_unit(source, key, suspect, held.before.minor[key], units_checked, remarks)
            if key in references:
                usual = references[key]
                _say_usual(source, key, fit & ~comparable & found.known & _is_step(value, usual, figure.scale, near),
                           usual, remarks)  # fmt: skip
        with np.errstate(divide="ignore", invalid="ignore"):
            grows = value / before
        # A refund is told by itself, and has no percentage.
        ordinary = comparable & (found.minor > 0) & (held.before.minor[key] > 0)
        jumps = ordinary & ~suspect & ((grows > most) | (grows < 1 / most))

        def jump(at: int, key: str = key, grows: np.ndarray = grows) -> str:
            said = _("增长 %(by)s%%") if grows[at] > 1 else _("下降 %(by)s%%")
            return _("%(title)s较上年 %(before)s%(said)s，相差超过 %(most)g 倍：请核对。") % {
                "title": BY_KEY[key].title,
                "before": amount_text(key, int(held.before.minor[key][at])),
                "said": said % {"by": f"{abs(grows[at] - 1) * 100:,.0f}"},
                "most": most,
            }

        remarks.rows(jumps, "jump", WARNING, cells.heading.text, jump, lambda at, cells=cells: shown(cells, at))  # type: ignore[misc]
    _other_offices(source, incoming, held, fit, office, remarks)


def amount_text(key: str, minor: int) -> str:
    """A figure as people read it, with its unit: 1,234.50 万元."""
    figure = BY_KEY[key]
    value = minor / 10 ** MINOR_DIGITS[key] / figure.scale
    return f"{value:,.{0 if figure.whole else 2}f} {figure.shown_unit}"


def _is_step(value: np.ndarray, reference: np.ndarray, step: int, near: float) -> np.ndarray:
    """Whether one is about ``step`` times the other, within a factor of ``near``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = value / reference
    high = np.where(ratio < 1, 1 / np.where(ratio > 0, ratio, np.nan), ratio)
    return (high >= step / near) & (high <= step * near)


def _say_unit(
    source: Reading, key: str, where: np.ndarray, before: np.ndarray, checked: bool, remarks: Remarks
) -> None:
    figure, cells = BY_KEY[key], source.columns[key]
    unit = cells.heading.unit or figure.shown_unit
    remarks.rows(
        where, "unit_suspect", WARNING if checked else ERROR, cells.heading.text,
        lambda at: _("单位可能写错：上年为 %(before)s，与本值相差约 %(step)s 倍（本列按“%(unit)s”读取）。"
                     "请核对单位；确实无误的，核实后选“单位已核实无误”再写入。")
        % {"before": amount_text(key, int(before[at])), "step": f"{figure.scale:,}", "unit": unit},
        lambda at: shown(cells, at),
    )  # fmt: skip


def _say_usual(source: Reading, key: str, where: np.ndarray, usual: np.ndarray, remarks: Remarks) -> None:
    figure, cells = BY_KEY[key], source.columns[key]
    remarks.rows(
        where, "unit_unusual", WARNING, cells.heading.text,
        lambda at: _("单位可能写错：按同行业人均水平约为 %(usual)s，与本值相差约 %(step)s 倍。请核对。")
        % {"usual": amount_text(key, int(usual[at])), "step": f"{figure.scale:,}"},
        lambda at: shown(cells, at),
    )  # fmt: skip


def _per_head(incoming: Incoming, held: Standing, fit: np.ndarray, year: int) -> dict[str, np.ndarray]:
    """What enterprises of the industry made a head last year, times the row's staff, for rows without a last year."""
    given, before = incoming.figures.get("staff"), held.before
    staff = np.where(given.known, given.minor, before.minor["staff"]) if given else before.minor["staff"]
    keys = [
        key for key, found in incoming.figures.items()
        if BY_KEY[key].scale != 1 and bool((fit & found.known & ~before.known[key] & (staff > 0)).any())
    ]  # fmt: skip
    divisions = held.division.cast(pa.string())
    usual = usual_per_head(keys, sorted(set(divisions.unique().drop_null().to_pylist())), year - 1)
    if not usual:
        return {}
    numbered = divisions.dictionary_encode()
    places = numbered.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    names = [*numbered.dictionary.to_pylist(), None]
    return {
        key: np.array([usual.get((key, name), np.nan) for name in names])[places] * staff * 10 ** MINOR_DIGITS[key]
        for key in keys
    }


def _other_offices(
    source: Reading, incoming: Incoming, held: Standing, fit: np.ndarray, office: str, remarks: Remarks
) -> None:
    """Say where a figure that another office supplied is about to change."""
    numbered = held.sources.dictionary_encode() if not pa.types.is_dictionary(held.sources.type) else held.sources
    places = numbered.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    behind = [json.loads(each) for each in numbered.dictionary.to_pylist()] + [{}]
    for key, found in incoming.figures.items():
        offices = np.array([each.get(key, office) for each in behind], dtype=object)[places]
        differs = held.now.known[key] & found.known & (found.minor != held.now.minor[key])
        cells = source.columns[key]

        def message(at: int, key: str = key, offices: np.ndarray = offices) -> str:
            return _("现行数值 %(now)s 由%(office)s提供，将由本次数据替代：请核对。") % {
                "now": amount_text(key, int(held.now.minor[key][at])),
                "office": Office(offices[at]).label,
            }

        def value(at: int, cells: Cells = cells) -> str:
            return shown(cells, at)

        remarks.rows(fit & differs & (offices != office), "other_office", WARNING, cells.heading.text, message, value)
