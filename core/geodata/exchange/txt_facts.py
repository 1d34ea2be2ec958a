"""What a plot's header line claims, number of rows and area, against what its rows say."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.geodata.exchange.formats import ERROR, NOTE, WARNING
from core.geodata.exchange.txt_notes import Note, Notes, shown
from core.geodata.units import M2_PER_HECTARE, M2_PER_MU

_HECTARES = {
    "公顷": 1.0,
    "HA": 1.0,
    "HM2": 1.0,
    "平方米": 1 / M2_PER_HECTARE,
    "M2": 1 / M2_PER_HECTARE,
    "亩": float(M2_PER_MU) / M2_PER_HECTARE,
}
_AREA = re.compile(r"([0-9.,]{1,20}?)(公顷|平方米|亩|HA|HM2|M2)?")
_ALIKE = 0.01
"""An area without a unit is taken for m² or 亩 when that brings it within 1 % of the polygon and hectares do not."""
_LAST_DIGIT_HA = 0.0001
_COORDINATE_M = 0.0005


@dataclass(frozen=True)
class Claims:
    """`points`: 界址点数, None when empty or no number. `hectares`: the area column, whatever its unit, in ha."""

    points: int | None
    hectares: float | None


def check_claims(
    count: str,
    area: str,
    notes: Notes,
    *,
    line: int,
    plot: int,
    rows: int,
    closing: int,
    planar_ha: float | None,
    perimeter_m: float,
) -> Claims:
    """Note where 界址点数 and 面积 differ from the rows.

    `rows` counts coordinate rows, `closing` how many of them only close a ring. `planar_ha` is the Gauss-Krueger
    area of the polygon, None when there is none. The area may differ by one unit of its fourth decimal, by half a
    unit of its own last decimal, and by what half a millimetre along `perimeter_m` makes.
    """
    area = unicodedata.normalize("NFKC", area).upper().replace(" ", "")
    hectares, fits = _area(area, notes, line=line, plot=plot, planar_ha=planar_ha, perimeter_m=perimeter_m)
    points = _count(unicodedata.normalize("NFKC", count).strip())
    if points is None or points == 0:
        sentence = _("第 %(line)s 行：没有写界址点数，实有 %(rows)s 行坐标。")
        notes.add(_claim("count", NOTE, sentence, line, plot, rows, points))
    elif points == rows - closing and closing:
        sentence = _("第 %(line)s 行：界址点数 %(count)s 不含闭合点，实有 %(rows)s 行坐标。")
        notes.add(_claim("count", NOTE, sentence, line, plot, rows, points))
    elif points != rows and not (not closing and points == rows + 1):
        # Rows lost on the way show in the area too; a number nobody kept up does not.
        lost = points > rows and fits is False
        sentence = (
            _("第 %(line)s 行：界址点数为 %(count)s，只有 %(rows)s 行坐标，面积也不符，可能缺行，请核对文件是否完整。")
            if lost
            else _("第 %(line)s 行：界址点数为 %(count)s，实有 %(rows)s 行坐标，请核对。")
        )
        notes.add(_claim("count", ERROR if lost else WARNING, sentence, line, plot, rows, points))
    return Claims(points, hectares)


def _claim(kind: str, severity: str, sentence: str, line: int, plot: int, rows: int, points: int | None) -> Note:
    message = sentence % {"line": line, "count": points, "rows": rows}
    return Note(kind, severity, message, line, plot, measured=rows, required=points)


def _count(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _area(
    text: str, notes: Notes, *, line: int, plot: int, planar_ha: float | None, perimeter_m: float
) -> tuple[float | None, bool | None]:
    """The area column in hectares, and whether it agrees with the polygon (None: cannot tell)."""
    if not text or re.fullmatch(r"[0.]+", text):
        notes.add(Note("area_missing", NOTE, _("第 %(line)s 行：没有写面积。") % {"line": line}, line, plot))
        return None, None
    written = _AREA.fullmatch(text)
    try:
        value = float(written[1].replace(",", "")) if written else None
    except ValueError:
        value = None
    if written is None or value is None:
        sentence = _("第 %(line)s 行：面积“%(text)s”不是数字，未采用。")
        notes.add(Note("area", WARNING, sentence % {"line": line, "text": shown(text)}, line, plot, required=planar_ha))
        return None, None
    unit = written[2] or _likely_unit(value, planar_ha)
    hectares = value * _HECTARES[unit]
    if unit not in {"公顷", "HA", "HM2"}:
        sentence = _("第 %(line)s 行：面积“%(text)s”不以公顷计，按%(unit)s读作 %(hectares).4f 公顷。")
        unit_name = {"M2": "平方米"}.get(unit, unit)
        message = sentence % {"line": line, "text": shown(text), "unit": unit_name, "hectares": hectares}
        notes.add(Note("area_unit", WARNING, message, line, plot, measured=value, required=hectares))
    if planar_ha is None:
        return hectares, None
    decimals = len(written[1].partition(".")[2])
    half_digit = 0.5 * 10.0**-decimals * _HECTARES[unit]
    allowed = max(_LAST_DIGIT_HA, half_digit) + perimeter_m * _COORDINATE_M / M2_PER_HECTARE
    if abs(hectares - planar_ha) <= allowed:
        return hectares, True
    sentence = _("第 %(line)s 行：写明面积 %(written).4f 公顷，按坐标算得 %(planar).4f 公顷，相差 %(apart).4f 公顷。")
    apart = abs(hectares - planar_ha)
    message = sentence % {"line": line, "written": hectares, "planar": planar_ha, "apart": apart}
    notes.add(Note("area", WARNING, message, line, plot, measured=planar_ha, required=hectares))
    return hectares, False


def _likely_unit(value: float, planar_ha: float | None) -> str:
    """The unit an area without one is in: hectares, unless m² or 亩 fits the polygon and hectares do not."""
    if planar_ha:
        for unit in ("公顷", "平方米", "亩"):
            if abs(value * _HECTARES[unit] - planar_ha) <= _ALIKE * planar_ha:
                return unit
    return "公顷"
