"""Where the numbers of a 国土 TXT lie: coordinate system of the file, axes and zone of every plot.

A northing of 3° or 6° Gauss-Krueger in China has seven digits, an easting six, or eight with the zone in front of
them: the numbers themselves prove the order of the columns and the zone, whatever the header says.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from core.geodata.crs import CGCS2000
from core.geodata.exchange.formats import ERROR, WARNING
from core.geodata.exchange.txt_lines import Content
from core.geodata.exchange.txt_notes import Note, Notes, TxtUnreadable, shown

NORTH_FIRST, EAST_FIRST, LAT_FIRST, LON_FIRST, NOWHERE = 1, 2, 3, 4, 0
"""What one row's two numbers can be; NOWHERE is none of them."""

_NORTHING = (1_900_000.0, 6_000_000.0)  # 17° to 54° N, metres from the equator
_EASTING = (120_000.0, 880_000.0)  # 500 km ± half a 6° zone, with room for data reaching into the next
_LATITUDE, _LONGITUDE = (17.0, 54.0), (73.0, 136.0)
_THREE_DEGREE, _SIX_DEGREE = range(25, 46), range(13, 24)
_THREE_DEGREE_ZONED, _THREE_DEGREE_BARE = 4488, 4509  # + zone = EPSG; zone 38: 4526 and 4547
_SIX_DEGREE_ZONED, _SIX_DEGREE_BARE = 4478, 4489


@dataclass(frozen=True)
class System:
    """What 属性描述 says of the coordinates: the zones named in 带号 (usually one) and the line it stands on."""

    zones: tuple[int, ...]
    zone_line: int | None


def coordinate_system(content: Content, notes: Notes) -> System:
    """Read the keys of 属性描述 that place the coordinates.

    Raises TxtUnreadable for systems that cannot be taken to CGCS2000 without the surveyors' own parameters (1980 西安,
    1954 北京, local ones), for projections other than Gauss-Krueger and for units other than metres or degrees.
    """
    _datum(content, notes)
    projection = _plain(content.header.get("投影类型", ""))
    if projection and not re.search("高斯|克吕格|GAUSS|GK|TM", projection):
        raise TxtUnreadable(
            _("投影类型为“%(value)s”，只能读取高斯-克吕格投影的坐标，请转换后重新导出。")
            % {"value": shown(content.header["投影类型"])}
        )
    unit = _plain(content.header.get("计量单位", ""))
    if unit and unit not in {"米", "M", "METER", "METRE", "度", "DEGREE"}:
        raise TxtUnreadable(
            _("计量单位为“%(value)s”，只能读取以米为单位的坐标，请转换后重新导出。")
            % {"value": shown(content.header["计量单位"])}
        )
    parameters = _plain(content.header.get("转换参数", ""))
    if re.search("[1-9]", parameters):
        line = content.header_lines["转换参数"]
        notes.add(
            Note(
                "transform_parameters",
                WARNING,
                _("第 %(line)s 行：转换参数不全为零，坐标按原值读取，未作转换。") % {"line": line},
                line,
            )
        )
    numbers = [int(each) for each in re.findall(r"\d{1,3}", _plain(content.header.get("带号", "")))]
    # Some write the central meridian instead of the zone.
    zones = [number // 3 if 75 <= number <= 135 and number % 3 == 0 else number for number in numbers]
    known = tuple(zone for zone in zones if zone in _THREE_DEGREE or zone in _SIX_DEGREE)
    return System(known, content.header_lines.get("带号"))


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).upper().split())


def _datum(content: Content, notes: Notes) -> None:
    written = content.header.get("坐标系", "")
    line = content.header_lines.get("坐标系")
    datum = _plain(written)
    if re.search("独立|地方|城建|任意", datum):
        raise TxtUnreadable(
            _("坐标系为“%(value)s”，没有公开的转换参数，请转换到 2000 国家大地坐标系后重新导出。")
            % {"value": shown(written)}
        )
    if "2000" in datum or "CGCS" in datum:
        return
    if re.search("80|西安|54|北京", datum):
        raise TxtUnreadable(
            _("坐标系为“%(value)s”，转换到 2000 国家大地坐标系需要当地参数，请由测绘单位转换后重新导出。")
            % {"value": shown(written)}
        )
    if not datum:
        sentence = _("文件没有写明坐标系，按 2000 国家大地坐标系读取，请核对位置。")
    elif "84" in datum:
        sentence = _("第 %(line)s 行：坐标系为 WGS84，与 2000 国家大地坐标系相差不到 1 米，按后者读取。")
    else:
        sentence = _("第 %(line)s 行：不认识坐标系“%(value)s”，按 2000 国家大地坐标系读取，请核对位置。")
    notes.add(Note("crs_assumed", WARNING, sentence % {"line": line, "value": shown(written)}, line))


@dataclass(frozen=True)
class Places:
    """Northings and eastings of every row (metres, or degrees), and per plot: order of columns, zone, SRID.

    `north`, `east`: float arrays (rows,). `order`: int array (plots,), NOWHERE when the plot cannot be used.
    `srid`: list (plots,), None when only the zone is unknown or the plot cannot be used.
    """

    north: Any
    east: Any
    order: Any
    srid: list[int | None]
    source: str


def locate(content: Content, system: System, notes: Notes, *, starts: Any, ends: Any, srid: int | None) -> Places:
    """Decide the order of the columns and the zone of every plot by its numbers.

    `starts`, `ends`: int arrays (plots,), each plot's rows in the content's arrays. `srid`: what to take bare
    eastings for when 带号 says nothing.
    """
    third = np.frombuffer(content.third, dtype=float) if content.third else np.empty(0)
    fourth = np.frombuffer(content.fourth, dtype=float) if content.fourth else np.empty(0)
    rows = row_orders(third, fourth)
    order = np.full(len(starts), NOWHERE)
    for plot in np.flatnonzero(ends > starts).tolist():
        order[plot] = _order_of_plot(content, notes, rows, plot, int(starts[plot]), int(ends[plot]))
    order_of_row = np.repeat(order, ends - starts)
    turned = (order_of_row == EAST_FIRST) | (order_of_row == LON_FIRST)
    north, east = np.where(turned, fourth, third), np.where(turned, third, fourth)
    # Beyond 10^6 an easting has its zone in front; degrees and bare eastings give 0.
    zone = (np.where(np.isin(order_of_row, (NORTH_FIRST, EAST_FIRST)), east, 0) // 1_000_000).astype(int)
    srids: list[int | None] = []
    sources = set()
    contradicted: set[int] = set()
    for index, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        if order[index] == NOWHERE:
            srids.append(None)
            continue
        first, last = int(zone[start:end].min()), int(zone[start:end].max())
        if first != last:
            row = start + int(np.flatnonzero(zone[start:end] != zone[start])[0])
            order[index] = NOWHERE
            srids.append(None)
            notes.add(_note(content, "mixed_axes", _("第 %(line)s 行：带号与本地块前面各点不同。"), row, index))
            continue
        known, source = _srid(system, srid, int(order[index]), first)
        if first and system.zones and first not in system.zones and first not in contradicted:
            contradicted.add(first)
            note = _contradiction(content, system, first, start, index)
            notes.add(replace(note, east=float(east[start]), north=float(north[start])))
        srids.append(known)
        sources.add(source)
        if said := _order_note(content, int(order[index]), start, index):
            notes.add(replace(said, east=float(east[start]), north=float(north[start])))
    source = next((each for each in ("unknown", "asked", "header", "coordinates") if each in sources), "unknown")
    return Places(north, east, order, srids, source)


def row_orders(third: Any, fourth: Any) -> Any:
    """What each row's two numbers can be: NORTH_FIRST … NOWHERE, int array (rows,), from two float arrays."""

    def within(values: Any, limits: tuple[float, float]) -> Any:
        return (values >= limits[0]) & (values <= limits[1])

    def easting(values: Any) -> Any:
        with np.errstate(invalid="ignore"):
            zone, bare = np.divmod(values, 1_000_000.0)
        zoned = np.isin(zone, [0, *_THREE_DEGREE, *_SIX_DEGREE])
        return zoned & within(bare, _EASTING)

    return np.select(
        [
            within(third, _NORTHING) & easting(fourth),
            within(fourth, _NORTHING) & easting(third),
            within(third, _LATITUDE) & within(fourth, _LONGITUDE),
            within(third, _LONGITUDE) & within(fourth, _LATITUDE),
        ],
        [NORTH_FIRST, EAST_FIRST, LAT_FIRST, LON_FIRST],
        NOWHERE,
    )


def _order_of_plot(content: Content, notes: Notes, rows: Any, index: int, start: int, end: int) -> int:
    """The one order all rows of a plot have; else a note at the first row that differs, and NOWHERE."""
    here = rows[start:end]
    order = int(here[0])
    if order != NOWHERE and (here == order).all():
        return order
    strays = np.flatnonzero(here == NOWHERE)
    if strays.size:
        kind = "implausible"
        sentence = _("第 %(line)s 行：X、Y 不是我国境内的高斯-克吕格坐标，请核对坐标系和数值。")
        row = start + int(strays[0])
    else:
        kind, sentence = "mixed_axes", _("第 %(line)s 行：X、Y 的次序与本地块前面各点不同。")
        row = start + int(np.flatnonzero(here != order)[0])
    notes.add(_note(content, kind, sentence, row, index))
    return NOWHERE


def _note(content: Content, kind: str, sentence: str, row: int, plot: int, severity: str = ERROR) -> Note:
    """A note at a row, without a place: most of what is noted here is that the numbers name none for sure."""
    line = content.lines[row]
    return Note(kind, severity, sentence % {"line": line}, line, plot)


def _contradiction(content: Content, system: System, zone: int, row: int, plot: int) -> Note:
    line = content.lines[row]
    return Note(
        "zone_contradiction",
        ERROR,
        _("第 %(line)s 行：坐标前两位是带号 %(zone)s，而第 %(key_line)s 行写的带号是 %(written)s，请更正其中之一。")
        % {
            "line": line,
            "zone": zone,
            "key_line": system.zone_line,
            "written": shown("、".join(str(each) for each in system.zones)),
        },
        line,
        plot,
        measured=zone,
        required=system.zones[0],
    )


def _srid(system: System, asked: int | None, order: int, zone: int) -> tuple[int | None, str]:
    """The EPSG number of a plot in `zone` (0: bare eastings) and where it is known from."""
    if order in (LAT_FIRST, LON_FIRST):
        return CGCS2000, "coordinates"
    if zone:
        return zone + (_THREE_DEGREE_ZONED if zone in _THREE_DEGREE else _SIX_DEGREE_ZONED), "coordinates"
    if len(set(system.zones)) == 1:
        named = system.zones[0]
        return named + (_THREE_DEGREE_BARE if named in _THREE_DEGREE else _SIX_DEGREE_BARE), "header"
    return asked, "asked" if asked else "unknown"


def _order_note(content: Content, order: int, row: int, plot: int) -> Note | None:
    if order in (LAT_FIRST, LON_FIRST):
        sentence = _("第 %(line)s 行起：坐标是经纬度（度），按 2000 国家大地坐标系读取。")
        return _note(content, "degrees", sentence, row, plot, WARNING)
    if order == EAST_FIRST:
        sentence = _("第 %(line)s 行起：X、Y 两列颠倒（先东后北），图形已按数值判断的次序显示，请更正文件后重新导入。")
        return _note(content, "swapped", sentence, row, plot)
    return None
